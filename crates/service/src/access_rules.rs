//! What operations on access points, policies and network rules share.
//!
//! **Invariant:** a change that makes one record refer to another also rewrites the other, unchanged, in the same commit. A
//! simultaneous removal of the record that is referred to then conflicts.

use claviger_base::id::RuleName;
use claviger_vault::{Change, Outcome};

use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::retry::retry_on_conflict;
use crate::service::Service;

/// The maximum number of address ranges in one network rule, and of resources in one policy. This is Claviger's own limit,
/// because a record has a maximum size.
pub(crate) const ENTRIES_MAX: usize = 200;

impl Service {
    /// Commits the change of the record `name` that `decide` returns, and returns the value that comes with it. On a conflict
    /// `decide` is called again. The change applies from the next request on.
    pub(crate) fn change_access_rule<'service, T>(
        &'service self,
        name: &RuleName,
        intent: &Intent,
        decide: impl Fn() -> Result<(Change<'service>, T), ServiceError>,
    ) -> Result<T, ServiceError> {
        retry_on_conflict(|| {
            let (change, result) = decide()?;
            let outcome = self.commit(change, intent, Subject::other(name.as_str()))?;
            Ok(matches!(outcome, Outcome::Done(_)).then_some(result))
        })
    }
}

/// Whether no name occurs twice.
pub(crate) fn are_distinct(names: &[RuleName]) -> bool {
    names.iter().enumerate().all(|(at, name)| names.iter().skip(at + 1).all(|other| other != name))
}
