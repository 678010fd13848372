//! One engine on the caller's own thread, without queue or stock: for benchmarks and for tests that need many pairs.

use claviger_crypto::rsa::ModulusLength;

use crate::ec;
use crate::extended::{self, ExtendedSpec};
use crate::generator::KeygenError;
use crate::pair::{Pair, PairSpec};
use claviger_primes::{Engine, EngineKind};

/// Makes pairs of one kind where it is called.
pub struct SoloMaker(Kind);

enum Kind {
    Rsa(Engine),
    EcP256,
    EcP256k,
    Extended(ExtendedSpec),
}

impl SoloMaker {
    /// # Errors
    /// [`KeygenError::NoIfma`] and [`KeygenError::NoAvx2`] when `kind` asks for what the CPU lacks. `kind` says nothing about elliptic curves.
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
            // It is never told to stop, so that it stops with a pair alone.
            Kind::Rsa(engine) => engine.next_key(&mut || true)?.map(Pair::from).ok_or(KeygenError::Failed),
            Kind::EcP256 => ec::p256(),
            Kind::EcP256k => ec::p256k(),
            Kind::Extended(spec) => extended::pair(*spec),
        }
    }
}

impl std::fmt::Debug for SoloMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoloMaker").finish_non_exhaustive()
    }
}
