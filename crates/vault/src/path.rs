//! Where each kind of record lies. Paths are stored in the clear and bound to what they name.

use claviger_base::Timestamp;
use claviger_base::id::{AccessKeyId, AliasName, ClientKeyId, KeyId, KeyVersionId, RequestId, RuleName};

pub(crate) const KEYRING: &str = "meta/keyring";
pub(crate) const INSTANCE: &str = "meta/instance";
pub(crate) const DEV_CLOCK: &str = "meta/dev-clock";
pub(crate) const AUDIT_SIGNING_KEY: &str = "meta/audit-signing-key";
pub(crate) const AUDIT_ANCHOR: &str = "meta/audit-anchor";
pub(crate) const TRUSTED_TIME: &str = "meta/clock";
pub(crate) const TLS_AUTHORITY: &str = "meta/tls-authority";

/// Copies of needed records; behind all others.
const SPARES: &str = "~spare/";

pub(crate) const KEYS: &str = "key/";
pub(crate) const ALIASES: &str = "alias/";
pub(crate) const CLIENT_KEYS: &str = "client-key/";
pub(crate) const REVOKED_CLIENT_KEYS: &str = "revoked-client-key/";
pub(crate) const ACCESS_KEYS: &str = "access-key/";
pub(crate) const DUE: &str = "due/";
pub(crate) const ACCESS_POINTS: &str = "access-point/";
pub(crate) const POLICIES: &str = "policy/";
pub(crate) const OUTBOX: &str = "outbox/";
pub(crate) const NETWORK_RULES: &str = "network-rule/";

/// Where the copy of what lies at `path` lies.
pub(crate) fn spare(path: &str) -> String {
    format!("{SPARES}{path}")
}

/// Of what the record at `path` is a copy, if it is one.
pub(crate) fn spared(path: &str) -> Option<&str> {
    path.strip_prefix(SPARES)
}

pub(crate) fn key(id: &KeyId) -> String {
    format!("{KEYS}{id}")
}

pub(crate) fn key_version(id: &KeyVersionId) -> String {
    format!("version/{id}")
}

/// Names one version below its key, so that the versions of a key can be listed; number first, so that they come in order.
pub(crate) fn key_version_of_key(key: &KeyId, number: u32) -> String {
    format!("{}{number:010}", key_versions_of_key(key))
}

pub(crate) fn key_versions_of_key(key: &KeyId) -> String {
    format!("key-version/{key}/")
}

/// An alias name begins with `alias/` already.
pub(crate) fn alias(name: &AliasName) -> String {
    name.to_string()
}

pub(crate) fn aliases_of_key(key: &KeyId) -> String {
    format!("key-alias/{key}/")
}

pub(crate) fn alias_of_key(key: &KeyId, name: &AliasName) -> String {
    format!("{}{name}", aliases_of_key(key))
}

/// Begins of all paths of what belongs to a key, but for its record and due date.
pub(crate) fn all_of_key(key: &KeyId) -> [String; 4] {
    [key_versions_of_key(key), format!("version/{key}-"), format!("iv-uses/{key}-"), aliases_of_key(key)]
}

pub(crate) fn client_key(id: &ClientKeyId) -> String {
    format!("{CLIENT_KEYS}{id}")
}

pub(crate) fn revoked_client_key(id: &ClientKeyId) -> String {
    format!("{REVOKED_CLIENT_KEYS}{id}")
}

pub(crate) fn access_key(id: &AccessKeyId) -> String {
    format!("{ACCESS_KEYS}{id}")
}

/// Due dates sort by time: 16 hexadecimal digits of milliseconds since 1970, none before.
pub(crate) fn due(at: Timestamp, key: &KeyId) -> String {
    format!("{DUE}{:016x}/{key}", u64::try_from(at.unix_ms()).unwrap_or(0))
}

pub(crate) fn iv_uses(version: &KeyVersionId) -> String {
    format!("iv-uses/{version}")
}

pub(crate) fn access_point(name: &RuleName) -> String {
    format!("{ACCESS_POINTS}{name}")
}

pub(crate) fn policy(name: &RuleName) -> String {
    format!("{POLICIES}{name}")
}

pub(crate) fn network_rule(name: &RuleName) -> String {
    format!("{NETWORK_RULES}{name}")
}

/// Outbox entries sort by time: 16 hexadecimal digits of milliseconds since 1970, none before.
pub(crate) fn outbox_entry(time: Timestamp, request: &RequestId) -> String {
    format!("{OUTBOX}{:016x}/{request}", u64::try_from(time.unix_ms()).unwrap_or(0))
}
