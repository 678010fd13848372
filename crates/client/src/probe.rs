//! One GET of plain HTTP/1.1 at a server's admin address, which has no TLS and no authentication: for health probes.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::error::ClientError;

/// Longest wait: a probe that answers late is a failed one.
const ANSWER_MAX: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// HTTP status.
    pub status: u16,
    /// The body, as text.
    pub text: String,
}

/// Asks `http://HOST:PORT` or `HOST:PORT` for `path`.
///
/// # Errors
/// [`ClientError::Endpoint`], [`ClientError::Connect`].
pub async fn probe(admin: &str, path: &str) -> Result<Probed, ClientError> {
    let authority = admin.strip_prefix("http://").unwrap_or(admin).trim_end_matches('/');
    if authority.is_empty() || authority.contains('/') {
        return Err(ClientError::Endpoint(admin.to_owned()));
    }
    let failed = |reason: String| ClientError::Probe { admin: authority.to_owned(), reason };
    let asking = async {
        let stream = TcpStream::connect(authority).await.map_err(|error| error.to_string())?;
        let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.map_err(|error| error.to_string())?;
        // It ends with the sender.
        tokio::spawn(connection);
        let request = Request::get(path).header("host", authority).body(Empty::<Bytes>::new());
        let request = request.map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        Ok(Probed { status, text: String::from_utf8_lossy(&body).into_owned() })
    };
    let answered = tokio::time::timeout(ANSWER_MAX, asking).await;
    answered.unwrap_or_else(|_elapsed| Err(format!("no answer within {} s", ANSWER_MAX.as_secs()))).map_err(failed)
}
