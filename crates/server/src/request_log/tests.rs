//! A change has exactly one record, wherever the path from commit to log is interrupted. Refusals of callers without access
//! share records.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use claviger_audit::{AuditConfig, AuditLog};
use claviger_base::SecretBytes;
use claviger_base::id::RequestId;
use claviger_model::{Key, KeySpec};
use claviger_service::{CreateKey, Intent, Service};
use claviger_store::{Batch, Engine, MemoryEngine};
use claviger_vault::{OutboxEntry, Record};
use hyper::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

use super::RequestLog;
use super::audit_fields::{AuditDetails, AuditFields, Principal};
use super::entry::Entry;
use crate::fixture::Instance;
use crate::metrics::Metrics;
use crate::protocol::Protocol;

/// An instance with a log. A restart creates a new service and a new request log over the same store and files.
struct TestInstance {
    instance: Instance,
    home: TempDir,
}

struct Running {
    service: Arc<Service>,
    request_log: Arc<RequestLog>,
}

impl TestInstance {
    fn new() -> Self {
        Self::with_engine(&MemoryEngine::default())
    }

    fn with_engine(engine: &MemoryEngine) -> Self {
        Self { instance: Instance::with_engine(Arc::new(engine.clone())), home: tempfile::tempdir().unwrap() }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("audit")
    }

    /// Blocks; not for async threads.
    fn start(&self) -> Running {
        let dir = self.dir();
        let config = AuditConfig {
            dir: dir.clone(),
            instance: self.instance.record.id.clone(),
            segment_bytes: 1 << 20,
            clock: self.instance.clock.clone(),
            seed: SecretBytes::new(vec![7; 32]),
            anchor: None,
        };
        let exists = AuditLog::exists(&dir).unwrap();
        let log = if exists { AuditLog::open(config) } else { AuditLog::create(config) };
        let service = self.instance.service();
        let metrics = Arc::new(Metrics::new(Arc::clone(&service)));
        let request_log = RequestLog::new(log.unwrap(), metrics, self.instance.clock.clone(), Arc::clone(&service));
        request_log.recover_outbox(&dir).unwrap();
        Running { service, request_log: Arc::new(request_log) }
    }

    fn outbox(&self) -> Vec<OutboxEntry> {
        self.instance
            .vault
            .list::<OutboxEntry>(None, 100)
            .unwrap()
            .records
            .into_iter()
            .map(|stored| stored.record)
            .collect()
    }

    /// The current log lines about `key`.
    fn lines_about(&self, key: &Key) -> Vec<Value> {
        requests(&self.dir()).into_iter().filter(|line| line["key_id"] == key.id.as_str()).collect()
    }
}

impl Running {
    fn create(&self, intent: &Intent) -> Key {
        let (spec, creator) = (KeySpec::AliyunAes256, String::new());
        let request = CreateKey { spec, usage: None, description: String::new(), rotation_interval: None, creator };
        self.service.create_key(request, intent).unwrap()
    }

    /// A request that has created a key and has no record yet.
    fn request(&self) -> (Entry, Key) {
        let id = RequestId::generate().unwrap();
        let mut entry = self.request_log.begin(Protocol::Rpc, id.clone(), peer(), Instant::now());
        entry.fields = fields();
        let key = self.create(&entry.fields.intent(&id, peer(), Instant::now()));
        (entry, key)
    }
}

fn peer() -> SocketAddr {
    ([192, 0, 2, 1], 443).into()
}

fn fields() -> AuditFields {
    AuditFields::verified("CreateKey", "LTAI0123456789abcdefghij")
}

fn requests(dir: &Path) -> Vec<Value> {
    let mut segments: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    segments.sort();
    let text: String = segments.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == "request").collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn the_records_of_the_first_start_are_written_once() {
    let site = TestInstance::new();
    assert_eq!(site.outbox().len(), 4);
    for _start in 0..3 {
        drop(site.start());
        assert_eq!(site.outbox(), []);
        let lines = requests(&site.dir());
        let mut operations: Vec<&str> = lines.iter().map(|line| line["operation"].as_str().unwrap()).collect();
        operations.sort_unstable();
        let expected = ["CreateAccessKey", "CreateApplicationAccessPoint", "CreateClientKey", "CreatePolicy"];
        assert_eq!(operations, expected);
        assert!(lines.iter().all(|line| line["plane"] == "local" && line["detail"].is_null()), "{lines:?}");
    }
}

#[test]
fn a_damaged_entry_blocks_neither_other_entries_nor_the_start() {
    let engine = MemoryEngine::default();
    let site = TestInstance::with_engine(&engine);
    let damaged = site.outbox()[0].path();
    engine.commit(Batch::new().put(damaged.as_bytes(), b"damaged".to_vec())).unwrap();
    for _start in 0..3 {
        drop(site.start());
        assert_eq!((requests(&site.dir()).len(), site.outbox()), (3, Vec::new()));
        assert_eq!(
            site.instance.vault.damage().first,
            std::slice::from_ref(&damaged),
            "the damage is reported to the operator"
        );
    }
}

#[test]
fn a_crash_between_commit_and_record_loses_no_record() {
    let site = TestInstance::new();
    let running = site.start();
    let key = running.create(&fields().intent(&RequestId::generate().unwrap(), peer(), Instant::now()));
    drop(running);
    assert_eq!((site.outbox().len(), site.lines_about(&key).len()), (1, 0));
    for _start in 0..3 {
        drop(site.start());
        let lines = site.lines_about(&key);
        assert_eq!((site.outbox().len(), lines.len()), (0, 1));
        let line = &lines[0];
        assert_eq!((&line["operation"], &line["code"]), (&"CreateKey".into(), &"OK".into()));
        assert_eq!((&line["plane"], &line["status"]), (&"rpc".into(), &200.into()));
        assert_eq!(
            (&line["principal"], &line["source"]),
            (&"LTAI0123456789abcdefghij".into(), &"192.0.2.1:443".into())
        );
        assert_eq!(line["key_version_id"], key.initial_version.as_str());
        assert_eq!(line["detail"], "written after a restart; the answer may not have left");
    }
}

#[test]
fn a_crash_between_record_and_removal_writes_no_second_record() {
    let site = TestInstance::new();
    let running = site.start();
    let (mut entry, key) = running.request();
    entry.fields.end(StatusCode::OK, "OK");
    runtime().block_on(entry.write()).unwrap();
    let lines = site.lines_about(&key);
    assert_eq!((site.outbox().len(), lines.len()), (1, 1), "a later pass removes the entry");
    drop(running);
    for _start in 0..2 {
        drop(site.start());
        assert_eq!((site.outbox(), site.lines_about(&key)), (Vec::new(), lines.clone()));
    }
    assert!(lines[0]["detail"].is_null());
}

#[test]
fn a_pass_removes_recorded_entries_from_the_outbox() {
    let site = TestInstance::new();
    let running = site.start();
    let (mut entry, key) = running.request();
    entry.fields.end(StatusCode::OK, "OK");
    runtime().block_on(entry.write()).unwrap();
    running.request_log.deliver();
    assert_eq!((site.outbox().len(), site.lines_about(&key).len()), (0, 1));
}

#[test]
fn a_record_that_could_not_be_written_is_written_later() {
    let site = TestInstance::new();
    let running = site.start();
    let (mut entry, key) = running.request();
    entry.fields.end(StatusCode::OK, "OK");
    // A file in place of the directory makes writing fail.
    let aside = site.home.path().join("aside");
    std::fs::rename(site.dir(), &aside).unwrap();
    std::fs::write(site.dir(), "in the way").unwrap();
    assert!(runtime().block_on(entry.write()).is_err(), "the caller gets 503");
    running.request_log.deliver();
    assert_eq!(site.outbox().len(), 1, "change and outbox entry stay");
    std::fs::remove_file(site.dir()).unwrap();
    std::fs::rename(&aside, site.dir()).unwrap();
    // The log retries every second.
    let started = Instant::now();
    while !running.request_log.is_writable() {
        assert!(started.elapsed() < Duration::from_secs(60), "the log does not recover");
        std::thread::sleep(Duration::from_millis(20));
    }
    for _pass in 0..2 {
        running.request_log.deliver();
        let lines = site.lines_about(&key);
        assert_eq!((site.outbox().len(), lines.len()), (0, 1));
        assert_eq!(lines[0]["code"], "OK");
    }
}

#[test]
fn an_interrupted_request_has_only_the_record_of_its_change() {
    let site = TestInstance::new();
    let running = site.start();
    let (entry, key) = running.request();
    drop(entry);
    running.request_log.deliver();
    let lines = site.lines_about(&key);
    assert_eq!((site.outbox().len(), lines.len()), (0, 1));
    assert_eq!((&lines[0]["code"], &lines[0]["status"]), (&"OK".into(), &200.into()));
    // There is no additional record without a key, either.
    assert!(requests(&site.dir()).iter().all(|line| line["code"] == "OK"));
}

#[test]
fn a_change_whose_answer_was_an_error_is_recorded_as_successful() {
    let site = TestInstance::new();
    let running = site.start();
    let (mut entry, key) = running.request();
    entry.fields.end(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure");
    runtime().block_on(entry.write()).unwrap();
    let lines = site.lines_about(&key);
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["code"], &lines[0]["status"]), (&"OK".into(), &200.into()));
    assert!(lines[0]["detail"].as_str().unwrap().starts_with("the change stands"), "{lines:?}");
}

/// Answers `requests` requests at once, and waits for their records.
fn flood(running: &Running, requests: usize, prepare: impl Fn(&mut AuditFields)) {
    runtime().block_on(async {
        let mut writing = tokio::task::JoinSet::new();
        for _ in 0..requests {
            let id = RequestId::generate().unwrap();
            let mut entry = running.request_log.begin(Protocol::Instance, id, peer(), Instant::now());
            prepare(&mut entry.fields);
            writing.spawn(entry.write());
        }
        writing.join_all().await.into_iter().for_each(Result::unwrap);
    });
}

#[test]
fn a_flood_of_a_caller_without_access_is_limited_counted_and_named() {
    const FLOOD: usize = 3_000;
    let site = TestInstance::new();
    let running = site.start();
    let expired = "KAAP.66abf237-63f6-4625-b8cf-47e1086e0000";
    let mut before = requests(&site.dir()).len();
    flood(&running, FLOOD, |fields| {
        fields.add(AuditDetails { not_admitted: Some(expired.to_owned()), ..AuditDetails::default() });
        fields.end(StatusCode::UNAUTHORIZED, "Forbidden.ClientKeyNotValid");
    });
    let lines = requests(&site.dir()).split_off(before);
    // 1,000 at once and 50 a second: this takes seconds at most.
    assert!((1_000..2_000).contains(&lines.len()), "{} records of {FLOOD} requests", lines.len());
    let counted: u64 = lines.iter().map(|line| line["repeated"].as_u64().unwrap_or(1)).sum();
    assert_eq!(counted, FLOOD as u64);
    assert!(lines.iter().all(|line| line["principal"] == expired), "each record names the client key");
    before += lines.len();
    // Each request of a caller with access has its own record.
    flood(&running, 100, |fields| {
        fields.principal = Principal::Verified(expired.to_owned());
        fields.end(StatusCode::FORBIDDEN, "Forbidden.NoPermission");
    });
    assert_eq!(requests(&site.dir()).split_off(before).len(), 100);
}
