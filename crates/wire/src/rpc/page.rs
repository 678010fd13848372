//! Paging of listings: the paging parameters and the form of the answer.

use super::error::RpcError;
use super::parameters::Parameters;

/// Largest page size (rpc-api 7.2).
pub(super) const PAGE_SIZE_MAX: u32 = 100;

/// The requested page of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Starts at 1.
    pub number: u32,
    /// The number of entries.
    pub size: u32,
}

impl Page {
    /// Reads `PageNumber`, by default 1, and `PageSize`, by default `size_default`.
    ///
    /// # Errors
    /// [`RpcError::InvalidParameter`] for page 0, and for a size of 0 or more than `size_max`.
    pub(super) fn read(parameters: &Parameters, size_default: u32, size_max: u32) -> Result<Self, RpcError> {
        let number = parameters.optional_integer("PageNumber")?.unwrap_or(1);
        let size = parameters.optional_integer("PageSize")?.unwrap_or(size_default);
        if number == 0 {
            return Err(RpcError::invalid("PageNumber"));
        }
        if !(1..=size_max).contains(&size) {
            return Err(RpcError::invalid("PageSize"));
        }
        Ok(Self { number, size })
    }
}

/// Declares a request whose only parameters are the paging parameters.
macro_rules! page_request {
    ($(#[$doc:meta])* $request:ident, $size:expr, $size_max:expr => $answer:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $request {
            /// The requested page.
            pub page: $crate::rpc::page::Page,
        }

        impl $crate::rpc::request::Request for $request {
            type Answer = $answer;

            const PARAMETERS: &'static [$crate::rpc::request::Documented] =
                &[$crate::rpc::request::PAGE_NUMBER, $crate::rpc::request::PAGE_SIZE];

            fn read(parameters: &$crate::rpc::parameters::Parameters) -> Result<Self, $crate::rpc::error::RpcError> {
                Ok(Self { page: $crate::rpc::page::Page::read(parameters, $size, $size_max)? })
            }
        }
    };
}
pub(super) use page_request;

/// Declares the answer of a listing: `{"<Outer>":{"<Inner>":[...]},"PageNumber":..,"PageSize":..,"TotalCount":..}`.
macro_rules! page_answer {
    ($(#[$doc:meta])* $answer:ident, $outer:ident: $outer_type:ident, $inner:ident: $entry:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $answer {
            /// Lower-case UUID.
            pub request_id: String,
            /// The wrapped list.
            pub $outer: $outer_type,
            /// The requested page, from 1.
            pub page_number: u32,
            /// The requested page size.
            pub page_size: u32,
            /// The number of entries on all pages, after filtering.
            pub total_count: u64,
        }

        /// The list inside its wrapper.
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $outer_type {
            /// The entries of the page; encoded even when empty.
            pub $inner: Vec<$entry>,
        }
    };
}
pub(super) use page_answer;
