//! Identifiers: their forms, generation and parsing. A parsed id is well-formed; only the store knows whether it
//! exists.

use std::fmt;

use crate::random::{self, RandomUnavailable};

/// Length of a key version id, bytes. Official clients hard-code it (instance-api 4).
pub const KEY_VERSION_ID_BYTES: usize = 36;

/// Declares a text id: a newtype whose constructors check its form.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Parses the id; `None` if `text` is not well-formed.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let is_valid: fn(&str) -> bool = $is_valid;
                is_valid(text).then(|| Self(text.into()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A key: `key-` and 21 lower-case letters or digits (instance-api 4).
    KeyId, |text| text.strip_prefix("key-").is_some_and(|rest| is_base36(rest, 21))
}

text_id! {
    /// A key version: 36 visible ASCII characters. New ids are the key id, `-` and 10 characters; ids of migrated keys
    /// have other forms of the same length (instance-api 6.3).
    KeyVersionId, |text| text.len() == KEY_VERSION_ID_BYTES && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

text_id! {
    /// An alias with its prefix: `alias/` and 1 to 255 letters, digits, `_`, `-`, `/`; not starting `alias/acs` (rpc-api 5).
    AliasName, |text| text.strip_prefix("alias/").is_some_and(|name| {
        (1..=crate::limits::ALIAS_CHARS_MAX).contains(&name.len())
            && !name.starts_with("acs")
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/'))
    })
}

text_id! {
    /// A client key: `KAAP.` and a lower-case UUID (instance-api 1.9).
    ClientKeyId, |text| text.strip_prefix("KAAP.").is_some_and(is_uuid)
}

text_id! {
    /// An access key of the control plane: `LTAI` and 20 letters or digits, in the style of Alibaba Cloud.
    AccessKeyId, |text| text.strip_prefix("LTAI").is_some_and(|rest| rest.len() == 20 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

text_id! {
    /// An application access point, a policy or a network rule: 1 to 64 letters, digits, `_`, `-`, `.` (rpc-api 13
    /// specifies no form, so this one is ours).
    RuleName, |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

text_id! {
    /// A KMS instance: `kst-` and 21 lower-case letters or digits (rpc-api 5).
    InstanceId, |text| text.strip_prefix("kst-").is_some_and(|rest| is_base36(rest, 21))
}

text_id! {
    /// A request: a lower-case UUID (instance-api 4).
    RequestId, is_uuid
}

impl KeyId {
    /// A new random id.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(format!("key-{}", random::base36(21)?).into()))
    }
}

impl KeyVersionId {
    /// A new random version id of `key`.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn generate(key: &KeyId) -> Result<Self, RandomUnavailable> {
        Ok(Self(format!("{key}-{}", random::base36(10)?).into()))
    }
}

impl ClientKeyId {
    /// A new random id.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(format!("KAAP.{}", uuid_v4()?).into()))
    }
}

impl AccessKeyId {
    /// A new random id.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(format!("LTAI{}", random::base36(20)?).into()))
    }
}

impl InstanceId {
    /// A new random id.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(format!("kst-{}", random::base36(21)?).into()))
    }
}

impl RequestId {
    /// A new random id.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(uuid_v4()?.into()))
    }
}

fn is_base36(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        })
}

/// RFC 9562 version 4, lower case.
fn uuid_v4() -> Result<String, RandomUnavailable> {
    let n = u128::from_be_bytes(random::bytes()?);
    let n = (n & !(0xf << 76) | (4 << 76)) & !(0b11 << 62) | (0b10 << 62);
    let (a, b, c, d, e) = (n >> 96, (n >> 80) & 0xffff, (n >> 64) & 0xffff, (n >> 48) & 0xffff, n & 0xffff_ffff_ffff);
    Ok(format!("{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ids_parse() {
        let key = KeyId::generate().unwrap();
        assert_eq!(KeyId::parse(key.as_str()), Some(key.clone()));
        let version = KeyVersionId::generate(&key).unwrap();
        assert_eq!(version.as_str().len(), KEY_VERSION_ID_BYTES);
        assert!(version.as_str().starts_with(key.as_str()));
        assert_eq!(KeyVersionId::parse(version.as_str()), Some(version));
        assert!(ClientKeyId::parse(ClientKeyId::generate().unwrap().as_str()).is_some());
        assert!(AccessKeyId::parse(AccessKeyId::generate().unwrap().as_str()).is_some());
        assert!(InstanceId::parse(InstanceId::generate().unwrap().as_str()).is_some());
        assert!(RequestId::parse(RequestId::generate().unwrap().as_str()).is_some());
    }

    #[test]
    fn request_ids_are_version_4() {
        let id = RequestId::generate().unwrap();
        assert_eq!(id.as_str().as_bytes()[14], b'4');
        assert!(matches!(id.as_str().as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn wrong_forms_are_refused() {
        for text in [
            "",
            "key-",
            "key-hzz62f1cb66fa42qopd9",
            "key-hzz62f1cb66fa42qopd9ss",
            "key-HZZ62f1cb66fa42qopd9s",
            "alias/x",
        ] {
            assert_eq!(KeyId::parse(text), None, "{text}");
        }
        for text in ["alias/", "alias/acs/kms", "alias/a b", "x", &format!("alias/{}", "a".repeat(256))] {
            assert_eq!(AliasName::parse(text), None, "{text}");
        }
        assert!(AliasName::parse("alias/team-a/Key_1").is_some());
        assert!(KeyVersionId::parse("86a9efd9-3d16-4894-bd4f-1fc43f3f2abf").is_some());
        assert!(KeyVersionId::parse("86a9efd9-3d16-4894-bd4f-1fc43f3f2ab").is_none());
        assert!(KeyVersionId::parse("86a9efd9/3d16-4894-bd4f-1fc43f3f2abf").is_none());
        assert!(ClientKeyId::parse("KAAP.66ABF237-63f6-4625-b8cf-47e1086e0000").is_none());
    }
}
