//! The actions on keys (rpc-api 7, 8.3).

use claviger_base::duration;
use claviger_base::id::KeyId;
use claviger_model::{AutomaticRotation, Key, KeySpec, KeyState, KeyUsage, RotationInterval};
use claviger_service as service;
use claviger_service::KeyFilter;
use claviger_wire::rpc::RpcError;
use claviger_wire::rpc::json::Acknowledged;
use claviger_wire::rpc::key_filters::{Filter, FilterKey};
use claviger_wire::rpc::keys::{
    CancelKeyDeletion, CreateKey, DescribeKey, DisableKey, EnableKey, KeyAnswer, KeyEntry, KeyMetadata, Keys, ListKeys,
    ListKeysAnswer, ScheduleKeyDeletion, UpdateKeyDescription, UpdateRotationPolicy,
};

use super::call::{Call, page_request, total};
use super::errors::Result;
use crate::plane::outcome::Outcome;

/// The only supported `Origin`.
const ORIGIN: &str = "Aliyun_KMS";
/// The only supported `ProtectionLevel`.
const PROTECTION_LEVEL: &str = "SOFTWARE";

pub(super) fn create(call: &Call<'_>, request: CreateKey) -> Result<KeyAnswer> {
    let spec = match request.key_spec {
        None => KeySpec::AliyunAes256,
        Some(name) => KeySpec::parse(&name).ok_or_else(|| RpcError::invalid("KeySpec"))?,
    };
    let usage = match request.key_usage {
        None => None,
        Some(name) => Some(KeyUsage::parse(&name).ok_or_else(|| RpcError::invalid("KeyUsage"))?),
    };
    match request.origin.as_deref() {
        None | Some(ORIGIN) => {}
        Some("EXTERNAL") => return Err(RpcError::RejectedUnsupportedOperation.into()),
        Some(_) => return Err(RpcError::invalid("Origin").into()),
    }
    match request.protection_level.as_deref() {
        None | Some(PROTECTION_LEVEL) => {}
        Some("HSM") => return Err(RpcError::UnsupportedProtectionLevel.into()),
        Some(_) => return Err(RpcError::invalid("ProtectionLevel").into()),
    }
    if request.dkms_instance_id.is_some_and(|id| id != call.service.instance().id.as_str()) {
        return Err(RpcError::InstanceNotFound.into());
    }
    let wanted = service::CreateKey {
        spec,
        usage,
        description: request.description,
        rotation_interval: rotation_interval(request.rotation_interval_s)?,
        creator: call.caller.to_string(),
    };
    let key = call.service.create_key(wanted, &call.intent)?;
    Ok(answer_about(call, key))
}

fn rotation_interval(seconds: Option<u64>) -> std::result::Result<Option<RotationInterval>, RpcError> {
    let allowed = |seconds| RotationInterval::from_s(seconds).ok_or_else(|| RpcError::invalid("RotationInterval"));
    seconds.map(allowed).transpose()
}

pub(super) fn describe(call: &Call<'_>, request: DescribeKey) -> Result<KeyAnswer> {
    let key = call.service.describe_key(&call.key(&request.key_id)?)?;
    Ok(answer_about(call, key))
}

pub(super) fn enable(call: &Call<'_>, request: EnableKey) -> Result<Acknowledged> {
    let key = call.service.enable_key(&call.key(&request.key_id)?, &call.intent)?;
    Ok(Outcome::of_key(key.id, call.acknowledged()))
}

pub(super) fn disable(call: &Call<'_>, request: DisableKey) -> Result<Acknowledged> {
    let key = call.service.disable_key(&call.key(&request.key_id)?, &call.intent)?;
    Ok(Outcome::of_key(key.id, call.acknowledged()))
}

pub(super) fn schedule_deletion(call: &Call<'_>, request: ScheduleKeyDeletion) -> Result<Acknowledged> {
    let (key, days) = (call.key(&request.key_id)?, request.pending_window_in_days);
    let key = call.service.schedule_key_deletion(&key, days, &call.intent)?;
    Ok(Outcome::of_key(key.id, call.acknowledged()))
}

pub(super) fn cancel_deletion(call: &Call<'_>, request: CancelKeyDeletion) -> Result<Acknowledged> {
    let key = call.service.cancel_key_deletion(&call.key(&request.key_id)?, &call.intent)?;
    Ok(Outcome::of_key(key.id, call.acknowledged()))
}

pub(super) fn update_description(call: &Call<'_>, request: UpdateKeyDescription) -> Result<Acknowledged> {
    let (key, description) = (call.key(&request.key_id)?, request.description.as_str());
    let key = call.service.update_key_description(&key, description, &call.intent)?;
    Ok(Outcome::of_key(key.id, call.acknowledged()))
}

pub(super) fn update_rotation_policy(call: &Call<'_>, request: UpdateRotationPolicy) -> Result<Acknowledged> {
    let interval = rotation_interval(request.rotation_interval_s)?;
    let key = call.service.update_rotation_policy(&call.key(&request.key_id)?, interval, &call.intent)?;
    Ok(Outcome::of_key(key.id, call.acknowledged()))
}

pub(super) fn list(call: &Call<'_>, request: ListKeys) -> Result<ListKeysAnswer> {
    let filter = key_filter(call, &request.filters)?;
    let listing = call.service.list_keys(&filter, page_request(request.page))?;
    let entry = |id: &KeyId| KeyEntry { key_id: id.to_string(), key_arn: call.arn("key/", id.as_str()) };
    let answer = ListKeysAnswer {
        request_id: call.request_id.clone(),
        keys: Keys { key: listing.keys.iter().map(entry).collect() },
        page_number: request.page.number,
        page_size: request.page.size,
        total_count: total(listing.total),
    };
    Ok(answer.into())
}

fn answer_about(call: &Call<'_>, key: Key) -> Outcome<KeyAnswer> {
    let instance = call.service.instance();
    let rotation = key.automatic_rotation();
    let is_rotation_shown = rotation != AutomaticRotation::Disabled;
    let key_metadata = KeyMetadata {
        arn: call.arn("key/", key.id.as_str()),
        creator: instance.account.clone(),
        creation_date: key.created.to_string(),
        key_spec: key.spec.name().to_owned(),
        key_usage: key.usage.name().to_owned(),
        key_state: key.state.name().to_owned(),
        origin: ORIGIN.to_owned(),
        protection_level: PROTECTION_LEVEL.to_owned(),
        delete_date: match key.state {
            KeyState::PendingDeletion => key.deletion.map(|at| at.to_string()).unwrap_or_default(),
            KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => String::new(),
        },
        material_expire_time: String::new(),
        automatic_rotation: rotation.name().to_owned(),
        rotation_interval: key
            .rotation_interval
            .filter(|_| is_rotation_shown)
            .map(|interval| duration::format_s(interval.seconds())),
        next_rotation_date: key.next_rotation().filter(|_| is_rotation_shown).map(|at| at.to_string()),
        last_rotation_date: Some(key.last_rotation.to_string()),
        primary_key_version: key.spec.is_symmetric().then(|| key.primary_version.to_string()),
        dkms_instance_id: Some(instance.id.to_string()),
        deletion_protection: Some("Disabled".to_owned()),
        deletion_protection_description: None,
        key_id: key.id.to_string(),
        description: key.description,
    };
    Outcome::of_key(key.id, KeyAnswer { request_id: call.request_id.clone(), key_metadata })
}

/// Converts filters to values of the model. A filter with only impossible values matches nothing, not everything.
fn key_filter(call: &Call<'_>, wanted: &[Filter]) -> std::result::Result<KeyFilter, RpcError> {
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
            FilterKey::ProtectionLevel => values.contains(&PROTECTION_LEVEL),
            FilterKey::CreatorType => values.contains(&"User"),
            FilterKey::DkmsInstanceId => values.contains(&instance.id.as_str()),
            FilterKey::Creator => values.contains(&instance.account.as_str()),
            // Not supported yet; ignoring them would return too much.
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
