//! Resources of policies: keys and secrets.

use claviger_base::id::KeyId;

/// What a permission applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `key/*`
    AnyKey,
    /// `key/<KeyId>`
    Key(KeyId),
    /// `secret/*`
    AnySecret,
    /// `secret/<SecretName>`
    Secret(String),
}

impl Resource {
    /// Parses a resource. A wildcard stands for a whole name only.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('/')? {
            ("key", "*") => Some(Self::AnyKey),
            ("key", id) => KeyId::parse(id).map(Self::Key),
            ("secret", "*") => Some(Self::AnySecret),
            ("secret", name) => is_secret_name(name).then(|| Self::Secret(name.to_owned())),
            _ => None,
        }
    }
}

/// Whether a secret may have this name: at most 192 letters, digits and `_/+=.@-` (rpc-api 5).
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_/+=.@-".contains(&b);
    (1..=192).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_parse_and_near_misses_do_not() {
        assert_eq!(Resource::parse("key/*"), Some(Resource::AnyKey));
        assert_eq!(Resource::parse("secret/db/main"), Some(Resource::Secret("db/main".to_owned())));
        for text in
            ["*", "key/", "key", "key/key-1", "key/key-*", "secret/", "secret/a b", "alias/dev", "KEY/*", "key/*/*"]
        {
            assert_eq!(Resource::parse(text), None, "{text}");
        }
    }
}
