//! Answers to HTTP/1.1 requests whose head is not one: the library refuses them itself, with an empty body, before any
//! request is handed out. They get the same errors as everything else (instance-api 7, rpc-api 4.3).
//!
//! The rule it keeps: what is replaced is exactly what the library writes by itself, told by what every answer of ours has and
//! those lack, a content type.

use claviger_base::id::RequestId;
use claviger_wire::instance::{ApiError, header as instance_header};
use claviger_wire::rpc::{RpcError, header as rpc_header};

/// Longest answer that the library makes by itself.
const LENGTH_MAX: usize = 256;

/// Looks for a word in bytes as they come, so that an answer speaks the protocol of what could not be read.
#[derive(Debug, Default)]
pub(crate) struct Sniffer {
    matched: usize,
    is_found: bool,
}

impl Sniffer {
    /// Every header of the Instance API begins so. Its first letter comes once: a mismatch never hides a later beginning.
    const WORD: &[u8] = instance_header::KMS_PREFIX.as_bytes();

    pub(crate) fn look(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // It is not looked for again: this runs over every head.
            if self.is_found {
                return;
            }
            let byte = byte.to_ascii_lowercase();
            let is_next = Self::WORD.get(self.matched) == Some(&byte);
            self.matched = if is_next { self.matched + 1 } else { usize::from(Self::WORD.first() == Some(&byte)) };
            if self.matched == Self::WORD.len() {
                (self.is_found, self.matched) = (true, 0);
            }
        }
    }

    /// Whether the word was there.
    pub(crate) fn speaks_instance(&self) -> bool {
        self.is_found
    }
}

/// The status of an answer that the library made by itself; `None` for anything else.
pub(crate) fn status_of_own(written: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(written.get(..written.len().min(LENGTH_MAX + 1))?).ok()?;
    let is_whole = text.len() <= LENGTH_MAX && text.find("\r\n\r\n") == Some(text.len().checked_sub(4)?);
    let rest = text.strip_prefix("HTTP/1.1 ").or_else(|| text.strip_prefix("HTTP/1.0 "))?;
    let status = rest.get(..3)?.parse().ok().filter(|status| matches!(status, 400 | 414 | 431))?;
    let lower = text.to_ascii_lowercase();
    let is_own = lower.contains("\r\ncontent-length: 0\r\n") && !lower.contains("\r\ncontent-type:");
    (is_whole && is_own).then_some(status)
}

/// The answer in its place: a whole HTTP/1.1 message.
pub(crate) fn answer(status: u16, speaks_instance: bool) -> Vec<u8> {
    let (api, rpc) = match status {
        503 => (ApiError::ServiceUnavailableTemporary, RpcError::ServiceUnavailableTemporary),
        414 | 431 => (ApiError::RequestHeaderFieldsTooLarge, RpcError::RequestHeaderFieldsTooLarge),
        _ => (ApiError::InvalidParameter("request head"), RpcError::ParseRequestParameterException),
    };
    // Without random bytes there is no id, and the answer goes without a body as before.
    let Ok(request_id) = RequestId::generate() else { return head(status, "text/plain", 0, "").into_bytes() };
    let (content_type, body, extra) = if speaks_instance {
        (instance_header::CONTENT_TYPE_VALUE, api.encode(&request_id), String::new())
    } else {
        let extra = format!("{}: {request_id}\r\n", rpc_header::REQUEST_ID);
        (rpc_header::JSON_CONTENT_TYPE, rpc.encode(&request_id, "claviger").into_bytes(), extra)
    };
    let status = if speaks_instance { api.status() } else { rpc.status_and_code().0 };
    let mut answer = head(status, content_type, body.len(), &extra).into_bytes();
    answer.extend_from_slice(&body);
    answer
}

fn head(status: u16, content_type: &str, length: usize, extra: &str) -> String {
    let reason = match status {
        400 => "Bad Request",
        431 => "Request Header Fields Too Large",
        _ => "Service Unavailable",
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n{extra}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_library_writes_by_itself_is_recognised() {
        let own = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(status_of_own(own), Some(431));
        let others: [&[u8]; 5] = [
            b"HTTP/1.1 431 X\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nmore",
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 7\r\n\r\n",
            b"",
        ];
        for other in others {
            assert_eq!(status_of_own(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn the_word_is_found_in_pieces_and_in_any_case() {
        let found = |pieces: &[&str]| {
            let mut sniffer = Sniffer::default();
            pieces.iter().for_each(|piece| sniffer.look(piece.as_bytes()));
            sniffer.speaks_instance()
        };
        assert!(found(&["POST /\r\nX-K", "ms-ApiName: Encrypt"]) && found(&["xx-kms-"]) && found(&["x-kx-kms-a"]));
        assert!(!found(&["x-acs-action: x-km", "x kms-"]) && !found(&[]));
    }
}
