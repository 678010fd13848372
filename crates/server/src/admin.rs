//! The admin listener: health, readiness, metrics, and in `dev` the clock. It serves plain HTTP without authentication, on a
//! loopback address unless the operator allows another one.

use std::net::IpAddr;
use std::sync::Arc;

use claviger_base::duration;
use claviger_service::Service;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};

use crate::admin_host;
use crate::answer::{self, Body};
use crate::body::{BodyReader, BodyRetention, CallerTrust};
use crate::degraded;
use crate::listen::{ConnectionContext, Handler};
use crate::readiness::{MAX_AGE, Readiness};
use crate::request_log::RequestLog;
use crate::scheduler;
use crate::trusted_time;

/// Limit of one advance of the clock: 100 years.
const ADVANCE_S_MAX: u64 = 100 * 365 * 86_400;

/// `/readyz` adds this line while the current audit file still takes records but the next one has no disk space.
const SPACE_LOW: &str = "degraded: the disk has no space for the audit log's next file; free some space\n";

/// The handler of the admin listener.
pub(crate) struct Admin {
    pub(crate) service: Arc<Service>,
    pub(crate) request_log: Arc<RequestLog>,
    pub(crate) readiness: Arc<Readiness>,
    /// The address that the listener is bound to.
    pub(crate) bound_to: IpAddr,
    /// Whether other machines can connect. `/readyz` then hides the reason, and only the server log has it.
    pub(crate) is_remote: bool,
    /// Whether `POST /dev/clock` exists.
    pub(crate) has_clock: bool,
}

impl Handler for Admin {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, _connection: ConnectionContext) -> Response<Body> {
        if !admin_host::is_ours(request.uri(), request.headers(), self.bound_to) {
            return answer::text(StatusCode::MISDIRECTED_REQUEST, admin_host::REFUSAL);
        }
        // Only browsers send `Origin`. A web page in a browser on this machine must not read here or move the clock.
        if request.headers().contains_key(header::ORIGIN) {
            return answer::text(StatusCode::FORBIDDEN, "not for web pages\n");
        }
        let path = request.uri().path().to_owned();
        match (request.method().clone(), path.as_str()) {
            (Method::GET, "/healthz") => answer::text(StatusCode::OK, "ok\n"),
            (Method::GET, "/readyz") if self.is_remote => without_details(self.ready().await),
            (Method::GET, "/readyz") => self.ready().await,
            (Method::GET, "/metrics") => self.metrics(),
            (Method::POST, "/dev/clock") if self.has_clock && !self.is_remote => self.change_clock(request).await,
            (_, "/healthz" | "/readyz" | "/metrics") => answer::text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n"),
            (_, "/dev/clock") if self.has_clock => answer::text(StatusCode::METHOD_NOT_ALLOWED, "use POST\n"),
            _ => answer::text(StatusCode::NOT_FOUND, "not found; the paths are /healthz, /readyz and /metrics\n"),
        }
    }
}

impl Admin {
    async fn ready(&self) -> Response<Body> {
        if !self.request_log.is_writable() {
            return answer::text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the audit log cannot be written; the server log names the file and the reason (usually a full disk)\n",
            );
        }
        let readiness = Arc::clone(&self.readiness);
        let checking = self.service.blocking(move |service| {
            Ok(readiness.outcome(MAX_AGE, || service.check_store().map_err(|error| error.to_string())))
        });
        match checking.await.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(()) => {
                let hold = self.service.destruction_hold();
                let held = hold.map(|hold| format!("{}\n", trusted_time::describe(&hold))).unwrap_or_default();
                let degraded = degraded::report(&self.service.damage()).unwrap_or_default();
                let space = if self.request_log.is_space_low() { SPACE_LOW } else { "" };
                answer::text(StatusCode::OK, format!("ready\n{held}{degraded}{space}"))
            }
            Err(error) => answer::text(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("the store cannot be read and written: {error}\n"),
            ),
        }
    }

    fn metrics(&self) -> Response<Body> {
        let metrics = self.request_log.metrics();
        // These gauges are read now: they change between requests.
        metrics.pairs_in_flight.set(i64::try_from(self.service.pairs_in_flight()).unwrap_or(i64::MAX));
        let past_half = i64::try_from(self.service.key_versions_past_half()).unwrap_or(i64::MAX);
        metrics.key_versions_past_half.set(past_half);
        metrics.unreadable_records.set(i64::try_from(self.service.damage().records).unwrap_or(i64::MAX));
        metrics.audit_writable.set(i64::from(self.request_log.is_writable()));
        metrics.audit_space_low.set(i64::from(self.request_log.is_space_low()));
        metrics.destruction_held.set(i64::from(self.service.destruction_hold().is_some()));
        metrics.keys_held.set(i64::try_from(self.service.keys_held()).unwrap_or(i64::MAX));
        metrics.clock_offset_seconds.set(self.service.clock().offset_ms() as f64 / 1000.0);
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        answer::with_type(StatusCode::OK, content_type, Body::from(metrics.text()))
    }

    /// Advances business time or resets it to real time, stores the offset, and runs what became due before it answers.
    async fn change_clock(&self, request: Request<Incoming>) -> Response<Body> {
        let Ok(body) =
            BodyReader::default().read(request.into_body(), BodyRetention::Small, CallerTrust::Unverified).await
        else {
            return answer::text(StatusCode::BAD_REQUEST, "the body is incomplete or too large\n");
        };
        let Some(change) = ClockChange::parse(&body.bytes) else {
            let hint = "send {\"advance\":\"8d\"} to advance the clock by a whole number of d, h, m or s, at most 36500d at once; \
                        or {\"reset\":true} to return to real time\n";
            return answer::text(StatusCode::BAD_REQUEST, hint);
        };
        let request_log = Arc::clone(&self.request_log);
        let moving = self.service.blocking(move |service| {
            let offset_ms = match change {
                ClockChange::Reset => service.move_business_time(|_offset_ms| 0)?,
                ClockChange::Advance { seconds } => {
                    let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
                    service.move_business_time(|offset_ms| offset_ms.saturating_add(ms))?
                }
            };
            scheduler::pass(service, &request_log);
            Ok(offset_ms)
        });
        match moving.await {
            Ok(offset_ms) => {
                let now = self.service.clock().now();
                let json = format!("{{\"now\":\"{now}\",\"offset_ms\":{offset_ms}}}\n");
                answer::with_type(StatusCode::OK, "application/json", Body::from(json))
            }
            Err(error) => answer::text(StatusCode::SERVICE_UNAVAILABLE, format!("the clock was not moved: {error}\n")),
        }
    }
}

/// A request to `POST /dev/clock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClockChange {
    /// Advance business time.
    Advance { seconds: u64 },
    /// Reset business time to real time.
    Reset,
}

impl ClockChange {
    fn parse(body: &[u8]) -> Option<Self> {
        let json: serde_json::Value = serde_json::from_slice(body).ok()?;
        match (json.get("advance"), json.get("reset")) {
            (Some(_), None) => {
                parse_advance(body).filter(|seconds| *seconds <= ADVANCE_S_MAX).map(|seconds| Self::Advance { seconds })
            }
            (None, Some(serde_json::Value::Bool(true))) => Some(Self::Reset),
            _ => None,
        }
    }
}

/// Hides the reason: other machines need not know which part of the server failed.
fn without_details(answer: Response<Body>) -> Response<Body> {
    match answer.status() {
        StatusCode::OK => answer,
        status => answer::text(status, "not ready\n"),
    }
}

fn parse_advance(body: &[u8]) -> Option<u64> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = json.get("advance")?.as_str()?;
    duration::parse_s(text)
}

#[cfg(test)]
mod tests {
    use claviger_store::MemoryEngine;
    use http_body_util::BodyExt;

    use super::*;
    use crate::fixture::Instance;
    use crate::metrics::Metrics;
    use crate::protocol::Protocol;

    #[tokio::test]
    async fn other_machines_do_not_learn_why_the_server_is_not_ready() {
        let hidden = without_details(answer::text(StatusCode::SERVICE_UNAVAILABLE, "the store is on fire\n"));
        assert_eq!(hidden.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(hidden.into_body().collect().await.unwrap().to_bytes(), "not ready\n");
        let ready = without_details(answer::text(StatusCode::OK, "ready\n"));
        assert_eq!(ready.into_body().collect().await.unwrap().to_bytes(), "ready\n");
    }

    #[tokio::test]
    async fn missing_space_for_the_next_audit_file_is_reported_before_records_fail() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("audit");
        let admin = with_log(&dir);
        let readyz = async || {
            let answer = admin.ready().await;
            (answer.status(), answer.into_body().collect().await.unwrap().to_bytes())
        };
        let metric = async || {
            let text = admin.metrics().into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(text.to_vec()).unwrap();
            text.lines().find_map(|line| line.strip_prefix("claviger_audit_space_low ")).unwrap().to_owned()
        };
        assert_eq!(metric().await, "0");
        assert_eq!(readyz().await, (StatusCode::OK, "ready\n".into()));
        // The next file cannot be created, as on a full disk.
        std::fs::create_dir(dir.join("next")).unwrap();
        while !admin.request_log.is_space_low() {
            let peer = (std::net::Ipv4Addr::LOCALHOST, 1).into();
            let request_id = claviger_base::id::RequestId::generate().unwrap();
            let mut entry = admin.request_log.begin(Protocol::Rpc, request_id, peer, std::time::Instant::now());
            entry.fields.end(StatusCode::OK, "OK");
            entry.write().await.unwrap();
        }
        assert_eq!(metric().await, "1");
        let (status, text) = readyz().await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(text, format!("ready\n{SPACE_LOW}"));
    }

    fn with_log(dir: &std::path::Path) -> Admin {
        let instance = Instance::with_engine(Arc::new(MemoryEngine::default()));
        let config = claviger_audit::AuditConfig {
            dir: dir.to_owned(),
            instance: instance.record.id.clone(),
            segment_bytes: 1 << 16,
            clock: instance.clock.clone(),
            seed: claviger_base::SecretBytes::new(vec![7; 32]),
            anchor: None,
        };
        let log = claviger_audit::AuditLog::create(config).unwrap();
        let service = instance.service();
        let metrics = Arc::new(Metrics::new(Arc::clone(&service)));
        let request_log = Arc::new(RequestLog::new(log, metrics, instance.clock, Arc::clone(&service)));
        let bound_to = std::net::Ipv4Addr::LOCALHOST.into();
        Admin { service, request_log, readiness: Arc::default(), bound_to, is_remote: false, has_clock: false }
    }

    #[test]
    fn advances_parse() {
        let cases = [("8d", 691_200), ("12h", 43_200), ("90m", 5_400), ("1s", 1), ("0s", 0)];
        for (text, seconds) in cases {
            assert_eq!(parse_advance(format!("{{\"advance\":\"{text}\"}}").as_bytes()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn invalid_advances_are_refused() {
        let bad = [
            "",
            "{}",
            "8d",
            "{\"advance\":8}",
            "{\"advance\":\"\"}",
            "{\"advance\":\"8\"}",
            "{\"advance\":\"d\"}",
            "{\"advance\":\"-8d\"}",
            "{\"advance\":\"+8d\"}",
            "{\"advance\":\"8 d\"}",
            "{\"advance\":\"8w\"}",
            "{\"advance\":\"99999999999999999999d\"}",
            "{\"advance\":\"213503982334602d\"}",
        ];
        for body in bad {
            assert_eq!(parse_advance(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_request_has_exactly_one_change() {
        let day = ClockChange::Advance { seconds: 86_400 };
        assert_eq!(ClockChange::parse(b"{\"advance\":\"1d\"}"), Some(day));
        assert_eq!(ClockChange::parse(b"{\"reset\":true}"), Some(ClockChange::Reset));
        for bad in [
            "",
            "{}",
            "[]",
            "{\"reset\":false}",
            "{\"reset\":1}",
            "{\"advance\":\"1d\",\"reset\":true}",
            "{\"advance\":\"36501d\"}",
        ] {
            assert_eq!(ClockChange::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
