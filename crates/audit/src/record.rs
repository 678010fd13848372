//! What a request leaves behind, and its JSON form.
//!
//! Rule: no secrets. Every text that came from the network is written as escaped ASCII and cut to a stated length, so a
//! record is one line of bounded length whatever was sent.

use std::fmt::Write as _;
use std::net::SocketAddr;

use claviger_base::Timestamp;
use claviger_base::id::RequestId;

/// The door a request came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// The Instance API (protobuf).
    Instance,
    /// The control plane (RPC).
    Rpc,
    /// The server itself or its command line.
    Local,
}

impl Plane {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Rpc => "rpc",
            Self::Local => "local",
        }
    }
}

/// Most bytes of each text as it is written, escaped: names and ids of legal form always fit. With them a line is never
/// longer than [`RECORD_LINE_BYTES_MAX`].
const OPERATION_MAX: usize = 64;
const PRINCIPAL_MAX: usize = 128;
const SOURCE_MAX: usize = 64;
const KEY_ID_MAX: usize = 300;
const NAMED_MAX: usize = 300;
const KEY_VERSION_ID_MAX: usize = 64;
const CODE_MAX: usize = 64;
const DETAIL_MAX: usize = 128;

/// Longest line of a request with its newline, bytes, whatever was sent (docs/formats/audit.md).
pub const RECORD_LINE_BYTES_MAX: usize = 1600;

/// One request. Texts are names and ids only: never key material, plaintext, ciphertext, signatures or bodies. Each is cut
/// to a number of bytes, counted as it is written.
#[derive(Debug, Clone)]
pub struct Record {
    /// Business time of the request.
    pub time: Timestamp,
    /// The id in the answer.
    pub request_id: RequestId,
    /// The door.
    pub plane: Plane,
    /// The operation asked for, as sent; 64 bytes.
    pub operation: String,
    /// Client key id or access key id, `-` when unknown; 128 bytes.
    pub principal: String,
    /// Where it came from; `None` for [`Plane::Local`].
    pub source: Option<SocketAddr>,
    /// What it was about: the id of the key, or the key as sent where it is not known; the secret, client key, access point,
    /// policy or network rule; 300 bytes.
    pub key_id: Option<String>,
    /// What was named beside it: the alias or ARN that stood for the key, the access point of a client key; 300 bytes.
    pub named: Option<String>,
    /// The version used; 64 bytes.
    pub key_version_id: Option<String>,
    /// `OK` or the error code answered; 64 bytes.
    pub code: String,
    /// HTTP status answered.
    pub status: u16,
    /// From the last byte of the request's headers to this record, microseconds: the wait for its body, for its turn and for
    /// the work.
    pub duration_us: u64,
    /// A fixed remark of the program; 128 bytes.
    pub detail: Option<&'static str>,
    /// How many requests, all refused alike, this record stands for; `None` for one. The rest of it is of the first.
    pub repeated: Option<u64>,
}

impl Record {
    /// The line's fields after `kind`, starting with a comma.
    pub(crate) fn fields(&self) -> String {
        let mut out = String::with_capacity(384);
        text(&mut out, "request_id", self.request_id.as_str(), 36);
        text(&mut out, "plane", self.plane.as_str(), 16);
        text(&mut out, "operation", &self.operation, OPERATION_MAX);
        text(&mut out, "principal", &self.principal, PRINCIPAL_MAX);
        let source = self.source.map_or_else(|| "-".to_owned(), |source| source.to_string());
        text(&mut out, "source", &source, SOURCE_MAX);
        if let Some(key_id) = &self.key_id {
            text(&mut out, "key_id", key_id, KEY_ID_MAX);
        }
        if let Some(named) = &self.named {
            text(&mut out, "named", named, NAMED_MAX);
        }
        if let Some(key_version_id) = &self.key_version_id {
            text(&mut out, "key_version_id", key_version_id, KEY_VERSION_ID_MAX);
        }
        text(&mut out, "code", &self.code, CODE_MAX);
        number(&mut out, "status", u64::from(self.status));
        number(&mut out, "duration_us", self.duration_us);
        if let Some(detail) = self.detail {
            text(&mut out, "detail", detail, DETAIL_MAX);
        }
        if let Some(repeated) = self.repeated {
            number(&mut out, "repeated", repeated);
        }
        out
    }
}

/// Appends `,"name":"value"`, the value escaped to printable ASCII (RFC 8259 section 7) and cut to `max` bytes of that,
/// between characters.
pub(crate) fn text(out: &mut String, name: &str, value: &str, max: usize) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":\"");
    let end = out.len().saturating_add(max);
    for c in value.chars() {
        let whole = out.len();
        escape(out, c);
        if out.len() > end {
            out.truncate(whole);
            break;
        }
    }
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        ' '..='~' => out.push(c),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

/// Appends `,"name":value`.
pub(crate) fn number(out: &mut String, name: &str, value: u64) {
    let _ = write!(out, ",\"{name}\":{value}");
}

/// `yyyy-MM-ddTHH:mm:ss.mmmZ` (RFC 3339).
pub(crate) fn rfc3339_ms(time: Timestamp) -> String {
    let seconds = time.to_string();
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), time.unix_ms().rem_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_on_one_line_and_in_its_field() {
        let mut out = String::new();
        text(&mut out, "key_id", "a\"b\\c\nd\r\u{0}\u{7f}\u{e9}\u{1f600},\"chain\":\"", 300);
        let expected = r#","key_id":"a\"b\\c\u000ad\u000d\u0000\u007f\u00e9\ud83d\ude00,\"chain\":\"""#;
        assert_eq!(out, expected);
    }

    #[test]
    fn text_is_cut_by_the_bytes_written_and_between_characters() {
        let cases = [
            ("\u{e9}", 18, r#","code":"\u00e9\u00e9\u00e9""#),
            ("\u{e9}", 17, r#","code":"\u00e9\u00e9""#),
            ("\u{1f600}", 12, r#","code":"\ud83d\ude00""#),
            ("\u{1f600}", 11, r#","code":"""#),
            ("\"", 3, r#","code":"\"""#),
            ("a", 3, r#","code":"aaa""#),
        ];
        for (letter, max, expected) in cases {
            let mut out = String::new();
            text(&mut out, "code", &letter.repeat(10), max);
            assert_eq!(out, expected, "{letter} {max}");
        }
    }

    #[test]
    fn time_has_milliseconds() {
        assert_eq!(rfc3339_ms(Timestamp::from_unix_ms(1_767_323_045_007)), "2026-01-02T03:04:05.007Z");
        assert_eq!(rfc3339_ms(Timestamp::from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
    }
}
