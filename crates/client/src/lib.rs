//! A Rust client for both planes, for the command line, the benchmarks, the tests and any other program.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use claviger_client::{AccessKey, ClientKey, Endpoint, InstanceClient, RpcClient};
//! use claviger_wire::instance::Operation;
//! use claviger_wire::instance::message::{AdvanceEncryptRequest, AdvanceEncryptResponse};
//! use claviger_wire::rpc::Action;
//! use claviger_wire::rpc::keys::KeyAnswer;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = Path::new("claviger-data");
//! let endpoint = Endpoint::new("https://127.0.0.1:8443", &std::fs::read(dir.join("ca.pem"))?)?;
//!
//! let control_plane = RpcClient::new(endpoint.clone(), AccessKey::read(&dir.join("access-key.json"))?);
//! let key: KeyAnswer = control_plane.call(Action::DescribeKey, &[("KeyId", "alias/dev".to_owned())]).await?;
//!
//! let client_key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt"))?;
//! let instance = InstanceClient::new(endpoint, client_key);
//! let request = AdvanceEncryptRequest {
//!     key_id: key.key_metadata.key_id,
//!     plaintext: b"hello".to_vec(),
//!     ..AdvanceEncryptRequest::default()
//! };
//! let answer = instance.call::<AdvanceEncryptResponse>(Operation::AdvanceEncrypt, &request, None).await?;
//! println!("{} bytes", answer.message.ciphertext_blob.len());
//! # Ok(())
//! # }
//! ```
//!
//! It speaks the same wire protocol as the official SDKs and uses no private API. Does not belong here: the server's
//! rules, its store, its keys.

mod credentials;
mod error;
mod https;
mod instance;
mod probe;
mod rpc;

pub use credentials::{AccessKey, ClientKey};
pub use error::ClientError;
pub use https::{Endpoint, HttpVersion};
pub use instance::{Answer, InstanceClient, SignedRequest};
pub use probe::{ProbeResponse, advance_clock, probe};
pub use rpc::RpcClient;
