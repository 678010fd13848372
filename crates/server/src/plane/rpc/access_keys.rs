//! The actions on access keys. On Alibaba Cloud they are actions of RAM (Resource Access Management), which a self-hosted
//! instance does not have (docs/compatibility.md).

use claviger_model::AccessKey;
use claviger_wire::rpc::RpcError;
use claviger_wire::rpc::access_keys::{
    ACTIVE, AccessKeyEntry, AccessKeys, CreateAccessKey, CreateAccessKeyAnswer, DeleteAccessKey, INACTIVE,
    ListAccessKeys, ListAccessKeysAnswer, NewAccessKey, UpdateAccessKey,
};
use claviger_wire::rpc::json::Acknowledged;

use super::call::Call;
use super::errors::Result;
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::AuditDetails;

pub(super) fn create(call: &Call<'_>, _request: CreateAccessKey) -> Result<CreateAccessKeyAnswer> {
    let made = call.service.create_access_key(&call.intent)?;
    // Never fails: a secret consists of ASCII letters and digits.
    let secret = std::str::from_utf8(made.secret.reveal()).map_err(|_not_text| RpcError::InternalFailure)?;
    let answer = CreateAccessKeyAnswer {
        request_id: call.request_id.clone(),
        access_key: NewAccessKey {
            access_key_id: made.id.to_string(),
            access_key_secret: secret.to_owned(),
            status: ACTIVE.to_owned(),
            create_date: made.created.to_string(),
        },
    };
    let id = Some(made.id.to_string());
    Ok(Outcome { answer, audit: AuditDetails { made: id, detail: Some("access key made"), ..AuditDetails::default() } })
}

pub(super) fn list(call: &Call<'_>, _request: ListAccessKeys) -> Result<ListAccessKeysAnswer> {
    let listed = call.service.list_access_keys()?;
    let access_keys = AccessKeys { access_key: listed.iter().map(entry).collect() };
    Ok(ListAccessKeysAnswer { request_id: call.request_id.clone(), access_keys }.into())
}

pub(super) fn update(call: &Call<'_>, request: UpdateAccessKey) -> Result<Acknowledged> {
    call.service.set_access_key_active(&request.id, request.is_active, &call.intent)?;
    let detail = Some(if request.is_active { "access key enabled" } else { "access key disabled" });
    Ok(Outcome { answer: call.acknowledged(), audit: AuditDetails { detail, ..AuditDetails::default() } })
}

pub(super) fn delete(call: &Call<'_>, request: DeleteAccessKey) -> Result<Acknowledged> {
    call.service.delete_access_key(&request.id, &call.intent)?;
    Ok(call.acknowledged().into())
}

fn entry(key: &AccessKey) -> AccessKeyEntry {
    AccessKeyEntry {
        access_key_id: key.id.to_string(),
        status: if key.is_active { ACTIVE } else { INACTIVE }.to_owned(),
        create_date: key.created.to_string(),
    }
}
