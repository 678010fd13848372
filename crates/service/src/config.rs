//! What an operator configures.

use std::num::NonZeroUsize;

use crate::admission::PairConcurrency;
use crate::iv_ledger::IvLimits;
use crate::key_ref::ArnAccounts;

/// The settings of a [`crate::Service`].
#[derive(Debug, Clone)]
pub struct Config {
    /// How many data key pair requests may be in flight at once.
    pub pair_concurrency: PairConcurrency,
    /// How many entries each cache holds: keys, aliases, unsealed versions, client keys, access keys, access points.
    pub cache_entries: NonZeroUsize,
    /// What the operator denies although the API allows it.
    pub use_policy: UsePolicy,
    /// How often one key version may seal.
    pub iv_limits: IvLimits,
    /// Other accounts whose ARNs name keys here, in addition to this instance's own account.
    pub arn_accounts: ArnAccounts,
}

/// Hazardous requests that the API allows and that an operator may deny. None is denied by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsePolicy {
    /// Deny `Encrypt`, `GenerateDataKey` and the basic pair operations on a key that rotates: they always use its first
    /// version, so rotation has no effect on them.
    pub deny_basic_operations_on_rotating_keys: bool,
    /// Deny an `Iv` in `Encrypt` and `AdvanceEncrypt`: a repeated one breaks GCM for everything under the key.
    pub deny_caller_supplied_iv: bool,
}

impl Default for Config {
    fn default() -> Self {
        let cache_entries = NonZeroUsize::new(10_000).unwrap_or(NonZeroUsize::MIN);
        Self {
            pair_concurrency: PairConcurrency::AtMost(1),
            cache_entries,
            use_policy: UsePolicy::default(),
            iv_limits: IvLimits::default(),
            arn_accounts: ArnAccounts::default(),
        }
    }
}
