//! SIGKILL at any moment: acknowledged records survive, and the log verifies.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::sync::mpsc::channel;
use std::time::Duration;

use claviger_audit::AuditLog;
use claviger_base::random;

use crate::child;
use crate::fixture::{check, config, of_kind, record};

const KILLS: usize = 10;
const SEGMENT_BYTES: u64 = 32 * 1024;

#[test]
#[ignore = "runs as the process that is killed; started by killed_ten_times_and_nothing_acknowledged_is_lost"]
fn appends_until_killed() {
    let Some(dir) = child::dir() else { return };
    let log = AuditLog::open(config(&dir, SEGMENT_BYTES)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let record = record();
                    let line = format!("\nacknowledged {}\n", record.request_id);
                    log.append_blocking(record).unwrap();
                    std::io::stdout().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn killed_ten_times_and_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    drop(AuditLog::create(config(dir.path(), SEGMENT_BYTES)).unwrap());
    let mut acknowledged = HashSet::new();
    for kill in 0..KILLS {
        let before = acknowledged.len();
        let mut process = child::command("crash::appends_until_killed", dir.path()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (began, has_begun) = channel();
        let reader = std::thread::spawn(move || {
            // The kill may cut the last line, so only whole lines count.
            let lines = output.split(b'\n').map_while(Result::ok).map(|line| String::from_utf8(line).unwrap());
            let ids = lines.filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned));
            let mut whole = Vec::new();
            for id in ids.filter(|id| id.len() == 36) {
                whole.push(id);
                let _nobody_waits_twice = began.send(());
            }
            whole
        });
        // However slow the machine is, the kill comes only after the first acknowledgement, unless the child has ended.
        let _ended = has_begun.recv();
        let [random] = random::bytes::<1>().unwrap();
        std::thread::sleep(Duration::from_millis(u64::from(random)));
        process.kill().unwrap();
        process.wait().unwrap();
        acknowledged.extend(reader.join().unwrap());
        assert!(acknowledged.len() > before, "kill {kill}: the child appended nothing");

        let report = check(dir.path()).unwrap();
        let written: HashSet<String> = of_kind(dir.path(), "request").iter().map(|line| request_id(line)).collect();
        assert!(acknowledged.is_subset(&written), "kill {kill}: {report:?}");
        drop(AuditLog::open(config(dir.path(), SEGMENT_BYTES)).unwrap());
        let report = check(dir.path()).unwrap();
        assert_eq!((report.unsigned, report.torn_bytes), (0, 0), "kill {kill}");
    }
    let written: HashSet<String> = of_kind(dir.path(), "request").iter().map(|line| request_id(line)).collect();
    assert!(acknowledged.is_subset(&written));
}

fn request_id(line: &str) -> String {
    line.split("\"request_id\":\"").nth(1).unwrap()[..36].to_owned()
}
