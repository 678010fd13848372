//! The actions on key versions (rpc-api 8).

use claviger_model as model;
use claviger_wire::rpc::versions::{
    CreateKeyVersion, DescribeKeyVersion, KeyVersion, KeyVersionAnswer, KeyVersions, ListKeyVersions,
    ListKeyVersionsAnswer,
};

use super::call::{Call, page_request, total};
use super::errors::Result;
use crate::plane::outcome::Outcome;

pub(super) fn create(call: &Call<'_>, request: CreateKeyVersion) -> Result<KeyVersionAnswer> {
    let made = call.service.create_key_version(&call.key(&request.key_id)?, &call.intent)?;
    Ok(answer_about(call, made))
}

pub(super) fn describe(call: &Call<'_>, request: DescribeKeyVersion) -> Result<KeyVersionAnswer> {
    let version = call.service.describe_key_version(&call.key(&request.key_id)?, &request.key_version_id)?;
    Ok(answer_about(call, version))
}

pub(super) fn list(call: &Call<'_>, request: ListKeyVersions) -> Result<ListKeyVersionsAnswer> {
    let listing = call.service.list_key_versions(&call.key(&request.key_id)?, page_request(request.page))?;
    let answer = ListKeyVersionsAnswer {
        request_id: call.request_id.clone(),
        key_versions: KeyVersions { key_version: listing.versions.iter().map(entry).collect() },
        page_number: request.page.number,
        page_size: request.page.size,
        total_count: total(listing.total),
    };
    Ok(Outcome::of_key(listing.key_id, answer))
}

fn answer_about(call: &Call<'_>, version: model::KeyVersion) -> Outcome<KeyVersionAnswer> {
    let answer = KeyVersionAnswer { request_id: call.request_id.clone(), key_version: entry(&version) };
    Outcome::of_version(version.key, version.id, answer)
}

fn entry(version: &model::KeyVersion) -> KeyVersion {
    KeyVersion {
        key_id: version.key.to_string(),
        key_version_id: version.id.to_string(),
        creation_date: version.created.to_string(),
    }
}
