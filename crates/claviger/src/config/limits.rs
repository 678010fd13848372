//! The range of every number in the configuration, in one place. A value outside is refused with the setting's name and
//! range.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The values that a setting takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) name: &'static str,
    pub(super) min: i64,
    pub(super) max: i64,
}

/// With fewer connections than probes, SDKs and a command line need, the server would appear to be down.
pub(super) const CONNECTIONS: Range = Range { name: "connections_max", min: 16, max: 1_000_000 };
/// Connections of one address.
pub(super) const CONNECTIONS_PER_SOURCE: Range = Range { name: "connections_per_source", min: 1, max: 1_000_000 };
/// A record has up to 1,600 bytes, and a segment must hold at least several.
pub(super) const SEGMENT_BYTES: Range =
    Range { name: "audit_segment_bytes", min: 64 * 1024, max: 4 * 1024 * 1024 * 1024 };
pub(super) const PAIR_CONCURRENCY: Range = Range { name: "data_key_pair_concurrency", min: 1, max: 1_000_000 };
/// Most pairs in stock per spec; for RSA_4096, they take 300 MB.
pub(super) const STOCK_MAX: usize = 100_000;
/// Smallest share of a core for filling the stock: with less it would never be full.
pub(super) const STOCK_CORES_MIN: f64 = 0.001;
/// How long a pair may stay in stock.
pub(super) const STOCK_AGE: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(30 * 86_400);

impl Range {
    /// `value` if it is in the range.
    pub(super) fn check<T: TryFrom<i64>>(&self, value: i64) -> Result<T, String> {
        let Self { name, min, max } = self;
        let refused = || format!("{name} must be a number from {min} to {max}, not {value}");
        let allowed = (*min..=*max).contains(&value).then_some(value);
        allowed.and_then(|value| T::try_from(value).ok()).ok_or_else(refused)
    }

    /// `value` after a check, or `default` if none was set.
    pub(super) fn check_or<T: TryFrom<i64>>(&self, value: Option<i64>, default: T) -> Result<T, String> {
        value.map_or(Ok(default), |value| self.check(value))
    }
}
