//! What a verified caller may do: the policies of its application access point (rpc-api 13.2), from where it calls.

use std::net::IpAddr;
use std::sync::Arc;

use claviger_base::id::RuleName;
use claviger_model::{AccessPoint, Grant, NetworkRule, Policy, Target};
use claviger_vault::{Stored, Vault, VaultError};

use crate::error::ServiceError;

/// The rights of one caller for one request.
#[derive(Debug, Clone)]
pub struct Rights {
    /// `None`: everything, as client keys that were stored before there were policies.
    grants: Option<Arc<Vec<Grant>>>,
    source: IpAddr,
}

impl Rights {
    /// No policy governs this caller.
    #[must_use]
    pub fn everything(source: IpAddr) -> Self {
        Self { grants: None, source }
    }

    /// These policies govern this caller.
    #[must_use]
    pub fn granted(grants: Arc<Vec<Grant>>, source: IpAddr) -> Self {
        Self { grants: Some(grants), source }
    }

    /// Whether some policy admits the caller's source address.
    #[must_use]
    pub fn is_source_admitted(&self) -> bool {
        self.grants.as_ref().is_none_or(|grants| grants.iter().any(|grant| grant.admits(self.source)))
    }

    /// Asks for the use of `target`.
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

/// The policies of the access point `name`, ready to be asked. What is missing grants nothing, and a policy or rule that does
/// not open grants nothing either; the others hold.
pub(super) fn load(vault: &Vault, name: &RuleName) -> Result<Option<Vec<Grant>>, ServiceError> {
    let Some(point) = vault.get::<AccessPoint>(name)? else { return Ok(Some(Vec::new())) };
    let mut grants = Vec::new();
    for policy in &point.record.policies {
        if let Some(policy) = unless_unreadable(vault.get::<Policy>(policy))? {
            grants.push(grant(vault, &policy.record)?);
        }
    }
    Ok(Some(grants))
}

fn unless_unreadable<R>(read: Result<Option<Stored<R>>, VaultError>) -> Result<Option<Stored<R>>, VaultError> {
    match read {
        Err(error) if error.is_unreadable() => Ok(None),
        read => read,
    }
}

fn grant(vault: &Vault, policy: &Policy) -> Result<Grant, ServiceError> {
    let mut networks = (!policy.network_rules.is_empty()).then(Vec::new);
    for rule in &policy.network_rules {
        if let (Some(networks), Some(rule)) = (&mut networks, unless_unreadable(vault.get::<NetworkRule>(rule))?) {
            networks.extend(rule.record.networks());
        }
    }
    Ok(Grant { permissions: policy.permissions.clone(), resources: policy.parsed_resources(), networks })
}
