//! `Sign`, `Verify` and `GetPublicKey` (instance-api 5.5, 5.6).

use claviger_service::Signing;
use claviger_wire::instance::message::{
    GetPublicKeyRequest, GetPublicKeyResponse, SignRequest, SignResponse, VerifyRequest, VerifyResponse,
};

use super::call::Call;
use super::errors::Refusal;
use crate::plane::outcome::Outcome;

pub(super) async fn sign(call: &Call<'_>, request: SignRequest) -> Result<Outcome<SignResponse>, Refusal> {
    let wanted = signing(call, request)?;
    let signed = call.unless_disconnected(call.service.sign(wanted)).await?;
    let response = SignResponse {
        key_id: signed.key_id.to_string(),
        signature: signed.result,
        request_id: call.request_id.to_owned(),
        algorithm: signed.algorithm.name().to_owned(),
        message_type: signed.message_type.name().to_owned(),
    };
    Ok(Outcome::of_version(signed.key_id, signed.key_version_id, response))
}

pub(super) async fn verify(call: &Call<'_>, request: VerifyRequest) -> Result<Outcome<VerifyResponse>, Refusal> {
    let VerifyRequest { key_id, digest, signature, algorithm, message, message_type } = request;
    let wanted = signing(call, SignRequest { key_id, digest, algorithm, message, message_type })?;
    let verified = call.unless_disconnected(call.service.verify(wanted, signature)).await?;
    let response = VerifyResponse {
        key_id: verified.key_id.to_string(),
        value: verified.result,
        request_id: call.request_id.to_owned(),
        algorithm: verified.algorithm.name().to_owned(),
        message_type: verified.message_type.name().to_owned(),
    };
    Ok(Outcome::of_version(verified.key_id, verified.key_version_id, response))
}

fn signing(call: &Call<'_>, request: SignRequest) -> Result<Signing, Refusal> {
    Ok(Signing {
        rights: call.rights.clone(),
        key: call.key(&request.key_id)?,
        named_version: call.version_header.cloned(),
        algorithm: request.algorithm,
        message_type: request.message_type,
        message: request.message,
        digest: request.digest,
    })
}

pub(super) async fn get_public_key(
    call: &Call<'_>,
    request: GetPublicKeyRequest,
) -> Result<Outcome<GetPublicKeyResponse>, Refusal> {
    let key = call.key(&request.key_id)?;
    let public_key = call.service.get_public_key(&key, call.version_header, call.rights).await?;
    let response = GetPublicKeyResponse {
        key_id: public_key.key_id.to_string(),
        public_key: public_key.pem,
        request_id: call.request_id.to_owned(),
    };
    Ok(Outcome::of_version(public_key.key_id, public_key.key_version_id, response))
}
