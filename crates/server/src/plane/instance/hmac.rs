//! `Hmac`, for the clients that still have it (instance-api 5.9).

use claviger_wire::instance::ApiError;
use claviger_wire::instance::message::{HmacRequest, HmacResponse};
use prost::Message;

use super::{Answered, Call, api_error};
use crate::journal::Facts;

impl Call<'_> {
    pub(super) async fn hmac(&self, facts: &mut Facts) -> Result<Answered, ApiError> {
        let request: HmacRequest = self.message()?;
        facts.name_key(&request.key_id);
        let key = self.service.key_ref(&request.key_id).map_err(|error| api_error(&error, facts))?;
        let tagging = self.service.hmac(&key, &request.message, self.rights);
        let tagged = tagging.await.map_err(|error| api_error(&error, facts))?;
        let response = HmacResponse {
            key_id: tagged.key_id.to_string(),
            signature: tagged.tag.to_vec(),
            request_id: self.request_id.to_string(),
        };
        Ok(Answered { message: response.encode_to_vec(), used: Some((tagged.key_id, tagged.key_version_id)) })
    }
}
