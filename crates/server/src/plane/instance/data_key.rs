//! `GenerateDataKey` and `AdvanceGenerateDataKey`: the same operation with different messages (instance-api 5.3).

use claviger_service::{DataKey, GenerateDataKey, VersionChoice};
use claviger_wire::blob;
use claviger_wire::instance::message::{
    AdvanceGenerateDataKeyRequest, AdvanceGenerateDataKeyResponse, GenerateDataKeyRequest, GenerateDataKeyResponse,
};

use super::call::Call;
use super::errors::Refusal;
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::AuditDetails;

pub(super) async fn generate(
    call: &Call<'_>,
    request: GenerateDataKeyRequest,
) -> Result<Outcome<GenerateDataKeyResponse>, Refusal> {
    let wanted = GenerateDataKey {
        rights: call.rights.clone(),
        key: call.key(&request.key_id)?,
        version: VersionChoice::Initial,
        number_of_bytes: request.number_of_bytes,
        algorithm: request.algorithm,
        aad: request.aad,
    };
    let made = call.service.generate_data_key(wanted).await?;
    let response = GenerateDataKeyResponse {
        key_id: made.key_id.to_string(),
        iv: made.iv.to_vec(),
        plaintext: made.plaintext.reveal().to_vec(),
        ciphertext_blob: made.ciphertext.clone(),
        request_id: call.request_id.to_owned(),
        algorithm: made.algorithm.name().to_owned(),
    };
    Ok(outcome(made, response))
}

pub(super) async fn advance_generate(
    call: &Call<'_>,
    request: AdvanceGenerateDataKeyRequest,
) -> Result<Outcome<AdvanceGenerateDataKeyResponse>, Refusal> {
    let wanted = GenerateDataKey {
        rights: call.rights.clone(),
        key: call.key(&request.key_id)?,
        version: VersionChoice::Primary,
        number_of_bytes: request.number_of_bytes,
        algorithm: String::new(),
        aad: request.aad,
    };
    let made = call.service.generate_data_key(wanted).await?;
    let response = AdvanceGenerateDataKeyResponse {
        key_id: made.key_id.to_string(),
        iv: made.iv.to_vec(),
        plaintext: made.plaintext.reveal().to_vec(),
        ciphertext_blob: blob::encode(&made.key_version_id, &made.iv, &made.ciphertext),
        request_id: call.request_id.to_owned(),
        algorithm: made.algorithm.name().to_owned(),
        key_version_id: made.key_version_id.to_string(),
    };
    Ok(outcome(made, response))
}

fn outcome<A>(made: DataKey, answer: A) -> Outcome<A> {
    let Outcome { answer, audit } = Outcome::of_version(made.key_id, made.key_version_id, answer);
    Outcome { answer, audit: AuditDetails { warnings: made.warnings, ..audit } }
}
