//! What an application access point grants, resolved from its policies and their network rules (rpc-api 13.2).

use claviger_base::id::RuleName;
use claviger_model::{AccessPoint, Grant, NetworkRule, Policy};
use claviger_vault::{Stored, Vault, VaultError};

use crate::error::ServiceError;

/// The grants of the access point `name`. A missing record grants nothing, nor does a policy or a rule that cannot be read;
/// the other policies still apply.
pub(super) fn load(vault: &Vault, name: &RuleName) -> Result<Vec<Grant>, ServiceError> {
    let Some(point) = vault.get::<AccessPoint>(name)? else { return Ok(Vec::new()) };
    let mut grants = Vec::new();
    for policy in &point.record.policies {
        if let Some(policy) = none_if_unreadable(vault.get::<Policy>(policy))? {
            grants.push(grant(vault, &policy.record)?);
        }
    }
    Ok(grants)
}

fn none_if_unreadable<R>(read: Result<Option<Stored<R>>, VaultError>) -> Result<Option<Stored<R>>, VaultError> {
    match read {
        Err(error) if error.is_unreadable() => Ok(None),
        read => read,
    }
}

fn grant(vault: &Vault, policy: &Policy) -> Result<Grant, ServiceError> {
    let mut networks = (!policy.network_rules.is_empty()).then(Vec::new);
    for rule in &policy.network_rules {
        if let (Some(networks), Some(rule)) = (&mut networks, none_if_unreadable(vault.get::<NetworkRule>(rule))?) {
            networks.extend(rule.record.networks());
        }
    }
    Ok(Grant { permissions: policy.permissions.clone(), resources: policy.parsed_resources(), networks })
}
