//! `KeyFormat` of a data key pair.

/// How the keys of a pair are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFormat {
    /// PEM text with lines of 64 columns that end in line feeds.
    Pem,
    /// DER bytes.
    Der,
}

impl KeyFormat {
    /// The format of that name; case matters.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "PEM" => Some(Self::Pem),
            "DER" => Some(Self::Der),
            _ => None,
        }
    }
}
