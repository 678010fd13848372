//! The two layouts of an SM2 ciphertext: C1 || C3 || C2 (GB/T 32918.4-2016) and ASN.1 (GM/T 0009 section 7.2).
//!
//! Rule: the first layout is written, both are read; their first bytes, 0x04 and 0x30, distinguish them. The API
//! documents at most 6047 bytes of plaintext and 6144 of ciphertext: the difference of 97 = 1 + 64 + 32 fits only the
//! first layout. Programs that encrypt with the public key themselves (OpenSSL, GmSSL) write the second. The order C1
//! || C2 || C3 of the drafts before 2012 is not supported.

use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::{Decode as _, Reader as _, SliceReader, Tag};

/// Length of a coordinate and of C3, bytes.
const LEN: usize = 32;

/// The parts of a ciphertext.
pub(super) struct Ciphertext<'a> {
    /// C1, uncompressed: 0x04, x, y.
    pub(super) point: [u8; 1 + 2 * LEN],
    pub(super) hash: &'a [u8],
    pub(super) masked: &'a [u8],
}

pub(super) fn parse(bytes: &[u8]) -> Option<Ciphertext<'_>> {
    match bytes.first()? {
        0x04 => {
            let (point, rest) = bytes.split_first_chunk()?;
            let (hash, masked) = rest.split_at_checked(LEN)?;
            Some(Ciphertext { point: *point, hash, masked })
        }
        0x30 => parse_asn1(bytes),
        _ => None,
    }
}

/// SEQUENCE { x INTEGER, y INTEGER, C3 OCTET STRING, C2 OCTET STRING }, strict DER.
fn parse_asn1(bytes: &[u8]) -> Option<Ciphertext<'_>> {
    let sequence = AnyRef::from_der(bytes).ok().filter(|value| value.header().tag() == Tag::Sequence)?;
    let mut fields = SliceReader::new(sequence.value()).ok()?;
    let x = UintRef::decode(&mut fields).ok()?;
    let y = UintRef::decode(&mut fields).ok()?;
    let hash = <&OctetStringRef>::decode(&mut fields).ok()?.as_bytes();
    let masked = <&OctetStringRef>::decode(&mut fields).ok()?.as_bytes();
    if !fields.is_finished() || hash.len() != LEN {
        return None;
    }
    let mut point = [0; 1 + 2 * LEN];
    let (form, coordinates) = point.split_first_mut()?;
    *form = 0x04;
    let (to_x, to_y) = coordinates.split_at_mut_checked(LEN)?;
    for (to, from) in [(to_x, x.as_bytes()), (to_y, y.as_bytes())] {
        // An INTEGER has no leading zeros, a coordinate may have some.
        to.get_mut(LEN.checked_sub(from.len())?..)?.copy_from_slice(from);
    }
    Some(Ciphertext { point, hash, masked })
}
