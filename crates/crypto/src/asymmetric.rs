//! Asymmetric keys of every spec behind one type: the key of a key version, parsed once and used many times.
//!
//! Rule: the algorithms of a spec, and its default, are defined in one place (`spec`). An algorithm of another spec
//! fails like any other error. Source: instance-api 5.5, 5.6 and 8.

mod private_key;
mod public_key;
mod spec;

pub use private_key::PrivateKey;
pub use public_key::PublicKey;
pub use spec::{EncryptionAlgorithm, KeySpec, SignatureAlgorithm};
