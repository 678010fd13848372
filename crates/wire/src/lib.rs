//! The letters: Instance API messages and headers (`instance`), RPC parameters and JSON answers (`rpc`),
//! ciphertext blob layouts (`blob`), strings to sign, text forms of signatures, error codes.
//!
//! Both sides use the same functions: the server reads what the client writes, and the reverse.
//!
//! What may never live here: sockets, an HTTP library, a crypto library (hashes and signatures are passed in),
//! and decisions about keys (`model`, `service`).

pub mod blob;
pub mod headers;
pub mod instance;
pub mod rpc;
