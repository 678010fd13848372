//! The four data key pair operations: four message pairs over one operation (instance-api 5.4).

use claviger_service::{DataKeyPair, GenerateDataKeyPair, VersionChoice};
use claviger_wire::blob;
use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{
    AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse,
    AdvanceGenerateDataKeyPairWithoutPlaintextResponse, GenerateDataKeyPairRequest, GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextResponse,
};
use prost::Message;
use zeroize::Zeroize;

use super::{Answered, Call, api_error};
use crate::journal::Facts;

impl Call<'_> {
    pub(super) async fn generate_data_key_pair(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let pair = self.basic_pair(facts).await?;
        let mut response = GenerateDataKeyPairResponse {
            key_id: pair.key_id.to_string(),
            iv: pair.iv.to_vec(),
            key_pair_spec: pair.spec.name().to_owned(),
            private_key_plaintext: pair.private_key.reveal().to_vec(),
            private_key_ciphertext_blob: pair.sealed_private_key.clone(),
            public_key: pair.public_key.clone(),
            request_id: self.request_id.to_string(),
            algorithm: pair.algorithm.name().to_owned(),
        };
        let message = response.encode_to_vec();
        response.private_key_plaintext.zeroize();
        Ok(answered(pair, message))
    }

    pub(super) async fn generate_data_key_pair_without_plaintext(
        &self,
        facts: &mut Facts,
    ) -> Result<Answered, ApiError> {
        let pair = self.basic_pair(facts).await?;
        let response = GenerateDataKeyPairWithoutPlaintextResponse {
            key_id: pair.key_id.to_string(),
            iv: pair.iv.to_vec(),
            key_pair_spec: pair.spec.name().to_owned(),
            private_key_ciphertext_blob: pair.sealed_private_key.clone(),
            public_key: pair.public_key.clone(),
            request_id: self.request_id.to_string(),
            algorithm: pair.algorithm.name().to_owned(),
        };
        Ok(answered(pair, response.encode_to_vec()))
    }

    pub(super) async fn advance_generate_data_key_pair(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let pair = self.advance_pair(facts).await?;
        let mut response = AdvanceGenerateDataKeyPairResponse {
            key_id: pair.key_id.to_string(),
            iv: pair.iv.to_vec(),
            key_pair_spec: pair.spec.name().to_owned(),
            private_key_plaintext: pair.private_key.reveal().to_vec(),
            private_key_ciphertext_blob: self_describing(&pair),
            public_key: pair.public_key.clone(),
            request_id: self.request_id.to_string(),
            algorithm: pair.algorithm.name().to_owned(),
            key_version_id: pair.key_version_id.to_string(),
        };
        let message = response.encode_to_vec();
        response.private_key_plaintext.zeroize();
        Ok(answered(pair, message))
    }

    pub(super) async fn advance_generate_data_key_pair_without_plaintext(
        &self,
        facts: &mut Facts,
    ) -> Result<Answered, ApiError> {
        let pair = self.advance_pair(facts).await?;
        let response = AdvanceGenerateDataKeyPairWithoutPlaintextResponse {
            key_id: pair.key_id.to_string(),
            iv: pair.iv.to_vec(),
            key_pair_spec: pair.spec.name().to_owned(),
            private_key_ciphertext_blob: self_describing(&pair),
            public_key: pair.public_key.clone(),
            request_id: self.request_id.to_string(),
            algorithm: pair.algorithm.name().to_owned(),
            key_version_id: pair.key_version_id.to_string(),
        };
        Ok(answered(pair, response.encode_to_vec()))
    }

    async fn basic_pair(&self, facts: &mut Facts) -> Result<DataKeyPair, ApiError> {
        let request: GenerateDataKeyPairRequest = self.message()?;
        facts.name_key(&request.key_id);
        self.pair(
            GenerateDataKeyPair {
                rights: self.rights.clone(),
                key: self.service.key_ref(&request.key_id).map_err(|error| api_error(&error, facts))?,
                version: VersionChoice::Initial,
                key_pair_spec: request.key_pair_spec,
                key_format: request.key_format,
                algorithm: request.algorithm,
                aad: request.aad,
                client: self.client_number(),
            },
            facts,
        )
        .await
    }

    async fn advance_pair(&self, facts: &mut Facts) -> Result<DataKeyPair, ApiError> {
        let request: AdvanceGenerateDataKeyPairRequest = self.message()?;
        facts.name_key(&request.key_id);
        self.pair(
            GenerateDataKeyPair {
                rights: self.rights.clone(),
                key: self.service.key_ref(&request.key_id).map_err(|error| api_error(&error, facts))?,
                version: VersionChoice::Primary,
                key_pair_spec: request.key_pair_spec,
                key_format: request.key_format,
                algorithm: String::new(),
                aad: request.aad,
                client: self.client_number(),
            },
            facts,
        )
        .await
    }

    async fn pair(&self, request: GenerateDataKeyPair, facts: &mut Facts) -> Result<DataKeyPair, ApiError> {
        let made = self.service.generate_data_key_pair(request, self.disconnect.disconnected()).await;
        let pair = made.map_err(|error| api_error(&error, facts))?;
        facts.remark(pair.remarks);
        Ok(pair)
    }
}

fn self_describing(pair: &DataKeyPair) -> Vec<u8> {
    blob::encode(&pair.key_version_id, &pair.iv, &pair.sealed_private_key)
}

fn answered(pair: DataKeyPair, message: Vec<u8>) -> Answered {
    Answered { message, used: Some((pair.key_id, pair.key_version_id)) }
}
