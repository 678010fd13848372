//! PKCS#12 (RFC 7292): an RSA key and its certificate, in the layout that every SDK's parser accepts.
//!
//! Rule: the files contain exactly two authenticated safes, first the certificate and then the key, both under
//! pbeWithSHAAnd3-KeyTripleDES-CBC, with an HMAC-SHA-1 tag: Go's `x/crypto/pkcs12` accepts nothing else
//! (instance-api 1.9). These algorithms are old, but the file must be guarded anyway, and the password is delivered
//! separately. AWS-LC provides them. Layout: docs/formats/client-key.md.

mod asn1;
mod pbe;
mod read;
mod write;

use std::fmt;

pub(crate) use read::open;
pub(crate) use write::seal;

/// Iterations of the key derivation, for both safes and the tag.
pub(crate) const ITERATIONS: u32 = 2048;

/// Why a PKCS#12 file did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkcs12Rejected {
    /// The bytes are not a PKCS#12 file with one RSA key, or its numbers are out of range.
    Malformed,
    /// The tag does not match: the password is wrong, or the file was changed.
    PasswordWrong,
    /// The file uses a cipher or digest that is not supported.
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
