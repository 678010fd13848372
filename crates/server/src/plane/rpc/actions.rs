//! The actions on keys, aliases and versions: parameters in, operation, answer out (rpc-api 7, 8).

use claviger_base::id::{AliasName, KeyId, KeyVersionId};
use claviger_model::{AutomaticRotation, Key, KeySpec, KeyState, KeyUsage, RotationInterval};
use claviger_service::{CreateKey, KeyFilter, KeyRef, PageRequest, ServiceError};
use claviger_wire::rpc::action::Action;
use claviger_wire::rpc::answer::{
    Acknowledged, AliasEntry, Aliases, KeyAnswer, KeyEntry, KeyMetadata, KeyVersion, KeyVersionAnswer, KeyVersions,
    Keys, ListAliasesAnswer, ListKeyVersionsAnswer, ListKeysAnswer, encode,
};
use claviger_wire::rpc::error::RpcError;
use claviger_wire::rpc::parameter::{FilterKey, format_interval_s, list_keys_filters, rotation_interval_s};

use super::{Call, rpc_error};

/// Entries on a page unless asked otherwise, and at most (rpc-api 7.2); versions may have one more.
const PAGE_SIZE: u32 = 10;
pub(super) const PAGE_SIZE_MAX: u32 = 100;
const VERSIONS_PAGE_SIZE_MAX: u32 = 101;
/// The region in ARNs of a self-hosted instance.
const REGION: &str = "cn-local";

pub(super) type Answered = Result<Vec<u8>, RpcError>;

impl Call<'_> {
    pub(super) fn run(&mut self, action: Action) -> Answered {
        action.check_served(&self.parameters)?;
        match action {
            Action::CreateKey => self.create_key(),
            Action::DescribeKey => self.on_key(|call, key| call.service.describe_key(key), Self::metadata),
            Action::ListKeys => self.list_keys(),
            Action::EnableKey => {
                self.on_key(|call, key| call.service.enable_key(key, &call.intent()), Self::acknowledge_key)
            }
            Action::DisableKey => {
                self.on_key(|call, key| call.service.disable_key(key, &call.intent()), Self::acknowledge_key)
            }
            Action::ScheduleKeyDeletion => {
                let days = self.parameters.required_integer("PendingWindowInDays")?;
                self.on_key(
                    |call, key| call.service.schedule_key_deletion(key, days, &call.intent()),
                    Self::acknowledge_key,
                )
            }
            Action::CancelKeyDeletion => {
                self.on_key(|call, key| call.service.cancel_key_deletion(key, &call.intent()), Self::acknowledge_key)
            }
            Action::UpdateRotationPolicy => self.update_rotation_policy(),
            Action::CreateAlias => self.create_alias(),
            Action::DeleteAlias => {
                let name = AliasName::parse(self.parameters.required("AliasName")?);
                let name = name.ok_or(RpcError::AliasNotFound)?;
                self.facts.named = Some(name.to_string());
                let alias = self.service.delete_alias(&name, &self.intent()).map_err(|error| rpc_error(&error))?;
                self.facts.find_key(&alias.key);
                self.acknowledge()
            }
            Action::ListAliases => self.list_aliases(),
            Action::CreateKeyVersion => {
                let version = |call: &Self, key: &KeyRef| call.service.create_key_version(key, &call.intent());
                self.on_key(version, Self::version_answer)
            }
            Action::ListKeyVersions => self.list_key_versions(),
            Action::DescribeKeyVersion => {
                let id = self.parameters.required("KeyVersionId")?;
                let id = KeyVersionId::parse(id).ok_or(RpcError::KeyVersionNotFound)?;
                self.on_key(|call, key| call.service.describe_key_version(key, &id), Self::version_answer)
            }
            Action::CreateClientKey => self.create_client_key(),
            Action::GetClientKey => self.get_client_key(),
            Action::ListClientKeys => self.list_client_keys(),
            Action::DeleteClientKey => self.delete_client_key(),
            Action::CreateApplicationAccessPoint => self.create_access_point(),
            Action::DescribeApplicationAccessPoint => self.describe_access_point(),
            Action::UpdateApplicationAccessPoint => self.update_access_point(),
            Action::ListApplicationAccessPoints => self.list_access_points(),
            Action::DeleteApplicationAccessPoint => self.delete_access_point(),
            Action::CreatePolicy => self.create_policy(),
            Action::DescribePolicy => self.describe_policy(),
            Action::UpdatePolicy => self.update_policy(),
            Action::ListPolicies => self.list_policies(),
            Action::DeletePolicy => self.delete_policy(),
            Action::CreateNetworkRule => self.create_network_rule(),
            Action::DescribeNetworkRule => self.describe_network_rule(),
            Action::UpdateNetworkRule => self.update_network_rule(),
            Action::ListNetworkRules => self.list_network_rules(),
            Action::DeleteNetworkRule => self.delete_network_rule(),
            Action::CreateAccessKey => self.create_access_key(),
            Action::ListAccessKeys => self.list_access_keys(),
            Action::UpdateAccessKey => self.update_access_key(),
            Action::DeleteAccessKey => self.delete_access_key(),
        }
    }

    /// Runs `operation` on the key that `KeyId` names and writes its result.
    fn on_key<T>(
        &mut self,
        operation: impl Fn(&Self, &KeyRef) -> Result<T, ServiceError>,
        answer: impl Fn(&mut Self, &T) -> Answered,
    ) -> Answered {
        let key = self.key()?;
        let result = operation(self, &key).map_err(|error| rpc_error(&error))?;
        answer(self, &result)
    }

    fn key(&self) -> Result<KeyRef, RpcError> {
        self.service.key_ref(self.parameters.required("KeyId")?).map_err(|error| rpc_error(&error))
    }

    fn alias_name(&self) -> Result<AliasName, RpcError> {
        let name = self.parameters.required("AliasName")?;
        AliasName::parse(name).ok_or_else(|| RpcError::invalid("AliasName"))
    }

    pub(super) fn page(&self, size: u32, size_max: u32) -> Result<(PageRequest, u32, u32), RpcError> {
        let number = self.parameters.optional_integer("PageNumber")?.unwrap_or(1);
        let size = self.parameters.optional_integer("PageSize")?.unwrap_or(size);
        if number == 0 {
            return Err(RpcError::invalid("PageNumber"));
        }
        if !(1..=size_max).contains(&size) {
            return Err(RpcError::invalid("PageSize"));
        }
        let entries = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        Ok((PageRequest { number: entries(number), size: entries(size) }, number, size))
    }

    pub(super) fn acknowledge(&self) -> Answered {
        encode(&Acknowledged { request_id: self.request_id.clone() })
    }

    fn acknowledge_key(&mut self, key: &Key) -> Answered {
        self.facts.find_key(&key.id);
        self.acknowledge()
    }

    fn create_key(&mut self) -> Answered {
        let parameters = &self.parameters;
        let spec = match parameters.optional("KeySpec") {
            None => KeySpec::AliyunAes256,
            Some(name) => KeySpec::parse(name).ok_or_else(|| RpcError::invalid("KeySpec"))?,
        };
        let usage = match parameters.optional("KeyUsage") {
            None => None,
            Some(name) => Some(KeyUsage::parse(name).ok_or_else(|| RpcError::invalid("KeyUsage"))?),
        };
        match parameters.optional("Origin") {
            None | Some("Aliyun_KMS") => {}
            Some("EXTERNAL") => return Err(RpcError::RejectedUnsupportedOperation),
            Some(_) => return Err(RpcError::invalid("Origin")),
        }
        match parameters.optional("ProtectionLevel") {
            None | Some("SOFTWARE") => {}
            Some("HSM") => return Err(RpcError::UnsupportedProtectionLevel),
            Some(_) => return Err(RpcError::invalid("ProtectionLevel")),
        }
        if parameters.optional("DKMSInstanceId").is_some_and(|id| id != self.service.instance().id.as_str()) {
            return Err(RpcError::InstanceNotFound);
        }
        let is_rotating = parameters.optional_bool("EnableAutomaticRotation")?.unwrap_or(false);
        let request = CreateKey {
            spec,
            usage,
            description: parameters.value("Description").unwrap_or_default().to_owned(),
            rotation_interval: if is_rotating { Some(self.rotation_interval()?) } else { None },
            creator: self.caller.to_string(),
        };
        let key = self.service.create_key(request, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.metadata(&key)
    }

    fn rotation_interval(&self) -> Result<RotationInterval, RpcError> {
        let seconds = rotation_interval_s(&self.parameters)?.ok_or(RpcError::MissingParameter("RotationInterval"))?;
        RotationInterval::from_s(seconds).ok_or_else(|| RpcError::invalid("RotationInterval"))
    }

    fn update_rotation_policy(&mut self) -> Answered {
        let is_rotating = self.parameters.required_bool("EnableAutomaticRotation")?;
        let interval = if is_rotating { Some(self.rotation_interval()?) } else { None };
        self.on_key(
            |call, key| call.service.update_rotation_policy(key, interval, &call.intent()),
            Self::acknowledge_key,
        )
    }

    fn create_alias(&mut self) -> Answered {
        let name = self.alias_name()?;
        self.facts.named = Some(name.to_string());
        self.on_key(
            |call, key| call.service.create_alias(&name, key, &call.intent()),
            |call, alias| {
                call.facts.find_key(&alias.key);
                call.acknowledge()
            },
        )
    }

    fn list_keys(&mut self) -> Answered {
        let (page, page_number, page_size) = self.page(PAGE_SIZE, PAGE_SIZE_MAX)?;
        let filter = key_filter(self)?;
        let listing = self.service.list_keys(&filter, page).map_err(|error| rpc_error(&error))?;
        let entries =
            listing.keys.iter().map(|id| KeyEntry { key_id: id.to_string(), key_arn: self.arn("key/", id.as_str()) });
        encode(&ListKeysAnswer {
            request_id: self.request_id.clone(),
            keys: Keys { key: entries.collect() },
            page_number,
            page_size,
            total_count: total(listing.total),
        })
    }

    fn list_aliases(&mut self) -> Answered {
        let (page, page_number, page_size) = self.page(PAGE_SIZE, PAGE_SIZE_MAX)?;
        let listing = self.service.list_aliases(page).map_err(|error| rpc_error(&error))?;
        let entries = listing.aliases.iter().map(|alias| AliasEntry {
            alias_name: alias.name.to_string(),
            alias_arn: self.arn("", alias.name.as_str()),
            key_id: alias.key.to_string(),
        });
        encode(&ListAliasesAnswer {
            request_id: self.request_id.clone(),
            aliases: Aliases { alias: entries.collect() },
            page_number,
            page_size,
            total_count: total(listing.total),
        })
    }

    fn list_key_versions(&mut self) -> Answered {
        let (page, page_number, page_size) = self.page(PAGE_SIZE, VERSIONS_PAGE_SIZE_MAX)?;
        self.on_key(
            |call, key| call.service.list_key_versions(key, page),
            |call, listing| {
                call.facts.find_key(&listing.key_id);
                encode(&ListKeyVersionsAnswer {
                    request_id: call.request_id.clone(),
                    key_versions: KeyVersions { key_version: listing.versions.iter().map(version).collect() },
                    page_number,
                    page_size,
                    total_count: total(listing.total),
                })
            },
        )
    }

    fn version_answer(&mut self, made: &claviger_model::KeyVersion) -> Answered {
        self.facts.find_key(&made.key);
        self.facts.key_version_id = Some(made.id.to_string());
        encode(&KeyVersionAnswer { request_id: self.request_id.clone(), key_version: version(made) })
    }

    fn metadata(&mut self, key: &Key) -> Answered {
        self.facts.find_key(&key.id);
        let instance = self.service.instance();
        let rotation = key.automatic_rotation();
        let shown = rotation != AutomaticRotation::Disabled;
        let metadata = KeyMetadata {
            arn: self.arn("key/", key.id.as_str()),
            creator: instance.account.clone(),
            creation_date: key.created.to_string(),
            key_spec: key.spec.name().to_owned(),
            key_usage: key.usage.name().to_owned(),
            key_state: key.state.name().to_owned(),
            origin: "Aliyun_KMS".to_owned(),
            protection_level: "SOFTWARE".to_owned(),
            delete_date: match key.state {
                KeyState::PendingDeletion => key.deletion.map(|at| at.to_string()).unwrap_or_default(),
                KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => String::new(),
            },
            material_expire_time: String::new(),
            automatic_rotation: rotation.name().to_owned(),
            rotation_interval: key.rotation_interval.filter(|_| shown).map(|i| format_interval_s(i.seconds())),
            next_rotation_date: key.next_rotation().filter(|_| shown).map(|at| at.to_string()),
            last_rotation_date: Some(key.last_rotation.to_string()),
            primary_key_version: key.spec.is_symmetric().then(|| key.primary_version.to_string()),
            dkms_instance_id: Some(instance.id.to_string()),
            deletion_protection: Some("Disabled".to_owned()),
            deletion_protection_description: None,
            key_id: key.id.to_string(),
            description: key.description.clone(),
        };
        encode(&KeyAnswer { request_id: self.request_id.clone(), key_metadata: metadata })
    }

    pub(super) fn arn(&self, kind: &str, name: &str) -> String {
        format!("acs:kms:{REGION}:{}:{kind}{name}", self.service.instance().account)
    }
}

fn version(made: &claviger_model::KeyVersion) -> KeyVersion {
    KeyVersion {
        key_id: made.key.to_string(),
        key_version_id: made.id.to_string(),
        creation_date: made.created.to_string(),
    }
}

pub(super) fn total(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Filters as the model's values. A filter whose values no key can have matches nothing, rather than everything.
fn key_filter(call: &Call<'_>) -> Result<KeyFilter, RpcError> {
    let wanted = list_keys_filters(&call.parameters)?;
    let instance = call.service.instance();
    let mut filter = KeyFilter::default();
    for key in wanted.iter().map(|filter| filter.key) {
        let same = wanted.iter().filter(|filter| filter.key == key).flat_map(|filter| &filter.values);
        let values: Vec<&str> = same.map(String::as_str).collect();
        let can_match = match key {
            FilterKey::KeyState => set(&mut filter.states, &values, KeyState::parse),
            FilterKey::KeySpec => set(&mut filter.specs, &values, KeySpec::parse),
            FilterKey::KeyUsage => set(&mut filter.usages, &values, KeyUsage::parse),
            FilterKey::KeyId => set(&mut filter.ids, &values, KeyId::parse),
            // Every key has these values and no others.
            FilterKey::ProtectionLevel => values.contains(&"SOFTWARE"),
            FilterKey::CreatorType => values.contains(&"User"),
            FilterKey::DkmsInstanceId => values.contains(&instance.id.as_str()),
            FilterKey::Creator => values.contains(&instance.account.as_str()),
            // Not refused silently: their place is here, with tags and a filter by alias.
            FilterKey::AliasName | FilterKey::TagKey | FilterKey::TagValue => return Err(RpcError::invalid("Filters")),
        };
        filter.matches_nothing |= !can_match && !values.is_empty();
    }
    Ok(filter)
}

fn set<T>(into: &mut Vec<T>, values: &[&str], parse: impl Fn(&str) -> Option<T>) -> bool {
    *into = values.iter().copied().filter_map(parse).collect();
    !into.is_empty()
}
