//! Finds the salt length of an RSASSA-PSS signature from the signature itself (RFC 8017 sections 8.1.2 and 9.1.2).
//!
//! Rule: this code decides nothing. The library needs the length in advance, and any length must be accepted
//! (instance-api 5.5), so the length is found here and the library then verifies the signature with it. An error here can refuse
//! a good signature but never accept a wrong one. All inputs are public, so time may vary.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use der::asn1::{AnyRef, UintRef};
use der::{Decode as _, Reader as _, SliceReader, Tag};

use crate::digest::{SHA256_LEN, sha256};

/// The salt length, with SHA-256 for both hashes; `None` if this cannot be a signature by the key. The key is a PKCS#1
/// `RSAPublicKey`, DER, that the library has accepted.
pub(super) fn salt_len(rsa_public_key: &[u8], signature: &[u8]) -> Option<u16> {
    let (modulus, exponent) = numbers(rsa_public_key)?;
    // One bit less than the modulus.
    let bits = usize::try_from(modulus.bit_width_vartime()).ok()?.checked_sub(1)?;
    let encoded = public_operation(modulus, &exponent, signature)?;
    let (zeros, encoded) = encoded.split_at_checked(encoded.len().checked_sub(bits.div_ceil(8))?)?;
    let (trailer, rest) = encoded.split_last()?;
    let (masked, hash) = rest.split_at_checked(rest.len().checked_sub(SHA256_LEN)?)?;
    if *trailer != 0xbc || zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    let mut block: Vec<u8> = masked.iter().zip(mgf1(hash, masked.len())?).map(|(byte, mask)| byte ^ mask).collect();
    // Bits above the length of the encoded message do not belong to the block (step 9).
    if let Some(first) = block.first_mut() {
        *first &= 0xff >> (8 * encoded.len() - bits);
    }
    let one = block.iter().position(|byte| *byte != 0)?;
    if block.get(one) != Some(&1) {
        return None;
    }
    u16::try_from(block.len() - one - 1).ok()
}

/// Modulus and exponent.
fn numbers(rsa_public_key: &[u8]) -> Option<(Odd<BoxedUint>, BoxedUint)> {
    let sequence = AnyRef::from_der(rsa_public_key).ok().filter(|value| value.header().tag() == Tag::Sequence)?;
    let mut fields = SliceReader::new(sequence.value()).ok()?;
    let modulus = UintRef::decode(&mut fields).ok()?;
    let exponent = UintRef::decode(&mut fields).ok()?;
    if !fields.is_finished() {
        return None;
    }
    let modulus = Odd::new(BoxedUint::from_be_slice_vartime(modulus.as_bytes())).into_option()?;
    Some((modulus, BoxedUint::from_be_slice_vartime(exponent.as_bytes())))
}

/// s^e mod n, as long as the modulus's limbs.
fn public_operation(modulus: Odd<BoxedUint>, exponent: &BoxedUint, signature: &[u8]) -> Option<Box<[u8]>> {
    let signature = BoxedUint::from_be_slice(signature, modulus.bits_precision()).ok()?;
    if signature >= *modulus.as_ref() {
        return None;
    }
    let params = BoxedMontyParams::new_vartime(modulus);
    let power = BoxedMontyForm::new(signature, &params).pow_bounded_exp(exponent, exponent.bit_width_vartime());
    Some(power.retrieve().to_be_bytes())
}

/// Appendix B.2.1 with SHA-256.
fn mgf1(seed: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut mask = Vec::with_capacity(len + SHA256_LEN);
    for counter in 0..u32::try_from(len.div_ceil(SHA256_LEN)).ok()? {
        mask.extend_from_slice(&sha256(&[seed, &counter.to_be_bytes()].concat()));
    }
    mask.truncate(len);
    Some(mask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Message;
    use crate::rsa::{PrivateKey, Scheme};

    fn key() -> &'static PrivateKey {
        static KEY: std::sync::OnceLock<PrivateKey> = std::sync::OnceLock::new();
        KEY.get_or_init(|| PrivateKey::generate_2048().unwrap())
    }

    #[test]
    fn the_length_of_a_signature_made_here_is_32() {
        let signature = key().sign(Scheme::PssSha256, Message::Raw(b"message")).unwrap();
        let public = key().rsa_public_key_der();
        assert_eq!(salt_len(public, &signature), Some(32));
        let pkcs1 = key().sign(Scheme::Pkcs1Sha256, Message::Raw(b"message")).unwrap();
        assert_eq!(salt_len(public, &pkcs1), None, "another padding");
        for bad in [&signature[1..], &[&[0], &signature[..]].concat(), &[0xff; 256], &[0; 256], &[]] {
            assert_eq!(salt_len(public, bad), None);
        }
    }

    #[test]
    fn what_is_no_public_key_has_no_signatures() {
        let public = key().rsa_public_key_der();
        let signature = key().sign(Scheme::PssSha256, Message::Raw(b"message")).unwrap();
        // SEQUENCE of 0 and 3; of an even modulus; of one number; truncated; with a trailing byte; empty.
        let bad = ["3006020100020103", "3006020104020103", "3003020103", "30"].map(|text| hex::decode(text).unwrap());
        for bad in bad.iter().map(Vec::as_slice).chain([&public[1..], &[public, &[0]].concat(), &[]]) {
            assert_eq!(salt_len(bad, &signature), None, "{bad:02x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_without_harm(signature in prop::collection::vec(any::<u8>(), 0..300)) {
            // A length may result by chance; the library decides.
            let _length = salt_len(key().rsa_public_key_der(), &signature);
        }

        #[test]
        fn any_bytes_for_a_key_are_taken_without_harm(der in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(salt_len(&der, &[1; 20]), None);
        }
    }
}
