//! The engine: keys of one modulus length, made on the caller's thread. The kinds of engine differ in speed only.

use std::fmt;

use claviger_crypto::rsa::{ModulusLength, PrivateKey};

use crate::division::Division;
use crate::encoded::EncodedKey;
use crate::error::EngineError;
use crate::filter::Filter;
#[cfg(target_arch = "x86_64")]
use crate::filter::avx2::Avx2Filter;
use crate::filter::dual::DualFilter;
#[cfg(target_arch = "x86_64")]
use crate::filter::ifma::IfmaFilter;
use crate::filter::scalar::ScalarFilter;
#[cfg(target_arch = "x86_64")]
use crate::kernel::{Avx2, Ifma};
use crate::search::Search;

/// How RSA keys are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineKind {
    /// The fastest that the CPU supports: [`Ifma`](Self::Ifma), else [`Avx2`](Self::Avx2), else [`Scalar`](Self::Scalar).
    #[default]
    Auto,
    /// This crate's filter, eight candidates at once; AWS-LC confirms primes. Needs AVX-512 IFMA.
    Ifma,
    /// This crate's filter, four candidates at once; AWS-LC confirms primes. Needs AVX2.
    Avx2,
    /// AWS-LC filters and confirms, two numbers at once.
    Dual,
    /// AWS-LC's arithmetic filters and confirms, one number at a time; none of this crate's kernels runs.
    Scalar,
    /// AWS-LC's own key generator, for deployments that need a FIPS-validated one.
    Library,
}

impl EngineKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Auto, Self::Ifma, Self::Avx2, Self::Dual, Self::Scalar, Self::Library];

    /// The name in configuration files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ifma => "ifma",
            Self::Avx2 => "avx2",
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

    /// Whether this machine can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Ifma => has_ifma(),
            Self::Avx2 => has_avx2(),
            Self::Auto | Self::Dual | Self::Scalar | Self::Library => true,
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(target_arch = "x86_64")]
fn has_ifma() -> bool {
    Ifma::detect().is_some()
}

#[cfg(not(target_arch = "x86_64"))]
fn has_ifma() -> bool {
    false
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    Avx2::detect().is_some()
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

/// Makes RSA keys of one modulus length with e = 65537. One thread owns it; several threads need one each.
pub struct Engine(Kind);

enum Kind {
    Search(Box<Search>),
    Library(ModulusLength),
}

impl Engine {
    /// An engine of this kind. The first of each kind and length in a process computes tables, which takes milliseconds.
    ///
    /// # Errors
    /// [`EngineError::NoIfma`] or [`EngineError::NoAvx2`] when the CPU lacks what `kind` needs.
    pub fn new(kind: EngineKind, length: ModulusLength) -> Result<Self, EngineError> {
        let search = match kind {
            EngineKind::Auto => ifma(length).or_else(|| avx2(length)).unwrap_or_else(|| scalar(length)),
            EngineKind::Ifma => ifma(length).ok_or(EngineError::NoIfma)?,
            EngineKind::Avx2 => avx2(length).ok_or(EngineError::NoAvx2)?,
            EngineKind::Dual => dual(length),
            EngineKind::Scalar => scalar(length),
            EngineKind::Library => return Ok(Self(Kind::Library(length))),
        };
        Ok(Self(Kind::Search(Box::new(search))))
    }

    /// Works until a key is ready. Calls `proceed` between steps of at most a few milliseconds; when that returns
    /// `false`, this returns `None` and the next call continues from the same state. [`EngineKind::Library`] cannot be
    /// interrupted midway, so it calls `proceed` once.
    ///
    /// # Errors
    /// [`EngineError::Failed`].
    pub fn next_key(&mut self, proceed: &mut dyn FnMut() -> bool) -> Result<Option<EncodedKey>, EngineError> {
        match &mut self.0 {
            Kind::Search(search) => search.next_key(proceed),
            Kind::Library(length) if proceed() => library_key(*length).map(Some),
            Kind::Library(_) => Ok(None),
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// Trial division goes up to 2 to this power. One more bit would cost as much as the tests it saves (docs/keygen.md).
const fn bound_bits(length: ModulusLength, bits: [usize; 3]) -> usize {
    let [for_2048, for_3072, for_4096] = bits;
    match length {
        ModulusLength::Bits2048 => for_2048,
        ModulusLength::Bits3072 => for_3072,
        ModulusLength::Bits4096 => for_4096,
    }
}

#[cfg(target_arch = "x86_64")]
fn ifma(length: ModulusLength) -> Option<Search> {
    let cpu = Ifma::detect()?;
    let filter: Box<dyn Filter> = match length {
        ModulusLength::Bits2048 => Box::new(IfmaFilter::<4>::new(cpu)),
        ModulusLength::Bits3072 => Box::new(IfmaFilter::<6>::new(cpu)),
        ModulusLength::Bits4096 => Box::new(IfmaFilter::<8>::new(cpu)),
    };
    let division = Division::ifma(cpu, bound_bits(length, [16, 17, 17]));
    Some(Search::new(length, division, filter, true))
}

#[cfg(not(target_arch = "x86_64"))]
fn ifma(_length: ModulusLength) -> Option<Search> {
    None
}

/// Confirms one number at a time: without IFMA, AWS-LC computes two exponentiations at once no faster than one after the
/// other.
#[cfg(target_arch = "x86_64")]
fn avx2(length: ModulusLength) -> Option<Search> {
    let cpu = Avx2::detect()?;
    let filter: Box<dyn Filter> = match length {
        ModulusLength::Bits2048 => Box::new(Avx2Filter::<9>::new(cpu)),
        ModulusLength::Bits3072 => Box::new(Avx2Filter::<14>::new(cpu)),
        ModulusLength::Bits4096 => Box::new(Avx2Filter::<18>::new(cpu)),
    };
    Some(Search::new(length, Division::portable(bound_bits(length, AVX2_BOUNDS)), filter, false))
}

#[cfg(not(target_arch = "x86_64"))]
fn avx2(_length: ModulusLength) -> Option<Search> {
    None
}

fn dual(length: ModulusLength) -> Search {
    Search::new(length, dual_division(length), Box::new(DualFilter), true)
}

#[cfg(target_arch = "x86_64")]
fn dual_division(length: ModulusLength) -> Division {
    match Ifma::detect() {
        Some(cpu) => Division::ifma(cpu, bound_bits(length, [17, 17, 18])),
        None => Division::portable(bound_bits(length, SCALAR_BOUNDS)),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn dual_division(length: ModulusLength) -> Division {
    Division::portable(bound_bits(length, SCALAR_BOUNDS))
}

#[cfg(target_arch = "x86_64")]
const AVX2_BOUNDS: [usize; 3] = [15, 16, 16];
const SCALAR_BOUNDS: [usize; 3] = [16, 17, 17];

fn scalar(length: ModulusLength) -> Search {
    Search::new(length, Division::portable(bound_bits(length, SCALAR_BOUNDS)), Box::new(ScalarFilter), false)
}

fn library_key(length: ModulusLength) -> Result<EncodedKey, EngineError> {
    let key = PrivateKey::generate(length).map_err(|_failed| EngineError::Failed)?;
    let private_key = key.pkcs8_der().map_err(|_failed| EngineError::Failed)?;
    let public_key = key.spki_der().map_err(|_failed| EngineError::Failed)?;
    Ok(EncodedKey { public_key, private_key })
}

#[cfg(test)]
mod tests {
    use claviger_crypto::rsa::PublicKey;

    use super::*;

    const LENGTHS: [ModulusLength; 3] = [ModulusLength::Bits2048, ModulusLength::Bits3072, ModulusLength::Bits4096];

    fn check(key: &EncodedKey) {
        let EncodedKey { public_key, private_key } = key;
        let key = PrivateKey::from_pkcs8_der(private_key).unwrap();
        let signature = key.sign_pkcs1_sha256(b"message").unwrap();
        let public_key_parsed = PublicKey::from_spki_der(public_key).unwrap();
        public_key_parsed.verify_pkcs1_sha256(b"message", &signature).unwrap();
        assert_eq!(key.spki_der().unwrap(), *public_key);
        assert_eq!(key.pkcs8_der().unwrap().reveal(), private_key.reveal());
    }

    #[test]
    fn an_engine_may_be_given_to_a_thread() {
        let mut engine = Engine::new(EngineKind::Auto, ModulusLength::Bits2048).unwrap();
        let key = std::thread::spawn(move || engine.next_key(&mut || true)).join().unwrap();
        check(&key.unwrap().unwrap());
    }

    #[test]
    fn names_parse_exactly() {
        for kind in EngineKind::ALL {
            assert_eq!(EngineKind::parse(&kind.to_string()), Some(kind));
        }
        for name in ["", "AUTO", "ifma ", "AVX2", "avx", "avx512", "fips"] {
            assert_eq!(EngineKind::parse(name), None);
        }
    }

    #[test]
    fn every_kind_makes_pairs_that_parse_sign_and_verify() {
        for kind in EngineKind::ALL {
            if !kind.is_available() {
                println!("skipped {kind}: this CPU lacks what it needs");
                let lacks = if kind == EngineKind::Ifma { EngineError::NoIfma } else { EngineError::NoAvx2 };
                assert_eq!(Engine::new(kind, ModulusLength::Bits2048).err(), Some(lacks));
                continue;
            }
            for length in LENGTHS {
                if kind == EngineKind::Library && length != ModulusLength::Bits2048 {
                    continue;
                }
                let mut engine = Engine::new(kind, length).unwrap();
                check(&engine.next_key(&mut || true).unwrap().unwrap());
            }
        }
    }

    #[test]
    fn an_engine_told_to_stop_keeps_what_it_has() {
        for kind in EngineKind::ALL.into_iter().filter(|kind| kind.is_available()) {
            let mut engine = Engine::new(kind, ModulusLength::Bits2048).unwrap();
            assert!(engine.next_key(&mut || false).unwrap().is_none());
            // Ten steps a call. A key takes far more, so only an engine that continues where it stopped gets there.
            let mut calls = 0;
            let key = loop {
                let mut steps = 10;
                let stopped = engine.next_key(&mut || {
                    steps -= 1;
                    steps >= 0
                });
                calls += 1;
                assert!(calls < 10_000, "{kind} makes no progress");
                if let Some(key) = stopped.unwrap() {
                    break key;
                }
            };
            assert!(calls > 1 || kind == EngineKind::Library);
            check(&key);
        }
    }
}
