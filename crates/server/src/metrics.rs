//! The metrics of the server, and their text for `/metrics` (OpenMetrics). Label values come from fixed sets, never from a
//! request.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use claviger_service::{Service, UsageWarnings};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

mod arns;
mod pairs;

use arns::ArnCollector;
use pairs::PairCollector;

/// Upper bounds of the duration buckets in seconds: from a decryption with a cached key to a slow RSA_4096 pair.
const DURATION_BUCKETS_S: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    plane: &'static str,
    operation: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    plane: &'static str,
    operation: &'static str,
}

/// The metrics.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram>,
    /// Open connections.
    pub(crate) connections: Gauge,
    /// Connections refused at the connection limit.
    pub(crate) connections_refused: Counter,
    /// Unverified connections closed at the connection limit in favour of new ones.
    pub(crate) connections_evicted: Counter,
    /// Connections closed because they held most of an exhausted memory budget.
    pub(crate) unverified_evicted: Counter,
    /// Requests, or parts of them, refused because a memory budget was exhausted.
    pub(crate) unverified_refused: Counter,
    /// TLS handshakes that failed or timed out.
    pub(crate) handshakes_failed: Counter,
    /// Data key pair requests in flight.
    pub(crate) pairs_in_flight: Gauge,
    /// Basic operations on keys that rotate. Rotation has no effect on them.
    basic_on_rotating_keys: Counter,
    /// Encryptions with an initialization vector chosen by the caller.
    caller_supplied_ivs: Counter,
    /// Key versions, of those used since the start, that have used more than half of their encryptions.
    pub(crate) key_versions_past_half: Gauge,
    /// Keys rotated automatically.
    pub(crate) automatic_rotations: Counter,
    /// Keys destroyed after their pending window.
    pub(crate) keys_destroyed: Counter,
    /// Failed passes and steps of the scheduler.
    pub(crate) scheduler_failures: Counter,
    /// Unreadable records found so far.
    pub(crate) unreadable_records: Gauge,
    /// Whether the audit log can be written: 1 or 0.
    pub(crate) audit_writable: Gauge,
    pub(crate) audit_space_low: Gauge,
    /// Whether the destruction of keys is suspended because of the clock: 1 or 0.
    pub(crate) destruction_held: Gauge,
    /// Keys whose destruction is suspended.
    pub(crate) keys_held: Gauge,
    /// Days until the first client key expires.
    pub(crate) client_key_ends_days: Gauge<f64, AtomicU64>,
    /// Client keys that expire within 30 days.
    pub(crate) client_keys_ending: Gauge,
    /// Days until the server certificate expires.
    pub(crate) server_certificate_ends_days: Gauge<f64, AtomicU64>,
    /// Days until the certificate of the authority expires.
    pub(crate) ca_certificate_ends_days: Gauge<f64, AtomicU64>,
    /// Offset of business time in `claviger dev`, in seconds.
    pub(crate) clock_offset_seconds: Gauge<f64, AtomicU64>,
}

impl Metrics {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        let mut metrics = Self::without_service();
        let pairs = Arc::clone(&service);
        metrics.registry.register_collector(Box::new(PairCollector(move || pairs.pair_figures())));
        metrics.registry.register_collector(Box::new(ArnCollector(move || service.foreign_arns())));
        metrics
    }

    /// Without the metrics that are read from a service.
    pub(crate) fn without_service() -> Self {
        let mut registry = Registry::with_prefix("claviger");
        let requests = Family::default();
        registry.register("requests", "Requests answered, by plane, operation and result code", requests.clone());
        let durations: Family<OperationLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS_S));
        registry.register(
            "request_duration_seconds",
            "Time from the complete request to its answer",
            durations.clone(),
        );
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
        metrics.register_expiry();
        metrics
    }

    fn register_all(&mut self) {
        let registry = &mut self.registry;
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("connections_refused", "Connections refused at the limit", self.connections_refused.clone());
        let help = "Unverified connections closed at the limit in favour of new ones";
        registry.register("connections_evicted", help, self.connections_evicted.clone());
        let help = "Connections closed because they held most of an exhausted memory budget";
        registry.register("unverified_evicted", help, self.unverified_evicted.clone());
        let help = "Requests refused because a memory budget was exhausted";
        registry.register("unverified_refused", help, self.unverified_refused.clone());
        registry.register(
            "handshakes_failed",
            "TLS handshakes that failed or timed out",
            self.handshakes_failed.clone(),
        );
        registry.register("pairs_in_flight", "Data key pair requests in flight", self.pairs_in_flight.clone());
        let help = "Basic operations on keys that rotate; rotation has no effect on them";
        registry.register("basic_operations_on_rotating_keys", help, self.basic_on_rotating_keys.clone());
        let help = "Encryptions with an initialization vector chosen by the caller";
        registry.register("caller_supplied_ivs", help, self.caller_supplied_ivs.clone());
        let help = "Key versions that have used more than half of their encryptions, among those used since the start";
        registry.register("key_versions_past_half", help, self.key_versions_past_half.clone());
        registry.register("automatic_rotations", "Keys rotated automatically", self.automatic_rotations.clone());
        registry.register("keys_destroyed", "Keys destroyed after their pending window", self.keys_destroyed.clone());
        registry.register("scheduler_failures", "Failed scheduler passes and steps", self.scheduler_failures.clone());
        let help = "Unreadable records found so far";
        registry.register("unreadable_records", help, self.unreadable_records.clone());
        registry.register(
            "audit_writable",
            "Whether the audit log can be written: 1 or 0",
            self.audit_writable.clone(),
        );
        let help = "Whether the next audit file lacks disk space: 1 or 0";
        registry.register("audit_space_low", help, self.audit_space_low.clone());
        let help = "Whether the destruction of keys is suspended because of the clock: 1 or 0";
        registry.register("destruction_held", help, self.destruction_held.clone());
        registry.register("keys_held", "Keys due by the clock whose destruction is suspended", self.keys_held.clone());
        let help = "Offset of business time in claviger dev";
        registry.register("clock_offset_seconds", help, self.clock_offset_seconds.clone());
    }

    fn register_expiry(&mut self) {
        let registry = &mut self.registry;
        let help = "Days until the first client key expires, updated hourly";
        registry.register("client_key_ends_days", help, self.client_key_ends_days.clone());
        let help = "Client keys that expire within 30 days, updated hourly";
        registry.register("client_keys_ending_within_30_days", help, self.client_keys_ending.clone());
        let help = "Days until the server certificate expires; a restart issues a new one";
        registry.register("server_certificate_ends_days", help, self.server_certificate_ends_days.clone());
        let help = "Days until the certificate of the authority expires";
        registry.register("ca_certificate_ends_days", help, self.ca_certificate_ends_days.clone());
    }

    /// Counts an answered request. All three labels come from fixed sets.
    pub(crate) fn count(&self, plane: &'static str, operation: &'static str, code: &'static str, took: Duration) {
        self.requests.get_or_create(&RequestLabels { plane, operation, code }).inc();
        self.durations.get_or_create(&OperationLabels { plane, operation }).observe(took.as_secs_f64());
    }

    pub(crate) fn count_usage_warnings(&self, warnings: UsageWarnings) {
        if warnings.is_basic_on_rotating_key {
            self.basic_on_rotating_keys.inc();
        }
        if warnings.is_caller_supplied_iv {
            self.caller_supplied_ivs.inc();
        }
    }

    /// The OpenMetrics text.
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
    fn counted_requests_appear_in_the_text() {
        let metrics = Metrics::without_service();
        metrics.count("instance", "AdvanceDecrypt", "OK", Duration::from_millis(3));
        metrics.connections.inc();
        metrics.count_usage_warnings(UsageWarnings { is_basic_on_rotating_key: true, is_caller_supplied_iv: false });
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
