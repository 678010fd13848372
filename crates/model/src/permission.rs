//! What a policy may permit.

/// A permission template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Cryptographic operations with keys.
    KeyUser,
    /// Reading secrets.
    SecretUser,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 2] = [Self::KeyUser, Self::SecretUser];

    /// The API's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyUser => "RbacPermission/Template/CryptoServiceKeyUser",
            Self::SecretUser => "RbacPermission/Template/CryptoServiceSecretUser",
        }
    }

    /// The permission of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }
}
