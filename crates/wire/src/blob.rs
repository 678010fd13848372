//! The two layouts of ciphertext blobs (instance-api 6.1, 5.2).
//!
//! A *raw* blob consists of ciphertext and tag; the caller keeps its IV, key and version separately. A *self-describing*
//! blob, the output of every Advance operation, starts with version and IV. The header is not authenticated: official
//! clients strip it and restore it. A blob that parses as self-describing may still be a raw blob that happens to start
//! with the same bytes; only a lookup of its version id in the store decides.

use claviger_base::id::{KEY_VERSION_ID_BYTES, KeyVersionId};
use claviger_base::limits::{GCM_IV_BYTES, GCM_TAG_BYTES};

/// `$`, cipher version 0 and padding code 0 (none), algorithm code 2 (AES_GCM).
const HEADER: [u8; 3] = [b'$', 0x00, 0x02];

/// Shortest self-describing blob, bytes: 67.
pub const SELF_DESCRIBING_BYTES_MIN: usize = HEADER.len() + KEY_VERSION_ID_BYTES + GCM_IV_BYTES + GCM_TAG_BYTES;

/// The parts of a blob in the self-describing layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfDescribing<'a> {
    /// The key version that encrypted it.
    pub version_id: KeyVersionId,
    /// The GCM initialization vector.
    pub iv: [u8; GCM_IV_BYTES],
    /// Ciphertext, then the 16-byte tag.
    pub sealed: &'a [u8],
}

/// Splits `blob` into its parts if it has the self-describing layout with AES-GCM; on `None`, treat it as raw.
///
/// Other algorithm and padding codes are unknown (instance-api 10.4) and count as raw.
#[must_use]
pub fn parse(blob: &[u8]) -> Option<SelfDescribing<'_>> {
    let rest = blob.strip_prefix(&HEADER)?;
    let (version_id, rest) = rest.split_at_checked(KEY_VERSION_ID_BYTES)?;
    let (iv, sealed) = rest.split_first_chunk::<GCM_IV_BYTES>()?;
    if sealed.len() < GCM_TAG_BYTES {
        return None;
    }
    let version_id = KeyVersionId::parse(std::str::from_utf8(version_id).ok()?)?;
    Some(SelfDescribing { version_id, iv: *iv, sealed })
}

/// Builds the self-describing blob. `sealed` is ciphertext and tag.
///
/// ```
/// use claviger_base::id::KeyVersionId;
/// use claviger_wire::blob;
///
/// let version = KeyVersionId::parse("key-hzz62f1cb66fa42qopd9s-17kedv0000").unwrap();
/// let encoded = blob::encode(&version, &[0; 12], &[1; 16]);
/// assert_eq!(blob::parse(&encoded).unwrap().version_id, version);
/// assert_eq!(blob::parse(&[1; 67]), None);
/// ```
#[must_use]
pub fn encode(version_id: &KeyVersionId, iv: &[u8; GCM_IV_BYTES], sealed: &[u8]) -> Vec<u8> {
    [&HEADER, version_id.as_str().as_bytes(), iv, sealed].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The vector of instance-api 6.1: 72 bytes.
    const VECTOR: &str = "2400026b65792d687a7a363266316362363666613432716f706439732d31376b65647630303030\
                          000102030405060708090a0b2f67ba77aa2797ff353b8a046d28236dcd9d057bbb";

    #[test]
    fn the_vector_of_the_specification() {
        let blob = hex::decode(VECTOR).unwrap();
        assert_eq!(blob.len(), 72);
        let parsed = parse(&blob).unwrap();
        assert_eq!(parsed.version_id.as_str(), "key-hzz62f1cb66fa42qopd9s-17kedv0000");
        assert_eq!(parsed.iv, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(hex::encode(parsed.sealed), "2f67ba77aa2797ff353b8a046d28236dcd9d057bbb");
        assert_eq!(encode(&parsed.version_id, &parsed.iv, parsed.sealed), blob);
    }

    #[test]
    fn a_truncated_blob_below_the_minimum_is_raw() {
        let blob = hex::decode(VECTOR).unwrap();
        for len in 0..=blob.len() {
            assert_eq!(parse(&blob[..len]).is_some(), len >= SELF_DESCRIBING_BYTES_MIN, "{len}");
        }
    }

    #[test]
    fn a_flipped_bit_makes_the_blob_raw_or_changes_its_parsed_parts() {
        let blob = hex::decode(VECTOR).unwrap();
        let original = parse(&blob).unwrap();
        for at in 0..blob.len() {
            for bit in 0..8 {
                let mut changed = blob.clone();
                changed[at] ^= 1 << bit;
                match parse(&changed) {
                    None => assert!(at < 39, "byte {at} is outside the header and the id"),
                    Some(parsed) => {
                        assert!(at >= 3, "the parser ignored byte {at} of the header");
                        assert_ne!(parsed, original);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn an_encoded_blob_parses_to_its_parts(
            id in "[0-9a-z-]{36}", iv: [u8; 12], sealed in prop::collection::vec(any::<u8>(), 16..200),
        ) {
            let id = KeyVersionId::parse(&id).unwrap();
            let blob = encode(&id, &iv, &sealed);
            prop_assert_eq!(parse(&blob), Some(SelfDescribing { version_id: id, iv, sealed: &sealed }));
        }

        #[test]
        fn arbitrary_bytes_parse_or_are_raw(tail in prop::collection::vec(any::<u8>(), 0..120)) {
            let blob = [HEADER.as_slice(), &tail].concat();
            if let Some(parsed) = parse(&blob) {
                prop_assert_eq!(encode(&parsed.version_id, &parsed.iv, parsed.sealed), blob);
            }
            let _ = parse(&tail);
        }
    }
}
