//! The two RSA signature schemes (RFC 8017 section 8), both with SHA-256.
//!
//! Rule: RSASSA-PSS signs with a salt of 32 bytes, MGF1 with SHA-256, trailer 0xbc. It verifies every salt length that
//! a library chooses by itself (instance-api.md 5.5: any length is accepted); the library behind this room wants the
//! length beforehand, so the few are tried, the usual one first.

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
    RsaParameters, RsaPssSaltLength, VerificationAlgorithm as _,
};

use crate::error::{KeyRejected, SignFailed, VerifyFailed};
use crate::message::Message;

/// How a digest is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PSS with SHA-256.
    PssSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Pkcs1Sha256,
}

const fn pss(salt: RsaPssSaltLength) -> RsaParameters {
    RSA_PSS_2048_8192_SHA256.with_pss_salt_length(salt)
}

/// Salts other than 32 bytes: as long as fits (the default of OpenSSL and Go), 20 (the default of Java's parameters),
/// none (deterministic signers), and the lengths of the other SHA-2 digests.
const OTHER_SALTS: [&RsaParameters; 6] = [
    &pss(RsaPssSaltLength::Max),
    &pss(RsaPssSaltLength::Custom(20)),
    &pss(RsaPssSaltLength::Custom(0)),
    &pss(RsaPssSaltLength::Custom(28)),
    &pss(RsaPssSaltLength::Custom(48)),
    &pss(RsaPssSaltLength::Custom(64)),
];

/// A public key, parsed once for each scheme.
#[derive(Clone)]
pub(super) struct Verifier {
    pkcs1: ParsedPublicKey,
    pss: ParsedPublicKey,
}

impl Verifier {
    /// Takes SPKI that was found to be one RSA key of an allowed length.
    pub(super) fn new(spki: &[u8]) -> Result<Self, KeyRejected> {
        let pkcs1 = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki).map_err(|_rejected| KeyRejected)?;
        let pss = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, spki).map_err(|_rejected| KeyRejected)?;
        Ok(Self { pkcs1, pss })
    }

    /// The key with its encoding.
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
                let spki = self.pss.as_ref();
                let usual = self.pss.verify_digest_sig(&digest, signature);
                let is_valid = usual.is_ok()
                    || OTHER_SALTS.iter().any(|salt| salt.verify_digest_sig(spki, &digest, signature).is_ok());
                if is_valid { Ok(()) } else { Err(VerifyFailed) }
            }
        }
    }
}

/// A signature as long as the modulus.
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
