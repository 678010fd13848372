//! The errors of this crate.
//!
//! Rule: cryptography fails without detail, so that errors reveal nothing about secrets. Each error is a single value.

use std::fmt;

macro_rules! opaque_errors {
    ($($(#[$doc:meta])* $name:ident: $text:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($text)
            }
        }

        impl std::error::Error for $name {}
    )+};
}

opaque_errors! {
    /// The key material does not have the length that its algorithm requires.
    KeyLengthWrong: "key material has the wrong length";
    /// Encryption failed: no random bytes, an algorithm of another key, or a plaintext that is too long (GCM: more than
    /// 2^36 - 32 bytes).
    SealFailed: "sealing failed";
    /// The ciphertext, the key, the initialization vector and the associated data do not match.
    OpenFailed: "opening failed";
    /// It is not a signature or tag over this message by this key.
    VerifyFailed: "verification failed";
    /// The bytes are not a key of the expected kind, size and encoding.
    KeyRejected: "key rejected";
    /// The crypto library generated no key.
    GenerateFailed: "key generation failed";
    /// The crypto library created no signature.
    SignFailed: "signing failed";
    /// The text is not a single PEM block with the expected label.
    PemRejected: "not a PEM block of the expected kind";
}
