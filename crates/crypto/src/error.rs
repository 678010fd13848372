//! What this room answers when it will not do something.
//!
//! Rule: cryptography fails without detail. Which byte was wrong is for nobody to know, so each error is one word.

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
    /// The key material does not have the one length its algorithm takes.
    KeyLengthWrong: "key material has the wrong length";
    /// Nothing was sealed: no random bytes, an algorithm of another key, or more plaintext than it takes (GCM: 2^36 - 32
    /// bytes).
    SealFailed: "sealing failed";
    /// The sealed bytes, the key, the initialization vector and the associated data do not belong together.
    OpenFailed: "opening failed";
    /// The signature or tag is not one over this message by this key.
    VerifyFailed: "verification failed";
    /// The bytes are not a key of the expected kind, size and encoding.
    KeyRejected: "key rejected";
    /// The crypto library made no key.
    GenerateFailed: "key generation failed";
    /// The crypto library made no signature.
    SignFailed: "signing failed";
    /// The text is not one PEM block with the expected label.
    PemRejected: "not a PEM block of the expected kind";
}
