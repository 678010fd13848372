//! What the server counts, and its text for `/metrics` (OpenMetrics). Labels come from closed sets, never from a request.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use claviger_service::{Remarks, Service};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

mod arns;
mod pairs;

use arns::Arns;
use pairs::Pairs;

/// Upper bounds of the duration buckets, seconds: from a cached decrypt to a long RSA_4096 pair.
const DURATION_BUCKETS_S: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Which request ended how.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    plane: &'static str,
    operation: &'static str,
    code: &'static str,
}

/// Which operation took a time.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    plane: &'static str,
    operation: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram>,
    /// Connections open now.
    pub(crate) connections: Gauge,
    /// Connections refused because there were too many.
    pub(crate) connections_refused: Counter,
    /// Connections whose TLS handshake failed or took too long.
    pub(crate) handshakes_failed: Counter,
    /// Data key pair requests in flight now.
    pub(crate) pairs_in_flight: Gauge,
    /// Basic operations on keys that rotate: rotation has no effect on them.
    basic_on_rotating_keys: Counter,
    /// Encryptions under an initialization vector that the caller chose.
    caller_supplied_ivs: Counter,
    /// Key versions seen past half of the encryptions they may make, since the start.
    pub(crate) key_versions_past_half: Gauge,
    /// Keys that rotated by themselves.
    pub(crate) automatic_rotations: Counter,
    /// Keys destroyed after their pending window.
    pub(crate) keys_destroyed: Counter,
    /// Passes or steps of the scheduler that failed.
    pub(crate) scheduler_failures: Counter,
    /// Whether the audit log takes records: 1 or 0.
    pub(crate) audit_writable: Gauge,
    /// Seconds that `claviger dev` has moved business time ahead.
    pub(crate) clock_offset_seconds: Gauge<f64, AtomicU64>,
}

impl Metrics {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        let mut metrics = Self::without_pairs();
        let of_pairs = Arc::clone(&service);
        metrics.registry.register_collector(Box::new(Pairs(move || of_pairs.pair_figures())));
        metrics.registry.register_collector(Box::new(Arns(move || service.foreign_arns())));
        metrics
    }

    /// Without the figures of a service, for tests that have none.
    pub(crate) fn without_pairs() -> Self {
        let mut registry = Registry::with_prefix("claviger");
        let requests = Family::default();
        registry.register("requests", "Requests answered, by plane, operation and result code", requests.clone());
        let durations: Family<OperationLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS_S));
        registry.register("request_duration_seconds", "Time from the whole request to its answer", durations.clone());
        let mut metrics = Self {
            registry,
            requests,
            durations,
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            handshakes_failed: Counter::default(),
            pairs_in_flight: Gauge::default(),
            basic_on_rotating_keys: Counter::default(),
            caller_supplied_ivs: Counter::default(),
            key_versions_past_half: Gauge::default(),
            automatic_rotations: Counter::default(),
            keys_destroyed: Counter::default(),
            scheduler_failures: Counter::default(),
            audit_writable: Gauge::default(),
            clock_offset_seconds: Gauge::default(),
        };
        metrics.register_all();
        metrics
    }

    fn register_all(&mut self) {
        let registry = &mut self.registry;
        registry.register("connections", "Connections open now", self.connections.clone());
        registry.register("connections_refused", "Connections over the limit", self.connections_refused.clone());
        registry.register("handshakes_failed", "TLS handshakes that failed", self.handshakes_failed.clone());
        registry.register("pairs_in_flight", "Data key pair requests in flight", self.pairs_in_flight.clone());
        let help = "Basic operations on keys that rotate, on which rotation has no effect";
        registry.register("basic_operations_on_rotating_keys", help, self.basic_on_rotating_keys.clone());
        let help = "Encryptions under an initialization vector chosen by the caller";
        registry.register("caller_supplied_ivs", help, self.caller_supplied_ivs.clone());
        let help = "Key versions seen past half of the encryptions they may make, since the start";
        registry.register("key_versions_past_half", help, self.key_versions_past_half.clone());
        registry.register("automatic_rotations", "Keys that rotated by themselves", self.automatic_rotations.clone());
        registry.register("keys_destroyed", "Keys destroyed after their window", self.keys_destroyed.clone());
        registry.register("scheduler_failures", "Scheduler steps that failed", self.scheduler_failures.clone());
        registry.register("audit_writable", "Whether the audit log takes records", self.audit_writable.clone());
        let help = "How far business time was moved ahead";
        registry.register("clock_offset_seconds", help, self.clock_offset_seconds.clone());
    }

    /// Counts one answered request. All three words come from closed sets.
    pub(crate) fn count(&self, plane: &'static str, operation: &'static str, code: &'static str, took: Duration) {
        self.requests.get_or_create(&RequestLabels { plane, operation, code }).inc();
        self.durations.get_or_create(&OperationLabels { plane, operation }).observe(took.as_secs_f64());
    }

    /// Counts what was remarkable about a served use.
    pub(crate) fn count_remarks(&self, remarks: Remarks) {
        if remarks.is_basic_on_rotating_key {
            self.basic_on_rotating_keys.inc();
        }
        if remarks.is_caller_supplied_iv {
            self.caller_supplied_ivs.inc();
        }
    }

    /// The text for a scraper.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _infallible = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_show_in_the_text() {
        let metrics = Metrics::without_pairs();
        metrics.count("instance", "AdvanceDecrypt", "OK", Duration::from_millis(3));
        metrics.connections.inc();
        metrics.count_remarks(Remarks { is_basic_on_rotating_key: true, is_caller_supplied_iv: false });
        let text = metrics.text();
        assert!(
            text.contains(r#"claviger_requests_total{plane="instance",operation="AdvanceDecrypt",code="OK"} 1"#),
            "{text}"
        );
        assert!(text.contains("claviger_connections 1"), "{text}");
        assert!(text.contains("claviger_basic_operations_on_rotating_keys_total 1"), "{text}");
        assert!(text.contains("claviger_caller_supplied_ivs_total 0"), "{text}");
        assert!(
            text.contains(
                r#"claviger_request_duration_seconds_bucket{le="0.005",plane="instance",operation="AdvanceDecrypt"} 1"#
            ),
            "{text}"
        );
    }
}
