//! The loopback listener: health, readiness, metrics, and in `dev` the clock. Plain HTTP, never on another interface.

use std::net::IpAddr;
use std::sync::Arc;

use claviger_service::Service;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};

use crate::admin_host;
use crate::answer::{self, Body};
use crate::body::{Bodies, Keep, Sender};
use crate::degraded;
use crate::journal::Journal;
use crate::listen::{Answer, Origin};
use crate::readiness::{FRESH, Readiness};
use crate::scheduler;
use crate::trusted_time;

/// Longest advance at once: 100 years.
const ADVANCE_S_MAX: u64 = 100 * 365 * 86_400;

/// What `/readyz` adds while records still have room, and the next file of the log has none.
const SPACE_LOW: &str = "degraded: the disk has no space for the audit log's next file; free some space\n";

/// What the loopback listener shows.
pub(crate) struct Admin {
    pub(crate) service: Arc<Service>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) readiness: Arc<Readiness>,
    /// Where it listens.
    pub(crate) bound: IpAddr,
    /// Whether others than this machine may ask: then why the server is not ready is for its log alone.
    pub(crate) is_remote: bool,
    /// Whether `POST /dev/clock` exists.
    pub(crate) has_clock: bool,
}

impl Answer for Admin {
    async fn answer(self: Arc<Self>, request: Request<Incoming>, _origin: Origin) -> Response<Body> {
        if !admin_host::is_ours(request.uri(), request.headers(), self.bound) {
            return answer::text(StatusCode::MISDIRECTED_REQUEST, admin_host::REFUSAL);
        }
        // Only browsers send it. A page that somebody on this machine looks at must not move the clock, nor read.
        if request.headers().contains_key(header::ORIGIN) {
            return answer::text(StatusCode::FORBIDDEN, "not for web pages\n");
        }
        let path = request.uri().path().to_owned();
        match (request.method().clone(), path.as_str()) {
            (Method::GET, "/healthz") => answer::text(StatusCode::OK, "ok\n"),
            (Method::GET, "/readyz") if self.is_remote => without_details(self.ready().await),
            (Method::GET, "/readyz") => self.ready().await,
            (Method::GET, "/metrics") => self.metrics(),
            (Method::POST, "/dev/clock") if self.has_clock && !self.is_remote => self.advance(request).await,
            (_, "/healthz" | "/readyz" | "/metrics") => answer::text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n"),
            (_, "/dev/clock") if self.has_clock => answer::text(StatusCode::METHOD_NOT_ALLOWED, "use POST\n"),
            _ => answer::text(StatusCode::NOT_FOUND, "here are /healthz, /readyz and /metrics\n"),
        }
    }
}

impl Admin {
    async fn ready(&self) -> Response<Body> {
        if !self.journal.is_writable() {
            return answer::text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the audit log takes no records; the server's log names the file and says why (commonly a full disk)\n",
            );
        }
        let readiness = Arc::clone(&self.readiness);
        let looking = self.service.blocking(move |service| {
            Ok(readiness.outcome(FRESH, || service.check_store().map_err(|error| error.to_string())))
        });
        match looking.await.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(()) => {
                let hold = self.service.destruction_hold();
                let held = hold.map(|hold| format!("{}\n", trusted_time::in_words(&hold))).unwrap_or_default();
                let degraded = degraded::line(&self.service.damage()).unwrap_or_default();
                let space = if self.journal.is_space_low() { SPACE_LOW } else { "" };
                answer::text(StatusCode::OK, format!("ready\n{held}{degraded}{space}"))
            }
            Err(error) => answer::text(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("the store cannot be read and written: {error}\n"),
            ),
        }
    }

    fn metrics(&self) -> Response<Body> {
        let metrics = self.journal.metrics();
        // As it is now: a pair takes long, and what was set at the end of the last one would be untrue.
        metrics.pairs_in_flight.set(i64::try_from(self.service.pairs_in_flight()).unwrap_or(i64::MAX));
        let past_half = i64::try_from(self.service.key_versions_past_half()).unwrap_or(i64::MAX);
        metrics.key_versions_past_half.set(past_half);
        metrics.unreadable_records.set(i64::try_from(self.service.damage().records).unwrap_or(i64::MAX));
        metrics.audit_writable.set(i64::from(self.journal.is_writable()));
        metrics.audit_space_low.set(i64::from(self.journal.is_space_low()));
        metrics.destruction_held.set(i64::from(self.service.destruction_hold().is_some()));
        metrics.keys_held.set(i64::try_from(self.service.keys_held()).unwrap_or(i64::MAX));
        metrics.clock_offset_seconds.set(self.service.clock().offset_ms() as f64 / 1000.0);
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        answer::with_type(StatusCode::OK, content_type, Body::from(metrics.text()))
    }

    /// Moves business time ahead or back to real time, durably, and does all that became due before answering.
    async fn advance(&self, request: Request<Incoming>) -> Response<Body> {
        let Ok(body) = Bodies::default().read(request.into_body(), Keep::Small, Sender::Unverified).await else {
            return answer::text(StatusCode::BAD_REQUEST, "the body did not arrive\n");
        };
        let Some(motion) = Motion::parse(&body.bytes) else {
            let hint = "send {\"advance\":\"8d\"}: a whole number and one of d, h, m, s; at most 36500d at once; \
                        or {\"reset\":true}: back to real time\n";
            return answer::text(StatusCode::BAD_REQUEST, hint);
        };
        let journal = Arc::clone(&self.journal);
        let moving = self.service.blocking(move |service| {
            let offset_ms = match motion {
                Motion::Reset => service.move_business_time(|_offset_ms| 0)?,
                Motion::Advance { seconds } => {
                    let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
                    service.move_business_time(|offset_ms| offset_ms.saturating_add(ms))?
                }
            };
            scheduler::pass(service, &journal);
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

/// What `POST /dev/clock` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Motion {
    /// Business time goes on by this.
    Advance { seconds: u64 },
    /// Business time is real time again.
    Reset,
}

impl Motion {
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

/// The answer's status in a word: strangers need not know which part of the server failed.
fn without_details(answer: Response<Body>) -> Response<Body> {
    match answer.status() {
        StatusCode::OK => answer,
        status => answer::text(status, "not ready\n"),
    }
}

fn parse_advance(body: &[u8]) -> Option<u64> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = json.get("advance")?.as_str()?;
    let unit = text.chars().last()?;
    let unit_s: u64 = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return None,
    };
    let number = text.strip_suffix(unit)?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(unit_s)
}

#[cfg(test)]
mod tests {
    use claviger_store::MemoryEngine;
    use http_body_util::BodyExt;

    use super::*;
    use crate::fixture::Instance;
    use crate::metrics::Metrics;
    use crate::plane::Plane;

    #[tokio::test]
    async fn others_are_told_that_it_is_not_ready_and_not_why() {
        let told = without_details(answer::text(StatusCode::SERVICE_UNAVAILABLE, "the store is on fire\n"));
        assert_eq!(told.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(told.into_body().collect().await.unwrap().to_bytes(), "not ready\n");
        let ready = without_details(answer::text(StatusCode::OK, "ready\n"));
        assert_eq!(ready.into_body().collect().await.unwrap().to_bytes(), "ready\n");
    }

    #[tokio::test]
    async fn a_log_without_space_for_its_next_file_shows_while_records_are_taken() {
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
        // The next file cannot be made, as on a full disk.
        std::fs::create_dir(dir.join("next")).unwrap();
        while !admin.journal.is_space_low() {
            let peer = (std::net::Ipv4Addr::LOCALHOST, 1).into();
            let request_id = claviger_base::id::RequestId::generate().unwrap();
            let mut entry = admin.journal.begin(Plane::Rpc, request_id, peer, std::time::Instant::now());
            entry.facts.end(StatusCode::OK, "OK");
            entry.write().await.unwrap();
        }
        assert_eq!(metric().await, "1");
        let (status, text) = readyz().await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(text, format!("ready\n{SPACE_LOW}"));
    }

    fn with_log(dir: &std::path::Path) -> Admin {
        let instance = Instance::over(Arc::new(MemoryEngine::default()));
        let config = claviger_audit::Config {
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
        let journal = Arc::new(Journal::new(log, metrics, instance.clock, Arc::clone(&service)));
        let bound = std::net::Ipv4Addr::LOCALHOST.into();
        Admin { service, journal, readiness: Arc::default(), bound, is_remote: false, has_clock: false }
    }

    #[test]
    fn advances_parse() {
        let cases = [("8d", 691_200), ("12h", 43_200), ("90m", 5_400), ("1s", 1), ("0s", 0)];
        for (text, seconds) in cases {
            assert_eq!(parse_advance(format!("{{\"advance\":\"{text}\"}}").as_bytes()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_advance() {
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
    fn one_motion_at_a_time() {
        let day = Motion::Advance { seconds: 86_400 };
        assert_eq!(Motion::parse(b"{\"advance\":\"1d\"}"), Some(day));
        assert_eq!(Motion::parse(b"{\"reset\":true}"), Some(Motion::Reset));
        for bad in [
            "",
            "{}",
            "[]",
            "{\"reset\":false}",
            "{\"reset\":1}",
            "{\"advance\":\"1d\",\"reset\":true}",
            "{\"advance\":\"36501d\"}",
        ] {
            assert_eq!(Motion::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
