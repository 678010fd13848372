//! Application access points: `CreateApplicationAccessPoint`, `DescribeApplicationAccessPoint`,
//! `UpdateApplicationAccessPoint`, `ListApplicationAccessPoints`, `DeleteApplicationAccessPoint` (rpc-api 13.1).

use claviger_base::id::RuleName;
use claviger_model::{AccessPoint, ClientKey, PER_ACCESS_POINT_MAX};
use claviger_vault::{Change, Cursor, Stored};

use crate::access_rules::are_distinct;
use crate::description::check_description;
use crate::error::ServiceError;
use crate::intent::Intent;
use crate::paging::{Listing, PageRequest, SCAN_STEP};
use crate::service::Service;

impl Service {
    /// Creates an access point. Blocks, as do all functions below.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`] unless it has one to three policies; [`ServiceError::ResourceNotFound`] when
    /// one of them does not exist; [`ServiceError::ResourceExists`].
    pub fn create_access_point(&self, point: AccessPoint, intent: &Intent) -> Result<AccessPoint, ServiceError> {
        check(&point)?;
        self.change_access_rule(&point.name, intent, || {
            if self.vault.get::<AccessPoint>(&point.name)?.is_some() {
                return Err(ServiceError::ResourceExists);
            }
            Ok((self.change_with_policies(&point)?.create(&point)?, ()))
        })?;
        Ok(point)
    }

    /// The access point of that name.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`].
    pub fn describe_access_point(&self, name: &RuleName) -> Result<AccessPoint, ServiceError> {
        Ok(self.stored_access_point(name)?.record)
    }

    /// Applies `edit` to the access point. The change applies from the next request on.
    ///
    /// # Errors
    /// Those of [`Service::create_access_point`], and [`ServiceError::ResourceNotFound`].
    pub fn update_access_point(
        &self,
        name: &RuleName,
        edit: impl Fn(&mut AccessPoint),
        intent: &Intent,
    ) -> Result<AccessPoint, ServiceError> {
        self.change_access_rule(name, intent, || {
            let stored = self.stored_access_point(name)?;
            let mut edited = stored.record.clone();
            edit(&mut edited);
            check(&edited)?;
            Ok((self.change_with_policies(&edited)?.update(&stored, &edited)?, edited))
        })
    }

    /// The access points.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_access_points(&self, page: PageRequest) -> Result<Listing<AccessPoint>, ServiceError> {
        let read = |after: Option<&Cursor>| Ok(self.vault.list::<AccessPoint>(after, SCAN_STEP)?);
        let (records, total) = page.collect(read, Some)?;
        Ok(Listing { records, total })
    }

    /// Removes an access point.
    ///
    /// # Errors
    /// [`ServiceError::ResourceNotFound`]; [`ServiceError::ResourceInUse`] while a client key belongs to it.
    pub fn delete_access_point(&self, name: &RuleName, intent: &Intent) -> Result<(), ServiceError> {
        self.change_access_rule(name, intent, || {
            let stored = self.stored_access_point(name)?;
            if !self.client_keys_of(name)?.is_empty() {
                return Err(ServiceError::ResourceInUse);
            }
            // Requires the access point to be unchanged, because issuing a client key rewrites it.
            Ok((self.vault.change().require(&stored).delete(&stored.record), ()))
        })
    }

    pub(crate) fn stored_access_point(&self, name: &RuleName) -> Result<Stored<AccessPoint>, ServiceError> {
        self.vault.get::<AccessPoint>(name)?.ok_or(ServiceError::ResourceNotFound)
    }

    /// The client keys that belong to an access point.
    pub(crate) fn client_keys_of(&self, name: &RuleName) -> Result<Vec<ClientKey>, ServiceError> {
        let governed = |key: &ClientKey| key.is_governed && key.name == name.as_str();
        Ok(self.list_client_keys(PageRequest::ALL)?.client_keys.into_iter().filter(governed).collect())
    }

    /// A change that rewrites every policy to which the access point refers.
    fn change_with_policies(&self, point: &AccessPoint) -> Result<Change<'_>, ServiceError> {
        let mut change = self.vault.change();
        for name in &point.policies {
            let policy = self.stored_policy(name)?;
            change = change.update(&policy, &policy.record)?;
        }
        Ok(change)
    }
}

fn check(point: &AccessPoint) -> Result<(), ServiceError> {
    check_description(&point.description)?;
    let policies = &point.policies;
    if !(1..=PER_ACCESS_POINT_MAX).contains(&policies.len()) || !are_distinct(policies) {
        return Err(ServiceError::InvalidParameter("Policies"));
    }
    Ok(())
}
