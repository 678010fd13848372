//! Plain HTTP/1.1 requests to the admin address of a server, which has neither TLS nor authentication: health probes, and
//! the clock of a development server.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::http::request::Builder;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::error::ClientError;

/// Timeout of a probe.
const TIMEOUT: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeResponse {
    /// HTTP status.
    pub status: u16,
    /// The body, as text.
    pub text: String,
}

/// Requests `path` from `http://HOST:PORT` or `HOST:PORT`.
///
/// # Errors
/// [`ClientError::Endpoint`], [`ClientError::Probe`].
pub async fn probe(admin: &str, path: &str) -> Result<ProbeResponse, ClientError> {
    send(admin, Request::get(path), Bytes::new()).await
}

/// Advances the clock of a development server by a duration such as `8d`. When this returns, the server has completed the
/// work that became due.
///
/// # Errors
/// [`ClientError::Endpoint`]; [`ClientError::Probe`], also if the server refuses because its clock cannot be advanced: only
/// that of `claviger dev` can.
pub async fn advance_clock(admin: &str, by: &str) -> Result<(), ClientError> {
    let body = serde_json::json!({ "advance": by }).to_string();
    let answer = send(admin, Request::post("/dev/clock"), Bytes::from(body)).await?;
    match answer.status {
        200 => Ok(()),
        _ => Err(ClientError::Probe { admin: admin.to_owned(), reason: answer.text }),
    }
}

async fn send(admin: &str, request: Builder, body: Bytes) -> Result<ProbeResponse, ClientError> {
    let authority = admin.strip_prefix("http://").unwrap_or(admin).trim_end_matches('/');
    let not_http = || ClientError::ProbeNotHttp { admin: authority.to_owned() };
    if authority.starts_with("https://") {
        return Err(not_http());
    }
    if authority.is_empty() || authority.contains('/') {
        return Err(ClientError::Endpoint(admin.to_owned()));
    }
    let failed = |reason: String| ClientError::Probe { admin: authority.to_owned(), reason };
    let connect_failed = |error: io::Error| failed(error.to_string());
    let request_failed = |error: hyper::Error| {
        // A TLS server answers with an alert, which is not HTTP.
        if error.is_parse() { not_http() } else { failed(error.to_string()) }
    };
    let exchange = async {
        let stream = TcpStream::connect(authority).await.map_err(connect_failed)?;
        let connected = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = connected.map_err(request_failed)?;
        // The task ends when `sender` is dropped.
        tokio::spawn(connection);
        let request = request.header("host", authority).body(Full::new(body));
        let request = request.map_err(|error| failed(error.to_string()))?;
        let response = sender.send_request(request).await.map_err(request_failed)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| failed(error.to_string()))?.to_bytes();
        Ok(ProbeResponse { status, text: String::from_utf8_lossy(&body).into_owned() })
    };
    let answered = tokio::time::timeout(TIMEOUT, exchange).await;
    answered.unwrap_or_else(|_elapsed| Err(failed(format!("no answer within {} s", TIMEOUT.as_secs()))))
}
