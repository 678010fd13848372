//! Both planes as thin adapters over the same operations, and the path of every request: read the body within limits,
//! compute the answer, write the audit record, count and log the request, then send the answer.

mod context;
mod instance;
mod outcome;
mod rpc;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use claviger_base::id::RequestId;
use claviger_base::limits::BODY_BYTES_MAX;
use claviger_service::Service;
use claviger_wire::headers::Headers;
use hyper::body::Body as _;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, Version};

use self::context::{Head, RequestContext};
use self::outcome::Reply;
use crate::answer::{self, Body};
use crate::answer_charge::AnswerCharge;
use crate::body::{BodyError, BodyReader, BodyRetention, CallerTrust, ReceivedBody, SMALL_BYTES_MAX, is_small};
use crate::disconnect::disconnect_watch;
use crate::listen::{ConnectionContext, Handler};
use crate::protocol::Protocol;
use crate::request_log::RequestLog;
use crate::request_log::audit_fields::AuditFields;
use crate::request_log::entry::Entry;
use crate::unverified::{Account, Charge, HeadError};

/// The verified caller of a request, or the refusal, decided by the head. While the body of a refused request arrives,
/// nothing else of it stays in memory.
enum HeadResult {
    Instance(Result<instance::Verified, instance::Refused>),
    Rpc(Result<rpc::Verified, rpc::Refused>),
}

impl HeadResult {
    fn is_verified(&self) -> bool {
        matches!(self, Self::Instance(Ok(_)) | Self::Rpc(Ok(_)))
    }

    /// Whether the error of a refusal depends on the form.
    fn needs_form(&self) -> bool {
        matches!(self, Self::Rpc(Err(refused)) if refused.needs_form)
    }
}

/// A refusal before the body is read.
enum EarlyRefusal {
    Instance(instance::Refused),
    Rpc(rpc::Refused),
}

impl EarlyRefusal {
    fn reply(&self, request_id: &RequestId) -> Reply {
        match self {
            Self::Instance(refused) => instance::refuse(&refused.error, request_id),
            Self::Rpc(refused) => rpc::refuse(&refused.error, request_id),
        }
    }
}

/// The result of reading a body.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every request is the large variant; boxing would cost each an allocation"
)]
enum ReadResult {
    /// The body was read to its end; with the charge for the form of an unverified caller.
    Complete(HeadResult, ReceivedBody, Option<Charge>),
    /// The client waits for `100 Continue`, and is refused without reading the body.
    NotRequested(EarlyRefusal),
}

/// Both planes on one listener.
pub(crate) struct Planes {
    pub(crate) service: Arc<Service>,
    pub(crate) request_log: Arc<RequestLog>,
    pub(crate) bodies: BodyReader,
}

impl Handler for Planes {
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: ConnectionContext,
    ) -> impl Future<Output = Response<Body>> + Send {
        let started = Instant::now();
        let protocol = Protocol::of(request.headers());
        // Charged now, before this future is polled: the HTTP/2 library decodes the heads of many streams before it polls any.
        let admitted = connection.account().charge_head(&request).map(|charge| (request, charge));
        async move {
            let Ok(request_id) = RequestId::generate() else {
                tracing::error!("no random bytes for a request id");
                return answer::text(hyper::StatusCode::SERVICE_UNAVAILABLE, "no random bytes; try again\n");
            };
            // From here on every exit leaves a record, even when the client disconnects and this future is dropped.
            let mut entry = self.request_log.begin(protocol, request_id.clone(), connection.peer, started);
            match admitted {
                Ok((request, charge)) => {
                    self.answer_admitted(request, charge, entry, protocol, request_id, connection).await
                }
                Err(error) => {
                    // With the budget exhausted, the answer cannot be charged either; the client still gets its 503.
                    let held = (error == HeadError::TooLarge).then(|| AnswerCharge::begin(connection.account()));
                    let response = recorded(&mut entry, refuse_head(protocol, error, &request_id));
                    let response =
                        entry.write().await.map_or_else(|_| unavailable(protocol, &request_id), |()| response);
                    attach(held, response)
                }
            }
        }
    }
}

impl Planes {
    async fn answer_admitted(
        self: Arc<Self>,
        request: Request<Incoming>,
        charge: Charge,
        mut entry: Entry,
        protocol: Protocol,
        request_id: RequestId,
        connection: ConnectionContext,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let version = parts.version;
        let head = self.verify(protocol, &parts, &body, connection.peer, &mut entry.fields).await;
        let expects_continue = version == Version::HTTP_11 && !body.is_end_stream() && expects_continue(&parts.headers);
        let held = if head.is_verified() {
            connection.mark_verified();
            None
        } else {
            Some(AnswerCharge::begin(connection.account()))
        };
        drop((parts, charge));
        let read = self.read(body, head, version, expects_continue, connection.account()).await;
        let (peer, started) = (connection.peer, entry.started());
        let is_body_unread =
            matches!(read, Ok(ReadResult::NotRequested(_)) | Err(BodyError::TooLarge)) && version < Version::HTTP_2;
        // If the client disconnects, hyper drops this future and with it the guard; operations that can stop early then stop.
        let (guard, disconnect) = disconnect_watch();
        // A separate task: a client that disconnects must not interrupt an operation between its change and its record.
        // Boxed: the future is large, and spawning moves it several times.
        let handling = tokio::spawn({
            let (planes, request_id) = (Arc::clone(&self), request_id.clone());
            Box::pin(async move {
                let reply = match read {
                    Ok(ReadResult::Complete(head, body, _charge)) => {
                        let (body, request_id, disconnect) = (&body, &request_id, &disconnect);
                        let context = RequestContext { body, request_id, disconnect, peer, started };
                        planes.operate(head, &context, &mut entry.fields).await
                    }
                    Ok(ReadResult::NotRequested(refusal)) => refusal.reply(&request_id),
                    Err(error) => refuse_body(protocol, error, &request_id),
                };
                let response = recorded(&mut entry, reply);
                entry.write().await.map(|()| response)
            })
        });
        let handled = handling.await;
        drop(guard);
        let mut response = match handled {
            Ok(Ok(response)) => response,
            // The record is not durable, or the task panicked; then its entry has recorded that there is no outcome.
            Ok(Err(_)) | Err(_) => unavailable(protocol, &request_id),
        };
        if is_body_unread {
            // The rest of the body may still arrive: the connection cannot be reused, and must stay open until the client
            // has read the answer.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            connection.linger();
        }
        attach(held, response)
    }

    async fn verify(
        &self,
        protocol: Protocol,
        parts: &Parts,
        body: &Incoming,
        peer: SocketAddr,
        fields: &mut AuditFields,
    ) -> HeadResult {
        let body_bytes_min = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        let head = Head { parts, headers: &headers_of(parts), body_bytes_min, peer };
        match protocol {
            Protocol::Instance => HeadResult::Instance(instance::verify(&self.service, &head, fields).await),
            Protocol::Rpc => HeadResult::Rpc(rpc::verify(&self.service, &head, fields).await),
        }
    }

    /// Reads the body. Keeps the bytes if the caller is verified; otherwise only length and hash, and a small form that may
    /// contain a signature.
    async fn read(
        &self,
        body: Incoming,
        head: HeadResult,
        version: Version,
        expects_continue: bool,
        account: &Account,
    ) -> Result<ReadResult, BodyError> {
        // Checked before reading: a client that waits for `100 Continue` then does not send the body. Not on HTTP/2, where
        // some clients treat a stream that is closed early as an error.
        if version < Version::HTTP_2 && body.size_hint().lower() > BODY_BYTES_MAX as u64 {
            return Err(BodyError::TooLarge);
        }
        let head = match head {
            HeadResult::Instance(Err(refused)) if expects_continue => {
                return Ok(ReadResult::NotRequested(EarlyRefusal::Instance(refused)));
            }
            HeadResult::Rpc(Err(refused)) if expects_continue && !refused.needs_form => {
                return Ok(ReadResult::NotRequested(EarlyRefusal::Rpc(refused)));
            }
            head => head,
        };
        let trust = if head.is_verified() { CallerTrust::Verified } else { CallerTrust::Unverified };
        let (retention, charge) = match (head.is_verified(), is_small(&body)) {
            (true, true) => (BodyRetention::Small, None),
            (true, false) => (BodyRetention::Large, None),
            (false, true) if head.needs_form() => match account.charge(SMALL_BYTES_MAX) {
                Some(charge) => (BodyRetention::Small, Some(charge)),
                None => (BodyRetention::Discard, None),
            },
            (false, _) => (BodyRetention::Discard, None),
        };
        Ok(ReadResult::Complete(head, self.bodies.read(body, retention, trust).await?, charge))
    }

    async fn operate(&self, head: HeadResult, context: &RequestContext<'_>, fields: &mut AuditFields) -> Reply {
        match head {
            HeadResult::Instance(verified) => instance::answer(&self.service, verified, context, fields).await,
            HeadResult::Rpc(verified) => rpc::answer(&self.service, verified, context, fields).await,
        }
    }
}

/// Enters the outcome of the request into its record.
fn recorded(entry: &mut Entry, reply: Reply) -> Response<Body> {
    let Reply { response, code } = reply;
    entry.fields.end(response.status(), code);
    response
}

fn attach(held: Option<AnswerCharge>, response: Response<Body>) -> Response<Body> {
    match held {
        Some(held) => held.attach(response),
        None => response,
    }
}

fn headers_of(parts: &Parts) -> Headers<'_> {
    // Control plane signatures cover `host`, which HTTP/2 sends as `:authority`.
    let authority = parts.uri.authority().filter(|_| !parts.headers.contains_key("host"));
    let host = authority.map(|authority| ("host", authority.as_str().as_bytes()));
    let sent = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Headers::new(sent.chain(host))
}

/// Whether the client waits for `100 Continue` before it sends the body (RFC 9110, section 10.1.1).
fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get_all(EXPECT).iter().any(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

fn refuse_head(protocol: Protocol, error: HeadError, request_id: &RequestId) -> Reply {
    match protocol {
        Protocol::Instance => instance::refuse_head(error, request_id),
        Protocol::Rpc => rpc::refuse_head(error, request_id),
    }
}

fn refuse_body(protocol: Protocol, error: BodyError, request_id: &RequestId) -> Reply {
    match protocol {
        Protocol::Instance => instance::refuse_body(error, request_id),
        Protocol::Rpc => rpc::refuse_body(error, request_id),
    }
}

/// The answer when the audit record is not durable: no result is sent without a durable record.
fn unavailable(protocol: Protocol, request_id: &RequestId) -> Response<Body> {
    match protocol {
        Protocol::Instance => instance::unavailable(request_id).response,
        Protocol::Rpc => rpc::unavailable(request_id).response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_expectations_may_be_100_continue() {
        let mut headers = HeaderMap::new();
        assert!(!expects_continue(&headers));
        headers.append(EXPECT, HeaderValue::from_static("something-else"));
        assert!(!expects_continue(&headers));
        headers.append(EXPECT, HeaderValue::from_static("100-Continue"));
        assert!(expects_continue(&headers));
    }
}
