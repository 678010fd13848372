//! The engine: pairs of one modulus length on the caller's thread, by one of five ways that differ in speed alone.

use std::fmt;

use claviger_crypto::rsa::{ModulusLength, PrivateKey};

use crate::division::Division;
#[cfg(target_arch = "x86_64")]
use crate::filter::{Avx2Filter, IfmaFilter};
use crate::filter::{DualFilter, Filter, ScalarFilter};
use crate::generator::KeygenError;
#[cfg(target_arch = "x86_64")]
use crate::kernel::{Avx2, Ifma};
use crate::pair::Pair;
use crate::search::Search;

/// How RSA pairs are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineKind {
    /// [`Ifma`](Self::Ifma) where the CPU can, else [`Avx2`](Self::Avx2) where it can, else [`Scalar`](Self::Scalar).
    #[default]
    Auto,
    /// This crate's filter of eight candidates at once; primes confirmed by the library. Needs AVX-512 IFMA.
    Ifma,
    /// This crate's filter of four candidates at once; primes confirmed by the library. Needs AVX2.
    Avx2,
    /// Filter and confirmation by the library's exponentiation of two numbers at once.
    Dual,
    /// Filter and confirmation by the library's plain exponentiation, one number at a time, without this crate's
    /// kernels.
    Scalar,
    /// The library's own generator: what a deployment with a FIPS-validated library chooses.
    Library,
}

impl EngineKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Auto, Self::Ifma, Self::Avx2, Self::Dual, Self::Scalar, Self::Library];

    /// The word that a configuration uses.
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

    /// Whether this machine can.
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

/// Makes pairs of one modulus length; owned by one thread.
pub(crate) struct Engine(Works);

enum Works {
    Search(Box<Search>),
    Library(ModulusLength),
}

impl Engine {
    /// # Errors
    /// [`KeygenError::NoIfma`] and [`KeygenError::NoAvx2`] when `kind` asks for what the CPU lacks.
    pub(crate) fn new(kind: EngineKind, length: ModulusLength) -> Result<Self, KeygenError> {
        let search = match kind {
            EngineKind::Auto => ifma(length).or_else(|| avx2(length)).unwrap_or_else(|| scalar(length)),
            EngineKind::Ifma => ifma(length).ok_or(KeygenError::NoIfma)?,
            EngineKind::Avx2 => avx2(length).ok_or(KeygenError::NoAvx2)?,
            EngineKind::Dual => dual(length),
            EngineKind::Scalar => scalar(length),
            EngineKind::Library => return Ok(Self(Works::Library(length))),
        };
        Ok(Self(Works::Search(Box::new(search))))
    }

    /// Works until a pair is done, asking `proceed` between steps of at most a few milliseconds; when it says
    /// `false`, returns `None` and keeps what it has for the next call. The library's own generator cannot be stopped
    /// midway: it asks once.
    ///
    /// # Errors
    /// [`KeygenError::Failed`].
    pub(crate) fn next_pair(&mut self, proceed: &mut dyn FnMut() -> bool) -> Result<Option<Pair>, KeygenError> {
        match &mut self.0 {
            Works::Search(search) => search.next_pair(proceed),
            Works::Library(length) if proceed() => library_pair(*length).map(Some),
            Works::Library(_) => Ok(None),
        }
    }
}

/// Bits of the bound of trial division: where one more bit costs as much as the tests it saves (docs/keygen.md).
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

/// Confirms one at a time: the library's exponentiation of two is two single ones without the IFMA that this engine
/// does without.
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

fn library_pair(length: ModulusLength) -> Result<Pair, KeygenError> {
    let key = PrivateKey::generate(length).map_err(|_failed| KeygenError::Failed)?;
    let private_key = key.pkcs8_der().map_err(|_failed| KeygenError::Failed)?;
    let public_key = key.spki_der().map_err(|_failed| KeygenError::Failed)?;
    Ok(Pair { public_key, private_key })
}

#[cfg(test)]
mod tests {
    use claviger_crypto::rsa::PublicKey;

    use super::*;

    const LENGTHS: [ModulusLength; 3] = [ModulusLength::Bits2048, ModulusLength::Bits3072, ModulusLength::Bits4096];

    fn check(pair: Pair) {
        let (public_key, private_key) = pair.into_parts();
        let key = PrivateKey::from_pkcs8_der(&private_key).unwrap();
        let signature = key.sign_pkcs1_sha256(b"message").unwrap();
        let public_key_parsed = PublicKey::from_spki_der(&public_key).unwrap();
        public_key_parsed.verify_pkcs1_sha256(b"message", &signature).unwrap();
        assert_eq!(key.spki_der().unwrap(), public_key);
        assert_eq!(key.pkcs8_der().unwrap().reveal(), private_key.reveal());
    }

    #[test]
    fn an_engine_may_be_given_to_a_thread() {
        let mut engine = Engine::new(EngineKind::Auto, ModulusLength::Bits2048).unwrap();
        let pair = std::thread::spawn(move || engine.next_pair(&mut || true)).join().unwrap();
        check(pair.unwrap().unwrap());
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
                println!("skipped {kind}: this CPU has not what it needs");
                let lacks = if kind == EngineKind::Ifma { KeygenError::NoIfma } else { KeygenError::NoAvx2 };
                assert_eq!(Engine::new(kind, ModulusLength::Bits2048).err(), Some(lacks));
                continue;
            }
            for length in LENGTHS {
                if kind == EngineKind::Library && length != ModulusLength::Bits2048 {
                    continue;
                }
                let mut engine = Engine::new(kind, length).unwrap();
                check(engine.next_pair(&mut || true).unwrap().unwrap());
            }
        }
    }

    #[test]
    fn an_engine_told_to_stop_keeps_what_it_has() {
        for kind in EngineKind::ALL.into_iter().filter(|kind| kind.is_available()) {
            let mut engine = Engine::new(kind, ModulusLength::Bits2048).unwrap();
            assert!(engine.next_pair(&mut || false).unwrap().is_none());
            // Ten steps a call: a pair takes far more than ten, so that only an engine that goes on where it was gets
            // there.
            let mut calls = 0;
            let pair = loop {
                let mut steps = 10;
                let stopped = engine.next_pair(&mut || {
                    steps -= 1;
                    steps >= 0
                });
                calls += 1;
                assert!(calls < 10_000, "{kind} makes no progress");
                if let Some(pair) = stopped.unwrap() {
                    break pair;
                }
            };
            assert!(calls > 1 || kind == EngineKind::Library);
            check(pair);
        }
    }
}
