//! The only door to the crypto library: sealing, signatures, digests, derivation, and the encodings of keys.
//!
//! Behind it stands AWS-LC (`aws-lc-rs`). Every function here takes and returns plain bytes or types of this room, so
//! that replacing the library changes this room alone. Cryptography fails without detail.
//!
//! What may never live here: keys that outlive a call's owner (`vault` keeps them), rules about who may use which key
//! (`model`, `service`), layouts of ciphertext blobs (`wire`), files, sockets, `unsafe`.

pub mod aead;
mod certificate;
pub mod client_key;
pub mod digest;
pub mod ec;
pub mod ed25519;
pub mod error;
pub mod kdf;
pub mod mac;
pub mod pem;
mod pkcs12;
pub mod rsa;
pub mod tls;

pub use aead::Aes256GcmKey;
pub use error::{
    GenerateFailed, KeyLengthWrong, KeyRejected, OpenFailed, PemRejected, SealFailed, SignFailed, VerifyFailed,
};
