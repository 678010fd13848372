//! SM2DSA (GB/T 32918.2): signatures as ASN.1 DER, with the default identity of GM/T 0009 section 10.
//!
//! Rule: nonces follow RFC 6979 over SM3 with 32 random bytes added (its section 3.6), so that neither a poor random
//! generator nor a repeated message reveals the key.

use rfc6979::KGenerator;
use sm2::dsa::signature::hazmat::PrehashVerifier as _;
use sm2::dsa::{Signature, VerifyingKey};
use sm2::elliptic_curve::bigint::U256;
use sm2::elliptic_curve::ops::Reduce as _;
use sm2::elliptic_curve::point::AffineCoordinates as _;
use sm2::elliptic_curve::sec1::ToSec1Point as _;
use sm2::elliptic_curve::{Curve as _, Group as _};
use sm2::{FieldBytes, NonZeroScalar, ProjectivePoint, Scalar, SecretKey, Sm2};
use sm3::Sm3;
use zeroize::Zeroizing;

use crate::error::{SignFailed, VerifyFailed};
use crate::message::Message;
use crate::sm3::sm3_of;

/// The default identity of a signer.
pub(super) const IDENTITY: &str = "1234567812345678";
/// Its length in bits, two bytes.
const IDENTITY_BITS: [u8; 2] = [0x00, 0x80];

/// a, b, x and y of the base point: GB/T 32918.5 section 2.
const CURVE: [[u8; 32]; 4] = [
    [
        0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
    ],
    [
        0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7, 0xf3, 0x97,
        0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
    ],
    [
        0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94, 0x8f, 0xe3,
        0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
    ],
    [
        0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53, 0xd0, 0xa9,
        0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0,
    ],
];

/// Z_A of 32918.2 section 5.5: SM3(ENTL || ID || a || b || xG || yG || xA || yA).
pub(super) fn identity_digest(key: &sm2::PublicKey) -> [u8; 32] {
    let point = key.to_sec1_point(false);
    // The first byte of the encoded point says "uncompressed" and is not hashed.
    let coordinates = point.as_bytes().get(1..).unwrap_or_default();
    let [a, b, x, y] = &CURVE;
    sm3_of(&[&IDENTITY_BITS, IDENTITY.as_bytes(), a, b, x, y, coordinates])
}

/// e = SM3(Z_A || M), or the caller's digest.
pub(super) fn digest(identity: &[u8; 32], message: Message<'_>) -> [u8; 32] {
    match message {
        Message::Raw(message) => sm3_of(&[identity, message]),
        Message::Digest(digest) => *digest,
    }
}

/// (1 + d)^-1; `None` for d = n - 1.
pub(super) fn inverse(key: &SecretKey) -> Option<Zeroizing<Scalar>> {
    let sum = Zeroizing::new(*key.to_nonzero_scalar() + Scalar::ONE);
    sum.invert().into_option().map(Zeroizing::new)
}

/// 32918.2 section 6.1; DER.
pub(super) fn sign(key: &SecretKey, inverse: &Scalar, digest: &[u8; 32]) -> Result<Vec<u8>, SignFailed> {
    let added = Zeroizing::new(claviger_base::random::bytes::<32>().map_err(|_unavailable| SignFailed)?);
    let e = reduce(digest);
    let secret = Zeroizing::new(key.to_bytes());
    let mut nonces = KGenerator::<Sm3, U256>::new(&secret, &e.to_bytes(), &added[..], &Sm2::ORDER);
    loop {
        let mut bytes = Zeroizing::new(FieldBytes::default());
        nonces.fill_next_k(&mut bytes);
        let nonce = NonZeroScalar::from_repr(*bytes).into_option().map(|nonce| Zeroizing::new(*nonce));
        // Step A3 is repeated in the one of 2^255 cases in which this nonce is unsuitable.
        if let Some(signature) = nonce.and_then(|nonce| sign_with(key, inverse, &e, &nonce)) {
            return Ok(signature.to_der().as_bytes().to_vec());
        }
    }
}

/// Steps A4 to A7: r = e + x1, s = (1 + d)^-1 (k - r d).
fn sign_with(key: &SecretKey, inverse: &Scalar, e: &Scalar, nonce: &Scalar) -> Option<Signature> {
    let x = ProjectivePoint::mul_by_generator(nonce).to_affine().x();
    let r = *e + Scalar::reduce(&x);
    if bool::from(r.is_zero() | (r + nonce).is_zero()) {
        return None;
    }
    let d = key.to_nonzero_scalar();
    let s = *inverse * (*nonce - r * *d);
    Signature::from_scalars(r, s).ok()
}

pub(super) fn verify(key: &VerifyingKey, digest: &[u8; 32], signature: &[u8]) -> Result<(), VerifyFailed> {
    let signature = Signature::from_der(signature).map_err(|_malformed| VerifyFailed)?;
    key.verify_prehash(digest, &signature).map_err(|_wrong| VerifyFailed)
}

fn reduce(digest: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*digest))
}

#[cfg(test)]
mod tests {
    use sm2::dsa::signature::Verifier as _;

    use super::*;

    // GB/T 32918.5-2017 appendix A.2: message "message digest", the default identity.
    const D: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
    const X: &str = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020";
    const Y: &str = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
    const Z: &str = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3";
    const E: &str = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640";
    const K: &str = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";
    const R: &str = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3";
    const S: &str = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";

    fn key() -> SecretKey {
        SecretKey::from_slice(&hex::decode(D).unwrap()).unwrap()
    }

    fn scalar(text: &str) -> Scalar {
        *NonZeroScalar::try_from(&hex::decode(text).unwrap()[..]).unwrap()
    }

    #[test]
    fn computes_the_example_of_the_standard_step_by_step() {
        let public = key().public_key();
        assert_eq!(hex::encode(public.to_sec1_point(false).as_bytes()), format!("04{X}{Y}"));
        let identity = identity_digest(&public);
        assert_eq!(hex::encode(identity), Z);
        let e = digest(&identity, Message::Raw(b"message digest"));
        assert_eq!(hex::encode(e), E);
        assert_eq!(digest(&identity, Message::Digest(&e)), e);
        let signature = sign_with(&key(), &inverse(&key()).unwrap(), &reduce(&e), &scalar(K)).unwrap();
        assert_eq!(hex::encode(signature.to_bytes()), format!("{R}{S}"));
    }

    #[test]
    fn the_crate_s_own_verifier_agrees_on_identity_and_digest() {
        let public = key().public_key();
        let e = digest(&identity_digest(&public), Message::Raw(b"another message"));
        let first = sign(&key(), &inverse(&key()).unwrap(), &e).unwrap();
        let second = sign(&key(), &inverse(&key()).unwrap(), &e).unwrap();
        assert_ne!(first, second, "nonces have randomness added");
        let verifier = VerifyingKey::new(IDENTITY, public).unwrap();
        for signature in [first, second] {
            verifier.verify(b"another message", &Signature::from_der(&signature).unwrap()).unwrap();
            assert!(verifier.verify(b"another massage", &Signature::from_der(&signature).unwrap()).is_err());
        }
    }

    #[test]
    fn the_scalar_with_which_nothing_can_be_signed_is_refused() {
        let last = SecretKey::from(NonZeroScalar::new(-Scalar::ONE).unwrap());
        assert!(inverse(&last).is_none());
        assert!(inverse(&key()).is_some());
    }

    #[test]
    fn a_nonce_that_cancels_r_is_not_used() {
        // e is chosen so that r = 0, and so that r + k = 0.
        let nonce = scalar(K);
        let x = Scalar::reduce(&ProjectivePoint::mul_by_generator(&nonce).to_affine().x());
        let inverse = inverse(&key()).unwrap();
        assert!(sign_with(&key(), &inverse, &-x, &nonce).is_none());
        assert!(sign_with(&key(), &inverse, &(-x - nonce), &nonce).is_none());
        assert!(sign_with(&key(), &inverse, &(-x + Scalar::ONE), &nonce).is_some());
    }
}
