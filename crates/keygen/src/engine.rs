//! The RSA engine. For now every kind is the crypto library's own generator (FIPS 186-5 A.1.3, AWS-LC).

use std::fmt;

use claviger_crypto::rsa::{ModulusLength, PrivateKey};

use crate::error::KeygenError;
use crate::pair::Pair;

/// Which engine makes RSA pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum EngineKind {
    /// The fastest that this processor can run.
    #[default]
    Auto,
    /// Eight candidates at once with AVX-512 IFMA.
    Ifma,
    /// The library's dual exponentiation.
    Dual,
    /// The library's single exponentiation.
    Scalar,
    /// The library's own generator.
    Library,
}

impl EngineKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Ifma, Self::Dual, Self::Scalar, Self::Library];

    /// The word for it in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ifma => "ifma",
            Self::Dual => "dual",
            Self::Scalar => "scalar",
            Self::Library => "library",
        }
    }

    /// The kind of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Makes pairs of one modulus length on one thread.
pub(crate) struct Engine {
    length: ModulusLength,
}

impl Engine {
    /// An engine of this kind.
    #[allow(clippy::unnecessary_wraps, reason = "a kind may need what the processor lacks")]
    pub(crate) fn new(_kind: EngineKind, length: ModulusLength) -> Result<Self, KeygenError> {
        Ok(Self { length })
    }

    /// Works until a pair is done, asking `proceed` between steps; when it says no, what was done so far is kept for
    /// the next call.
    #[allow(clippy::needless_pass_by_ref_mut, reason = "an engine keeps what it has done so far")]
    pub(crate) fn next_pair(&mut self, proceed: &mut dyn FnMut() -> bool) -> Result<Option<Pair>, KeygenError> {
        if !proceed() {
            return Ok(None);
        }
        let key = PrivateKey::generate(self.length).map_err(|_failed| KeygenError::Failed)?;
        let private_key = key.pkcs8_der().map_err(|_failed| KeygenError::Failed)?;
        let public_key = key.spki_der().map_err(|_failed| KeygenError::Failed)?;
        Ok(Some(Pair { public_key, private_key }))
    }
}
