//! Safe types for AWS-LC's big numbers and modular arithmetic ([`number`]), RSA keys ([`key`]) and random generator
//! ([`random`]).
//!
//! This library makes every decision that accepts a prime or a key. The interface of `aws-lc-sys` is not stable;
//! `cargo xtask tidy` checks that the lock file has one version of it.

pub(crate) mod key;
pub(crate) mod number;
pub(crate) mod random;

/// A call into the library failed, for lack of memory or because of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LibraryFailed;

/// The library's functions return 1 for success.
fn succeeded(returned: std::ffi::c_int) -> Result<(), LibraryFailed> {
    if returned == 1 { Ok(()) } else { Err(LibraryFailed) }
}
