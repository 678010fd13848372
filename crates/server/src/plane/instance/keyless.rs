//! The operations that name no key: `GenerateRandom` and `GetSecretValue` (instance-api 5.7, 5.8).

use claviger_service::{GetSecretValue, SecretValue};
use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{GenerateRandomRequest, GenerateRandomResponse, GetSecretValueRequest};
use prost::Message;
use zeroize::Zeroize;

use super::{Answered, Call, api_error};
use crate::journal::Facts;

impl Call<'_> {
    pub(super) fn generate_random(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let request: GenerateRandomRequest = self.message()?;
        let random = self.service.generate_random(request.length).map_err(|error| api_error(&error, facts))?;
        let mut response =
            GenerateRandomResponse { random: random.reveal().to_vec(), request_id: self.request_id.to_string() };
        let message = response.encode_to_vec();
        response.random.zeroize();
        Ok(Answered { message, used: None })
    }

    pub(super) fn get_secret_value(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let request: GetSecretValueRequest = self.message()?;
        facts.name_other(&request.secret_name);
        let wanted = GetSecretValue {
            rights: self.rights.clone(),
            secret_name: request.secret_name,
            version_stage: request.version_stage,
            version_id: request.version_id,
        };
        // Here the value will be written into a `GetSecretValueResponse`, once there is one.
        let value: SecretValue = self.service.get_secret_value(&wanted).map_err(|error| api_error(&error, facts))?;
        match value {}
    }
}
