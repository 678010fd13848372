//! Cryptography for Claviger: encryption, signatures, digests, and the encodings of keys.
//!
//! The primitives come from AWS-LC (`aws-lc-rs`), and from RustCrypto where AWS-LC has none: secp256k1, SM2, SM3, SM4.
//! All functions take and return plain bytes or types of this crate, so that a library can be replaced here alone. Two
//! other crates use AWS-LC directly: key generation for its big-number arithmetic, and the TLS sockets of server and
//! client. Cryptography fails without detail.
//!
//! Out of scope: stored keys (`vault`), rules about who may use which key (`model`, `service`), layouts of
//! ciphertext blobs (`wire`), files, sockets, `unsafe`.

pub mod aead;
pub mod asymmetric;
mod certificate;
pub mod client_key;
pub mod digest;
pub mod ec;
pub mod ecies;
pub mod ed25519;
pub mod error;
pub mod mac;
pub mod message;
pub mod pem;
mod pkcs12;
pub mod rsa;
pub mod secp256k1;
pub mod sm2;
pub mod sm3;
pub mod tls;
mod x963;

pub use aead::{AeadKey, Aes256GcmKey};
pub use error::{
    GenerateFailed, KeyLengthWrong, KeyRejected, OpenFailed, PemRejected, SealFailed, SignFailed, VerifyFailed,
};
pub use message::Message;
