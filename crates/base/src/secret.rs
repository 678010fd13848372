//! Bytes that wipe themselves and never print.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::random::{self, RandomUnavailable};

/// Secret bytes of a length fixed at creation: wiped on drop, printed as `[secret]`, readable only through [`reveal`].
///
/// There is no `Clone` and no comparison: a copy is made on purpose with [`duplicate`], secrets are compared
/// by the crypto library in constant time.
///
/// [`reveal`]: SecretBytes::reveal
/// [`duplicate`]: SecretBytes::duplicate
pub struct SecretBytes(Zeroizing<Box<[u8]>>);

impl SecretBytes {
    /// Takes the bytes over. A vector with spare capacity is copied to its exact size and the old one wiped.
    #[must_use]
    pub fn new(mut bytes: Vec<u8>) -> Self {
        if bytes.len() == bytes.capacity() {
            return Self(Zeroizing::new(bytes.into_boxed_slice()));
        }
        let exact: Box<[u8]> = bytes.as_slice().into();
        bytes.zeroize();
        Self(Zeroizing::new(exact))
    }

    /// Copies `bytes`; the caller's original stays the caller's to wipe.
    #[must_use]
    pub fn copy_from(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// `len` bytes from the operating system's generator, filled in place.
    ///
    /// # Errors
    /// [`RandomUnavailable`] when the system refuses.
    pub fn random(len: usize) -> Result<Self, RandomUnavailable> {
        let mut bytes = Zeroizing::new(vec![0; len].into_boxed_slice());
        random::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes themselves. Every use of this word is a place where a reviewer looks.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// A second copy, wiped on its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::copy_from(self.reveal())
    }

    /// Length in bytes; not secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_nothing_of_its_content() {
        let secret = SecretBytes::new(b"hunter2".to_vec());
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(format!("{:?}", Some(&secret)), "Some([secret])");
    }

    #[test]
    fn keeps_its_bytes_when_the_vector_had_spare_capacity() {
        let mut bytes = Vec::with_capacity(100);
        bytes.extend_from_slice(b"abc");
        assert_eq!(SecretBytes::new(bytes).reveal(), b"abc");
    }
}
