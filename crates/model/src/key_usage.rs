//! What a key may be used for.

/// What a key may be used for; fixed when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUsage {
    /// Encrypt, decrypt, and wrap data keys.
    EncryptDecrypt,
    /// Sign and verify.
    SignVerify,
    /// Authenticate messages; HMAC keys only.
    GenerateVerifyMac,
}

impl KeyUsage {
    /// Every usage.
    pub const ALL: [Self; 3] = [Self::EncryptDecrypt, Self::SignVerify, Self::GenerateVerifyMac];

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EncryptDecrypt => "ENCRYPT/DECRYPT",
            Self::SignVerify => "SIGN/VERIFY",
            Self::GenerateVerifyMac => "GENERATE/VERIFY MAC",
        }
    }

    /// The usage with exactly that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|usage| usage.name() == name)
    }
}
