//! Answers to HTTP/1.1 requests with an invalid head. The HTTP library refuses them with an empty body and does not call the
//! handler. This module replaces its answer by an error of the API (instance-api 7, rpc-api 4.3).
//!
//! It recognises answers of the library by the missing content type: every answer of this server has one.

use claviger_base::id::RequestId;
use claviger_wire::instance::{ApiError, header as instance_header};
use claviger_wire::rpc::{RpcError, header as rpc_header};

/// Upper bound for the length of an answer of the library.
const LENGTH_MAX: usize = 256;

/// Searches an unparsed head for a header of the Instance API, so that the answer uses the protocol of the request.
#[derive(Debug, Default)]
pub(crate) struct Sniffer {
    matched: usize,
    is_found: bool,
}

impl Sniffer {
    /// The prefix of every Instance API header. Its first letter occurs only once, so a mismatch can restart the search without
    /// stepping back.
    const PREFIX: &[u8] = instance_header::KMS_PREFIX.as_bytes();

    pub(crate) fn look(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // This runs over every head, so it stops at the first match.
            if self.is_found {
                return;
            }
            let byte = byte.to_ascii_lowercase();
            let is_next = Self::PREFIX.get(self.matched) == Some(&byte);
            self.matched = if is_next { self.matched + 1 } else { usize::from(Self::PREFIX.first() == Some(&byte)) };
            if self.matched == Self::PREFIX.len() {
                (self.is_found, self.matched) = (true, 0);
            }
        }
    }

    /// Whether the head has a header of the Instance API.
    pub(crate) fn is_instance_api(&self) -> bool {
        self.is_found
    }
}

/// The status of an answer of the library, or `None` when `written` is something else.
pub(crate) fn library_status(written: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(written.get(..written.len().min(LENGTH_MAX + 1))?).ok()?;
    let is_whole = text.len() <= LENGTH_MAX && text.find("\r\n\r\n") == Some(text.len().checked_sub(4)?);
    let rest = text.strip_prefix("HTTP/1.1 ").or_else(|| text.strip_prefix("HTTP/1.0 "))?;
    let status = rest.get(..3)?.parse().ok().filter(|status| matches!(status, 400 | 414 | 431))?;
    let lower = text.to_ascii_lowercase();
    let is_library = lower.contains("\r\ncontent-length: 0\r\n") && !lower.contains("\r\ncontent-type:");
    (is_whole && is_library).then_some(status)
}

/// The replacement: a complete HTTP/1.1 message.
pub(crate) fn answer(status: u16, is_instance_api: bool) -> Vec<u8> {
    let (api, rpc) = match status {
        503 => (ApiError::ServiceUnavailableTemporary, RpcError::ServiceUnavailableTemporary),
        414 | 431 => (ApiError::RequestHeaderFieldsTooLarge, RpcError::RequestHeaderFieldsTooLarge),
        _ => (ApiError::InvalidParameter("request head"), RpcError::ParseRequestParameterException),
    };
    // Without random bytes there is no request id, and without it no API error. The body stays empty.
    let Ok(request_id) = RequestId::generate() else { return head(status, "text/plain", 0, "").into_bytes() };
    let (content_type, body, extra) = if is_instance_api {
        (instance_header::CONTENT_TYPE_VALUE, api.encode(&request_id), String::new())
    } else {
        let extra = format!("{}: {request_id}\r\n", rpc_header::REQUEST_ID);
        (rpc_header::JSON_CONTENT_TYPE, rpc.encode(&request_id, "claviger").into_bytes(), extra)
    };
    let status = if is_instance_api { api.status() } else { rpc.status_and_code().0 };
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
    fn only_answers_of_the_library_are_recognised() {
        let library = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(library_status(library), Some(431));
        let others: [&[u8]; 5] = [
            b"HTTP/1.1 431 X\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nmore",
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 7\r\n\r\n",
            b"",
        ];
        for other in others {
            assert_eq!(library_status(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn the_prefix_is_found_across_reads_and_in_any_case() {
        let found = |pieces: &[&str]| {
            let mut sniffer = Sniffer::default();
            pieces.iter().for_each(|piece| sniffer.look(piece.as_bytes()));
            sniffer.is_instance_api()
        };
        assert!(found(&["POST /\r\nX-K", "ms-ApiName: Encrypt"]) && found(&["xx-kms-"]) && found(&["x-kx-kms-a"]));
        assert!(!found(&["x-acs-action: x-km", "x kms-"]) && !found(&[]));
    }
}
