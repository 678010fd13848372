//! SHA-256 (FIPS 180-4).

use std::fmt;

use aws_lc_rs::digest::{self, Context, Digest, SHA256};

/// Length of a SHA-256 digest, bytes.
pub const SHA256_LEN: usize = 32;

/// The SHA-256 digest of `data`.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; SHA256_LEN] {
    to_array(&digest::digest(&SHA256, data))
}

/// A SHA-256 digest of data that arrives in parts.
///
/// ```
/// use claviger_crypto::digest::{Sha256, sha256};
///
/// let mut digest = Sha256::new();
/// digest.update(b"one ");
/// digest.update(b"message");
/// assert_eq!(digest.finish(), sha256(b"one message"));
/// ```
#[derive(Clone)]
pub struct Sha256(Context);

impl Sha256 {
    /// A digest that has received no data yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Adds the next part.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of all parts.
    #[must_use]
    pub fn finish(self) -> [u8; SHA256_LEN] {
        to_array(&self.0.finish())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

/// Prints nothing of the data, which may be secret.
impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256(..)")
    }
}

fn to_array(digest: &Digest) -> [u8; SHA256_LEN] {
    let mut out = [0; SHA256_LEN];
    // The digest always has this length; `copy_from_slice` would add an unnecessary panic.
    for (to, from) in out.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-4 examples ("abc", empty).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digests_the_published_examples() {
        assert_eq!(hex::encode(sha256(b"abc")), ABC);
        assert_eq!(hex::encode(sha256(b"")), EMPTY);
        assert_ne!(sha256(b"abd"), sha256(b"abc"));
    }

    #[test]
    fn pieces_digest_like_the_whole() {
        let mut pieces = Sha256::new();
        pieces.update(b"a");
        pieces.update(b"");
        pieces.update(b"bc");
        assert_eq!(hex::encode(pieces.finish()), ABC);
    }
}
