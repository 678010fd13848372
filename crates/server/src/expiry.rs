//! Watches the expiry of client keys, the server certificate and the certificate authority. It checks hourly and updates the
//! metrics; while something expires within thirty days, it logs a warning once a day. Requests are not delayed.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use claviger_base::Timestamp;
use claviger_service::{ExpiringClientKeys, Service};
use claviger_vault::TlsAuthority;

use crate::metrics::Metrics;

/// Interval of the checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(3600);
/// Checks from one warning to the next: a day.
const CHECKS_PER_WARNING: u32 = 24;
/// The log warns this long before an expiry.
const SOON_S: i64 = 30 * 86_400;
/// Limit of the ids in a log line.
const NAMED_MAX: usize = 20;

/// When the certificates of this server expire, in real time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CertificateExpiry {
    /// The server certificate, which every start issues.
    pub(crate) server: Timestamp,
    /// The root certificate; `None` if it cannot be parsed.
    pub(crate) authority: Option<Timestamp>,
}

/// When the root certificate expires.
pub(crate) fn authority_expiry(authority: &TlsAuthority) -> Option<Timestamp> {
    claviger_crypto::tls::certificate_not_after(&authority.certificate_pem)
}

/// Checks hourly. Never returns.
pub(crate) async fn watch(service: Arc<Service>, metrics: Arc<Metrics>, certificates: CertificateExpiry) {
    for check in 0_u32.. {
        let found = service.blocking(|service| service.client_keys_expiring_within(SOON_S, NAMED_MAX)).await;
        match found {
            Ok(ends) => {
                set_metrics(&metrics, &ends, &certificates, service.clock().now(), service.clock().real_now());
                if check.is_multiple_of(CHECKS_PER_WARNING) {
                    warn(&ends, &certificates, service.clock().real_now());
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the client keys that expire soon could not be read; retrying in an hour");
            }
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    (to.unix_ms() - from.unix_ms()) as f64 / 86_400_000.0
}

fn set_metrics(
    metrics: &Metrics,
    ends: &ExpiringClientKeys,
    certificates: &CertificateExpiry,
    now: Timestamp,
    real_now: Timestamp,
) {
    metrics.client_keys_ending.set(i64::try_from(ends.soon).unwrap_or(i64::MAX));
    // Infinity, not 0: without client keys nothing expires.
    metrics.client_key_ends_days.set(ends.earliest.map_or(f64::INFINITY, |at| days(now, at)));
    metrics.server_certificate_ends_days.set(days(real_now, certificates.server));
    metrics.ca_certificate_ends_days.set(certificates.authority.map_or(f64::NAN, |at| days(real_now, at)));
}

fn warn(ends: &ExpiringClientKeys, certificates: &CertificateExpiry, real_now: Timestamp) {
    if ends.soon > 0 {
        let mut ids = String::new();
        for (id, at) in &ends.named {
            // Writing to a String cannot fail.
            let _infallible = write!(ids, "{}{id} ({at})", if ids.is_empty() { "" } else { ", " });
        }
        let count = ends.soon;
        tracing::warn!(count, ids, "client keys expire within 30 days; create new ones and revoke these");
    }
    if days(real_now, certificates.server) < 30.0 {
        tracing::warn!(expires = %certificates.server, "the server certificate expires within 30 days; restart the server to issue a new one");
    }
    if let Some(at) = certificates.authority.filter(|at| days(real_now, *at) < 30.0) {
        tracing::warn!(expires = %at, "the certificate authority expires within 30 days; clients will refuse this server");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_are_the_days_left() {
        let metrics = Metrics::without_service();
        let now = Timestamp::from_unix_s(1_800_000_000);
        let in_days = |days: i64| now.plus_s(days * 86_400);
        let certificates = CertificateExpiry { server: in_days(825), authority: Some(in_days(7000)) };
        let ends = ExpiringClientKeys { soon: 2, earliest: Some(in_days(3)), named: Vec::new() };
        set_metrics(&metrics, &ends, &certificates, now, now);
        let text = metrics.text();
        for line in [
            "claviger_client_key_ends_days 3.0",
            "claviger_client_keys_ending_within_30_days 2",
            "claviger_server_certificate_ends_days 825.0",
            "claviger_ca_certificate_ends_days 7000.0",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
