//! `Decrypt` and `AdvanceDecrypt`: which version opens the blob, then the same operation (instance-api 5.1, 5.2).

use claviger_service::{Decrypt, DecryptSource, Decrypted, KeyRef};
use claviger_wire::blob;
use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{AdvanceDecryptResponse, DecryptRequest, DecryptResponse};
use prost::Message;
use zeroize::Zeroize;

use super::{Answered, Call, api_error};
use crate::journal::Facts;

impl Call<'_> {
    pub(super) async fn decrypt(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let request: DecryptRequest = self.message()?;
        facts.name_key(&request.key_id);
        let source = self.raw_source(&request, facts)?;
        let sealed = request.ciphertext_blob.clone();
        let decrypted = self.open(source, sealed, request, false, facts).await?;
        let mut response = DecryptResponse {
            key_id: decrypted.key_id.to_string(),
            plaintext: decrypted.plaintext.reveal().to_vec(),
            request_id: self.request_id.to_string(),
            algorithm: decrypted.algorithm.name().to_owned(),
            padding_mode: String::new(),
        };
        let message = response.encode_to_vec();
        response.plaintext.zeroize();
        Ok(answered(decrypted, message))
    }

    pub(super) async fn advance_decrypt(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let request: DecryptRequest = self.message()?;
        facts.name_key(&request.key_id);
        let (source, sealed) = match self.self_describing_source(&request, facts).await? {
            Some(found) => found,
            None => (self.raw_source(&request, facts)?, request.ciphertext_blob.clone()),
        };
        let decrypted = self.open(source, sealed, request, true, facts).await?;
        let mut response = AdvanceDecryptResponse {
            key_id: decrypted.key_id.to_string(),
            plaintext: decrypted.plaintext.reveal().to_vec(),
            request_id: self.request_id.to_string(),
            algorithm: decrypted.algorithm.name().to_owned(),
            padding_mode: String::new(),
            key_version_id: decrypted.key_version_id.to_string(),
        };
        let message = response.encode_to_vec();
        response.plaintext.zeroize();
        Ok(answered(decrypted, message))
    }

    /// The decision rule of 5.2: a blob is self-describing if it has the layout and names a version that exists. Then
    /// everything comes from the blob; the request's Iv, Algorithm and PaddingMode are not even looked at.
    async fn self_describing_source(
        &self,
        request: &DecryptRequest,
        facts: &mut Facts,
    ) -> Result<Option<(DecryptSource, Vec<u8>)>, ApiError> {
        let Some(parsed) = blob::parse(&request.ciphertext_blob) else { return Ok(None) };
        let exists = self.service.key_version_exists(&parsed.version_id).await;
        if !exists.map_err(|error| api_error(&error, facts))? {
            // Without a key beside it, the blob can only mean the version it names, and that is gone or never was.
            return if request.key_id.is_empty() && self.version_header.is_none() {
                Err(ApiError::KeyNotFound)
            } else {
                Ok(None)
            };
        }
        facts.key_version_id = Some(parsed.version_id.to_string());
        let key = self.named_key(&request.key_id, facts)?;
        let source = DecryptSource::SelfDescribing { version: parsed.version_id, iv: parsed.iv, key };
        Ok(Some((source, parsed.sealed.to_vec())))
    }

    /// A raw blob: version from the request's header if it names one, else the key's initial version.
    fn raw_source(&self, request: &DecryptRequest, facts: &mut Facts) -> Result<DecryptSource, ApiError> {
        facts.key_version_id = self.version_header.map(ToString::to_string);
        match (self.version_header, self.named_key(&request.key_id, facts)?) {
            (Some(version), key) => Ok(DecryptSource::Version { version: version.clone(), key }),
            (None, Some(key)) => Ok(DecryptSource::Key(key)),
            (None, None) => {
                facts.detail = Some("KeyId");
                Err(ApiError::InvalidParameter("KeyId"))
            }
        }
    }

    fn named_key(&self, key_id: &str, facts: &mut Facts) -> Result<Option<KeyRef>, ApiError> {
        if key_id.is_empty() {
            return Ok(None);
        }
        self.service.key_ref(key_id).map(Some).map_err(|error| api_error(&error, facts))
    }

    async fn open(
        &self,
        source: DecryptSource,
        ciphertext: Vec<u8>,
        request: DecryptRequest,
        is_advance: bool,
        facts: &mut Facts,
    ) -> Result<Decrypted, ApiError> {
        let decrypt = Decrypt {
            rights: self.rights.clone(),
            source,
            ciphertext,
            aad: request.aad,
            algorithm: request.algorithm,
            iv: request.iv,
            padding_mode: request.padding_mode,
            is_advance,
        };
        self.unless_gone(self.service.decrypt(decrypt), facts).await
    }
}

fn answered(decrypted: Decrypted, message: Vec<u8>) -> Answered {
    Answered { message, used: Some((decrypted.key_id, decrypted.key_version_id)) }
}
