//! The Instance API, `dkms-gcs-0.2`: `POST /` with a protobuf body and `x-kms-*` headers (docs/spec/instance-api.md).

pub mod date;
pub mod error;
pub mod header;
pub mod message;
pub mod operation;
pub mod request;
pub mod string_to_sign;

pub use error::ApiError;
pub use operation::Operation;
