//! How much memory callers may take whom nobody has verified yet.
//!
//! The rule it keeps: every head and body that is held for such a caller is charged to one budget of bytes, by what it
//! takes in memory rather than by what was sent, from the moment it arrives until it is verified, refused or let go.

use std::sync::Arc;

use hyper::Request;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All that is held for unverified callers at once.
const BYTES_IN_ALL_MAX: usize = 64 * 1024 * 1024;
/// Most headers of a request. HTTP/1.1's library has the same limit.
pub(crate) const HEADERS_MAX: usize = 100;
/// Most bytes of a request's head, names, values and target.
pub(crate) const HEAD_BYTES_MAX: usize = 64 * 1024;
/// What one header takes beside its bytes: its entry in the map of headers, twice while that grows.
const HEADER_OVERHEAD: usize = 256;
/// What a request takes whatever is in it.
const REQUEST_OVERHEAD: usize = 4 * 1024;

/// Why a head is not even looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// More headers or bytes than any client sends.
    TooLarge,
    /// Other unverified callers take all the memory there is for them.
    NoRoom,
}

/// A part of the budget; given back on drop.
#[derive(Debug)]
pub(crate) struct Charge {
    bytes: OwnedSemaphorePermit,
}

/// The budget.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self::of(BYTES_IN_ALL_MAX)
    }
}

impl Budget {
    pub(crate) fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Takes `bytes`; `None`: there are not so many left.
    pub(crate) fn charge(&self, bytes: usize) -> Option<Charge> {
        let bytes = Arc::clone(&self.0).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()?;
        Some(Charge { bytes })
    }

    /// Adds to what was taken; `false`: there are not so many left.
    pub(crate) fn add(&self, charge: &mut Option<Charge>, bytes: usize) -> bool {
        match (self.charge(bytes), charge.as_mut()) {
            (None, _) => false,
            (Some(more), Some(charge)) => {
                charge.bytes.merge(more.bytes);
                true
            }
            (Some(more), None) => {
                *charge = Some(more);
                true
            }
        }
    }

    /// Charges the head of `request`, if it is not too large.
    pub(crate) fn charge_head<B>(&self, request: &Request<B>) -> Result<Charge, HeadError> {
        let headers = request.headers();
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        let lengths = headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let bytes = lengths.fold(target, usize::saturating_add);
        if headers.len() > HEADERS_MAX || bytes > HEAD_BYTES_MAX {
            return Err(HeadError::TooLarge);
        }
        self.charge(bytes + headers.len() * HEADER_OVERHEAD + REQUEST_OVERHEAD).ok_or(HeadError::NoRoom)
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.0.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: usize, value: &str) -> Request<()> {
        let mut request = Request::get("/?a=b");
        for number in 0..headers {
            request = request.header(format!("h{number}"), value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn heads_have_a_count_and_a_size() {
        let budget = Budget::default();
        assert!(budget.charge_head(&request(HEADERS_MAX, "v")).is_ok());
        assert_eq!(budget.charge_head(&request(HEADERS_MAX + 1, "v")).unwrap_err(), HeadError::TooLarge);
        assert!(budget.charge_head(&request(1, &"v".repeat(HEAD_BYTES_MAX - 100))).is_ok());
        assert_eq!(budget.charge_head(&request(1, &"v".repeat(HEAD_BYTES_MAX))).unwrap_err(), HeadError::TooLarge);
        assert_eq!(budget.left(), BYTES_IN_ALL_MAX);
    }

    #[test]
    fn what_is_held_has_one_bound_and_comes_back() {
        let budget = Budget::of(100_000);
        let held: Vec<_> = std::iter::from_fn(|| budget.charge_head(&request(90, "v")).ok()).collect();
        assert_eq!(held.len(), 3, "a small head of ninety headers takes far more than was sent");
        assert_eq!(budget.charge_head(&request(90, "v")).unwrap_err(), HeadError::NoRoom);
        drop(held);
        let mut charge = None;
        assert!(budget.add(&mut charge, 60_000) && budget.add(&mut charge, 40_000) && !budget.add(&mut charge, 1));
        drop(charge);
        assert_eq!(budget.left(), 100_000);
    }
}
