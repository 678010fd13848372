//! Foreign text on an operator's terminal.

use serde_json::Value;

use crate::fixture::Workplace;

/// Formerly, a line break in a description produced a forged line in `key describe`.
#[test]
fn a_description_forges_no_line_and_moves_no_cursor() {
    let place = Workplace::open();
    let hostile = "x\nKeyMetadata.KeyState             PendingDeletion\r\u{1b}]0;owned\u{7}\u{202e}\u{2066}\u{9b}";
    let id = place.text(&["key", "create", "--quiet", "--description", hostile]);
    let id = id.trim_end();
    let described = place.text(&["key", "describe", id]);
    assert!(described.chars().all(|shown| shown == '\n' || !shown.is_control()), "{described:?}");
    assert!(!described.contains(['\u{202e}', '\u{2066}']), "{described:?}");
    let states = described.lines().filter(|line| line.starts_with("KeyMetadata.KeyState ")).count();
    assert_eq!(states, 1, "{described}");
    let shown = "x\\nKeyMetadata.KeyState             PendingDeletion\\r\\u{1b}]0;owned\\u{7}\\u{202e}\\u{2066}\\u{9b}";
    assert!(described.contains(shown), "{described}");
    let json: Value = serde_json::from_str(&place.text(&["key", "describe", id, "--output", "json"])).unwrap();
    assert_eq!(json["KeyMetadata"]["Description"], hostile);
}

/// Data keeps its lines.
#[test]
fn pem_keeps_its_lines() {
    let place = Workplace::open();
    let made = place.text(&["data-key-pair", "generate", "--spec", "EC_P256"]);
    assert!(made.lines().any(|line| line == "-----END PUBLIC KEY-----"), "{made}");
    assert!(made.lines().any(|line| line == "-----END PRIVATE KEY-----"), "{made}");
}
