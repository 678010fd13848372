//! The two RSA signature schemes (RFC 8017 section 8), both with SHA-256.
//!
//! Rule: RSASSA-PSS signs with a salt of 32 bytes, MGF1 with SHA-256, trailer 0xbc, and verifies salts of any length
//! (instance-api 5.5). The library needs the length in advance: 32 is tried first; only if that fails is the length computed from
//! the signature (`salt`), so that a wrong signature costs little.

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
    RsaPssSaltLength, VerificationAlgorithm as _,
};

use super::salt::salt_len;
use crate::error::{KeyRejected, SignFailed, VerifyFailed};
use crate::message::Message;

/// The padding of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PSS with SHA-256.
    PssSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Pkcs1Sha256,
}

/// A public key, parsed once for each scheme.
#[derive(Clone)]
pub(super) struct Verifier {
    pkcs1: ParsedPublicKey,
    pss: ParsedPublicKey,
    rsa_public_key: Vec<u8>,
}

impl Verifier {
    /// Takes an SPKI and the `RSAPublicKey` in it, already checked to be an RSA key of an allowed length.
    pub(super) fn new(spki: &[u8], rsa_public_key: &[u8]) -> Result<Self, KeyRejected> {
        let pkcs1 = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki).map_err(|_rejected| KeyRejected)?;
        let pss = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, spki).map_err(|_rejected| KeyRejected)?;
        Ok(Self { pkcs1, pss, rsa_public_key: rsa_public_key.to_vec() })
    }

    /// The parsed key, which can encode itself.
    pub(super) fn parsed(&self) -> &ParsedPublicKey {
        &self.pkcs1
    }

    pub(super) fn verify(&self, scheme: Scheme, message: Message<'_>, signature: &[u8]) -> Result<(), VerifyFailed> {
        let digest = message.sha256().ok_or(VerifyFailed)?;
        match scheme {
            Scheme::Pkcs1Sha256 => {
                self.pkcs1.verify_digest_sig(&digest, signature).map_err(|_unspecified| VerifyFailed)
            }
            Scheme::PssSha256 => {
                if self.pss.verify_digest_sig(&digest, signature).is_ok() {
                    return Ok(());
                }
                let salt_len = salt_len(&self.rsa_public_key, signature).ok_or(VerifyFailed)?;
                RSA_PSS_2048_8192_SHA256
                    .with_pss_salt_length(RsaPssSaltLength::Custom(salt_len))
                    .verify_digest_sig(self.pss.as_ref(), &digest, signature)
                    .map_err(|_unspecified| VerifyFailed)
            }
        }
    }
}

/// Signs. The signature is as long as the modulus.
pub(super) fn sign(key: &KeyPair, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignFailed> {
    let digest = message.sha256().ok_or(SignFailed)?;
    let encoding = match scheme {
        Scheme::PssSha256 => &RSA_PSS_SHA256,
        Scheme::Pkcs1Sha256 => &RSA_PKCS1_SHA256,
    };
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign_digest(encoding, &digest, &mut signature).map_err(|_unspecified| SignFailed)?;
    Ok(signature)
}
