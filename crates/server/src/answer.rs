//! Answers: bodies that wipe themselves once they are sent, and the few headers that both planes set.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode, header};
use zeroize::Zeroizing;

/// The body of every answer.
pub(crate) type Body = Full<Bytes>;

/// Bytes that may hold a private key: wiped when the last part of them has been sent.
pub(crate) fn wiped(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from_owner(Zeroizing::new(bytes)))
}

/// An answer with one content type.
pub(crate) fn with_type(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

/// A short text, for the loopback listener.
pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    with_type(status, "text/plain; charset=utf-8", Full::new(text.into()))
}
