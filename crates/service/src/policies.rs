//! Policies: `CreatePolicy`, `DescribePolicy`, `UpdatePolicy`, `ListPolicies`, `DeletePolicy` (rpc-api 13.1, 13.2).

use claviger_base::id::RuleName;
use claviger_model::{Policy, Resource};
use claviger_vault::{Change, Cursor, Stored};

use crate::access_rules::{ENTRIES_MAX, are_distinct};
use crate::description::check_description;
use crate::error::ServiceError;
use crate::intent::Intent;
use crate::paging::{Listing, PageRequest, SCAN_STEP};
use crate::service::Service;

/// The maximum number of network rules of one policy. This is Claviger's own limit, because each rule is an operation of the
/// commit.
const NETWORK_RULES_MAX: usize = 40;

impl Service {
    /// Creates a policy. Blocks, as do all functions below.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`]; [`ServiceError::ResourceNotFound`] when one of its network rules does not exist;
    /// [`ServiceError::ResourceExists`].
    pub fn create_policy(&self, policy: Policy, intent: &Intent) -> Result<Policy, ServiceError> {
        check(&policy)?;
        self.change_access_rule(&policy.name, intent, || {
            if self.vault.get::<Policy>(&policy.name)?.is_some() {
                return Err(ServiceError::ResourceExists);
            }
            Ok((self.change_with_rules(&policy)?.create(&policy)?, ()))
        })?;
        Ok(policy)
    }

    /// The policy of that name.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`].
    pub fn describe_policy(&self, name: &RuleName) -> Result<Policy, ServiceError> {
        Ok(self.stored_policy(name)?.record)
    }

    /// Applies `edit` to the policy. The change applies from the next request on.
    ///
    /// # Errors
    /// Those of [`Service::create_policy`], and [`ServiceError::ResourceNotFound`].
    pub fn update_policy(
        &self,
        name: &RuleName,
        edit: impl Fn(&mut Policy),
        intent: &Intent,
    ) -> Result<Policy, ServiceError> {
        self.change_access_rule(name, intent, || {
            let stored = self.stored_policy(name)?;
            let mut edited = stored.record.clone();
            edit(&mut edited);
            check(&edited)?;
            Ok((self.change_with_rules(&edited)?.update(&stored, &edited)?, edited))
        })
    }

    /// The policies.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_policies(&self, page: PageRequest) -> Result<Listing<Policy>, ServiceError> {
        let read = |after: Option<&Cursor>| Ok(self.vault.list::<Policy>(after, SCAN_STEP)?);
        let (records, total) = page.collect(read, Some)?;
        Ok(Listing { records, total })
    }

    /// Removes a policy.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`]; [`ServiceError::ResourceInUse`] while an access point refers to it.
    pub fn delete_policy(&self, name: &RuleName, intent: &Intent) -> Result<(), ServiceError> {
        self.change_access_rule(name, intent, || {
            let stored = self.stored_policy(name)?;
            if self.list_access_points(PageRequest::ALL)?.records.iter().any(|point| point.policies.contains(name)) {
                return Err(ServiceError::ResourceInUse);
            }
            // Requires the policy to be unchanged, because a change that makes an access point refer to the policy rewrites it.
            Ok((self.vault.change().require(&stored).delete(&stored.record), ()))
        })
    }

    pub(crate) fn stored_policy(&self, name: &RuleName) -> Result<Stored<Policy>, ServiceError> {
        self.vault.get::<Policy>(name)?.ok_or(ServiceError::ResourceNotFound)
    }

    /// A change that rewrites every network rule to which the policy refers.
    fn change_with_rules(&self, policy: &Policy) -> Result<Change<'_>, ServiceError> {
        let mut change = self.vault.change();
        for name in &policy.network_rules {
            let rule = self.stored_network_rule(name)?;
            change = change.update(&rule, &rule.record)?;
        }
        Ok(change)
    }
}

fn check(policy: &Policy) -> Result<(), ServiceError> {
    check_description(&policy.description)?;
    if policy.permissions.is_empty() {
        return Err(ServiceError::InvalidParameter("Permissions"));
    }
    let resources = &policy.resources;
    let are_resources = resources.iter().all(|text| Resource::parse(text).is_some());
    if resources.is_empty() || resources.len() > ENTRIES_MAX || !are_resources {
        return Err(ServiceError::InvalidParameter("Resources"));
    }
    let rules = &policy.network_rules;
    if rules.len() > NETWORK_RULES_MAX || !are_distinct(rules) {
        return Err(ServiceError::InvalidParameter("AccessControlRules"));
    }
    Ok(())
}
