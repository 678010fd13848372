//! How callers name a key: by id, by alias, or by the ARN of either (rpc-api 5).
//!
//! **Invariant:** an ARN names a key of this instance only if its account is this instance's own or one that the operator
//! listed. An ARN that was written for a key of another account must not find one here.

use std::sync::atomic::{AtomicU64, Ordering};

use claviger_base::id::{AliasName, KeyId};

use crate::error::ServiceError;

/// The maximum number of digits in an account number. Documented ones have 16.
const ACCOUNT_DIGITS_MAX: usize = 20;

/// A key as a caller named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRef {
    /// By id.
    Id(KeyId),
    /// By an alias bound to it.
    Alias(AliasName),
}

/// Other accounts whose ARNs name keys of this instance, in addition to its own account. They help clients that migrate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArnAccounts {
    /// The listed accounts.
    These(Vec<String>),
    /// Every account, for development.
    Every,
}

impl Default for ArnAccounts {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// Which accounts' ARNs name keys here, and how often those of other accounts were accepted.
#[derive(Debug)]
pub(crate) struct ArnPolicy {
    own: String,
    others: ArnAccounts,
    foreign: AtomicU64,
}

impl ArnPolicy {
    pub(crate) fn new(own: String, others: ArnAccounts) -> Self {
        Self { own, others, foreign: AtomicU64::new(0) }
    }

    /// The key that `text` names, and whether `text` is an ARN of another account.
    ///
    /// # Errors
    /// [`ServiceError::MissingParameter`] when empty; [`ServiceError::AliasNotFound`] or [`ServiceError::KeyNotFound`]
    /// when no key can have that name, or the account of the ARN is not accepted.
    pub(crate) fn parse(&self, text: &str) -> Result<(KeyRef, bool), ServiceError> {
        let Some(arn) = Arn::parse(text) else { return id_or_alias(text).map(|key| (key, false)) };
        let key = arn.key()?;
        let is_foreign = arn.account != self.own;
        if is_foreign && !self.accepts(arn.account) {
            return Err(match key {
                KeyRef::Id(_) => ServiceError::KeyNotFound,
                KeyRef::Alias(_) => ServiceError::AliasNotFound,
            });
        }
        Ok((key, is_foreign))
    }

    /// Counts one ARN of another account.
    pub(crate) fn count_foreign(&self) {
        self.foreign.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn foreign(&self) -> u64 {
        self.foreign.load(Ordering::Relaxed)
    }

    fn accepts(&self, account: &str) -> bool {
        match &self.others {
            ArnAccounts::These(named) => named.iter().any(|one| one == account),
            ArnAccounts::Every => true,
        }
    }
}

/// An id or an alias.
fn id_or_alias(text: &str) -> Result<KeyRef, ServiceError> {
    if text.is_empty() {
        return Err(ServiceError::MissingParameter("KeyId"));
    }
    if text.starts_with("alias/") {
        return AliasName::parse(text).map(KeyRef::Alias).ok_or(ServiceError::AliasNotFound);
    }
    KeyId::parse(text).map(KeyRef::Id).ok_or(ServiceError::KeyNotFound)
}

/// The parts of `acs:kms:<region>:<account>:key/<KeyId>` or `...:alias/<name>`, not validated.
struct Arn<'a> {
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// `None` for text that does not begin like an ARN.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("acs:kms:")?.splitn(3, ':');
        let mut part = || parts.next().unwrap_or_default();
        Some(Self { region: part(), account: part(), resource: part() })
    }

    /// The key that the ARN names, if it is well-formed.
    fn key(&self) -> Result<KeyRef, ServiceError> {
        if !is_region(self.region) || !is_account(self.account) {
            return Err(ServiceError::KeyNotFound);
        }
        match self.resource.split_once('/') {
            Some(("alias", _name)) => id_or_alias(self.resource),
            Some(("key", id)) => KeyId::parse(id).map(KeyRef::Id).ok_or(ServiceError::KeyNotFound),
            Some(_) | None => Err(ServiceError::KeyNotFound),
        }
    }
}

/// Whether `text` has the form of a region id, such as `cn-hangzhou`, `us-east-1` or `cn-local`. Any region will do, because
/// clients that migrate keep theirs.
fn is_region(text: &str) -> bool {
    let allowed = |text: &str, more: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(more);
    text.split_once('-').is_some_and(|(country, place)| {
        country.len() >= 2
            && allowed(country, u8::is_ascii_lowercase)
            && allowed(place, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
    })
}

/// Whether `text` has the form of an account number.
#[must_use]
pub fn is_account(text: &str) -> bool {
    (1..=ACCOUNT_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_aliases() {
        let id = KeyId::parse("key-hzz62f1cb66fa42qopd9s").unwrap();
        assert_eq!(id_or_alias("key-hzz62f1cb66fa42qopd9s").unwrap(), KeyRef::Id(id.clone()));
        let alias = KeyRef::Alias(AliasName::parse("alias/dev").unwrap());
        assert_eq!(id_or_alias("alias/dev").unwrap(), alias);
        let of = |text: &str| Arn::parse(text).unwrap().key();
        assert_eq!(of("acs:kms:cn-local:1234567890123456:alias/dev").unwrap(), alias);
        for region in ["cn-local", "cn-hangzhou", "us-east-1", "ap-southeast-5", "cn-hangzhou-finance"] {
            let arn = format!("acs:kms:{region}:1234567890123456:key/key-hzz62f1cb66fa42qopd9s");
            assert_eq!(of(&arn).unwrap(), KeyRef::Id(id.clone()), "{arn}");
        }
    }

    /// In earlier versions, ARNs of all accounts named keys of this instance.
    #[test]
    fn an_arn_of_another_account_names_no_key_unless_admitted() {
        let arn = |account, rest| format!("acs:kms:cn-hangzhou:{account}:{rest}");
        let (own, friend, stranger) = ("1111111111111111", "2222222222222222", "3333333333333333");
        let (key, alias) = ("key/key-hzz62f1cb66fa42qopd9s", "alias/dev");
        let alone = ArnPolicy::new(own.to_owned(), ArnAccounts::default());
        let with_friend = ArnPolicy::new(own.to_owned(), ArnAccounts::These(vec![friend.to_owned()]));
        let open = ArnPolicy::new(own.to_owned(), ArnAccounts::Every);
        for (policy, account, admitted) in [
            (&alone, own, Some(false)),
            (&alone, friend, None),
            (&with_friend, own, Some(false)),
            (&with_friend, friend, Some(true)),
            (&with_friend, stranger, None),
            (&open, own, Some(false)),
            (&open, stranger, Some(true)),
            (&open, "zzz", None),
            (&open, "", None),
        ] {
            for rest in [key, alias] {
                let read = policy.parse(&arn(account, rest)).map(|(_key, is_foreign)| is_foreign).ok();
                assert_eq!(read, admitted, "{policy:?} {account} {rest}");
            }
        }
        assert!(matches!(alone.parse(&arn(friend, key)), Err(ServiceError::KeyNotFound)));
        assert!(matches!(alone.parse(&arn(friend, alias)), Err(ServiceError::AliasNotFound)));
    }

    #[test]
    fn what_names_no_key() {
        assert!(matches!(id_or_alias(""), Err(ServiceError::MissingParameter("KeyId"))));
        let id = "key-hzz62f1cb66fa42qopd9s";
        for text in ["dev", "key/key-hzz62f1cb66fa42qopd9s", "KEY-hzz62f1cb66fa42qopd9s", "key-\u{0}"] {
            assert!(Arn::parse(text).is_none(), "{text}");
            assert!(matches!(id_or_alias(text), Err(ServiceError::KeyNotFound)), "{text}");
        }
        for text in ["alias/", "alias/a b", "alias/acs/x"] {
            assert!(matches!(id_or_alias(text), Err(ServiceError::AliasNotFound)), "{text}");
        }
        let account = "1234567890123456";
        for (region, account, resource) in [
            ("mars", account, format!("key/{id}")),
            ("", account, format!("key/{id}")),
            ("CN-local", account, format!("key/{id}")),
            ("c-local", account, format!("key/{id}")),
            ("cn-", account, format!("key/{id}")),
            ("cn-local", "", format!("key/{id}")),
            ("cn-local", "zzz", format!("key/{id}")),
            ("cn-local", "+123", format!("key/{id}")),
            ("cn-local", "123456789012345678901", format!("key/{id}")),
            ("cn-local", account, id.to_owned()),
            ("cn-local", account, format!("key/key/{id}")),
            ("cn-local", account, format!("secret/{id}")),
            ("cn-local", account, format!("KEY/{id}")),
            ("cn-local", account, String::new()),
        ] {
            let text = format!("acs:kms:{region}:{account}:{resource}");
            assert!(matches!(Arn::parse(&text).unwrap().key(), Err(ServiceError::KeyNotFound)), "{text}");
        }
        for text in ["acs:kms:", "acs:kms:a:b", "acs:kms:cn-local", "acs:kms::::"] {
            assert!(Arn::parse(text).unwrap().key().is_err(), "{text}");
        }
    }
}
