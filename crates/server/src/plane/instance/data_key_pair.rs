//! The four data key pair operations: the same operation with different messages (instance-api 5.4).

use claviger_service::{DataKeyPair, GenerateDataKeyPair, VersionChoice};
use claviger_wire::blob;
use claviger_wire::instance::message::{
    AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse,
    AdvanceGenerateDataKeyPairWithoutPlaintextResponse, GenerateDataKeyPairRequest, GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextResponse,
};

use super::call::Call;
use super::errors::Refusal;
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::AuditDetails;

pub(super) async fn generate(
    call: &Call<'_>,
    request: GenerateDataKeyPairRequest,
) -> Result<Outcome<GenerateDataKeyPairResponse>, Refusal> {
    let pair = basic_pair(call, request).await?;
    let response = GenerateDataKeyPairResponse {
        key_id: pair.key_id.to_string(),
        iv: pair.iv.to_vec(),
        key_pair_spec: pair.spec.name().to_owned(),
        private_key_plaintext: pair.private_key.reveal().to_vec(),
        private_key_ciphertext_blob: pair.sealed_private_key.clone(),
        public_key: pair.public_key.clone(),
        request_id: call.request_id.to_owned(),
        algorithm: pair.algorithm.name().to_owned(),
    };
    Ok(outcome(pair, response))
}

pub(super) async fn generate_without_plaintext(
    call: &Call<'_>,
    request: GenerateDataKeyPairRequest,
) -> Result<Outcome<GenerateDataKeyPairWithoutPlaintextResponse>, Refusal> {
    let pair = basic_pair(call, request).await?;
    let response = GenerateDataKeyPairWithoutPlaintextResponse {
        key_id: pair.key_id.to_string(),
        iv: pair.iv.to_vec(),
        key_pair_spec: pair.spec.name().to_owned(),
        private_key_ciphertext_blob: pair.sealed_private_key.clone(),
        public_key: pair.public_key.clone(),
        request_id: call.request_id.to_owned(),
        algorithm: pair.algorithm.name().to_owned(),
    };
    Ok(outcome(pair, response))
}

pub(super) async fn advance_generate(
    call: &Call<'_>,
    request: AdvanceGenerateDataKeyPairRequest,
) -> Result<Outcome<AdvanceGenerateDataKeyPairResponse>, Refusal> {
    let pair = advance_pair(call, request).await?;
    let response = AdvanceGenerateDataKeyPairResponse {
        key_id: pair.key_id.to_string(),
        iv: pair.iv.to_vec(),
        key_pair_spec: pair.spec.name().to_owned(),
        private_key_plaintext: pair.private_key.reveal().to_vec(),
        private_key_ciphertext_blob: self_describing(&pair),
        public_key: pair.public_key.clone(),
        request_id: call.request_id.to_owned(),
        algorithm: pair.algorithm.name().to_owned(),
        key_version_id: pair.key_version_id.to_string(),
    };
    Ok(outcome(pair, response))
}

pub(super) async fn advance_generate_without_plaintext(
    call: &Call<'_>,
    request: AdvanceGenerateDataKeyPairRequest,
) -> Result<Outcome<AdvanceGenerateDataKeyPairWithoutPlaintextResponse>, Refusal> {
    let pair = advance_pair(call, request).await?;
    let response = AdvanceGenerateDataKeyPairWithoutPlaintextResponse {
        key_id: pair.key_id.to_string(),
        iv: pair.iv.to_vec(),
        key_pair_spec: pair.spec.name().to_owned(),
        private_key_ciphertext_blob: self_describing(&pair),
        public_key: pair.public_key.clone(),
        request_id: call.request_id.to_owned(),
        algorithm: pair.algorithm.name().to_owned(),
        key_version_id: pair.key_version_id.to_string(),
    };
    Ok(outcome(pair, response))
}

async fn basic_pair(call: &Call<'_>, request: GenerateDataKeyPairRequest) -> Result<DataKeyPair, Refusal> {
    let wanted = GenerateDataKeyPair {
        rights: call.rights.clone(),
        key: call.key(&request.key_id)?,
        version: VersionChoice::Initial,
        key_pair_spec: request.key_pair_spec,
        key_format: request.key_format,
        algorithm: request.algorithm,
        aad: request.aad,
        client: call.client_number(),
    };
    Ok(call.service.generate_data_key_pair(wanted, call.disconnect.disconnected()).await?)
}

async fn advance_pair(call: &Call<'_>, request: AdvanceGenerateDataKeyPairRequest) -> Result<DataKeyPair, Refusal> {
    let wanted = GenerateDataKeyPair {
        rights: call.rights.clone(),
        key: call.key(&request.key_id)?,
        version: VersionChoice::Primary,
        key_pair_spec: request.key_pair_spec,
        key_format: request.key_format,
        algorithm: String::new(),
        aad: request.aad,
        client: call.client_number(),
    };
    Ok(call.service.generate_data_key_pair(wanted, call.disconnect.disconnected()).await?)
}

fn self_describing(pair: &DataKeyPair) -> Vec<u8> {
    blob::encode(&pair.key_version_id, &pair.iv, &pair.sealed_private_key)
}

fn outcome<A>(pair: DataKeyPair, answer: A) -> Outcome<A> {
    let Outcome { answer, audit } = Outcome::of_version(pair.key_id, pair.key_version_id, answer);
    Outcome { answer, audit: AuditDetails { warnings: pair.warnings, ..audit } }
}
