//! What an operator can configure about pair generation.

use std::num::NonZeroUsize;
use std::time::Duration;

use claviger_crypto::rsa::ModulusLength;
use claviger_primes::EngineKind;

use crate::spec::PairSpec;

/// Ready pairs kept per spec; 0 keeps none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockSizes {
    /// `RSA_2048`.
    pub rsa_2048: usize,
    /// `RSA_3072`.
    pub rsa_3072: usize,
    /// `RSA_4096`.
    pub rsa_4096: usize,
}

impl StockSizes {
    /// No stock: every pair is made on request.
    pub const NONE: Self = Self { rsa_2048: 0, rsa_3072: 0, rsa_4096: 0 };
    /// For a server: 5 MB in total. One core with AVX-512 IFMA fills it in less than a minute at the rates of docs/keygen.md.
    pub const SERVER: Self = Self { rsa_2048: 2048, rsa_3072: 512, rsa_4096: 256 };
    /// For a developer's machine: small, so that filling it takes little CPU time.
    pub const DEVELOPMENT: Self = Self { rsa_2048: 32, rsa_3072: 8, rsa_4096: 8 };

    /// The size for this spec. `None` for specs without a stock: making an EC pair takes less time than taking one out of a
    /// stock would.
    #[must_use]
    pub const fn get(&self, spec: PairSpec) -> Option<usize> {
        match spec {
            PairSpec::Rsa2048 => Some(self.rsa_2048),
            PairSpec::Rsa3072 => Some(self.rsa_3072),
            PairSpec::Rsa4096 => Some(self.rsa_4096),
            PairSpec::EcP256 | PairSpec::EcP256k | PairSpec::Extended(_) => None,
        }
    }

    /// The size for this spec, to change it.
    #[must_use]
    pub const fn get_mut(&mut self, spec: PairSpec) -> Option<&mut usize> {
        match spec {
            PairSpec::Rsa2048 => Some(&mut self.rsa_2048),
            PairSpec::Rsa3072 => Some(&mut self.rsa_3072),
            PairSpec::Rsa4096 => Some(&mut self.rsa_4096),
            PairSpec::EcP256 | PairSpec::EcP256k | PairSpec::Extended(_) => None,
        }
    }

    pub(crate) const fn of(&self, length: ModulusLength) -> usize {
        match length {
            ModulusLength::Bits2048 => self.rsa_2048,
            ModulusLength::Bits3072 => self.rsa_3072,
            ModulusLength::Bits4096 => self.rsa_4096,
        }
    }
}

/// What an operator can configure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// How RSA pairs are made.
    pub engine: EngineKind,
    /// Threads that make RSA pairs.
    pub threads: NonZeroUsize,
    /// How many ready pairs are kept.
    pub stock: StockSizes,
    /// How many cores may fill the stock at most, above 0 and up to the number of threads; 0.5 is half of one core's time.
    pub stock_cores: f64,
    /// Ready pairs older than this are discarded.
    pub stock_max_age: Duration,
    /// Whether [`ExtendedSpec`](crate::ExtendedSpec)s are offered in addition to the API's five.
    pub extended_specs: bool,
}

impl Default for Config {
    /// One thread for each core, a server's stock, half of the cores to fill it, pairs kept for a day.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            engine: EngineKind::Auto,
            threads,
            stock: StockSizes::SERVER,
            stock_cores: Self::default_stock_cores(),
            stock_max_age: Duration::from_secs(24 * 3600),
            extended_specs: false,
        }
    }
}

impl Config {
    /// Half of this machine's cores.
    #[must_use]
    pub fn default_stock_cores() -> f64 {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        threads.get() as f64 / 2.0
    }
}
