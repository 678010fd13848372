//! Answers: bodies that are wiped once they are sent, and the headers that both planes set.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body as _;
use hyper::{Response, StatusCode, header};
use zeroize::Zeroizing;

/// The body of every answer.
pub(crate) type Body = Full<Bytes>;

/// A body that may contain a private key. It is wiped when its last part is sent.
pub(crate) fn wiped(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from_owner(Zeroizing::new(bytes)))
}

/// Replaces the bytes of `body` by the owner that `own` makes of them.
pub(crate) fn with_owner<O: AsRef<[u8]> + Send + 'static>(mut body: Body, own: impl FnOnce(Bytes) -> O) -> Body {
    // The only frame is ready at once; an empty body has none.
    let frame = Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop()));
    match frame {
        Poll::Ready(Some(Ok(frame))) => {
            frame.into_data().map_or(body, |bytes| Full::new(Bytes::from_owner(own(bytes))))
        }
        _ => body,
    }
}

/// An answer with a content type.
pub(crate) fn with_type(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

/// A short plain text.
pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    with_type(status, "text/plain; charset=utf-8", Full::new(text.into()))
}
