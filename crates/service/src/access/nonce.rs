//! Nonces of control plane requests: each may be used only once while the request's date is accepted (rpc-api 3.4).

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use claviger_base::Timestamp;
use claviger_base::limits::DATE_SKEW_S_MAX;
use claviger_crypto::digest::sha256;

/// A date is accepted up to `DATE_SKEW_S_MAX` before and after the current time, so a nonce is remembered for twice that time.
const REMEMBERED_S: i64 = 2 * DATE_SKEW_S_MAX;
/// The maximum number of remembered nonces: enough for 30 minutes of over 500 requests a second. Beyond it, the oldest is
/// forgotten early.
const NONCES_MAX: usize = 1_000_000;

/// The hash of an (access key, nonce) pair: a long nonce takes no more memory than a short one.
type PairHash = [u8; 32];

/// Remembers (access key, nonce) pairs.
#[derive(Default)]
pub struct NonceLedger {
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    seen: BTreeSet<PairHash>,
    oldest_first: VecDeque<(Timestamp, PairHash)>,
}

impl fmt::Debug for NonceLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceLedger").finish_non_exhaustive()
    }
}

impl NonceLedger {
    /// Marks the nonce as used; `false` if it was used before. The parser of the request limits its length.
    #[must_use]
    pub fn is_fresh_at(&self, access_key: &str, nonce: &str, real_now: Timestamp) -> bool {
        // An access key's id contains no newline, so the pair is unambiguous.
        let entry = sha256(format!("{access_key}\n{nonce}").as_bytes());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.forget_before(real_now.plus_s(-REMEMBERED_S));
        if !used.seen.insert(entry) {
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
    }

    /// A nonce has up to 256 characters (`wire::rpc::v3`). Earlier versions refused nonces of over 128 bytes as already used.
    #[test]
    fn a_long_nonce_is_used_once_too() {
        let ledger = NonceLedger::default();
        let now = Timestamp::from_unix_s(1_000_000);
        for nonce in ["x".repeat(129), "x".repeat(256), "\u{10348}".repeat(256)] {
            assert!(ledger.is_fresh_at("a", &nonce, now));
            assert!(!ledger.is_fresh_at("a", &nonce, now));
        }
        let last_differs = format!("{}y", "x".repeat(255));
        assert!(ledger.is_fresh_at("a", &last_differs, now));
    }

    #[test]
    fn a_nonce_is_forgotten_after_the_window() {
        let ledger = NonceLedger::default();
        let now = Timestamp::from_unix_s(1_000_000);
        assert!(ledger.is_fresh_at("a", "n", now));
        assert!(ledger.is_fresh_at("a", "n", now.plus_s(REMEMBERED_S + 1)));
        assert_eq!(ledger.used.lock().unwrap().oldest_first.len(), 1);
    }
}
