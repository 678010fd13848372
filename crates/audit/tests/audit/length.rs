//! The longest possible line of a request.

use claviger_audit::{AuditLog, AuditRecord, RECORD_LINE_BYTES_MAX, RequestPlane};
use claviger_base::Timestamp;
use claviger_base::id::RequestId;

use crate::fixture::{check, config, of_kind};

/// How many more digits a line's number can have than in this test.
const MORE_DIGITS: usize = 18;

fn worst(letter: char) -> AuditRecord {
    let text = letter.to_string().repeat(4096);
    AuditRecord {
        time: Timestamp::from_unix_ms(-1),
        request_id: RequestId::generate().unwrap(),
        plane: RequestPlane::Instance,
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

// Formerly, texts were cut by characters, and a line had 4,281 bytes: all these letters but `a` take 2, 6 or 12 bytes.
#[test]
fn no_line_exceeds_the_limit_whatever_was_sent() {
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
