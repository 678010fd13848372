//! What ends by itself: client keys, the server certificate, the certificate authority. Looked at once an hour, told in
//! metrics always and in the log once a day while something ends within thirty days. No request pays for it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use claviger_base::Timestamp;
use claviger_service::{ClientKeyEnds, Service};
use claviger_vault::TlsAuthority;

use crate::metrics::Metrics;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(3600);
/// Looks from one log line to the next: a day.
const LOOKS_A_LINE: u32 = 24;
/// What ends within this time is told.
const SOON_S: i64 = 30 * 86_400;
/// Ids in a log line.
const NAMED_MAX: usize = 20;

/// When the certificates of this server end, real time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CertificateEnds {
    /// Its own: made at every start.
    pub(crate) server: Timestamp,
    /// The root's; `None` when it does not parse.
    pub(crate) authority: Option<Timestamp>,
}

/// When the root ends.
pub(crate) fn authority_ends(authority: &TlsAuthority) -> Option<Timestamp> {
    claviger_crypto::tls::certificate_ends(&authority.certificate_pem)
}

/// Looks for ever.
pub(crate) async fn watch(service: Arc<Service>, metrics: Arc<Metrics>, certificates: CertificateEnds) {
    for look in 0_u32.. {
        let looked = service.blocking(|service| service.client_keys_that_end_within(SOON_S, NAMED_MAX)).await;
        match looked {
            Ok(ends) => {
                tell(&metrics, &ends, &certificates, service.clock().now(), service.clock().real_now());
                if look.is_multiple_of(LOOKS_A_LINE) {
                    warn(&ends, &certificates, service.clock().real_now());
                }
            }
            Err(error) => {
                tracing::warn!(%error, "which client keys end soon could not be read; trying again in an hour");
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    (to.unix_ms() - from.unix_ms()) as f64 / 86_400_000.0
}

fn tell(metrics: &Metrics, ends: &ClientKeyEnds, certificates: &CertificateEnds, now: Timestamp, real_now: Timestamp) {
    metrics.client_keys_ending.set(i64::try_from(ends.soon).unwrap_or(i64::MAX));
    // Without a client key nothing ends: infinity is the field's word for that.
    metrics.client_key_ends_days.set(ends.earliest.map_or(f64::INFINITY, |at| days(now, at)));
    metrics.server_certificate_ends_days.set(days(real_now, certificates.server));
    metrics.ca_certificate_ends_days.set(certificates.authority.map_or(f64::NAN, |at| days(real_now, at)));
}

fn warn(ends: &ClientKeyEnds, certificates: &CertificateEnds, real_now: Timestamp) {
    if ends.soon > 0 {
        let mut ids = String::new();
        for (id, at) in &ends.named {
            // Writing to a String cannot fail.
            let _infallible = write!(ids, "{}{id} ({at})", if ids.is_empty() { "" } else { ", " });
        }
        let count = ends.soon;
        tracing::warn!(count, ids, "client keys end within 30 days; make others and revoke these");
    }
    if days(real_now, certificates.server) < 30.0 {
        tracing::warn!(ends = %certificates.server, "the server certificate ends within 30 days; restart: every start makes a new one");
    }
    if let Some(at) = certificates.authority.filter(|at| days(real_now, *at) < 30.0) {
        tracing::warn!(ends = %at, "the certificate authority ends within 30 days; clients will refuse this server");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_say_how_many_days_are_left() {
        let metrics = Metrics::without_pairs();
        let now = Timestamp::from_unix_s(1_800_000_000);
        let in_days = |days: i64| now.plus_s(days * 86_400);
        let certificates = CertificateEnds { server: in_days(825), authority: Some(in_days(7000)) };
        let ends = ClientKeyEnds { soon: 2, earliest: Some(in_days(3)), named: Vec::new() };
        tell(&metrics, &ends, &certificates, now, now);
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
