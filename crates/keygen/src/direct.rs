//! Making pairs directly on the caller's thread, without queue or stock.

use std::fmt;

use claviger_crypto::rsa::ModulusLength;
use claviger_primes::{Engine, EngineKind};

use crate::ec;
use crate::error::KeygenError;
use crate::extended;
use crate::pair::Pair;
use crate::spec::{ExtendedSpec, PairSpec};

/// Makes pairs of one spec on the caller's thread: for benchmarks, and for tests that need many pairs.
///
/// ```
/// use claviger_keygen::{DirectGenerator, EngineKind, PairSpec};
///
/// let mut generator = DirectGenerator::new(EngineKind::Auto, PairSpec::EcP256)?;
/// let (spki_der, pkcs8_der) = generator.next_pair()?.into_parts();
/// assert!(!spki_der.is_empty() && !pkcs8_der.is_empty());
/// # Ok::<(), claviger_keygen::KeygenError>(())
/// ```
pub struct DirectGenerator(Kind);

enum Kind {
    Rsa(Engine),
    EcP256,
    EcP256k,
    Extended(ExtendedSpec),
}

impl DirectGenerator {
    /// A generator for this spec. `kind` applies to RSA only.
    ///
    /// # Errors
    /// [`KeygenError::NoIfma`] or [`KeygenError::NoAvx2`] when the CPU lacks what `kind` needs.
    pub fn new(kind: EngineKind, spec: PairSpec) -> Result<Self, KeygenError> {
        let length = match spec {
            PairSpec::Rsa2048 => ModulusLength::Bits2048,
            PairSpec::Rsa3072 => ModulusLength::Bits3072,
            PairSpec::Rsa4096 => ModulusLength::Bits4096,
            PairSpec::EcP256 => return Ok(Self(Kind::EcP256)),
            PairSpec::EcP256k => return Ok(Self(Kind::EcP256k)),
            PairSpec::Extended(spec) => return Ok(Self(Kind::Extended(spec))),
        };
        Ok(Self(Kind::Rsa(Engine::new(kind, length)?)))
    }

    /// The next pair.
    ///
    /// # Errors
    /// [`KeygenError::Failed`].
    pub fn next_pair(&mut self) -> Result<Pair, KeygenError> {
        match &mut self.0 {
            // Never interrupted, so there is always a key.
            Kind::Rsa(engine) => engine.next_key(&mut || true)?.map(Pair::from).ok_or(KeygenError::Failed),
            Kind::EcP256 => ec::p256(),
            Kind::EcP256k => ec::p256k(),
            Kind::Extended(spec) => extended::pair(*spec),
        }
    }
}

impl fmt::Debug for DirectGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectGenerator").finish_non_exhaustive()
    }
}
