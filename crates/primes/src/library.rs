//! AWS-LC's big numbers and RSA keys behind types that own, wipe and check: numbers and modular arithmetic in
//! [`number`], keys in [`key`].
//!
//! Rule kept: every decision that accepts a prime or a key is made by this library. `aws-lc-sys` is pinned to one
//! exact version, since its interface is not promised to stay.

pub(crate) mod key;
pub(crate) mod number;
pub(crate) mod random;

/// The library refused, out of memory or because of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LibraryFailed;

/// The library's functions answer 1 for success.
fn succeeded(answer: std::ffi::c_int) -> Result<(), LibraryFailed> {
    if answer == 1 { Ok(()) } else { Err(LibraryFailed) }
}
