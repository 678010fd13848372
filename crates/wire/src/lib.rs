//! The messages of both protocols: Instance API messages and headers (`instance`), the control plane's parameters and JSON
//! answers (`rpc`), ciphertext blob layouts (`blob`), strings to sign, text forms of signatures, error codes.
//!
//! Client and server use the same functions.
//!
//! ```
//! use claviger_wire::instance::message::EncryptRequest;
//! use claviger_wire::instance::Operation;
//! use prost::Message;
//!
//! let request = EncryptRequest { key_id: "alias/main".into(), plaintext: b"hello".to_vec(), ..EncryptRequest::default() };
//! let body = request.encode_to_vec();
//! assert_eq!(EncryptRequest::decode(body.as_slice())?, request);
//! assert_eq!(Operation::parse("Encrypt"), Some(Operation::Encrypt));
//! # Ok::<(), prost::DecodeError>(())
//! ```
//!
//! Out of scope: sockets, an HTTP library, a crypto library (hashes and signatures are passed in),
//! and decisions about keys (`model`, `service`).

pub mod blob;
pub mod headers;
pub mod instance;
pub mod rpc;
