//! `Sign`, `Verify` and `GetPublicKey` (instance-api 5.5, 5.6).

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_service::Signing;
use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{
    GetPublicKeyRequest, GetPublicKeyResponse, SignRequest, SignResponse, VerifyRequest, VerifyResponse,
};
use prost::Message;

use super::{Answered, Call, api_error};
use crate::journal::Facts;

impl Call<'_> {
    pub(super) async fn sign(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let wanted = self.signing(self.message()?, facts)?;
        let signed = self.unless_gone(self.service.sign(wanted), facts).await?;
        let response = SignResponse {
            key_id: signed.key_id.to_string(),
            signature: signed.result,
            request_id: self.request_id.to_string(),
            algorithm: signed.algorithm.name().to_owned(),
            message_type: signed.message_type.name().to_owned(),
        };
        Ok(answered(response.encode_to_vec(), signed.key_id, signed.key_version_id))
    }

    pub(super) async fn verify(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let VerifyRequest { key_id, digest, signature, algorithm, message, message_type } = self.message()?;
        let wanted = self.signing(SignRequest { key_id, digest, algorithm, message, message_type }, facts)?;
        let verified = self.unless_gone(self.service.verify(wanted, signature), facts).await?;
        let response = VerifyResponse {
            key_id: verified.key_id.to_string(),
            value: verified.result,
            request_id: self.request_id.to_string(),
            algorithm: verified.algorithm.name().to_owned(),
            message_type: verified.message_type.name().to_owned(),
        };
        Ok(answered(response.encode_to_vec(), verified.key_id, verified.key_version_id))
    }

    fn signing(&self, request: SignRequest, facts: &mut Facts) -> Result<Signing, ApiError> {
        facts.name_key(&request.key_id);
        Ok(Signing {
            rights: self.rights.clone(),
            key: self.service.key_ref(&request.key_id).map_err(|error| api_error(&error, facts))?,
            named_version: self.version_header.cloned(),
            algorithm: request.algorithm,
            message_type: request.message_type,
            message: request.message,
            digest: request.digest,
        })
    }

    pub(super) async fn get_public_key(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let request: GetPublicKeyRequest = self.message()?;
        facts.name_key(&request.key_id);
        let key = self.service.key_ref(&request.key_id).map_err(|error| api_error(&error, facts))?;
        let reading = self.service.get_public_key(&key, self.version_header, self.rights);
        let public_key = reading.await.map_err(|error| api_error(&error, facts))?;
        let response = GetPublicKeyResponse {
            key_id: public_key.key_id.to_string(),
            public_key: public_key.pem,
            request_id: self.request_id.to_string(),
        };
        Ok(answered(response.encode_to_vec(), public_key.key_id, public_key.key_version_id))
    }
}

fn answered(message: Vec<u8>, key_id: KeyId, key_version_id: KeyVersionId) -> Answered {
    Answered { message, used: Some((key_id, key_version_id)) }
}
