//! One line of the log: how it is written and how it is read back (`docs/formats/audit.md`, "Lines").

use std::fmt;
use std::str::FromStr;

use claviger_base::Timestamp;

use crate::record::rfc3339_ms;
use crate::seal::link;

/// Longest line with its newline, bytes. A request's texts, all escaped, stay well below it.
pub(crate) const LINE_BYTES_MAX: usize = 16 * 1024;

const CHAIN_FIELD: &str = ",\"chain\":\"";
const CHAIN_END: &str = "\"}";
/// `,"chain":"` + 64 hexadecimal digits + `"}`.
pub(crate) const TAIL_BYTES: usize = CHAIN_FIELD.len() + 64 + CHAIN_END.len();

/// A point of the log: a line's number and its link. Whoever keeps one elsewhere can prove the log still contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The line's number; 0 before the first line.
    pub seq: u64,
    /// The line's link; zeros before the first line.
    pub chain: [u8; 32],
}

impl Mark {
    /// Before the first line.
    pub const START: Self = Self { seq: 0, chain: [0; 32] };
}

/// Where the log stands: the line `mark` ends at byte `offset` of the segment that starts with line `segment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) mark: Mark,
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

/// `<seq>:<64 hexadecimal digits>`, what `claviger audit verify --expect-head` takes.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.chain))
    }
}

/// The text is not `<seq>:<64 hexadecimal digits>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMark;

impl fmt::Display for NotAMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a line number, a colon and 64 hexadecimal digits")
    }
}

impl std::error::Error for NotAMark {}

impl FromStr for Mark {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let (seq, chain) = text.split_once(':').ok_or(NotAMark)?;
        Ok(Self { seq: decimal(seq).ok_or(NotAMark)?, chain: link_from_hex(chain).ok_or(NotAMark)? })
    }
}

/// Writes the line after `mark` to the end of `out` and returns its mark.
pub(crate) fn write(out: &mut Vec<u8>, mark: Mark, time: Timestamp, kind: &str, fields: &str) -> Mark {
    let seq = mark.seq.saturating_add(1);
    let body = format!("{{\"seq\":{seq},\"time\":\"{}\",\"kind\":\"{kind}\"{fields}", rfc3339_ms(time));
    let chain = link(&mark.chain, body.as_bytes());
    out.extend_from_slice(body.as_bytes());
    out.extend_from_slice(CHAIN_FIELD.as_bytes());
    let mut digits = [0; 64];
    // Cannot fail: a link is 32 bytes.
    let _fits = hex::encode_to_slice(chain, &mut digits);
    out.extend_from_slice(&digits);
    out.extend_from_slice(CHAIN_END.as_bytes());
    out.push(b'\n');
    Mark { seq, chain }
}

/// A line that has the form of one; whether its link is right is [`Line::follows`]'s to say.
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
    /// Reads a line, without its newline.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let body = text.get(..text.len().checked_sub(TAIL_BYTES)?)?;
        let digits = text.get(body.len()..)?.strip_prefix(CHAIN_FIELD)?.strip_suffix(CHAIN_END)?;
        let (seq, rest) = body.strip_prefix("{\"seq\":")?.split_once(",\"time\":\"")?;
        let (time, rest) = rest.split_once("\",\"kind\":\"")?;
        let (kind, fields) = rest.split_once('"')?;
        Some(Self { seq: decimal(seq)?, time, kind, chain: link_from_hex(digits)?, body, fields })
    }

    /// Whether this is, unaltered, the line after `mark`.
    pub(crate) fn follows(&self, mark: &Mark) -> bool {
        Some(self.seq) == mark.seq.checked_add(1) && link(&mark.chain, self.body.as_bytes()) == self.chain
    }

    /// Where the log stands after this line.
    pub(crate) fn mark(&self) -> Mark {
        Mark { seq: self.seq, chain: self.chain }
    }

    /// A field's number, or its text up to the first quote, which is whole where no stranger wrote it. Their texts are never
    /// taken for a field: their quotes are escaped.
    pub(crate) fn field(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.fields.split_once(&format!(",\"{name}\":"))?;
        match rest.strip_prefix('"') {
            Some(text) => text.split('"').next(),
            None => rest.split(',').next(),
        }
    }

    /// A checkpoint's signature.
    pub(crate) fn signature(&self) -> Option<Vec<u8>> {
        lower_hex(self.field("signature")?)
    }
}

/// A decimal number written the one way it can be.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Lower-case hexadecimal, the only form ever written.
pub(crate) fn lower_hex(text: &str) -> Option<Vec<u8>> {
    (!text.bytes().any(|b| b.is_ascii_uppercase())).then(|| hex::decode(text).ok()).flatten()
}

/// A link in its text form.
pub(crate) fn link_from_hex(text: &str) -> Option<[u8; 32]> {
    lower_hex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_lines() -> (Vec<u8>, Mark, Mark) {
        let mut out = Vec::new();
        let time = Timestamp::from_unix_ms(1_767_323_045_007);
        let first = write(&mut out, Mark::START, time, "a", ",\"x\":1,\"y\":\"z\"");
        let second = write(&mut out, first, time, "b", "");
        (out, first, second)
    }

    #[test]
    fn a_line_reads_back() {
        let (out, first, second) = two_lines();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Line<'_>> = text.lines().map(|line| Line::parse(line.as_bytes()).unwrap()).collect();
        assert_eq!((lines[0].mark(), lines[1].mark()), (first, second));
        assert_eq!((lines[0].kind, lines[0].time), ("a", "2026-01-02T03:04:05.007Z"));
        assert_eq!((lines[0].field("x"), lines[0].field("y"), lines[0].field("z")), (Some("1"), Some("z"), None));
        assert!(lines[0].follows(&Mark::START));
        assert!(lines[1].follows(&first));
        assert!(!lines[1].follows(&Mark::START));
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

    #[test]
    fn marks_round_trip_as_text() {
        let mark = Mark { seq: 7, chain: [0xab; 32] };
        assert_eq!(mark.to_string().parse(), Ok(mark));
        for bad in ["", "7", "7:", "7:ab", "x:00", &mark.to_string().to_uppercase(), &format!("0{mark}")] {
            assert_eq!(bad.parse::<Mark>(), Err(NotAMark), "{bad}");
        }
    }
}
