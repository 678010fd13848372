//! Network rules: `CreateNetworkRule`, `DescribeNetworkRule`, `UpdateNetworkRule`, `ListNetworkRules`,
//! `DeleteNetworkRule` (openapi.md 13.1).

use claviger_base::id::RuleName;
use claviger_base::limits::DESCRIPTION_CHARS_MAX;
use claviger_model::Network;
use claviger_vault::{Cursor, NetworkRule, Outcome, Stored};

use super::list_keys::{PageRequest, SCAN_STEP};
use super::policies::TRIES_MAX;
use crate::error::ServiceError;
use crate::service::Service;

/// Most addresses and ranges of one rule, and most resources of one policy (ours: a record has its limit).
pub(super) const ENTRIES_MAX: usize = 200;

/// One page of a listing by name.
#[derive(Debug, Clone)]
pub struct Listing<R> {
    /// The page.
    pub records: Vec<R>,
    /// How many there are in all.
    pub total: usize,
}

impl Service {
    /// Makes a network rule. Blocks, as all below.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`], [`ServiceError::ResourceExists`].
    pub fn create_network_rule(&self, rule: NetworkRule) -> Result<NetworkRule, ServiceError> {
        check(&rule)?;
        let outcome = self.vault.change().create(&rule)?.commit();
        self.access().forget_grants();
        match outcome? {
            Outcome::Done(_) => Ok(rule),
            Outcome::Conflict => Err(ServiceError::ResourceExists),
        }
    }

    /// The network rule of that name.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`].
    pub fn describe_network_rule(&self, name: &RuleName) -> Result<NetworkRule, ServiceError> {
        Ok(self.stored_network_rule(name)?.record)
    }

    /// Changes what `edit` changes.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`], [`ServiceError::InvalidParameter`].
    pub fn update_network_rule(
        &self,
        name: &RuleName,
        edit: impl Fn(&mut NetworkRule),
    ) -> Result<NetworkRule, ServiceError> {
        for _ in 0..TRIES_MAX {
            let stored = self.stored_network_rule(name)?;
            let mut edited = stored.record.clone();
            edit(&mut edited);
            check(&edited)?;
            let outcome = self.vault.change().update(&stored, &edited)?.commit();
            self.access().forget_grants();
            if let Outcome::Done(_) = outcome? {
                return Ok(edited);
            }
        }
        Err(ServiceError::Contention)
    }

    /// The network rules.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_network_rules(&self, page: PageRequest) -> Result<Listing<NetworkRule>, ServiceError> {
        let read = |after: Option<&Cursor>| Ok(self.vault.network_rules(after, SCAN_STEP)?);
        let (records, total) = page.collect(read, Some)?;
        Ok(Listing { records, total })
    }

    /// Removes a network rule.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`]; [`ServiceError::ResourceInUse`] while a policy names it.
    pub fn delete_network_rule(&self, name: &RuleName) -> Result<(), ServiceError> {
        for _ in 0..TRIES_MAX {
            let stored = self.stored_network_rule(name)?;
            let all = PageRequest { number: 1, size: usize::MAX };
            if self.list_policies(all)?.records.iter().any(|policy| policy.network_rules.contains(name)) {
                return Err(ServiceError::ResourceInUse);
            }
            // Required unchanged: a policy that names it meanwhile has touched it.
            let outcome = self.vault.change().require(&stored).delete(&stored.record).commit();
            self.access().forget_grants();
            if let Outcome::Done(_) = outcome? {
                return Ok(());
            }
        }
        Err(ServiceError::Contention)
    }

    pub(super) fn stored_network_rule(&self, name: &RuleName) -> Result<Stored<NetworkRule>, ServiceError> {
        self.vault.network_rule(name)?.ok_or(ServiceError::ResourceNotFound)
    }
}

fn check(rule: &NetworkRule) -> Result<(), ServiceError> {
    check_description(&rule.description)?;
    let ranges = &rule.source_private_ip;
    if ranges.len() > ENTRIES_MAX || ranges.iter().any(|text| Network::parse(text).is_none()) {
        return Err(ServiceError::InvalidParameter("SourcePrivateIp"));
    }
    Ok(())
}

pub(super) fn check_description(description: &str) -> Result<(), ServiceError> {
    let is_long = description.chars().count() > DESCRIPTION_CHARS_MAX;
    if is_long { Err(ServiceError::InvalidParameter("Description")) } else { Ok(()) }
}
