//! SM2PKE (GB/T 32918.4): C1 = k G, C2 = M under the key stream of (x2, y2) = k P, C3 = SM3(x2 || M || y2).
//!
//! Rule: C3 is compared in constant time, and unconfirmed plaintext is wiped and never returned. Layouts: `ciphertext`.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use claviger_base::SecretBytes;
use sm2::elliptic_curve::sec1::ToSec1Point as _;
use sm2::{PublicKey, SecretKey};
use zeroize::{Zeroize as _, Zeroizing};

use super::ciphertext;
use super::scalar::random_scalar;
use crate::error::{OpenFailed, SealFailed};
use crate::sm3::sm3_of;
use crate::x963;

/// The longest plaintext, bytes (instance-api 8).
pub const PLAINTEXT_MAX: usize = 6047;
/// How much longer a ciphertext is than its plaintext, bytes: point and hash.
pub const OVERHEAD: usize = 65 + 32;

/// Steps A1 to A8 of GB/T 32918.4 section 6.1.
pub(super) fn seal(key: &PublicKey, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
    if plaintext.is_empty() || plaintext.len() > PLAINTEXT_MAX {
        return Err(SealFailed);
    }
    loop {
        let nonce = random_scalar().map_err(|_failed| SealFailed)?;
        if let Some(sealed) = seal_with(&nonce, key, plaintext) {
            return Ok(sealed);
        }
    }
}

/// `None` if the key stream is all zero, which requires another nonce (step A5).
fn seal_with(nonce: &SecretKey, key: &PublicKey, plaintext: &[u8]) -> Option<Vec<u8>> {
    let point = nonce.public_key().to_sec1_point(false);
    let shared = multiply(key, nonce)?;
    let key_stream = key_stream(&shared, plaintext.len())?;
    let masked = x963::xor(plaintext, &key_stream);
    Some([point.as_bytes(), &confirmation(&shared, plaintext)?, &masked].concat())
}

/// Steps B1 to B7 of GB/T 32918.4 section 7.1.
pub(super) fn open(key: &SecretKey, sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
    let parts = ciphertext::parse(sealed).ok_or(OpenFailed)?;
    if parts.masked.is_empty() || parts.masked.len() > PLAINTEXT_MAX {
        return Err(OpenFailed);
    }
    let point = PublicKey::from_sec1_bytes(&parts.point).map_err(|_rejected| OpenFailed)?;
    let shared = multiply(&point, key).ok_or(OpenFailed)?;
    let key_stream = key_stream(&shared, parts.masked.len()).ok_or(OpenFailed)?;
    let plaintext = SecretBytes::new(x963::xor(parts.masked, &key_stream));
    let expected = confirmation(&shared, plaintext.reveal()).ok_or(OpenFailed)?;
    verify_slices_are_equal(&expected, parts.hash).map_err(|_unspecified| OpenFailed)?;
    Ok(plaintext)
}

/// x2 || y2 of scalar times point. The cofactor is 1 and a parsed point is never the identity, so S needs no check.
fn multiply(point: &PublicKey, scalar: &SecretKey) -> Option<Zeroizing<[u8; 64]>> {
    let product = (point.to_projective() * *scalar.to_nonzero_scalar()).to_affine();
    let mut encoded = product.to_sec1_point(false);
    let shared = encoded.as_bytes().get(1..).and_then(|coordinates| coordinates.try_into().ok());
    encoded.zeroize();
    shared.map(Zeroizing::new)
}

fn key_stream(shared: &[u8; 64], len: usize) -> Option<Zeroizing<Vec<u8>>> {
    x963::derive(sm3_of, shared, len).filter(|stream| stream.iter().any(|byte| *byte != 0))
}

/// C3.
fn confirmation(shared: &[u8; 64], plaintext: &[u8]) -> Option<[u8; 32]> {
    let (x, y) = shared.split_at_checked(32)?;
    Some(sm3_of(&[x, plaintext, y]))
}

#[cfg(test)]
mod tests {
    use super::*;

    // GB/T 32918.5-2017 appendix C.2: "encryption standard".
    const D: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
    const K: &str = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";
    const X1: &str = "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73";
    const Y1: &str = "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0";
    const C3: &str = "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766";
    const C2: &str = "21886ca989ca9c7d58087307ca93092d651efa";
    const PLAINTEXT: &[u8] = b"encryption standard";

    fn secret(text: &str) -> SecretKey {
        SecretKey::from_slice(&hex::decode(text).unwrap()).unwrap()
    }

    fn opens(sealed: &str) -> Option<Vec<u8>> {
        open(&secret(D), &hex::decode(sealed).unwrap()).ok().map(|plaintext| plaintext.reveal().to_vec())
    }

    #[test]
    fn seals_and_opens_the_example_of_the_standard() {
        let sealed = seal_with(&secret(K), &secret(D).public_key(), PLAINTEXT).unwrap();
        assert_eq!(hex::encode(&sealed), format!("04{X1}{Y1}{C3}{C2}"));
        assert_eq!(open(&secret(D), &sealed).unwrap().reveal(), PLAINTEXT);
    }

    #[test]
    fn opens_the_same_in_asn1_and_refuses_other_forms() {
        // SEQUENCE { INTEGER, INTEGER (with the leading zero of a positive number), OCTET STRING, OCTET STRING }.
        let fields = format!("0220{X1}022100{Y1}0420{C3}0413{C2}");
        assert_eq!(opens(&format!("307c{fields}")).as_deref(), Some(PLAINTEXT));
        for (what, bad) in [
            ("a trailing byte behind", format!("307c{fields}00")),
            ("a trailing byte within", format!("307d{fields}00")),
            ("a fifth field", format!("307e{fields}0500")),
            ("a long length", format!("30817c{fields}")),
            ("an indefinite length", format!("3080{fields}0000")),
            ("a negative number", format!("307b0220{X1}0220{Y1}0420{C3}0413{C2}")),
            ("a needless zero", format!("307d022100{X1}022100{Y1}0420{C3}0413{C2}")),
            ("a coordinate of 33 bytes", format!("307d022101{X1}022100{Y1}0420{C3}0413{C2}")),
            ("a hash of 31 bytes", format!("307b0220{X1}022100{Y1}041f{}0413{C2}", &C3[..62])),
            ("no ciphertext", format!("3069{}0400", &fields[..206])),
            ("a set", format!("317c{fields}")),
            ("order C1 C2 C3", format!("04{X1}{Y1}{C2}{C3}")),
            ("a compressed point", format!("02{X1}{C3}{C2}")),
            ("a hybrid point", format!("06{X1}{Y1}{C3}{C2}")),
            ("a point off the curve", format!("04{X1}{}{C3}{C2}", Y1.replace("df0", "df1"))),
            ("the identity", format!("00{C3}{C2}")),
            ("nothing masked", format!("04{X1}{Y1}{C3}")),
            ("another hash", format!("04{X1}{Y1}{}{C2}", C3.replace("766", "767"))),
            ("nothing", String::new()),
        ] {
            assert_eq!(opens(&bad), None, "{what}");
        }
    }

    #[test]
    fn a_key_stream_of_zeros_is_no_key_stream() {
        assert!(key_stream(&[1; 64], 0).is_none());
        // For one shared secret in 256, the one-byte key stream is zero; find one and check that it is refused.
        let zero = (0..=u16::MAX)
            .map(|n| [n.to_be_bytes().repeat(32)].concat().try_into().unwrap())
            .find(|shared: &[u8; 64]| sm3_of(&[shared, &1u32.to_be_bytes()])[0] == 0);
        assert!(key_stream(&zero.unwrap(), 1).is_none());
        assert!(key_stream(&zero.unwrap(), 2).is_some());
    }
}
