//! What an authenticated caller may use, by the policies of its application access point and its address (rpc-api 13.2).

use std::net::IpAddr;
use std::sync::Arc;

use claviger_model::{Grant, Target};

use crate::error::ServiceError;

/// The rights of one caller for one request.
#[derive(Debug, Clone)]
pub struct Rights {
    /// `None` allows everything, as for client keys that a version without policies stored.
    grants: Option<Arc<Vec<Grant>>>,
    source: IpAddr,
}

impl Rights {
    /// The rights of a caller that no policy restricts.
    #[must_use]
    pub fn everything(source: IpAddr) -> Self {
        Self { grants: None, source }
    }

    /// The rights that these policies grant.
    #[must_use]
    pub fn granted(grants: Arc<Vec<Grant>>, source: IpAddr) -> Self {
        Self { grants: Some(grants), source }
    }

    /// Whether some policy admits the caller's source address.
    #[must_use]
    pub fn is_source_admitted(&self) -> bool {
        self.grants.as_ref().is_none_or(|grants| grants.iter().any(|grant| grant.admits(self.source)))
    }

    /// Refuses the use of `target` unless a policy grants it.
    ///
    /// # Errors
    /// [`ServiceError::NoPermission`] when no policy grants it.
    pub fn require(&self, target: Target<'_>) -> Result<(), ServiceError> {
        let granted = |grants: &Arc<Vec<Grant>>| grants.iter().any(|grant| grant.allows(target, self.source));
        if self.grants.as_ref().is_none_or(granted) {
            return Ok(());
        }
        Err(ServiceError::NoPermission(match target {
            Target::Key(id) => id.to_string(),
            Target::Secret(name) => name.to_owned(),
        }))
    }
}
