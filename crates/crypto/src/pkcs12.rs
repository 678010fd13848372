//! PKCS#12 (RFC 7292): one RSA key and one certificate in the one layout that every SDK's parser accepts.
//!
//! Rule: written files hold exactly two authenticated safes, the certificate first and the key second, both under
//! pbeWithSHAAnd3-KeyTripleDES-CBC, sealed by HMAC-SHA-1: Go's `x/crypto/pkcs12` takes nothing else
//! (instance-api 1.9). Those ciphers are old; what they protect is a file that its holder is asked to guard anyway, and the password
//! travels apart. They are AWS-LC's, so there is no second crypto library. Layout: docs/formats/client-key.md.

mod asn1;
mod pbe;
mod read;
mod write;

use std::fmt;

pub(crate) use read::open;
pub(crate) use write::seal;

/// Rounds of the password's derivation, for both safes and the tag.
pub(crate) const ITERATIONS: u32 = 2048;

/// Why a PKCS#12 file did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkcs12Rejected {
    /// The bytes are not a PKCS#12 file with one RSA key, or its numbers are out of bounds.
    Malformed,
    /// The tag does not match: the password is another one, or the file was changed.
    PasswordWrong,
    /// The file is under a cipher or digest that is not spoken here.
    CipherUnknown,
}

impl fmt::Display for Pkcs12Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a pkcs#12 file with one rsa key",
            Self::PasswordWrong => "the password does not open this client key; use the one that came with the file",
            Self::CipherUnknown => {
                "the client key is under a cipher that is not supported; write it again with \
                 pbeWithSHA1And3-KeyTripleDES-CBC and a SHA-1 tag"
            }
        })
    }
}

impl std::error::Error for Pkcs12Rejected {}
