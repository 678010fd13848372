//! `Encrypt` and `AdvanceEncrypt`: the same operation with different responses (instance-api 5.1, 5.2).

use claviger_base::SecretBytes;
use claviger_service::{Encrypt, Encrypted, VersionChoice};
use claviger_wire::blob;
use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{AdvanceEncryptResponse, EncryptRequest, EncryptResponse};

use super::call::Call;
use super::errors::Refusal;
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::AuditDetails;

pub(super) async fn encrypt(call: &Call<'_>, request: EncryptRequest) -> Result<Outcome<EncryptResponse>, Refusal> {
    let encrypted = seal(call, request, VersionChoice::Initial).await?;
    let response = EncryptResponse {
        key_id: encrypted.key_id.to_string(),
        ciphertext_blob: encrypted.ciphertext.clone(),
        iv: encrypted.iv.clone(),
        request_id: call.request_id.to_owned(),
        algorithm: encrypted.algorithm.name().to_owned(),
        padding_mode: String::new(),
    };
    Ok(outcome(encrypted, response))
}

pub(super) async fn advance_encrypt(
    call: &Call<'_>,
    request: EncryptRequest,
) -> Result<Outcome<AdvanceEncryptResponse>, Refusal> {
    let encrypted = seal(call, request, VersionChoice::Primary).await?;
    let Ok(iv) = encrypted.iv.as_slice().try_into() else { return Err(ApiError::InternalFailure.into()) };
    let response = AdvanceEncryptResponse {
        key_id: encrypted.key_id.to_string(),
        ciphertext_blob: blob::encode(&encrypted.key_version_id, iv, &encrypted.ciphertext),
        iv: encrypted.iv.clone(),
        request_id: call.request_id.to_owned(),
        algorithm: encrypted.algorithm.name().to_owned(),
        padding_mode: String::new(),
        key_version_id: encrypted.key_version_id.to_string(),
    };
    Ok(outcome(encrypted, response))
}

async fn seal(call: &Call<'_>, request: EncryptRequest, version: VersionChoice) -> Result<Encrypted, Refusal> {
    // Moved first, so that every exit wipes the plaintext.
    let plaintext = SecretBytes::new(request.plaintext);
    let encrypt = Encrypt {
        rights: call.rights.clone(),
        key: call.key(&request.key_id)?,
        version,
        named_version: call.version_header.cloned(),
        plaintext,
        algorithm: request.algorithm,
        aad: request.aad,
        iv: request.iv,
        padding_mode: request.padding_mode,
    };
    call.unless_disconnected(call.service.encrypt(encrypt)).await
}

fn outcome<A>(encrypted: Encrypted, answer: A) -> Outcome<A> {
    let Outcome { answer, audit } = Outcome::of_version(encrypted.key_id, encrypted.key_version_id, answer);
    Outcome { answer, audit: AuditDetails { warnings: encrypted.warnings, ..audit } }
}
