//! `CreateClientKey` (instance-api 1.9, rpc-api 13.3).

use claviger_base::id::{ClientKeyId, RuleName};
use claviger_base::{SecretBytes, Timestamp};
use claviger_crypto::client_key::{self, Password};
use claviger_model::{ClientKey, PER_ACCESS_POINT_MAX};
use claviger_vault::Outcome;

use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::retry::retry_on_conflict;
use crate::service::Service;

/// A request for a client key.
#[derive(Debug)]
pub struct IssueClientKey {
    /// The application access point it belongs to.
    pub access_point: RuleName,
    /// Protects the PKCS#12 file.
    pub password: Password,
    /// Not valid before this time.
    pub not_before: Timestamp,
    /// Not valid from this time on. Must be later than `not_before` and than now.
    pub not_after: Timestamp,
}

/// A new client key. Its private half exists only here; the server does not keep it.
#[derive(Debug)]
pub struct IssuedClientKey {
    /// What the server keeps.
    pub record: ClientKey,
    /// PKCS#12, DER, protected by the password.
    pub pkcs12: SecretBytes,
}

impl Service {
    /// Issues a client key of an application access point. Blocks.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`] if `not_after` is not later than `not_before` and than now;
    /// [`ServiceError::ResourceNotFound`] for an access point that does not exist; [`ServiceError::LimitExceeded`] when it has
    /// three client keys already.
    pub fn issue_client_key(&self, request: &IssueClientKey, intent: &Intent) -> Result<IssuedClientKey, ServiceError> {
        let issued = generate(request, self.clock.now())?;
        retry_on_conflict(|| {
            let point = self.stored_access_point(&request.access_point)?;
            if self.client_keys_of(&request.access_point)?.len() >= PER_ACCESS_POINT_MAX {
                return Err(ServiceError::LimitExceeded);
            }
            // Rewriting the access point makes two simultaneous requests conflict, so that neither exceeds the limit.
            let change = self.vault.change().update(&point, &point.record)?.create(&issued.record)?;
            let subject = Subject::other(issued.record.id.as_str()).with_name(&issued.record.name);
            Ok(matches!(self.commit(change, intent, subject)?, Outcome::Done(_)).then_some(()))
        })?;
        Ok(issued)
    }
}

/// Generates a client key without storing it.
pub(crate) fn generate(request: &IssueClientKey, now: Timestamp) -> Result<IssuedClientKey, ServiceError> {
    if request.not_after <= request.not_before || request.not_after <= now {
        return Err(ServiceError::InvalidParameter("NotAfter"));
    }
    let id = ClientKeyId::generate()?;
    let issued = client_key::issue(id.as_str(), &request.password, request.not_before, request.not_after)
        .map_err(|_failed| ServiceError::Bug("a client key could not be generated"))?;
    let record = ClientKey {
        id,
        name: request.access_point.to_string(),
        is_governed: true,
        public_key: issued.spki_der,
        certificate: issued.certificate_der,
        created: now.whole_second(),
        not_before: request.not_before,
        not_after: request.not_after,
    };
    Ok(IssuedClientKey { record, pkcs12: issued.pkcs12_der })
}
