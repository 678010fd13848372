//! How a caller names a key: by id, by alias, or by the ARN of either (openapi.md section 5).

use claviger_base::id::{AliasName, KeyId};

use crate::error::ServiceError;

/// A key as a caller named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRef {
    /// By id.
    Id(KeyId),
    /// By an alias bound to it.
    Alias(AliasName),
}

impl KeyRef {
    /// Reads a parameter `KeyId`.
    ///
    /// # Errors
    /// [`ServiceError::MissingParameter`] when empty; [`ServiceError::AliasNotFound`] or [`ServiceError::KeyNotFound`]
    /// when no key can have that name.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        if text.is_empty() {
            return Err(ServiceError::MissingParameter("KeyId"));
        }
        let name = without_arn_prefix(text);
        if name.starts_with("alias/") {
            return AliasName::parse(name).map(Self::Alias).ok_or(ServiceError::AliasNotFound);
        }
        let id = if name.len() == text.len() { name } else { name.strip_prefix("key/").unwrap_or(name) };
        KeyId::parse(id).map(Self::Id).ok_or(ServiceError::KeyNotFound)
    }
}

/// What follows `acs:kms:<region>:<account>:`, or the text itself when it is no ARN.
fn without_arn_prefix(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("acs:kms:") else { return text };
    rest.splitn(3, ':').nth(2).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_aliases_and_arns() {
        let id = KeyId::parse("key-hzz62f1cb66fa42qopd9s").unwrap();
        assert_eq!(KeyRef::parse("key-hzz62f1cb66fa42qopd9s").unwrap(), KeyRef::Id(id.clone()));
        assert_eq!(
            KeyRef::parse("acs:kms:cn-local:1234567890123456:key/key-hzz62f1cb66fa42qopd9s").unwrap(),
            KeyRef::Id(id)
        );
        let alias = KeyRef::Alias(AliasName::parse("alias/dev").unwrap());
        assert_eq!(KeyRef::parse("alias/dev").unwrap(), alias);
        assert_eq!(KeyRef::parse("acs:kms:cn-local:1234567890123456:alias/dev").unwrap(), alias);
    }

    #[test]
    fn what_names_no_key() {
        assert!(matches!(KeyRef::parse(""), Err(ServiceError::MissingParameter("KeyId"))));
        for text in [
            "dev",
            "key/key-hzz62f1cb66fa42qopd9s",
            "acs:kms:",
            "acs:kms:a:b",
            "KEY-hzz62f1cb66fa42qopd9s",
            "key-\u{0}",
        ] {
            assert!(matches!(KeyRef::parse(text), Err(ServiceError::KeyNotFound)), "{text}");
        }
        for text in ["alias/", "alias/a b", "alias/acs/x"] {
            assert!(matches!(KeyRef::parse(text), Err(ServiceError::AliasNotFound)), "{text}");
        }
    }
}
