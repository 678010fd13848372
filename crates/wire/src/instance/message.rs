//! The protobuf messages, proto3, field numbers as in instance-api 3 (dumped from the official descriptor).
//!
//! Each file contains the requests and responses of one subject. Empty means absent: these proto3 fields have no presence.
//! The API's PascalCase names are snake case in Rust. Fields that hold secrets print as `[secret]`; they are plain
//! vectors because prost requires it, and the holder of a message wipes them.

mod data_key;
mod data_key_pair;
mod encrypt;
mod hmac;
mod secret;
mod secret_fields;
mod sign;

pub use data_key::*;
pub use data_key_pair::*;
pub use encrypt::*;
pub use hmac::*;
pub use secret::*;
pub use secret_fields::WipeSecrets;
pub use sign::*;

/// The body of every answer with status 400 to 599.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct Error {
    /// Same as the HTTP status.
    #[prost(int32, tag = "1")]
    pub status_code: i32,
    /// The code that clients branch on.
    #[prost(string, tag = "2")]
    pub error_code: String,
    /// Some clients branch on this text too.
    #[prost(string, tag = "3")]
    pub error_message: String,
    /// Lower-case UUID.
    #[prost(string, tag = "4")]
    pub request_id: String,
}
