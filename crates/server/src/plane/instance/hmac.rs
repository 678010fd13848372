//! `Hmac`, for the SDKs that support it (instance-api 5.9).

use claviger_wire::instance::message::{HmacRequest, HmacResponse};

use super::call::Call;
use super::errors::Refusal;
use crate::plane::outcome::Outcome;

pub(super) async fn hmac(call: &Call<'_>, request: HmacRequest) -> Result<Outcome<HmacResponse>, Refusal> {
    let key = call.key(&request.key_id)?;
    let tagged = call.service.hmac(&key, &request.message, call.rights).await?;
    let response = HmacResponse {
        key_id: tagged.key_id.to_string(),
        signature: tagged.tag.to_vec(),
        request_id: call.request_id.to_owned(),
    };
    Ok(Outcome::of_version(tagged.key_id, tagged.key_version_id, response))
}
