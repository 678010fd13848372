//! Nonces of control plane requests: each may be used once while its date would still be accepted (openapi.md 3.4).

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use claviger_base::Timestamp;
use claviger_base::limits::DATE_SKEW_S_MAX;

/// A nonce must be remembered for the whole window, before and after the request's date.
const REMEMBERED_S: i64 = 2 * DATE_SKEW_S_MAX;
/// Longest nonce that is told apart, bytes; SDKs send 32 to 36.
const NONCE_BYTES_MAX: usize = 128;
/// Most nonces remembered: 30 minutes at over 500 requests a second. Beyond it the oldest is forgotten early.
const NONCES_MAX: usize = 1_000_000;

/// Remembers (access key, nonce) pairs.
#[derive(Default)]
pub struct NonceLedger {
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    seen: BTreeSet<Box<str>>,
    oldest_first: VecDeque<(Timestamp, Box<str>)>,
}

impl fmt::Debug for NonceLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceLedger").finish_non_exhaustive()
    }
}

impl NonceLedger {
    /// Uses the nonce up. `false`: it was used before, or is too long to be one.
    #[must_use]
    pub fn is_fresh_at(&self, access_key: &str, nonce: &str, real_now: Timestamp) -> bool {
        if nonce.len() > NONCE_BYTES_MAX {
            return false;
        }
        let entry: Box<str> = format!("{access_key}\n{nonce}").into();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.forget_before(real_now.plus_s(-REMEMBERED_S));
        if !used.seen.insert(entry.clone()) {
            return false;
        }
        used.oldest_first.push_back((real_now, entry));
        true
    }
}

impl Used {
    fn forget_before(&mut self, horizon: Timestamp) {
        while let Some((at, _)) = self.oldest_first.front() {
            if *at >= horizon && self.oldest_first.len() < NONCES_MAX {
                return;
            }
            if let Some((_, entry)) = self.oldest_first.pop_front() {
                self.seen.remove(&entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_used_once_per_access_key() {
        let ledger = NonceLedger::default();
        let now = Timestamp::from_unix_s(1_000_000);
        assert!(ledger.is_fresh_at("a", "n", now));
        assert!(!ledger.is_fresh_at("a", "n", now.plus_s(REMEMBERED_S)));
        assert!(ledger.is_fresh_at("b", "n", now));
        assert!(!ledger.is_fresh_at("a", &"x".repeat(NONCE_BYTES_MAX + 1), now));
    }

    #[test]
    fn it_is_forgotten_after_the_window() {
        let ledger = NonceLedger::default();
        let now = Timestamp::from_unix_s(1_000_000);
        assert!(ledger.is_fresh_at("a", "n", now));
        assert!(ledger.is_fresh_at("a", "n", now.plus_s(REMEMBERED_S + 1)));
        assert_eq!(ledger.used.lock().unwrap().oldest_first.len(), 1);
    }
}
