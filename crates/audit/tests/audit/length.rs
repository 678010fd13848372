//! How long the line of a request may get.

use claviger_audit::{AuditLog, Plane, RECORD_LINE_BYTES_MAX, Record};
use claviger_base::Timestamp;
use claviger_base::id::RequestId;

use crate::fixture::{check, config, of_kind};

/// Digits that the number of a line may have beyond the one it has here.
const MORE_DIGITS: usize = 18;

fn worst(letter: char) -> Record {
    let text = letter.to_string().repeat(4096);
    Record {
        time: Timestamp::from_unix_ms(-1),
        request_id: RequestId::generate().unwrap(),
        plane: Plane::Instance,
        operation: text.clone(),
        principal: text.clone(),
        source: Some("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535".parse().unwrap()),
        key_id: Some(text.clone()),
        named: Some(text.clone()),
        key_version_id: Some(text.clone()),
        code: text,
        status: u16::MAX,
        duration_us: u64::MAX,
        detail: Some(Box::leak("d".repeat(4096).into_boxed_str())),
        repeated: Some(u64::MAX),
    }
}

// Cut by characters, a line had 4,281 bytes: each of these letters but `a` takes 2, 6 or 12.
#[test]
fn no_line_is_longer_than_promised_whatever_was_sent() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("audit");
    let letters = ['a', '"', '\\', '\u{0}', '\u{e9}', '\u{ffff}', '\u{1f600}'];
    let log = AuditLog::create(config(&dir, 1 << 20)).unwrap();
    for letter in letters {
        log.append_blocking(worst(letter)).unwrap();
    }
    drop(log);
    let lines = of_kind(&dir, "request");
    assert_eq!(lines.len(), letters.len());
    for (line, letter) in lines.iter().zip(letters) {
        let bytes = line.len() + MORE_DIGITS;
        assert!(bytes <= RECORD_LINE_BYTES_MAX, "{letter:?}: {bytes} bytes");
    }
    check(&dir).unwrap();
}
