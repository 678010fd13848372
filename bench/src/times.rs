//! Measured times and their percentiles.

use std::time::Duration;

use serde_json::{Value, json};

/// Times of one kind of call.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time, in milliseconds, that this share of the calls did not exceed.
    pub(crate) fn percentile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() as f64 * share) as usize;
        sorted.get(place.min(sorted.len().saturating_sub(1))).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    }

    /// p50, p99, p99.9 in milliseconds.
    pub(crate) fn percentiles_ms(&self) -> [f64; 3] {
        [0.5, 0.99, 0.999].map(|share| self.percentile_ms(share))
    }

    pub(crate) fn to_json(&self) -> Value {
        let [p50, p99, p999] = self.percentiles_ms();
        json!({"Calls": self.count(), "P50Ms": p50, "P99Ms": p99, "P999Ms": p999})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let mut times = Times::default();
        (1..=1000).rev().for_each(|ms| times.add(Duration::from_millis(ms)));
        assert_eq!(times.percentiles_ms(), [501.0, 991.0, 1000.0]);
        assert_eq!(Times::default().percentiles_ms(), [0.0, 0.0, 0.0]);
    }
}
