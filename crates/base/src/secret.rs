//! Bytes that are wiped on drop and never printed.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::random::{self, RandomUnavailable};

/// Secret bytes with a length that is fixed at creation: wiped on drop, printed as `[secret]`, readable only through
/// [`reveal`].
///
/// There is no `Clone` and no comparison: copies are made explicitly with [`duplicate`], and the crypto library
/// compares secrets in constant time.
///
/// [`reveal`]: SecretBytes::reveal
/// [`duplicate`]: SecretBytes::duplicate
pub struct SecretBytes(Zeroizing<Box<[u8]>>);

impl SecretBytes {
    /// Takes ownership of the bytes. A vector with spare capacity is copied to its exact size and then wiped.
    #[must_use]
    pub fn new(mut bytes: Vec<u8>) -> Self {
        if bytes.len() == bytes.capacity() {
            return Self(Zeroizing::new(bytes.into_boxed_slice()));
        }
        let exact: Box<[u8]> = bytes.as_slice().into();
        bytes.zeroize();
        Self(Zeroizing::new(exact))
    }

    /// Copies `bytes`. The caller remains responsible for wiping the original.
    #[must_use]
    pub fn copy_from(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// `len` bytes from the operating system's generator, written in place.
    ///
    /// # Errors
    /// [`RandomUnavailable`] if the system refuses.
    pub fn random(len: usize) -> Result<Self, RandomUnavailable> {
        let mut bytes = Zeroizing::new(vec![0; len].into_boxed_slice());
        random::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes themselves. The name makes every access easy to find in a review.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// A second copy, wiped independently.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::copy_from(self.reveal())
    }

    /// Length in bytes; not secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the length is zero.
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
