//! `Decrypt` and `AdvanceDecrypt`: they choose the key version, then call the same operation (instance-api 5.1, 5.2).

use claviger_base::id::KeyVersionId;
use claviger_base::limits::GCM_IV_BYTES;
use claviger_service::{Decrypt, DecryptSource, Decrypted, KeyRef, ServiceError};
use claviger_wire::blob;
use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{AdvanceDecryptResponse, DecryptRequest, DecryptResponse};

use super::call::Call;
use super::errors::Refusal;
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::AuditDetails;

pub(super) async fn decrypt(call: &Call<'_>, request: DecryptRequest) -> Result<Outcome<DecryptResponse>, Refusal> {
    let ciphertext = request.ciphertext_blob.clone();
    let decrypted = open_raw(call, ciphertext, request, false).await?;
    let response = DecryptResponse {
        key_id: decrypted.key_id.to_string(),
        plaintext: decrypted.plaintext.reveal().to_vec(),
        request_id: call.request_id.to_owned(),
        algorithm: decrypted.algorithm.name().to_owned(),
        padding_mode: String::new(),
    };
    Ok(Outcome::of_version(decrypted.key_id, decrypted.key_version_id, response))
}

pub(super) async fn advance_decrypt(
    call: &Call<'_>,
    request: DecryptRequest,
) -> Result<Outcome<AdvanceDecryptResponse>, Refusal> {
    let decrypted = if let Some((version, iv, ciphertext)) = self_describing(call, &request).await? {
        open_self_describing(call, version, iv, ciphertext, request).await?
    } else {
        let ciphertext = request.ciphertext_blob.clone();
        open_raw(call, ciphertext, request, true).await?
    };
    let response = AdvanceDecryptResponse {
        key_id: decrypted.key_id.to_string(),
        plaintext: decrypted.plaintext.reveal().to_vec(),
        request_id: call.request_id.to_owned(),
        algorithm: decrypted.algorithm.name().to_owned(),
        padding_mode: String::new(),
        key_version_id: decrypted.key_version_id.to_string(),
    };
    Ok(Outcome::of_version(decrypted.key_id, decrypted.key_version_id, response))
}

/// The version, the initialization vector and the ciphertext of a self-describing blob.
type Parsed = (KeyVersionId, [u8; GCM_IV_BYTES], Vec<u8>);

/// The decision rule of instance-api 5.2: a blob is self-describing if it has the layout and contains the id of an existing
/// version. The request's Iv, Algorithm and PaddingMode are then ignored.
async fn self_describing(call: &Call<'_>, request: &DecryptRequest) -> Result<Option<Parsed>, Refusal> {
    let Some(parsed) = blob::parse(&request.ciphertext_blob) else { return Ok(None) };
    if call.service.key_version_exists(&parsed.version_id).await? {
        return Ok(Some((parsed.version_id, parsed.iv, parsed.sealed.to_vec())));
    }
    // The request names no key, and the version in the blob does not exist.
    if request.key_id.is_empty() && call.version_header.is_none() {
        return Err(ApiError::KeyNotFound.into());
    }
    Ok(None)
}

async fn open_self_describing(
    call: &Call<'_>,
    version: KeyVersionId,
    iv: [u8; GCM_IV_BYTES],
    ciphertext: Vec<u8>,
    request: DecryptRequest,
) -> Result<Decrypted, Refusal> {
    let named = version.clone();
    let opening = async {
        let key = named_key(call, &request.key_id)?;
        open(call, DecryptSource::SelfDescribing { version, iv, key }, ciphertext, request, true).await
    };
    opening.await.map_err(|refusal| with_version(refusal, Some(&named)))
}

/// Decrypts a raw blob with the version in the request's header, or else with the key's initial version.
async fn open_raw(
    call: &Call<'_>,
    ciphertext: Vec<u8>,
    request: DecryptRequest,
    is_advance: bool,
) -> Result<Decrypted, Refusal> {
    let opening = async {
        let source = match (call.version_header, named_key(call, &request.key_id)?) {
            (Some(version), key) => DecryptSource::Version { version: version.clone(), key },
            (None, Some(key)) => DecryptSource::Key(key),
            (None, None) => return Err(ServiceError::InvalidParameter("KeyId").into()),
        };
        open(call, source, ciphertext, request, is_advance).await
    };
    opening.await.map_err(|refusal| with_version(refusal, call.version_header))
}

/// Adds the version to the audit record of a refusal.
fn with_version(refusal: Refusal, version: Option<&KeyVersionId>) -> Refusal {
    Refusal { audit: Box::new(AuditDetails { key_version_id: version.cloned(), ..*refusal.audit }), ..refusal }
}

fn named_key(call: &Call<'_>, key_id: &str) -> Result<Option<KeyRef>, Refusal> {
    if key_id.is_empty() { Ok(None) } else { call.key(key_id).map(Some) }
}

async fn open(
    call: &Call<'_>,
    source: DecryptSource,
    ciphertext: Vec<u8>,
    request: DecryptRequest,
    is_advance: bool,
) -> Result<Decrypted, Refusal> {
    let decrypt = Decrypt {
        rights: call.rights.clone(),
        source,
        ciphertext,
        aad: request.aad,
        algorithm: request.algorithm,
        iv: request.iv,
        padding_mode: request.padding_mode,
        is_advance,
    };
    call.unless_disconnected(call.service.decrypt(decrypt)).await
}
