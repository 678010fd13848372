//! Network rules: `CreateNetworkRule`, `DescribeNetworkRule`, `UpdateNetworkRule`, `ListNetworkRules`,
//! `DeleteNetworkRule` (rpc-api 13.1).

use claviger_base::id::RuleName;
use claviger_model::{Network, NetworkRule};
use claviger_vault::{Cursor, Stored};

use crate::access_rules::ENTRIES_MAX;
use crate::description::check_description;
use crate::error::ServiceError;
use crate::intent::Intent;
use crate::paging::{Listing, PageRequest, SCAN_STEP};
use crate::service::Service;

impl Service {
    /// Creates a network rule. Blocks, as do all functions below.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`], [`ServiceError::ResourceExists`].
    pub fn create_network_rule(&self, rule: NetworkRule, intent: &Intent) -> Result<NetworkRule, ServiceError> {
        check(&rule)?;
        self.change_access_rule(&rule.name, intent, || {
            if self.vault.get::<NetworkRule>(&rule.name)?.is_some() {
                return Err(ServiceError::ResourceExists);
            }
            Ok((self.vault.change().create(&rule)?, ()))
        })?;
        Ok(rule)
    }

    /// The network rule of that name.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`].
    pub fn describe_network_rule(&self, name: &RuleName) -> Result<NetworkRule, ServiceError> {
        Ok(self.stored_network_rule(name)?.record)
    }

    /// Applies `edit` to the network rule. The change applies from the next request on.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`], [`ServiceError::InvalidParameter`].
    pub fn update_network_rule(
        &self,
        name: &RuleName,
        edit: impl Fn(&mut NetworkRule),
        intent: &Intent,
    ) -> Result<NetworkRule, ServiceError> {
        self.change_access_rule(name, intent, || {
            let stored = self.stored_network_rule(name)?;
            let mut edited = stored.record.clone();
            edit(&mut edited);
            check(&edited)?;
            Ok((self.vault.change().update(&stored, &edited)?, edited))
        })
    }

    /// The network rules.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_network_rules(&self, page: PageRequest) -> Result<Listing<NetworkRule>, ServiceError> {
        let read = |after: Option<&Cursor>| Ok(self.vault.list::<NetworkRule>(after, SCAN_STEP)?);
        let (records, total) = page.collect(read, Some)?;
        Ok(Listing { records, total })
    }

    /// Removes a network rule.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`]; [`ServiceError::ResourceInUse`] while a policy refers to it.
    pub fn delete_network_rule(&self, name: &RuleName, intent: &Intent) -> Result<(), ServiceError> {
        self.change_access_rule(name, intent, || {
            let stored = self.stored_network_rule(name)?;
            if self.list_policies(PageRequest::ALL)?.records.iter().any(|policy| policy.network_rules.contains(name)) {
                return Err(ServiceError::ResourceInUse);
            }
            // Requires the rule to be unchanged, because a change that makes a policy refer to the rule rewrites it.
            Ok((self.vault.change().require(&stored).delete(&stored.record), ()))
        })
    }

    pub(crate) fn stored_network_rule(&self, name: &RuleName) -> Result<Stored<NetworkRule>, ServiceError> {
        self.vault.get::<NetworkRule>(name)?.ok_or(ServiceError::ResourceNotFound)
    }
}

fn check(rule: &NetworkRule) -> Result<(), ServiceError> {
    check_description(&rule.description)?;
    let ranges = &rule.source_private_ip;
    if ranges.iter().any(|text| Network::is_ipv4_mapped(text)) {
        let why = "Write an IPv4 range in IPv4 form, such as 10.0.0.0/8: IPv4 callers are compared as IPv4, even on an IPv6 listener.";
        return Err(ServiceError::RefusedParameter("SourcePrivateIp", why));
    }
    if ranges.len() > ENTRIES_MAX || ranges.iter().any(|text| Network::parse(text).is_none()) {
        return Err(ServiceError::InvalidParameter("SourcePrivateIp"));
    }
    Ok(())
}
