//! `CreateAccessKey`, `ListAccessKeys`, `UpdateAccessKey`, `DeleteAccessKey`: RAM's actions, served here because there is no
//! RAM beside this server (docs/compatibility.md).

use claviger_base::id::AccessKeyId;
use claviger_model::AccessKey;
use claviger_wire::rpc::answer::access_key::{
    AccessKeyEntry, AccessKeys, CreateAccessKeyAnswer, ListAccessKeysAnswer, NewAccessKey,
};
use claviger_wire::rpc::answer::encode;
use claviger_wire::rpc::error::RpcError;

use super::actions::Answered;
use super::{Call, rpc_error};

/// The status of an access key that may be used, and of one that is refused.
const ACTIVE: &str = "Active";
const INACTIVE: &str = "Inactive";

impl Call<'_> {
    pub(super) fn create_access_key(&mut self) -> Answered {
        let made = self.service.create_access_key(&self.intent()).map_err(|error| rpc_error(&error))?;
        self.facts.detail = Some("access key made");
        self.facts.name_other(made.id.as_str());
        // 30 characters of base 36.
        let secret = std::str::from_utf8(made.secret.reveal()).map_err(|_not_text| RpcError::InternalFailure)?;
        encode(&CreateAccessKeyAnswer {
            request_id: self.request_id.clone(),
            access_key: NewAccessKey {
                access_key_id: made.id.to_string(),
                access_key_secret: secret.to_owned(),
                status: ACTIVE.to_owned(),
                create_date: made.created.to_string(),
            },
        })
    }

    pub(super) fn list_access_keys(&mut self) -> Answered {
        let listed = self.service.list_access_keys().map_err(|error| rpc_error(&error))?;
        let access_key = listed.iter().map(entry).collect();
        encode(&ListAccessKeysAnswer { request_id: self.request_id.clone(), access_keys: AccessKeys { access_key } })
    }

    pub(super) fn update_access_key(&mut self) -> Answered {
        let id = self.named_access_key()?;
        let is_active = match self.parameters.required("Status")? {
            ACTIVE => true,
            INACTIVE => false,
            _ => return Err(RpcError::invalid("Status")),
        };
        self.service.set_access_key_active(&id, is_active, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.facts.detail = Some(if is_active { "access key enabled" } else { "access key disabled" });
        self.acknowledge()
    }

    pub(super) fn delete_access_key(&mut self) -> Answered {
        let id = self.named_access_key()?;
        self.service.delete_access_key(&id, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.acknowledge()
    }

    /// `UserAccessKeyId`, as RAM calls it: `AccessKeyId` is the caller's.
    fn named_access_key(&mut self) -> Result<AccessKeyId, RpcError> {
        let id = self.parameters.required("UserAccessKeyId")?;
        self.facts.name_other(id);
        AccessKeyId::parse(id).ok_or(RpcError::AccessKeyMissing)
    }
}

fn entry(key: &AccessKey) -> AccessKeyEntry {
    AccessKeyEntry {
        access_key_id: key.id.to_string(),
        status: if key.is_active { ACTIVE } else { INACTIVE }.to_owned(),
        create_date: key.created.to_string(),
    }
}
