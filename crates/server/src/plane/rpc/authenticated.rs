//! A request after authentication, and its execution.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use claviger_base::id::{AccessKeyId, RequestId};
use claviger_service::Service;
use claviger_wire::rpc::{Action, Parameters, RpcError};

use super::actions::{note_subject, serve};
use super::call::Call;
use super::errors::{Refusal, of_service};
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::AuditFields;

/// A request of an authenticated caller.
pub(super) struct AuthenticatedRequest {
    pub(super) action: Action,
    pub(super) caller: AccessKeyId,
    pub(super) parameters: Parameters,
    pub(super) origin: Origin,
}

/// Id, source and start time of a request, for the record of the change that it makes.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) request_id: RequestId,
    pub(super) peer: SocketAddr,
    pub(super) started: Instant,
}

impl AuthenticatedRequest {
    /// Performs the action. Fills in `fields`, even if the action is refused or panics.
    pub(super) async fn perform(self, service: &Arc<Service>, fields: &mut AuditFields) -> Result<Vec<u8>, RpcError> {
        let Self { action, caller, parameters, origin } = self;
        note_subject(action, &parameters, fields);
        let intent = fields.intent(&origin.request_id, origin.peer, origin.started);
        let running = service.blocking(move |service| {
            let request_id = origin.request_id.to_string();
            Ok(serve(action, &parameters, &Call { service, caller, request_id, intent }))
        });
        match running.await.map_err(|error| of_service(&error))? {
            Ok(Outcome { answer, audit }) => {
                fields.add(audit);
                Ok(answer)
            }
            Err(Refusal { error, audit }) => {
                fields.add(*audit);
                fields.find_named_key(service).await;
                Err(error)
            }
        }
    }
}
