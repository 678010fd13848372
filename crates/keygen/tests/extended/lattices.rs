//! ML-DSA and ML-KEM: RustCrypto derives the keys from the seeds that AWS-LC made, and the two libraries interoperate.
#![allow(deprecated, reason = "aws-lc-rs reads only expanded ML-KEM private keys, whose export RustCrypto deprecates")]

use aws_lc_rs::kem::{self, Ciphertext};
use aws_lc_rs::signature::{self, KeyPair as _, ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm};
use claviger_keygen::ExtendedSpec;
use ml_dsa::signature::{Keypair as _, SignatureEncoding as _, Signer as _, Verifier as _};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87};
use ml_kem::kem::{Decapsulate as _, Encapsulate as _, KeyExport as _};
use ml_kem::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ml_kem::{ExpandedKeyEncoding as _, MlKem512, MlKem768, MlKem1024};

use crate::{MESSAGE, pair};

macro_rules! ml_dsa_across {
    ($name:ident, $spec:expr, $theirs:ty, $signing:expr, $verifying:expr) => {
        #[test]
        fn $name() {
            let (public, private) = pair($spec);
            let signing: &'static PqdsaSigningAlgorithm = &$signing;
            let secret = ml_dsa::SigningKey::<$theirs>::from_pkcs8_der(private.reveal()).unwrap();
            let verifier = ml_dsa::VerifyingKey::<$theirs>::from_public_key_der(&public).unwrap();
            assert_eq!(secret.verifying_key().encode(), verifier.encode());

            let theirs = secret.sign(MESSAGE).to_bytes();
            let key = ParsedPublicKey::new(&$verifying, &public).unwrap();
            key.verify_sig(MESSAGE, &theirs).unwrap();
            assert!(key.verify_sig(b"another message", &theirs).is_err());

            let ours = PqdsaKeyPair::from_pkcs8(signing, private.reveal()).unwrap();
            assert_eq!(ours.public_key().as_ref(), verifier.encode().as_slice());
            let mut signature = vec![0; signing.signature_len()];
            ours.sign(MESSAGE, &mut signature).unwrap();
            let signature = ml_dsa::Signature::<$theirs>::try_from(&signature[..]).unwrap();
            verifier.verify(MESSAGE, &signature).unwrap();
            assert!(verifier.verify(b"another message", &signature).is_err());
        }
    };
}

ml_dsa_across!(ml_dsa_44, ExtendedSpec::MlDsa44, MlDsa44, signature::ML_DSA_44_SIGNING, signature::ML_DSA_44);
ml_dsa_across!(ml_dsa_65, ExtendedSpec::MlDsa65, MlDsa65, signature::ML_DSA_65_SIGNING, signature::ML_DSA_65);
ml_dsa_across!(ml_dsa_87, ExtendedSpec::MlDsa87, MlDsa87, signature::ML_DSA_87_SIGNING, signature::ML_DSA_87);

macro_rules! ml_kem_across {
    ($name:ident, $spec:expr, $theirs:ty, $algorithm:expr) => {
        #[test]
        fn $name() {
            let (public, private) = pair($spec);
            let secret = ml_kem::DecapsulationKey::<$theirs>::from_pkcs8_der(private.reveal()).unwrap();
            let sender = ml_kem::EncapsulationKey::<$theirs>::from_public_key_der(&public).unwrap();
            assert_eq!(secret.encapsulation_key().to_bytes(), sender.to_bytes());

            // AWS-LC encapsulates to the public key; RustCrypto decapsulates with the key derived from the seed.
            let encapsulating = kem::EncapsulationKey::new(&$algorithm, sender.to_bytes().as_slice()).unwrap();
            let (ciphertext, sent) = encapsulating.encapsulate().unwrap();
            let received = secret.decapsulate(&ciphertext.as_ref().try_into().unwrap());
            assert_eq!(received.as_slice(), sent.as_ref());

            // And the other way round, with the private key that RustCrypto expanded.
            let expanded = secret.to_expanded_bytes();
            let opening = kem::DecapsulationKey::new(&$algorithm, &expanded).unwrap();
            let (ciphertext, sent) = sender.encapsulate();
            let received = opening.decapsulate(Ciphertext::from(ciphertext.as_slice())).unwrap();
            assert_eq!(received.as_ref(), sent.as_slice());
            let mut changed = ciphertext.to_vec();
            changed[0] ^= 1;
            let received = opening.decapsulate(Ciphertext::from(&changed[..])).unwrap();
            assert_ne!(received.as_ref(), sent.as_slice(), "implicit rejection");
        }
    };
}

ml_kem_across!(ml_kem_512, ExtendedSpec::MlKem512, MlKem512, kem::ML_KEM_512);
ml_kem_across!(ml_kem_768, ExtendedSpec::MlKem768, MlKem768, kem::ML_KEM_768);
ml_kem_across!(ml_kem_1024, ExtendedSpec::MlKem1024, MlKem1024, kem::ML_KEM_1024);
