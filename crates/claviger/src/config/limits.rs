//! What each number of the configuration may be, in one place: a value outside is refused by name, with the range.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The numbers that a setting takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) name: &'static str,
    pub(super) min: i64,
    pub(super) max: i64,
}

/// Fewer connections than probes, SDKs and a command line take would look like an outage.
pub(super) const CONNECTIONS: Range = Range { name: "connections_max", min: 16, max: 1_000_000 };
/// What one address may take.
pub(super) const CONNECTIONS_PER_SOURCE: Range = Range { name: "connections_per_source", min: 1, max: 1_000_000 };
/// A record has up to 1,600 bytes and a segment at least some of them.
pub(super) const SEGMENT_BYTES: Range =
    Range { name: "audit_segment_bytes", min: 64 * 1024, max: 4 * 1024 * 1024 * 1024 };
pub(super) const PAIR_CONCURRENCY: Range = Range { name: "data_key_pair_concurrency", min: 1, max: 1_000_000 };
/// Ready pairs of a spec: 300 MB of RSA_4096.
pub(super) const STOCK_MAX: usize = 100_000;
/// The least share of a core that works on the stock: less would never fill it.
pub(super) const STOCK_CORES_MIN: f64 = 0.001;
/// How long a ready pair may lie.
pub(super) const STOCK_AGE: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(30 * 86_400);

impl Range {
    /// `value`, if it is one of them.
    pub(super) fn check<T: TryFrom<i64>>(&self, value: i64) -> Result<T, String> {
        let Self { name, min, max } = self;
        let refused = || format!("{name} must be a number from {min} to {max}, not {value}");
        let allowed = (*min..=*max).contains(&value).then_some(value);
        allowed.and_then(|value| T::try_from(value).ok()).ok_or_else(refused)
    }

    /// `value`, checked, or `default` where none was set.
    pub(super) fn or<T: TryFrom<i64>>(&self, value: Option<i64>, default: T) -> Result<T, String> {
        value.map_or(Ok(default), |value| self.check(value))
    }
}
