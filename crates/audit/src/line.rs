//! One line of the log: writing and parsing it (`docs/formats/audit.md`, "Lines").

use claviger_base::Timestamp;
use claviger_crypto::digest::Sha256;

use crate::encoding::{decimal, hash_from_hex, lower_hex, rfc3339_ms};
use crate::position::LogPosition;

/// Longest line with its newline, bytes. The line of a request is well below it, even with every text escaped.
pub(crate) const LINE_BYTES_MAX: usize = 16 * 1024;

const CHAIN_FIELD: &str = ",\"chain\":\"";
const CHAIN_END: &str = "\"}";
/// `,"chain":"` + 64 hexadecimal digits + `"}`.
pub(crate) const TAIL_BYTES: usize = CHAIN_FIELD.len() + 64 + CHAIN_END.len();

/// One step of the chain: SHA-256 of the previous hash and the line's body.
pub(crate) fn chain_hash(previous: &[u8; 32], body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(previous);
    digest.update(body);
    digest.finish()
}

/// Writes the line after `position` to the end of `out` and returns its position.
pub(crate) fn write(
    out: &mut Vec<u8>,
    position: LogPosition,
    time: Timestamp,
    kind: &str,
    fields: &str,
) -> LogPosition {
    let seq = position.seq.saturating_add(1);
    let body = format!("{{\"seq\":{seq},\"time\":\"{}\",\"kind\":\"{kind}\"{fields}", rfc3339_ms(time));
    let chain = chain_hash(&position.chain, body.as_bytes());
    out.extend_from_slice(body.as_bytes());
    out.extend_from_slice(CHAIN_FIELD.as_bytes());
    let mut digits = [0; 64];
    // Cannot fail: the hash has 32 bytes.
    let _fits = hex::encode_to_slice(chain, &mut digits);
    out.extend_from_slice(&digits);
    out.extend_from_slice(CHAIN_END.as_bytes());
    out.push(b'\n');
    LogPosition { seq, chain }
}

/// A line in valid form; [`Line::follows`] tells whether its chain hash is right.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) seq: u64,
    pub(crate) time: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) chain: [u8; 32],
    body: &'a str,
    fields: &'a str,
}

impl<'a> Line<'a> {
    /// Parses a line, without its newline.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let body = text.get(..text.len().checked_sub(TAIL_BYTES)?)?;
        let digits = text.get(body.len()..)?.strip_prefix(CHAIN_FIELD)?.strip_suffix(CHAIN_END)?;
        let (seq, rest) = body.strip_prefix("{\"seq\":")?.split_once(",\"time\":\"")?;
        let (time, rest) = rest.split_once("\",\"kind\":\"")?;
        let (kind, fields) = rest.split_once('"')?;
        Some(Self { seq: decimal(seq)?, time, kind, chain: hash_from_hex(digits)?, body, fields })
    }

    /// Whether this is the line after `position`, unaltered.
    pub(crate) fn follows(&self, position: &LogPosition) -> bool {
        Some(self.seq) == position.seq.checked_add(1) && chain_hash(&position.chain, self.body.as_bytes()) == self.chain
    }

    /// The position after this line.
    pub(crate) fn position(&self) -> LogPosition {
        LogPosition { seq: self.seq, chain: self.chain }
    }

    /// The value of a number field, or of a text field up to its first quote. An escaped quote counts, too, so a
    /// value from a request may be cut short; values that the program chose contain none. Text from a request cannot
    /// imitate a JSON member, because its quotes are escaped.
    pub(crate) fn field(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.fields.split_once(&format!(",\"{name}\":"))?;
        match rest.strip_prefix('"') {
            Some(text) => text.split('"').next(),
            None => rest.split(',').next(),
        }
    }

    /// The signature of a checkpoint.
    pub(crate) fn signature(&self) -> Option<Vec<u8>> {
        lower_hex(self.field("signature")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_lines() -> (Vec<u8>, LogPosition, LogPosition) {
        let mut out = Vec::new();
        let time = Timestamp::from_unix_ms(1_767_323_045_007);
        let first = write(&mut out, LogPosition::START, time, "a", ",\"x\":1,\"y\":\"z\"");
        let second = write(&mut out, first, time, "b", "");
        (out, first, second)
    }

    #[test]
    fn a_line_reads_back() {
        let (out, first, second) = two_lines();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Line<'_>> = text.lines().map(|line| Line::parse(line.as_bytes()).unwrap()).collect();
        assert_eq!((lines[0].position(), lines[1].position()), (first, second));
        assert_eq!((lines[0].kind, lines[0].time), ("a", "2026-01-02T03:04:05.007Z"));
        assert_eq!((lines[0].field("x"), lines[0].field("y"), lines[0].field("z")), (Some("1"), Some("z"), None));
        assert!(lines[0].follows(&LogPosition::START));
        assert!(lines[1].follows(&first));
        assert!(!lines[1].follows(&LogPosition::START));
    }

    #[test]
    fn the_link_is_sha256_of_the_previous_link_and_the_body() {
        let (out, first, _) = two_lines();
        let body = br#"{"seq":1,"time":"2026-01-02T03:04:05.007Z","kind":"a","x":1,"y":"z""#;
        assert!(out.starts_with(body));
        assert_eq!(claviger_crypto::digest::sha256(&[&[0; 32], &body[..]].concat()), first.chain);
    }

    #[test]
    fn what_is_not_a_line_is_refused() {
        let (out, _, _) = two_lines();
        let line = out.split(|b| *b == b'\n').next().unwrap();
        assert!(Line::parse(line).is_some());
        for end in 0..line.len() {
            assert!(Line::parse(&line[..end]).is_none(), "{end}");
        }
        let text = String::from_utf8(line.to_vec()).unwrap();
        for (from, to) in [("\"seq\":1", "\"seq\":01"), ("\"seq\":1", "\"seq\":+1"), ("kind", "kin"), ("\"}", "\"]")] {
            assert!(Line::parse(text.replace(from, to).as_bytes()).is_none(), "{to}");
        }
        assert!(Line::parse(text.to_uppercase().as_bytes()).is_none());
    }
}
