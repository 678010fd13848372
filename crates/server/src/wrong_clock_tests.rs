//! Whole servers with a wrong clock: the destruction of keys is suspended, and until it resumes the keys can be rescued.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use claviger_base::time_source::{ManualTime, TimeSource};
use claviger_base::{Clock, Timestamp};
use claviger_keygen::StockSizes;
use claviger_model::KeyState;
use claviger_service::{KeyRef, PairConcurrency, Service, ServiceError, UsePolicy, dev_alias};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

use crate::confirm_clock::StoppedClock;
use crate::fixture::intent;
use crate::options::Options;
use crate::server::Server;

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

fn options(dir: &Path) -> Options {
    let any = ([127, 0, 0, 1], 0).into();
    Options {
        data_dir: dir.to_owned(),
        root_key_file: dir.join("root.key"),
        listen: any,
        admin: any,
        admin_allow_remote: false,
        arn_accounts: claviger_service::ArnAccounts::default(),
        hostnames: Vec::new(),
        pair_concurrency: PairConcurrency::Unlimited,
        keygen: claviger_keygen::Config { stock: StockSizes::NONE, ..claviger_keygen::Config::default() },
        use_policy: UsePolicy::default(),
        offers_http2: true,
        connections_max: 16,
        connections_per_source: 16,
        audit_segment_bytes: 1 << 20,
        is_dev: true,
    }
}

/// A server whose clocks move only when the test moves them.
struct Running {
    time: Arc<ManualTime>,
    service: Arc<Service>,
    pass: Box<dyn Fn() + Send>,
    admin: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start(dir: &Path, wall: Timestamp) -> Self {
        let time = Arc::new(ManualTime::at(wall));
        let server = Server::start_with_clock(options(dir), Clock::with_source(Arc::clone(&time) as _)).await.unwrap();
        let (service, pass) = server.under_test();
        let admin = server.admin_address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(Box::pin(async move { drop(stopped.await) })));
        Self { time, service, pass: Box::new(pass), admin, stop, serving }
    }

    /// The first key of `dev`.
    fn key(&self) -> Result<claviger_model::Key, ServiceError> {
        self.service.describe_key(&KeyRef::Alias(dev_alias().unwrap()))
    }

    /// Runs for `time` with a scheduler pass every ten minutes.
    fn run(&self, time: Duration) {
        for _ in 0..time.as_secs() / 600 {
            self.time.pass(10 * MINUTE);
            (self.pass)();
        }
    }

    async fn ask(&self, request: &str) -> String {
        let mut connection = tokio::net::TcpStream::connect(self.admin).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await
    }

    async fn move_clock(&self, body: &str) -> String {
        let length = body.len();
        let head = "POST /dev/clock HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
        self.ask(&format!("{head}content-length: {length}\r\n\r\n{body}")).await
    }

    async fn stop(self) -> Timestamp {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        self.time.wall()
    }
}

fn start() -> Timestamp {
    Timestamp::parse_iso8601("2026-11-28T07:00:00Z").unwrap()
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.plus_s(i64::try_from(by.as_secs()).unwrap())
}

/// Leaves a stopped server whose first key is due for destruction in 30 days. Returns when it stopped.
async fn scheduled(dir: &Path) -> Timestamp {
    let server = Running::start(dir, start()).await;
    server.service.schedule_key_deletion(&KeyRef::Alias(dev_alias().unwrap()), 30, &intent()).unwrap();
    server.run(10 * MINUTE);
    server.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_under_a_clock_ahead_destroys_nothing_that_can_be_rescued() {
    let dir = tempfile::tempdir().unwrap();
    let stopped = scheduled(dir.path()).await;
    let server = Running::start(dir.path(), later(stopped, 31 * DAY)).await;
    server.time.pass(Duration::from_secs(5));
    (server.pass)();
    assert_eq!(server.key().unwrap().state, KeyState::PendingDeletion, "version b11ca39 destroyed it here");
    let ready = server.get("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200") && ready.contains("\r\n\r\nready\n"), "{ready}");
    assert!(ready.contains("destruction of keys is held back (1 due by the clock)"), "{ready}");
    assert!(ready.contains("31 d 0 h ahead") && ready.contains("claviger clock confirm"), "{ready}");
    let metrics = server.get("/metrics").await;
    assert!(metrics.contains("claviger_destruction_held 1") && metrics.contains("claviger_keys_held 1"), "{metrics}");
    let rescued = server.service.cancel_key_deletion(&KeyRef::Alias(dev_alias().unwrap()), &intent()).unwrap();
    assert_eq!(rescued.state, KeyState::Enabled);
    server.run(2 * DAY);
    assert_eq!(server.key().unwrap().state, KeyState::Enabled);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_that_is_corrected_has_destroyed_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let stopped = scheduled(dir.path()).await;
    let wrong = Running::start(dir.path(), later(stopped, 31 * DAY)).await;
    wrong.run(23 * 60 * MINUTE);
    wrong.stop().await;
    let right = Running::start(dir.path(), later(stopped, DAY)).await;
    (right.pass)();
    assert_eq!(right.key().unwrap().state, KeyState::PendingDeletion);
    assert!(right.get("/readyz").await.ends_with("\r\n\r\nready\n"));
    assert!(right.get("/metrics").await.contains("claviger_destruction_held 0"));
    right.run(28 * DAY);
    assert_eq!(right.key().unwrap().state, KeyState::PendingDeletion, "30 days have not passed");
    right.run(2 * DAY);
    assert!(right.key().is_err(), "30 days have passed");
    right.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_is_accepted_after_a_day_of_running() {
    let dir = tempfile::tempdir().unwrap();
    let mut wall = later(scheduled(dir.path()).await, 31 * DAY);
    for _ in 0..4 {
        let server = Running::start(dir.path(), wall).await;
        server.run(350 * MINUTE);
        assert_eq!(server.key().unwrap().state, KeyState::PendingDeletion);
        wall = server.stop().await;
    }
    let server = Running::start(dir.path(), wall).await;
    server.run(120 * MINUTE);
    assert!(server.key().is_err(), "the destruction is still suspended");
    assert!(server.get("/readyz").await.ends_with("\r\n\r\nready\n"), "the hold is over");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_while_the_server_runs_is_not_accepted_either() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(dir.path(), scheduled(dir.path()).await).await;
    server.time.set_wall(later(server.time.wall(), 31 * DAY));
    (server.pass)();
    assert_eq!(server.key().unwrap().state, KeyState::PendingDeletion);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clock_is_behind_keeps_the_pending_window() {
    let dir = tempfile::tempdir().unwrap();
    let first = Running::start(dir.path(), start()).await;
    let stopped = first.stop().await;
    let behind = Running::start(dir.path(), stopped.plus_s(-400 * 86_400)).await;
    behind.service.schedule_key_deletion(&KeyRef::Alias(dev_alias().unwrap()), 7, &intent()).unwrap();
    (behind.pass)();
    assert!(behind.get("/readyz").await.contains("400 d 0 h behind"));
    behind.stop().await;
    let right = Running::start(dir.path(), stopped).await;
    right.run(6 * DAY);
    assert_eq!(
        right.key().unwrap().state,
        KeyState::PendingDeletion,
        "version b11ca39 counted seven days from a wrong date"
    );
    right.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_clock_is_accepted_at_once_and_recorded() {
    let dir = tempfile::tempdir().unwrap();
    // The real clock of the machine is years away from this one.
    let behind = later(scheduled(dir.path()).await, DAY);
    let opened = || StoppedClock::open(dir.path(), &dir.path().join("root.key")).unwrap();
    let confirmed = opened().confirm().unwrap();
    assert_eq!(opened().hold, None);
    let server = Running::start(dir.path(), later(confirmed, 40 * DAY)).await;
    assert_eq!(server.key().unwrap().state, KeyState::PendingDeletion);
    server.stop().await;
    let log = std::fs::read_to_string(dir.path().join("audit/audit-00000000000000000001.log")).unwrap();
    assert_eq!(log.matches("ConfirmClock").count(), 1);
    let again = Running::start(dir.path(), behind).await;
    again.stop().await;
    let log = std::fs::read_to_string(dir.path().join("audit/audit-00000000000000000001.log")).unwrap();
    assert_eq!(log.matches("ConfirmClock").count(), 1, "it is recorded once");
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_moves_its_clock_and_resets_it_without_a_hold() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(dir.path(), scheduled(dir.path()).await).await;
    assert!(server.move_clock("{\"advance\":\"8d\"}").await.contains("\"offset_ms\":691200000"));
    let stopped = server.stop().await;
    let server = Running::start(dir.path(), stopped).await;
    assert_eq!(server.service.clock().offset_ms(), 691_200_000, "a restart keeps the offset");
    let reset = server.move_clock("{\"reset\":true}").await;
    assert!(reset.contains("\"offset_ms\":0") && server.service.clock().now() == server.time.wall(), "{reset}");
    let stopped = server.stop().await;
    let server = Running::start(dir.path(), stopped).await;
    assert_eq!(server.service.clock().offset_ms(), 0);
    assert!(server.move_clock("{\"advance\":\"31d\"}").await.starts_with("HTTP/1.1 200"));
    assert!(server.key().is_err(), "the key is destroyed before the answer");
    assert!(server.get("/readyz").await.ends_with("\r\n\r\nready\n"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_under_foreign_host_names_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(dir.path(), start()).await;
    for path in ["/metrics", "/readyz", "/healthz", "/dev/clock"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: evil.example:8444\r\nconnection: close\r\n\r\n");
        let answer = server.ask(&request).await;
        assert!(answer.starts_with("HTTP/1.1 421") && answer.contains("web page"), "{answer}");
    }
    assert!(server.get("/metrics").await.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

/// In earlier versions, with the clock in the year 9999, every key was rotated before the start failed at the certificate.
#[tokio::test]
async fn an_implausible_clock_stops_the_start_before_any_change() {
    for unix_s in [-315_619_200, 0, 4_102_444_800, 253_402_214_400, 631_000_000_000] {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::with_source(Arc::new(ManualTime::at(Timestamp::from_unix_s(unix_s))) as _);
        let refused = Server::start_with_clock(options(dir.path()), clock).await.unwrap_err().to_string();
        assert!(refused.contains("clock") && refused.contains("set it"), "{refused}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{unix_s}");
    }
}
