//! The control plane, OpenAPI version 2016-01-20 (docs/spec/rpc-api.md): parameters in, JSON out, signature scheme V3.
//!
//! `action` lists the actions. The request and the answer of each are in the file of their resource:
//! `keys`, `aliases`, `versions`, `client_keys`, `access_points`, `policies`, `network_rules`, `access_keys`.
//!
//! Until the caller is authenticated, the code reads only headers and [`Query`]; afterwards it reads only the merged
//! [`Parameters`].

pub mod access_keys;
pub mod access_points;
pub mod action;
pub mod aliases;
pub mod client_keys;
pub mod error;
pub mod form;
pub mod header;
pub mod json;
pub mod key_filters;
pub mod keys;
pub mod network_rules;
pub mod page;
pub mod parameters;
pub mod policies;
pub mod query;
pub mod request;
pub mod scheme;
pub mod v3;
pub mod versions;

pub use action::Action;
pub use error::RpcError;
pub use parameters::Parameters;
pub use query::Query;
pub use request::{Documented, Request};
pub use scheme::Scheme;
