//! Keys: CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion,
//! UpdateKeyDescription, UpdateRotationPolicy (rpc-api 7, 8.3).

use claviger_base::duration;
use serde::{Deserialize, Serialize};

use super::error::RpcError;
use super::json::Acknowledged;
use super::key_filters::{self, Filter};
use super::page::{PAGE_SIZE_MAX, Page, page_answer};
use super::parameters::Parameters;
use super::request::Documented::{self, NotServed, Served};
use super::request::{DESCRIPTION, KEY_ID, PAGE_NUMBER, PAGE_SIZE, Request, description, one_parameter, text};

/// Default page size (rpc-api 7.2).
const PAGE_SIZE_DEFAULT: u32 = 10;

/// Creates a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKey {
    /// Free text.
    pub description: String,
    /// For example `RSA_2048`.
    pub key_spec: Option<String>,
    /// For example `SIGN/VERIFY`.
    pub key_usage: Option<String>,
    /// The origin of the key material.
    pub origin: Option<String>,
    /// `SOFTWARE` or `HSM`.
    pub protection_level: Option<String>,
    /// The instance that holds the key.
    pub dkms_instance_id: Option<String>,
    /// The interval of automatic rotation, seconds; `None` disables it.
    pub rotation_interval_s: Option<u64>,
}

impl Request for CreateKey {
    type Answer = KeyAnswer;

    const PARAMETERS: &'static [Documented] = &[
        DESCRIPTION,
        Served("KeySpec"),
        Served("KeyUsage"),
        Served("Origin"),
        Served("ProtectionLevel"),
        Served("EnableAutomaticRotation"),
        Served("RotationInterval"),
        Served("DKMSInstanceId"),
        // Even its default value promises a hardware security module.
        NotServed("KeyStorageMechanism", &[]),
        NotServed("Policy", &[]),
        NotServed("Tags", &["[]"]),
    ];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let given = |name| parameters.optional(name).map(str::to_owned);
        let is_rotating = parameters.optional_bool("EnableAutomaticRotation")?.unwrap_or(false);
        Ok(Self {
            description: description(parameters).unwrap_or_default(),
            key_spec: given("KeySpec"),
            key_usage: given("KeyUsage"),
            origin: given("Origin"),
            protection_level: given("ProtectionLevel"),
            dkms_instance_id: given("DKMSInstanceId"),
            rotation_interval_s: rotation_interval_s(parameters, is_rotating)?,
        })
    }
}

/// The answer of CreateKey and DescribeKey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The key.
    pub key_metadata: KeyMetadata,
}

/// The key in the answers of CreateKey and DescribeKey (rpc-api 7.1). The JSON omits `None`, but not empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct KeyMetadata {
    /// Key id.
    pub key_id: String,
    /// `acs:kms:<region>:<uid>:key/<KeyId>`.
    pub arn: String,
    /// Account uid.
    pub creator: String,
    /// Date.
    pub creation_date: String,
    /// May be empty.
    pub description: String,
    /// For example `Aliyun_AES_256`.
    pub key_spec: String,
    /// `ENCRYPT/DECRYPT` or `SIGN/VERIFY`.
    pub key_usage: String,
    /// `Enabled`, `Disabled`, `PendingDeletion` or `PendingImport`.
    pub key_state: String,
    /// `Aliyun_KMS` or `EXTERNAL`.
    pub origin: String,
    /// `SOFTWARE` or `HSM`.
    pub protection_level: String,
    /// Date in PendingDeletion, empty otherwise.
    pub delete_date: String,
    /// Date for imported material that expires, empty otherwise.
    pub material_expire_time: String,
    /// `Enabled`, `Disabled` or `Suspended`.
    pub automatic_rotation: String,
    /// `<seconds>s`; only while rotation is Enabled or Suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_interval: Option<String>,
    /// Date; only while rotation is Enabled or Suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_rotation_date: Option<String>,
    /// Creation date of the newest version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_rotation_date: Option<String>,
    /// Key version id; symmetric keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_key_version: Option<String>,
    /// Instance keys only.
    #[serde(rename = "DKMSInstanceId", skip_serializing_if = "Option::is_none")]
    pub dkms_instance_id: Option<String>,
    /// `Enabled` or `Disabled`; DescribeKey only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<String>,
    /// DescribeKey only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection_description: Option<String>,
}

one_parameter! {
    /// Shows a key.
    DescribeKey { key_id: String = "KeyId", text } -> KeyAnswer
}

one_parameter! {
    /// Enables a disabled key.
    EnableKey { key_id: String = "KeyId", text } -> Acknowledged
}

one_parameter! {
    /// Disables a key: every use fails until it is enabled.
    DisableKey { key_id: String = "KeyId", text } -> Acknowledged
}

one_parameter! {
    /// Cancels the scheduled deletion of a key and enables the key.
    CancelKeyDeletion { key_id: String = "KeyId", text } -> Acknowledged
}

/// Schedules the deletion of a key after a waiting period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleKeyDeletion {
    /// `KeyId`.
    pub key_id: String,
    /// The waiting period, days.
    pub pending_window_in_days: u32,
}

impl Request for ScheduleKeyDeletion {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[KEY_ID, Served("PendingWindowInDays")];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let pending_window_in_days = parameters.required_integer("PendingWindowInDays")?;
        Ok(Self { key_id: parameters.required("KeyId")?.to_owned(), pending_window_in_days })
    }
}

/// Replaces the description of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateKeyDescription {
    /// `KeyId`.
    pub key_id: String,
    /// `Description`: free text; empty removes it.
    pub description: String,
}

impl Request for UpdateKeyDescription {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[KEY_ID, DESCRIPTION];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let key_id = parameters.required("KeyId")?.to_owned();
        let description = description(parameters).ok_or(RpcError::MissingParameter("Description"))?;
        Ok(Self { key_id, description })
    }
}

/// Enables or disables the automatic rotation of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRotationPolicy {
    /// `KeyId`.
    pub key_id: String,
    /// The interval of automatic rotation, seconds; `None` disables it.
    pub rotation_interval_s: Option<u64>,
}

impl Request for UpdateRotationPolicy {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[KEY_ID, Served("EnableAutomaticRotation"), Served("RotationInterval")];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let is_rotating = parameters.required_bool("EnableAutomaticRotation")?;
        let rotation_interval_s = rotation_interval_s(parameters, is_rotating)?;
        Ok(Self { key_id: parameters.required("KeyId")?.to_owned(), rotation_interval_s })
    }
}

/// `RotationInterval`, required if rotation is enabled and ignored otherwise. The `model` crate checks its range.
fn rotation_interval_s(parameters: &Parameters, is_rotating: bool) -> Result<Option<u64>, RpcError> {
    const NAME: &str = "RotationInterval";
    if !is_rotating {
        return Ok(None);
    }
    duration::parse_s(parameters.required(NAME)?).map(Some).ok_or_else(|| RpcError::invalid(NAME))
}

/// Lists keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListKeys {
    /// The requested page.
    pub page: Page,
    /// The filters; none returns all keys.
    pub filters: Vec<Filter>,
}

impl Request for ListKeys {
    type Answer = ListKeysAnswer;

    const PARAMETERS: &'static [Documented] = &[PAGE_NUMBER, PAGE_SIZE, Served("Filters")];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let page = Page::read(parameters, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
        Ok(Self { page, filters: key_filters::read(parameters)? })
    }
}

page_answer! {
    /// The answer of ListKeys.
    ListKeysAnswer, keys: Keys, key: KeyEntry
}

/// A key in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyEntry {
    /// Key id.
    pub key_id: String,
    /// Its ARN.
    pub key_arn: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::form;
    use crate::rpc::json::{decode, encode};

    fn text(answer: &impl Serialize) -> String {
        String::from_utf8(encode(answer).unwrap()).unwrap()
    }

    fn update(interval: &str) -> Result<Option<u64>, RpcError> {
        let pairs = [("KeyId", "k"), ("EnableAutomaticRotation", "true"), ("RotationInterval", interval)];
        let parameters = Parameters::decode(&form::encode(pairs), b"").unwrap();
        UpdateRotationPolicy::read(&parameters).map(|request| request.rotation_interval_s)
    }

    #[test]
    fn rotation_intervals() {
        assert_eq!(update("7d"), Ok(Some(604_800)));
        assert_eq!(update(""), Err(RpcError::MissingParameter("RotationInterval")));
        assert_eq!(update("x"), Err(RpcError::invalid("RotationInterval")));
        let off = Parameters::decode("EnableAutomaticRotation=false&KeyId=k&RotationInterval=x", b"").unwrap();
        assert_eq!(UpdateRotationPolicy::read(&off).unwrap().rotation_interval_s, None);
    }

    #[test]
    fn a_new_description_may_be_empty_and_not_absent() {
        let read = |query| {
            let parameters = Parameters::decode(query, b"").unwrap();
            UpdateKeyDescription::read(&parameters).map(|request| request.description)
        };
        assert_eq!(read("KeyId=k&Description=%C3%A9"), Ok("\u{e9}".to_owned()));
        assert_eq!(read("KeyId=k&Description="), Ok(String::new()));
        assert_eq!(read("KeyId=k"), Err(RpcError::MissingParameter("Description")));
        assert_eq!(read("Description=d"), Err(RpcError::MissingParameter("KeyId")));
        assert_eq!(read("KeyId=&Description=d"), Err(RpcError::MissingParameter("KeyId")));
    }

    #[test]
    fn an_empty_list_is_encoded() {
        let answer = ListKeysAnswer { request_id: "r".into(), page_number: 1, page_size: 10, ..Default::default() };
        let expected = "{\"RequestId\":\"r\",\"Keys\":{\"Key\":[]},\"PageNumber\":1,\"PageSize\":10,\"TotalCount\":0}";
        assert_eq!(text(&answer), expected);
        assert_eq!(decode(expected.as_bytes()), Some(answer));
    }

    #[test]
    fn empty_text_is_encoded_and_none_is_omitted() {
        let written = text(&KeyMetadata { description: "\u{4e2d}\u{6587}".into(), ..Default::default() });
        let expected = "{\"KeyId\":\"\",\"Arn\":\"\",\"Creator\":\"\",\"CreationDate\":\"\",\"Description\":\"\u{4e2d}\u{6587}\",\
            \"KeySpec\":\"\",\"KeyUsage\":\"\",\"KeyState\":\"\",\"Origin\":\"\",\"ProtectionLevel\":\"\",\
            \"DeleteDate\":\"\",\"MaterialExpireTime\":\"\",\"AutomaticRotation\":\"\"}";
        assert_eq!(written, expected);
    }

    #[test]
    fn the_sample_of_the_specification_is_decoded() {
        let sample = "{\"RequestId\":\"381d5d33\",\"KeyMetadata\":{\"KeyId\":\"k\",\"Arn\":\"acs:kms:cn-hangzhou:1:key/k\",\
            \"Creator\":\"1\",\"CreationDate\":\"2026-01-02T03:04:05Z\",\"Description\":\"\",\"KeyState\":\"Enabled\",\
            \"KeyUsage\":\"ENCRYPT/DECRYPT\",\"KeySpec\":\"Aliyun_AES_256\",\"Origin\":\"Aliyun_KMS\",\
            \"ProtectionLevel\":\"SOFTWARE\",\"PrimaryKeyVersion\":\"v\",\"LastRotationDate\":\"2026-01-02T03:04:05Z\",\
            \"AutomaticRotation\":\"Disabled\",\"DeleteDate\":\"\",\"MaterialExpireTime\":\"\",\"New\":1}}";
        let answer: KeyAnswer = decode(sample.as_bytes()).unwrap();
        assert_eq!(answer.key_metadata.primary_key_version.as_deref(), Some("v"));
        assert_eq!(answer.key_metadata.rotation_interval, None);
        assert_eq!(decode::<KeyAnswer>(b"{\"RequestId\":\"r\"}"), None);
    }

    #[test]
    fn the_instance_id_has_its_irregular_name() {
        let metadata = KeyMetadata { dkms_instance_id: Some("kst-1".into()), ..Default::default() };
        assert!(text(&metadata).ends_with(",\"DKMSInstanceId\":\"kst-1\"}"));
    }
}
