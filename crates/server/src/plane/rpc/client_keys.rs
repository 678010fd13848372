//! `CreateClientKey`, `GetClientKey`, `ListClientKeys`, `DeleteClientKey` (rpc-api 13.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_base::Timestamp;
use claviger_base::id::{ClientKeyId, RuleName};
use claviger_crypto::client_key::Password;
use claviger_crypto::pem;
use claviger_model::ClientKey;
use claviger_service::{IssueClientKey, PageRequest};
use claviger_wire::rpc::answer::access::ClientKeyAnswer;
use claviger_wire::rpc::answer::{ClientKeyEntry, CreateClientKeyAnswer, ListClientKeysAnswer, encode};
use claviger_wire::rpc::error::RpcError;

use super::{Call, rpc_error};

/// A client key is valid for five years unless asked otherwise.
const VALIDITY_S: i64 = 5 * 365 * 86_400;
/// The listing has no pages.
const ALL: PageRequest = PageRequest { number: 1, size: usize::MAX };

impl Call<'_> {
    pub(super) fn create_client_key(&mut self) -> Result<Vec<u8>, RpcError> {
        let access_point = RuleName::parse(self.parameters.required("AapName")?).ok_or(RpcError::ResourceNotFound)?;
        self.facts.named = Some(access_point.to_string());
        let password = Password::new(self.parameters.required("Password")?);
        let password = password.map_err(|_rule| RpcError::invalid("Password"))?;
        let now = self.service.clock().now().whole_second();
        let (not_before, not_after) = match (self.date("NotBefore")?, self.date("NotAfter")?) {
            (None, None) => (now, now.plus_s(VALIDITY_S)),
            (Some(not_before), Some(not_after)) => (not_before, not_after),
            (None, Some(_)) => return Err(RpcError::MissingParameter("NotBefore")),
            (Some(_), None) => return Err(RpcError::MissingParameter("NotAfter")),
        };
        let request = IssueClientKey { access_point, password, not_before, not_after };
        let issued = self.service.issue_client_key(&request, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.facts.detail = Some("client key issued");
        self.facts.name_other(issued.record.id.as_str());
        encode(&CreateClientKeyAnswer {
            request_id: self.request_id.clone(),
            client_key_id: issued.record.id.to_string(),
            key_algorithm: "RSA_2048".to_owned(),
            private_key_data: STANDARD.encode(issued.pkcs12.reveal()),
            not_before: issued.record.not_before.to_string(),
            not_after: issued.record.not_after.to_string(),
        })
    }

    pub(super) fn get_client_key(&mut self) -> Result<Vec<u8>, RpcError> {
        let id = self.parameters.required("ClientKeyId")?;
        self.facts.name_other(id);
        let id = ClientKeyId::parse(id).ok_or(RpcError::ResourceNotFound)?;
        let key = self.service.describe_client_key(&id).map_err(|error| rpc_error(&error))?;
        encode(&ClientKeyAnswer { request_id: self.request_id.clone(), client_key: entry(&key)? })
    }

    pub(super) fn list_client_keys(&mut self) -> Result<Vec<u8>, RpcError> {
        let listing = self.service.list_client_keys(ALL).map_err(|error| rpc_error(&error))?;
        let wanted = self.parameters.optional("AapName");
        let is_wanted = |key: &&ClientKey| wanted.is_none_or(|name| key.is_governed && key.name == name);
        let entries = listing.client_keys.iter().filter(is_wanted).map(entry);
        let client_keys = entries.collect::<Result<_, _>>()?;
        encode(&ListClientKeysAnswer { request_id: self.request_id.clone(), client_keys })
    }

    pub(super) fn delete_client_key(&mut self) -> Result<Vec<u8>, RpcError> {
        let id = self.parameters.required("ClientKeyId")?;
        self.facts.name_other(id);
        let id = ClientKeyId::parse(id).ok_or(RpcError::ResourceNotFound)?;
        let revoked = self.service.revoke_client_key(&id, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.facts.named = Some(revoked.name);
        self.acknowledge()
    }

    fn date(&self, name: &'static str) -> Result<Option<Timestamp>, RpcError> {
        let Some(text) = self.parameters.optional(name) else { return Ok(None) };
        Timestamp::parse_iso8601(text).map(Some).ok_or_else(|| RpcError::invalid(name))
    }
}

fn entry(key: &ClientKey) -> Result<ClientKeyEntry, RpcError> {
    Ok(ClientKeyEntry {
        // A key from before there were policies belongs to no access point, whatever it was called.
        aap_name: if key.is_governed { key.name.clone() } else { String::new() },
        client_key_id: key.id.to_string(),
        create_time: key.created.to_string(),
        key_algorithm: "RSA_2048".to_owned(),
        key_origin: "KMS_PROVIDED".to_owned(),
        not_before: key.not_before.to_string(),
        not_after: key.not_after.to_string(),
        public_key_data: pem::encode_certificate(&key.certificate).map_err(|_malformed| RpcError::InternalFailure)?,
    })
}
