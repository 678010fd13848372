//! Why there is no key.

use std::fmt;

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineError {
    /// The crypto library or the random generator failed.
    Failed,
    /// The requested engine needs AVX-512 IFMA, which this CPU or its operating system does not offer.
    NoIfma,
    /// The requested engine needs AVX2, which this CPU or its operating system does not offer.
    NoAvx2,
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "the crypto library could not make a key pair",
            Self::NoIfma => "the engine \"ifma\" needs a CPU with AVX-512 IFMA; choose \"auto\" or \"avx2\"",
            Self::NoAvx2 => "the engine \"avx2\" needs a CPU with AVX2; choose \"auto\" or \"scalar\"",
        })
    }
}

impl std::error::Error for EngineError {}
