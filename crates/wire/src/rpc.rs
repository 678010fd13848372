//! The RPC plane, OpenAPI version 2016-01-20 (docs/spec/rpc-api.md): parameters in, JSON out, signature scheme V3.
//!
//! The rule it keeps: before the caller is known only its headers and [`Query`] are looked at; afterwards everything looks
//! at the merged [`Parameters`] alone.

pub mod action;
pub mod answer;
pub mod documented;
pub mod error;
pub mod form;
pub mod header;
pub mod parameter;
pub mod parameters;
pub mod query;
pub mod v3;

pub use action::{Action, Scheme};
pub use error::RpcError;
pub use parameters::Parameters;
pub use query::Query;
