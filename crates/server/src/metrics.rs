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
    /// Connections closed because a new one needed the place; none had carried a verified request.
    pub(crate) connections_evicted: Counter,
    /// Connections closed because they held most of the memory for unverified callers.
    pub(crate) unverified_evicted: Counter,
    /// Requests, or pieces of them, for which that memory had no room.
    pub(crate) unverified_refused: Counter,
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
    /// Records that were met and do not open.
    pub(crate) unreadable_records: Gauge,
    /// Whether the audit log takes records: 1 or 0.
    pub(crate) audit_writable: Gauge,
    pub(crate) audit_space_low: Gauge,
    /// Whether destruction waits because the clock is not believed: 1 or 0.
    pub(crate) destruction_held: Gauge,
    /// Keys that wait.
    pub(crate) keys_held: Gauge,
    /// Days until the first client key ends.
    pub(crate) client_key_ends_days: Gauge<f64, AtomicU64>,
    /// Client keys that end within 30 days.
    pub(crate) client_keys_ending: Gauge,
    /// Days until the server's certificate ends.
    pub(crate) server_certificate_ends_days: Gauge<f64, AtomicU64>,
    /// Days until the certificate authority ends.
    pub(crate) ca_certificate_ends_days: Gauge<f64, AtomicU64>,
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
            connections_evicted: Counter::default(),
            unverified_evicted: Counter::default(),
            unverified_refused: Counter::default(),
            handshakes_failed: Counter::default(),
            pairs_in_flight: Gauge::default(),
            basic_on_rotating_keys: Counter::default(),
            caller_supplied_ivs: Counter::default(),
            key_versions_past_half: Gauge::default(),
            automatic_rotations: Counter::default(),
            keys_destroyed: Counter::default(),
            scheduler_failures: Counter::default(),
            unreadable_records: Gauge::default(),
            audit_writable: Gauge::default(),
            audit_space_low: Gauge::default(),
            destruction_held: Gauge::default(),
            keys_held: Gauge::default(),
            client_key_ends_days: Gauge::default(),
            client_keys_ending: Gauge::default(),
            server_certificate_ends_days: Gauge::default(),
            ca_certificate_ends_days: Gauge::default(),
            clock_offset_seconds: Gauge::default(),
        };
        metrics.register_all();
        metrics.register_ends();
        metrics
    }

    fn register_all(&mut self) {
        let registry = &mut self.registry;
        registry.register("connections", "Connections open now", self.connections.clone());
        registry.register("connections_refused", "Connections over the limit", self.connections_refused.clone());
        let help = "Connections without a verified request closed for new ones";
        registry.register("connections_evicted", help, self.connections_evicted.clone());
        let help = "Connections closed because they held most of the memory for unverified callers";
        registry.register("unverified_evicted", help, self.unverified_evicted.clone());
        let help = "Requests for which the memory for unverified callers had no room";
        registry.register("unverified_refused", help, self.unverified_refused.clone());
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
        let help = "Records that do not open, as far as they were met";
        registry.register("unreadable_records", help, self.unreadable_records.clone());
        registry.register("audit_writable", "Whether the audit log takes records", self.audit_writable.clone());
        let help = "1 if space for the next audit file could not be set aside, else 0";
        registry.register("audit_space_low", help, self.audit_space_low.clone());
        let help = "Whether destruction of keys waits because the clock is not believed";
        registry.register("destruction_held", help, self.destruction_held.clone());
        registry.register("keys_held", "Keys due for destruction by the clock that wait", self.keys_held.clone());
        let help = "How far business time was moved ahead";
        registry.register("clock_offset_seconds", help, self.clock_offset_seconds.clone());
    }

    fn register_ends(&mut self) {
        let registry = &mut self.registry;
        let help = "Days until the first client key ends, looked at once an hour";
        registry.register("client_key_ends_days", help, self.client_key_ends_days.clone());
        let help = "Client keys that end within 30 days, looked at once an hour";
        registry.register("client_keys_ending_within_30_days", help, self.client_keys_ending.clone());
        let help = "Days until the server certificate ends; a restart makes a new one";
        registry.register("server_certificate_ends_days", help, self.server_certificate_ends_days.clone());
        let help = "Days until the certificate authority ends";
        registry.register("ca_certificate_ends_days", help, self.ca_certificate_ends_days.clone());
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
