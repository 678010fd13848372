//! What is signed: a message that is hashed here, or the digest of one that was hashed elsewhere.
//!
//! Source: instance-api 5.5, MessageType `RAW` and `DIGEST`.

use aws_lc_rs::digest::{self, Digest, SHA256};

/// Length of every digest that is signed (SHA-256, SM3), bytes.
pub const DIGEST_LEN: usize = 32;

/// What is signed or verified.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// The message itself, of any length; the algorithm's own hash is applied here.
    Raw(&'a [u8]),
    /// Its digest, computed by the caller and signed as it is. For SM2DSA this is `e` = SM3(Z_A || M).
    Digest(&'a [u8; DIGEST_LEN]),
}

impl<'a> Message<'a> {
    /// Takes bytes for a digest; `None` unless they have its one length.
    #[must_use]
    pub fn from_digest(digest: &'a [u8]) -> Option<Self> {
        digest.try_into().ok().map(Self::Digest)
    }

    /// The SHA-256 digest that is signed. `None` cannot happen: the length is the type's.
    pub(crate) fn sha256(self) -> Option<Digest> {
        match self {
            Self::Raw(message) => Some(digest::digest(&SHA256, message)),
            Self::Digest(digest) => Digest::import_less_safe(digest, &SHA256).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_length() {
        for len in [0, 20, 31, 33, 64] {
            assert!(Message::from_digest(&vec![0; len]).is_none(), "{len}");
        }
        let raw = Message::Raw(b"abc").sha256().unwrap();
        let given = Message::from_digest(raw.as_ref()).unwrap().sha256().unwrap();
        assert_eq!(raw.as_ref(), given.as_ref());
    }
}
