//! A Rust client for both planes: the command line, the benchmarks and the tests use it, and so may anyone else.
//!
//! It speaks the same wire protocol as the official SDKs and has no back door. What may never live here: the server's
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
pub use probe::{Probed, advance_clock, probe};
pub use rpc::RpcClient;
