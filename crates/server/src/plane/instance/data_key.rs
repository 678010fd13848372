//! `GenerateDataKey` and `AdvanceGenerateDataKey`: two message pairs over one operation (instance-api 5.3).

use claviger_service::{DataKey, GenerateDataKey, VersionChoice};
use claviger_wire::blob;
use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{
    AdvanceGenerateDataKeyRequest, AdvanceGenerateDataKeyResponse, GenerateDataKeyRequest, GenerateDataKeyResponse,
};
use prost::Message;
use zeroize::Zeroize;

use super::{Answered, Call, api_error};
use crate::journal::Facts;

impl Call<'_> {
    pub(super) async fn generate_data_key(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let request: GenerateDataKeyRequest = self.message()?;
        facts.name_key(&request.key_id);
        let wanted = GenerateDataKey {
            rights: self.rights.clone(),
            key: self.service.key_ref(&request.key_id).map_err(|error| api_error(&error, facts))?,
            version: VersionChoice::Initial,
            number_of_bytes: request.number_of_bytes,
            algorithm: request.algorithm,
            aad: request.aad,
        };
        let made = self.data_key(wanted, facts).await?;
        let mut response = GenerateDataKeyResponse {
            key_id: made.key_id.to_string(),
            iv: made.iv.to_vec(),
            plaintext: made.plaintext.reveal().to_vec(),
            ciphertext_blob: made.ciphertext.clone(),
            request_id: self.request_id.to_string(),
            algorithm: made.algorithm.name().to_owned(),
        };
        let message = response.encode_to_vec();
        response.plaintext.zeroize();
        Ok(answered(made, message))
    }

    pub(super) async fn advance_generate_data_key(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let request: AdvanceGenerateDataKeyRequest = self.message()?;
        facts.name_key(&request.key_id);
        let wanted = GenerateDataKey {
            rights: self.rights.clone(),
            key: self.service.key_ref(&request.key_id).map_err(|error| api_error(&error, facts))?,
            version: VersionChoice::Primary,
            number_of_bytes: request.number_of_bytes,
            algorithm: String::new(),
            aad: request.aad,
        };
        let made = self.data_key(wanted, facts).await?;
        let mut response = AdvanceGenerateDataKeyResponse {
            key_id: made.key_id.to_string(),
            iv: made.iv.to_vec(),
            plaintext: made.plaintext.reveal().to_vec(),
            ciphertext_blob: blob::encode(&made.key_version_id, &made.iv, &made.ciphertext),
            request_id: self.request_id.to_string(),
            algorithm: made.algorithm.name().to_owned(),
            key_version_id: made.key_version_id.to_string(),
        };
        let message = response.encode_to_vec();
        response.plaintext.zeroize();
        Ok(answered(made, message))
    }

    async fn data_key(&self, wanted: GenerateDataKey, facts: &mut Facts) -> Result<DataKey, ApiError> {
        let made = self.service.generate_data_key(wanted).await.map_err(|error| api_error(&error, facts))?;
        facts.remark(made.remarks);
        Ok(made)
    }
}

fn answered(made: DataKey, message: Vec<u8>) -> Answered {
    Answered { message, used: Some((made.key_id, made.key_version_id)) }
}
