//! The two planes as thin adapters over the same operations, and what every request goes through on either:
//! its body within limits, its answer, its audit record durable before the answer leaves, its metrics and log line.

pub(crate) mod instance;
pub(crate) mod rpc;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use claviger_base::id::RequestId;
use claviger_service::{Caller, Service};
use claviger_wire::headers::Headers;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Request, Response};

use crate::answer::{self, Body};
use crate::body::{Arrived, Bodies, BodyError, Keep, is_small};
use crate::journal::{Facts, Journal};
use crate::listen::Answer;
use crate::presence::{Presence, presence};

/// Which protocol a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Plane {
    /// The Instance API: protobuf.
    Instance,
    /// The control plane: RPC.
    Rpc,
}

impl Plane {
    /// As audit records and metrics name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Rpc => "rpc",
        }
    }

    /// By headers (design.md section 2): `x-kms-*` or a protobuf media type is the Instance API, everything else RPC.
    fn of(headers: &Headers<'_>) -> Self {
        let protobuf = claviger_wire::instance::header::CONTENT_TYPE_VALUE.as_bytes();
        let speaks_instance = headers.iter().any(|(name, value)| {
            name.starts_with(claviger_wire::instance::header::KMS_PREFIX)
                || (matches!(name, "content-type" | "accept") && value.starts_with(protobuf))
        });
        if speaks_instance { Self::Instance } else { Self::Rpc }
    }
}

/// A whole request.
pub(crate) struct Received<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) headers: &'a Headers<'a>,
    pub(crate) body: &'a Arrived,
    pub(crate) request_id: &'a RequestId,
    pub(crate) presence: &'a Presence,
    pub(crate) peer: SocketAddr,
    pub(crate) started: Instant,
}

/// Both planes on one listener.
pub(crate) struct Planes {
    pub(crate) service: Arc<Service>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) bodies: Bodies,
}

impl Answer for Planes {
    async fn answer(self: Arc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let plane = Plane::of(&headers_of(&parts));
        let Ok(request_id) = RequestId::generate() else {
            tracing::error!("no random bytes for a request id");
            return answer::text(hyper::StatusCode::SERVICE_UNAVAILABLE, "no random bytes; try again\n");
        };
        // From here on every way out leaves a record, also when the client goes away and this future is dropped.
        let mut entry = self.journal.begin(plane, request_id.clone(), peer, started);
        let keep = self.keep(plane, peer, &parts, &body).await;
        let body = self.bodies.read(body, keep).await;
        // Dropped with this future: an operation that may stop early hears then that the client has gone.
        let (here, presence) = presence();
        // In a task of its own: a client that goes away must not cut an operation off between its change and its record.
        let handling = tokio::spawn({
            let (planes, request_id) = (Arc::clone(&self), request_id.clone());
            async move {
                let response = match body {
                    Ok(body) => {
                        let (headers, request_id) = (&headers_of(&parts), &request_id);
                        let (parts, body, presence) = (&parts, &body, &presence);
                        let received = Received { parts, headers, body, request_id, presence, peer, started };
                        planes.operate(plane, &received, &mut entry.facts).await
                    }
                    Err(error) => refuse_body(plane, error, &request_id, &mut entry.facts),
                };
                entry.write().await.map(|()| response)
            }
        });
        let handled = handling.await;
        drop(here);
        match handled {
            Ok(Ok(response)) => response,
            // Not durable, or a panic, whose entry has recorded that there was no outcome.
            Ok(Err(_)) | Err(_) => unavailable(plane, &request_id),
        }
    }
}

fn headers_of(parts: &Parts) -> Headers<'_> {
    // HTTP/2 carries the host, which control plane signatures cover, as the target's authority.
    let authority = parts.uri.authority().filter(|_| !parts.headers.contains_key("host"));
    let host = authority.map(|authority| ("host", authority.as_str().as_bytes()));
    let sent = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Headers::new(sent.chain(host))
}

impl Planes {
    /// A body that is not small is kept only for a caller who has signed for it.
    async fn keep(&self, plane: Plane, peer: SocketAddr, parts: &Parts, body: &Incoming) -> Keep {
        if is_small(body) {
            return Keep::Small;
        }
        let headers = headers_of(parts);
        let is_signed_for = match plane {
            Plane::Instance => instance::is_signed_for(&self.service, peer, parts, &headers).await,
            Plane::Rpc => rpc::is_signed_for(&self.service, parts, &headers).await,
        };
        if is_signed_for { Keep::Large } else { Keep::Nothing }
    }

    async fn operate(&self, plane: Plane, received: &Received<'_>, facts: &mut Facts) -> Response<Body> {
        match plane {
            Plane::Instance => instance::answer(&self.service, received, facts).await,
            Plane::Rpc => rpc::answer(&self.service, received, facts).await,
        }
    }
}

fn refuse_body(plane: Plane, error: BodyError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
    match plane {
        Plane::Instance => instance::refuse_body(error, request_id, facts),
        Plane::Rpc => rpc::refuse_body(error, request_id, facts),
    }
}

/// The answer when no audit record could be made durable: nobody may receive what nobody can account for.
fn unavailable(plane: Plane, request_id: &RequestId) -> Response<Body> {
    match plane {
        Plane::Instance => instance::unavailable(request_id),
        Plane::Rpc => rpc::unavailable(request_id),
    }
}

/// As audit records name a caller.
pub(crate) fn principal(caller: &Caller) -> String {
    match caller {
        Caller::ClientKey(id) => id.to_string(),
        Caller::AccessKey(id) => id.to_string(),
    }
}
