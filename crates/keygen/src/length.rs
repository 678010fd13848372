//! The RSA modulus lengths, and one value for each of them.

use claviger_crypto::rsa::ModulusLength;

use crate::spec::PairSpec;

/// Every length, shortest first.
pub(crate) const LENGTHS: [ModulusLength; 3] =
    [ModulusLength::Bits2048, ModulusLength::Bits3072, ModulusLength::Bits4096];

/// The spec of RSA pairs with this modulus length.
pub(crate) const fn spec_of(length: ModulusLength) -> PairSpec {
    match length {
        ModulusLength::Bits2048 => PairSpec::Rsa2048,
        ModulusLength::Bits3072 => PairSpec::Rsa3072,
        ModulusLength::Bits4096 => PairSpec::Rsa4096,
    }
}

/// A value for each length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PerLength<T> {
    bits_2048: T,
    bits_3072: T,
    bits_4096: T,
}

impl<T> PerLength<T> {
    /// The results of `make` for each length.
    pub(crate) fn try_new<E>(mut make: impl FnMut(ModulusLength) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self {
            bits_2048: make(ModulusLength::Bits2048)?,
            bits_3072: make(ModulusLength::Bits3072)?,
            bits_4096: make(ModulusLength::Bits4096)?,
        })
    }

    pub(crate) const fn get(&self, length: ModulusLength) -> &T {
        match length {
            ModulusLength::Bits2048 => &self.bits_2048,
            ModulusLength::Bits3072 => &self.bits_3072,
            ModulusLength::Bits4096 => &self.bits_4096,
        }
    }

    pub(crate) const fn get_mut(&mut self, length: ModulusLength) -> &mut T {
        match length {
            ModulusLength::Bits2048 => &mut self.bits_2048,
            ModulusLength::Bits3072 => &mut self.bits_3072,
            ModulusLength::Bits4096 => &mut self.bits_4096,
        }
    }
}
