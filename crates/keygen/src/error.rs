//! Why there is no pair.

use std::fmt;

use claviger_primes::EngineError;

/// Why there is no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeygenError {
    /// The crypto library or the random generator failed.
    Failed,
    /// The generator is being stopped.
    Stopped,
    /// The system refused to start threads.
    NoThreads,
    /// The system refused memory for the stock.
    NoMemory,
    /// The queue is full, in total or for this client.
    TooManyWaiting,
    /// Pairs of that kind are not enabled.
    NotOffered,
    /// The requested engine needs AVX-512 IFMA, which this CPU or its operating system does not offer.
    NoIfma,
    /// The requested engine needs AVX2, which this CPU or its operating system does not offer.
    NoAvx2,
}

impl fmt::Display for KeygenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed => EngineError::Failed.fmt(f),
            Self::Stopped => f.write_str("pair generation is being stopped"),
            Self::NoThreads => f.write_str("the system gave no threads for pair generation"),
            Self::NoMemory => f.write_str("the system gave no memory for the stock of pairs; make `stock` smaller"),
            Self::TooManyWaiting => f.write_str("too many requests wait for a key pair already"),
            Self::NotOffered => f.write_str("pairs of that kind need extended_key_pair_specs = true"),
            Self::NoIfma => EngineError::NoIfma.fmt(f),
            Self::NoAvx2 => EngineError::NoAvx2.fmt(f),
        }
    }
}

impl std::error::Error for KeygenError {}

impl From<EngineError> for KeygenError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Failed => Self::Failed,
            EngineError::NoIfma => Self::NoIfma,
            EngineError::NoAvx2 => Self::NoAvx2,
        }
    }
}
