//! How often the ARN of another account was taken for a key of this instance, read when it is asked for.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

/// Gives the count.
pub(super) struct Arns<F>(pub(super) F);

impl<F> fmt::Debug for Arns<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arns")
    }
}

impl<F: Fn() -> u64 + Send + Sync + 'static> Collector for Arns<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "ARNs of other accounts (arn_accounts) taken for keys of this instance";
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
    fn the_count_has_its_line() {
        let mut registry = Registry::with_prefix("claviger");
        registry.register_collector(Box::new(Arns(|| 7)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.lines().any(|line| line == "claviger_foreign_arns_total 7"), "{text}");
    }
}
