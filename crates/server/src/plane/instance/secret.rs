//! `GetSecretValue` (instance-api 5.7).

use std::future::{Ready, ready};

use claviger_service::{GetSecretValue, SecretValue};
use claviger_wire::instance::message::{GetSecretValueRequest, GetSecretValueResponse};

use super::call::Call;
use super::errors::Refusal;
use crate::plane::outcome::Outcome;

pub(super) fn get_value(
    call: &Call<'_>,
    request: GetSecretValueRequest,
) -> Ready<Result<Outcome<GetSecretValueResponse>, Refusal>> {
    let wanted = GetSecretValue {
        rights: call.rights.clone(),
        secret_name: request.secret_name,
        version_stage: request.version_stage,
        version_id: request.version_id,
    };
    let value = call.service.get_secret_value(&wanted).map_err(Refusal::from);
    // Secrets are not supported yet: `SecretValue` has no values.
    ready(value.map(|value: SecretValue| match value {}))
}
