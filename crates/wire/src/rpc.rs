//! The control plane, OpenAPI version 2016-01-20 (docs/spec/rpc-api.md): parameters in, JSON out, signature scheme V3.
//!
//! `action` lists the actions. The request and the answer of each stand side by side in the file of their resource:
//! `keys`, `aliases`, `versions`, `client_keys`, `access_points`, `policies`, `network_rules`, `access_keys`.
//!
//! The rule it keeps: before the caller is known, only its headers and its [`Query`] are looked at; afterwards everything
//! looks at the merged [`Parameters`] alone.

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
