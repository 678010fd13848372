//! The actions on client keys (rpc-api 13.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_crypto::client_key::Password;
use claviger_crypto::pem;
use claviger_model::{ClientKey, KeySpec};
use claviger_service::{IssueClientKey, PageRequest};
use claviger_wire::rpc::RpcError;
use claviger_wire::rpc::client_keys::{
    ClientKeyAnswer, ClientKeyEntry, CreateClientKey, CreateClientKeyAnswer, DeleteClientKey, GetClientKey,
    ListClientKeys, ListClientKeysAnswer,
};
use claviger_wire::rpc::json::Acknowledged;

use super::call::Call;
use super::errors::Result;
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::AuditDetails;

/// The listing has no pages.
const ALL: PageRequest = PageRequest { number: 1, size: usize::MAX };
/// Every client key is of this kind.
const KEY_ALGORITHM: &str = KeySpec::Rsa2048.name();

pub(super) fn create(call: &Call<'_>, request: CreateClientKey) -> Result<CreateClientKeyAnswer> {
    let password = Password::new(&request.password).map_err(|_rule| RpcError::invalid("Password"))?;
    let now = call.service.clock().now().whole_second();
    let (not_before, not_after) =
        request.validity.unwrap_or_else(|| (now, now.plus_s(claviger_base::limits::CLIENT_KEY_VALIDITY_S)));
    let wanted = IssueClientKey { access_point: request.aap_name, password, not_before, not_after };
    let issued = call.service.issue_client_key(&wanted, &call.intent)?;
    let answer = CreateClientKeyAnswer {
        request_id: call.request_id.clone(),
        client_key_id: issued.record.id.to_string(),
        key_algorithm: KEY_ALGORITHM.to_owned(),
        private_key_data: STANDARD.encode(issued.pkcs12.reveal()),
        not_before: issued.record.not_before.to_string(),
        not_after: issued.record.not_after.to_string(),
    };
    let made = Some(issued.record.id.to_string());
    Ok(Outcome { answer, audit: AuditDetails { made, detail: Some("client key issued"), ..AuditDetails::default() } })
}

pub(super) fn get(call: &Call<'_>, request: GetClientKey) -> Result<ClientKeyAnswer> {
    let key = call.service.describe_client_key(&request.client_key_id)?;
    Ok(ClientKeyAnswer { request_id: call.request_id.clone(), client_key: entry(&key)? }.into())
}

pub(super) fn list(call: &Call<'_>, request: ListClientKeys) -> Result<ListClientKeysAnswer> {
    let listing = call.service.list_client_keys(ALL)?;
    let wanted = request.aap_name.as_deref();
    let is_wanted = |key: &&ClientKey| wanted.is_none_or(|name| key.is_governed && key.name == name);
    let entries = listing.client_keys.iter().filter(is_wanted).map(entry);
    let client_keys = entries.collect::<std::result::Result<_, _>>()?;
    Ok(ListClientKeysAnswer { request_id: call.request_id.clone(), client_keys }.into())
}

pub(super) fn delete(call: &Call<'_>, request: DeleteClientKey) -> Result<Acknowledged> {
    let revoked = call.service.revoke_client_key(&request.client_key_id, &call.intent)?;
    let audit = AuditDetails { named: Some(revoked.name), ..AuditDetails::default() };
    Ok(Outcome { answer: call.acknowledged(), audit })
}

fn entry(key: &ClientKey) -> std::result::Result<ClientKeyEntry, RpcError> {
    Ok(ClientKeyEntry {
        // A key from before policies existed belongs to no access point, whatever its name.
        aap_name: if key.is_governed { key.name.clone() } else { String::new() },
        client_key_id: key.id.to_string(),
        create_time: key.created.to_string(),
        key_algorithm: KEY_ALGORITHM.to_owned(),
        key_origin: "KMS_PROVIDED".to_owned(),
        not_before: key.not_before.to_string(),
        not_after: key.not_after.to_string(),
        public_key_data: pem::encode_certificate(&key.certificate).map_err(|_malformed| RpcError::InternalFailure)?,
    })
}
