//! The only door to the crypto library: sealing, signatures, digests, derivation, and the encodings of keys.
//!
//! Behind it stands AWS-LC (`aws-lc-rs`), and RustCrypto for what AWS-LC has not: secp256k1, SM2, SM3, SM4. Every function here takes and returns plain bytes or types of this room, so
//! that replacing the library changes this room alone. Cryptography fails without detail.
//!
//! What may never live here: keys that outlive a call's owner (`vault` keeps them), rules about who may use which key
//! (`model`, `service`), layouts of ciphertext blobs (`wire`), files, sockets, `unsafe`.

pub mod aead;
pub mod asymmetric;
mod certificate;
pub mod client_key;
pub mod digest;
pub mod ec;
pub mod ecies;
pub mod ed25519;
pub mod error;
pub mod kdf;
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
