//! The input of a signature: a message that is hashed here, or the digest of one that the caller has hashed.
//!
//! Source: instance-api 5.5, MessageType `RAW` and `DIGEST`.

use aws_lc_rs::digest::{self, Digest, SHA256};

/// Length of every digest that can be signed (SHA-256, SM3), bytes.
pub const DIGEST_LEN: usize = 32;

/// What is signed or verified.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// The message itself, of any length. The algorithm's own hash is applied.
    Raw(&'a [u8]),
    /// The digest, computed by the caller and signed as it is. For SM2DSA this is `e` = SM3(Z_A || M).
    Digest(&'a [u8; DIGEST_LEN]),
}

impl Message<'_> {
    /// The SHA-256 digest to sign. `None` cannot happen, because the type guarantees the length.
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
    fn a_digest_is_taken_as_it_is() {
        let raw = Message::Raw(b"abc").sha256().unwrap();
        let given = Message::Digest(raw.as_ref().try_into().unwrap()).sha256().unwrap();
        assert_eq!(raw.as_ref(), given.as_ref());
    }
}
