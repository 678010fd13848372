//! Asymmetric keys of every spec behind one type: what a key version holds, prepared once and used many times.
//!
//! Rule: which algorithms a spec has, and which is its default, stands in one place (`spec`); an algorithm of another
//! spec fails like any other mistake. Source: instance-api 5.5, 5.6 and 8.

mod private_key;
mod public_key;
mod spec;

pub use private_key::PrivateKey;
pub use public_key::PublicKey;
pub use spec::{EncryptionAlgorithm, KeySpec, SignatureAlgorithm};
