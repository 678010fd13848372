//! Listings in pages: which page is asked for, and the shape of its answer.

use super::error::RpcError;
use super::parameters::Parameters;

/// Most entries on a page (rpc-api 7.2).
pub(super) const PAGE_SIZE_MAX: u32 = 100;

/// A page of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u32,
    /// Entries on it.
    pub size: u32,
}

impl Page {
    /// Reads `PageNumber` and `PageSize`, which is `size` unless given.
    ///
    /// # Errors
    /// [`RpcError::InvalidParameter`]: there is no page 0, and no page without entries or with more than `size_max`.
    pub(super) fn read(parameters: &Parameters, size: u32, size_max: u32) -> Result<Self, RpcError> {
        let number = parameters.optional_integer("PageNumber")?.unwrap_or(1);
        let size = parameters.optional_integer("PageSize")?.unwrap_or(size);
        if number == 0 {
            return Err(RpcError::invalid("PageNumber"));
        }
        if !(1..=size_max).contains(&size) {
            return Err(RpcError::invalid("PageSize"));
        }
        Ok(Self { number, size })
    }
}

/// Declares a request for one page, with no parameter beside.
macro_rules! page_request {
    ($(#[$doc:meta])* $request:ident, $size:expr, $size_max:expr => $answer:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $request {
            /// The page asked for.
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

/// Declares the answer with one page: `{"<Outer>":{"<Inner>":[...]},"PageNumber":..,"PageSize":..,"TotalCount":..}`.
macro_rules! page_answer {
    ($(#[$doc:meta])* $answer:ident, $outer:ident: $outer_type:ident, $inner:ident: $entry:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $answer {
            /// Lower-case UUID.
            pub request_id: String,
            /// The list, wrapped.
            pub $outer: $outer_type,
            /// The page asked for, from 1.
            pub page_number: u32,
            /// The page size asked for.
            pub page_size: u32,
            /// All entries after filtering, over all pages.
            pub total_count: u64,
        }

        /// The list inside its wrapper.
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $outer_type {
            /// This page's entries; written also when empty.
            pub $inner: Vec<$entry>,
        }
    };
}
pub(super) use page_answer;
