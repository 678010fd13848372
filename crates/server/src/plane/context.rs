//! The parts of a request that both planes receive: first the unverified head, then the rest.

use std::net::SocketAddr;
use std::time::Instant;

use claviger_base::id::RequestId;
use claviger_service::Caller;
use claviger_wire::headers::Headers;
use hyper::http::request::Parts;

use crate::body::ReceivedBody;
use crate::disconnect::DisconnectWatch;

/// A request's head.
pub(crate) struct Head<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) headers: &'a Headers<'a>,
    /// Lower bound of the length of the body.
    pub(crate) body_bytes_min: usize,
    pub(crate) peer: SocketAddr,
}

/// The rest of a request, once its body has arrived.
pub(crate) struct RequestContext<'a> {
    pub(crate) body: &'a ReceivedBody,
    pub(crate) request_id: &'a RequestId,
    pub(crate) disconnect: &'a DisconnectWatch,
    pub(crate) peer: SocketAddr,
    pub(crate) started: Instant,
}

/// The name of a caller in audit records.
pub(crate) fn principal(caller: &Caller) -> String {
    match caller {
        Caller::ClientKey(id) => id.to_string(),
        Caller::AccessKey(id) => id.to_string(),
    }
}
