//! Prints throughput figures and asserts none. `cargo test -p claviger-audit --release -- --ignored --nocapture
//! throughput`.

use std::io::Write;
use std::time::{Duration, Instant};

use claviger_audit::AuditLog;

use crate::fixture::{check, config, record};

#[test]
#[ignore = "prints measurements; run by hand"]
fn throughput() {
    for writers in [1, 16, 64] {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let log = AuditLog::create(config(dir.path(), 64 << 20)).unwrap();
        let started = Instant::now();
        let mut took: Vec<Duration> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..writers).map(|_| scope.spawn(|| append_for(&log, Duration::from_secs(3)))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let rate = took.len() as f64 / started.elapsed().as_secs_f64();
        drop(log);
        took.sort_unstable();
        let (p50, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
        let verifying = Instant::now();
        let report = check(dir.path()).unwrap();
        assert_eq!(report.records, took.len() as u64);
        let line = format!(
            "{writers:>2} writers: {rate:>7.0} records/s, p50 {p50:?}, p99 {p99:?}; {} lines verified in {:?}\n",
            report.lines,
            verifying.elapsed()
        );
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

fn append_for(log: &AuditLog, duration: Duration) -> Vec<Duration> {
    let started = Instant::now();
    let mut took = Vec::new();
    while started.elapsed() < duration {
        let before = Instant::now();
        log.append_blocking(record()).unwrap();
        took.push(before.elapsed());
    }
    took
}
