//! Counts how often the ARN of another account named a key of this instance. The count is read at each scrape.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

/// Reads the count from a function.
pub(super) struct ArnCollector<F>(pub(super) F);

impl<F> fmt::Debug for ArnCollector<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArnCollector")
    }
}

impl<F: Fn() -> u64 + Send + Sync + 'static> Collector for ArnCollector<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "ARNs of other accounts (arn_accounts) that named keys of this instance";
        let metric = encoder.encode_descriptor("foreign_arns", help, None, MetricType::Counter)?;
        ConstCounter::new((self.0)()).encode(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    #[test]
    fn the_count_is_encoded() {
        let mut registry = Registry::with_prefix("claviger");
        registry.register_collector(Box::new(ArnCollector(|| 7)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.lines().any(|line| line == "claviger_foreign_arns_total 7"), "{text}");
    }
}
