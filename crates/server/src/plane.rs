//! The two planes as thin adapters over the same operations, and what every request goes through on either:
//! its body within limits, its answer, its audit record durable before the answer leaves, its metrics and log line.

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
use crate::body::{BodyError, BodyReader, Keep, ReceivedBody, SMALL_BYTES_MAX, Sender, is_small};
use crate::disconnect::disconnect_watch;
use crate::listen::{ConnectionContext, Handler};
use crate::protocol::Protocol;
use crate::request_log::RequestLog;
use crate::request_log::audit_fields::AuditFields;
use crate::request_log::entry::Entry;
use crate::unverified::{Account, Charge, HeadError};

/// Who sent a request, or how it is refused, as far as its head tells. Nothing else of a refused request is kept while its
/// body arrives.
enum Verdict {
    Instance(Result<instance::Verified, instance::Refused>),
    Rpc(Result<rpc::Verified, rpc::Refused>),
}

impl Verdict {
    fn is_verified(&self) -> bool {
        matches!(self, Self::Instance(Ok(_)) | Self::Rpc(Ok(_)))
    }

    /// Whether a refusal depends on the form.
    fn looks_at_form(&self) -> bool {
        matches!(self, Self::Rpc(Err(refused)) if refused.looks_at_form)
    }
}

/// A refusal by the head alone.
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

/// What became of a body.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every request is the large variant; a box would cost each an allocation"
)]
enum Reading {
    /// It arrived whole, and as much of it is kept as its sender is entitled to; with the charge for the form of an
    /// unverified caller.
    Whole(Verdict, ReceivedBody, Option<Charge>),
    /// Its sender asked whether to send it, and is refused whatever it holds.
    NotAskedFor(EarlyRefusal),
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
        // At once, before this future is polled: the HTTP/2 library decodes the heads of many streams before any of them runs.
        let admitted = connection.account().charge_head(&request).map(|charge| (request, charge));
        async move {
            let Ok(request_id) = RequestId::generate() else {
                tracing::error!("no random bytes for a request id");
                return answer::text(hyper::StatusCode::SERVICE_UNAVAILABLE, "no random bytes; try again\n");
            };
            // From here on every way out leaves a record, also when the client disconnects and this future is dropped.
            let mut entry = self.request_log.begin(protocol, request_id.clone(), connection.peer, started);
            match admitted {
                Ok((request, charge)) => {
                    self.answer_admitted(request, charge, entry, protocol, request_id, connection).await
                }
                Err(error) => {
                    // Where there is no room for the head, there is none for holding its answer; it gets its 503 all the same.
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
        let verdict = self.verify(protocol, &parts, &body, connection.peer, &mut entry.fields).await;
        let is_asking = version == Version::HTTP_11 && !body.is_end_stream() && asks_before_its_body(&parts.headers);
        let held = if verdict.is_verified() {
            connection.mark_verified();
            None
        } else {
            Some(AnswerCharge::begin(connection.account()))
        };
        drop((parts, charge));
        let reading = self.read(body, verdict, version, is_asking, connection.account()).await;
        let (peer, started) = (connection.peer, entry.started());
        let is_cut_off =
            matches!(reading, Ok(Reading::NotAskedFor(_)) | Err(BodyError::TooLarge)) && version < Version::HTTP_2;
        // Dropped with this future, which tells operations that may stop early that the client has disconnected.
        let (guard, disconnect) = disconnect_watch();
        // In a task of its own: a client that disconnects must not cut an operation off between its change and its record.
        // Boxed: the future is large, and spawning moves it several times.
        let handling = tokio::spawn({
            let (planes, request_id) = (Arc::clone(&self), request_id.clone());
            Box::pin(async move {
                let reply = match reading {
                    Ok(Reading::Whole(verdict, body, _charge)) => {
                        let (body, request_id, disconnect) = (&body, &request_id, &disconnect);
                        let context = RequestContext { body, request_id, disconnect, peer, started };
                        planes.operate(verdict, &context, &mut entry.fields).await
                    }
                    Ok(Reading::NotAskedFor(refusal)) => refusal.reply(&request_id),
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
            // Not durable, or a panic, whose entry has recorded that there was no outcome.
            Ok(Err(_)) | Err(_) => unavailable(protocol, &request_id),
        };
        if is_cut_off {
            // The rest of the body is still arriving: no request can follow it, and its sender must get this answer.
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
    ) -> Verdict {
        let body_bytes_min = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        let head = Head { parts, headers: &headers_of(parts), body_bytes_min, peer };
        match protocol {
            Protocol::Instance => Verdict::Instance(instance::verify(&self.service, &head, fields).await),
            Protocol::Rpc => Verdict::Rpc(rpc::verify(&self.service, &head, fields).await),
        }
    }

    /// Reads the body: all of it from a verified caller; from others only its length and hash, and a form that may say how it
    /// is signed.
    async fn read(
        &self,
        body: Incoming,
        verdict: Verdict,
        version: Version,
        is_asking: bool,
        account: &Account,
    ) -> Result<Reading, BodyError> {
        // Before anything of it is read: a client that waits for `100 Continue` then does not send it. HTTP/2 cannot close one
        // request alone without some clients taking it for an error.
        if version < Version::HTTP_2 && body.size_hint().lower() > BODY_BYTES_MAX as u64 {
            return Err(BodyError::TooLarge);
        }
        let verdict = match verdict {
            Verdict::Instance(Err(refused)) if is_asking => {
                return Ok(Reading::NotAskedFor(EarlyRefusal::Instance(refused)));
            }
            Verdict::Rpc(Err(refused)) if is_asking && !refused.looks_at_form => {
                return Ok(Reading::NotAskedFor(EarlyRefusal::Rpc(refused)));
            }
            verdict => verdict,
        };
        let sender = if verdict.is_verified() { Sender::Verified } else { Sender::Unverified };
        let (keep, charge) = match (verdict.is_verified(), is_small(&body)) {
            (true, true) => (Keep::Small, None),
            (true, false) => (Keep::Large, None),
            (false, true) if verdict.looks_at_form() => match account.charge(SMALL_BYTES_MAX) {
                Some(charge) => (Keep::Small, Some(charge)),
                None => (Keep::Nothing, None),
            },
            (false, _) => (Keep::Nothing, None),
        };
        Ok(Reading::Whole(verdict, self.bodies.read(body, keep, sender).await?, charge))
    }

    async fn operate(&self, verdict: Verdict, context: &RequestContext<'_>, fields: &mut AuditFields) -> Reply {
        match verdict {
            Verdict::Instance(verdict) => instance::answer(&self.service, verdict, context, fields).await,
            Verdict::Rpc(verdict) => rpc::answer(&self.service, verdict, context, fields).await,
        }
    }
}

/// Notes in the record how the request ends.
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
    // HTTP/2 carries the host, which control plane signatures cover, as the target's authority.
    let authority = parts.uri.authority().filter(|_| !parts.headers.contains_key("host"));
    let host = authority.map(|authority| ("host", authority.as_str().as_bytes()));
    let sent = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Headers::new(sent.chain(host))
}

/// Whether the caller sends its body only once it is told to (RFC 9110, section 10.1.1).
fn asks_before_its_body(headers: &HeaderMap) -> bool {
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

/// The answer when the audit record could not be made durable: no result leaves without a record of it.
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
    fn who_asks_before_its_body_may_expect_other_things_too() {
        let mut headers = HeaderMap::new();
        assert!(!asks_before_its_body(&headers));
        headers.append(EXPECT, HeaderValue::from_static("something-else"));
        assert!(!asks_before_its_body(&headers));
        headers.append(EXPECT, HeaderValue::from_static("100-Continue"));
        assert!(asks_before_its_body(&headers));
    }
}
