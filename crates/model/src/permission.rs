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

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyUser => "RbacPermission/Template/CryptoServiceKeyUser",
            Self::SecretUser => "RbacPermission/Template/CryptoServiceSecretUser",
        }
    }

    /// The permission with exactly that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }
}
