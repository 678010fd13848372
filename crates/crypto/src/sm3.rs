//! SM3 (GB/T 32905-2016, ISO/IEC 10118-3), by RustCrypto: AWS-LC has no SM3.

use sm3::{Digest as _, Sm3};

/// Length of an SM3 digest, bytes.
pub const SM3_LEN: usize = 32;

/// The digest of one byte string.
#[must_use]
pub fn sm3(data: &[u8]) -> [u8; SM3_LEN] {
    sm3_of(&[data])
}

/// The digest of the parts, one after the other.
pub(crate) fn sm3_of(parts: &[&[u8]]) -> [u8; SM3_LEN] {
    let mut hasher = Sm3::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    // GB/T 32905-2016 appendix A.
    const ABC: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    const ABCD_16: &str = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732";

    #[test]
    fn digests_the_examples_of_the_standard() {
        assert_eq!(hex::encode(sm3(b"abc")), ABC);
        assert_eq!(hex::encode(sm3(&b"abcd".repeat(16))), ABCD_16);
        assert_eq!(hex::encode(sm3_of(&[b"a", b"", b"bc"])), ABC);
        assert_ne!(sm3(b"abd"), sm3(b"abc"));
    }
}
