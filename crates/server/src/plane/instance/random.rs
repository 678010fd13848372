//! `GenerateRandom` (instance-api 5.8).

use std::future::{Ready, ready};

use claviger_wire::instance::message::{GenerateRandomRequest, GenerateRandomResponse};

use super::call::Call;
use super::errors::Refusal;
use crate::plane::outcome::Outcome;

pub(super) fn generate(
    call: &Call<'_>,
    request: GenerateRandomRequest,
) -> Ready<Result<Outcome<GenerateRandomResponse>, Refusal>> {
    let made = call.service.generate_random(request.length).map_err(Refusal::from);
    let request_id = call.request_id.to_owned();
    ready(made.map(|random| GenerateRandomResponse { random: random.reveal().to_vec(), request_id }.into()))
}
