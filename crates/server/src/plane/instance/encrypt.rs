//! `Encrypt` and `AdvanceEncrypt`: two answers over one operation (instance-api 5.1, 5.2).

use claviger_base::SecretBytes;
use claviger_service::{Encrypt, Encrypted, VersionChoice};
use claviger_wire::blob;
use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{AdvanceEncryptResponse, EncryptRequest, EncryptResponse};
use prost::Message;

use super::{Answered, Call, api_error};
use crate::journal::Facts;

impl Call<'_> {
    pub(super) async fn encrypt(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let encrypted = self.sealed(VersionChoice::Initial, facts).await?;
        let response = EncryptResponse {
            key_id: encrypted.key_id.to_string(),
            ciphertext_blob: encrypted.ciphertext.clone(),
            iv: encrypted.iv.clone(),
            request_id: self.request_id.to_string(),
            algorithm: encrypted.algorithm.name().to_owned(),
            padding_mode: String::new(),
        };
        Ok(answered(encrypted, response.encode_to_vec()))
    }

    pub(super) async fn advance_encrypt(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let encrypted = self.sealed(VersionChoice::Primary, facts).await?;
        let Ok(iv) = encrypted.iv.as_slice().try_into() else { return Err(ApiError::InternalFailure) };
        let response = AdvanceEncryptResponse {
            key_id: encrypted.key_id.to_string(),
            ciphertext_blob: blob::encode(&encrypted.key_version_id, iv, &encrypted.ciphertext),
            iv: encrypted.iv.clone(),
            request_id: self.request_id.to_string(),
            algorithm: encrypted.algorithm.name().to_owned(),
            padding_mode: String::new(),
            key_version_id: encrypted.key_version_id.to_string(),
        };
        Ok(answered(encrypted, response.encode_to_vec()))
    }

    async fn sealed(&self, version: VersionChoice, facts: &mut Facts) -> Result<Encrypted, ApiError> {
        let request: EncryptRequest = self.message()?;
        facts.name_key(&request.key_id);
        // Taken over first, so that the plaintext is wiped on every way out.
        let plaintext = SecretBytes::new(request.plaintext);
        let encrypt = Encrypt {
            rights: self.rights.clone(),
            key: self.service.key_ref(&request.key_id).map_err(|error| api_error(&error, facts))?,
            version,
            named_version: self.version_header.cloned(),
            plaintext,
            algorithm: request.algorithm,
            aad: request.aad,
            iv: request.iv,
            padding_mode: request.padding_mode,
        };
        let encrypted = self.unless_gone(self.service.encrypt(encrypt), facts).await?;
        facts.remark(encrypted.remarks);
        Ok(encrypted)
    }
}

fn answered(encrypted: Encrypted, message: Vec<u8>) -> Answered {
    Answered { message, used: Some((encrypted.key_id, encrypted.key_version_id)) }
}
