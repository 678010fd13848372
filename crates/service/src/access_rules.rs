//! What changes of access points, policies and network rules share: from each follows what callers may do.
//!
//! **Invariant:** who names another record writes it again, unchanged, in the same commit, so that nothing that is named
//! is removed at the same moment.

use claviger_base::id::RuleName;
use claviger_base::limits::DESCRIPTION_CHARS_MAX;
use claviger_vault::{Change, Outcome};

use crate::error::ServiceError;
use crate::intent::{Changed, Intent};
use crate::retry::until_done;
use crate::service::Service;

/// Most addresses and ranges of one rule, and most resources of one policy (ours: a record has its limit).
pub(crate) const ENTRIES_MAX: usize = 200;

/// One page of a listing by name.
#[derive(Debug, Clone)]
pub struct Listing<R> {
    /// The page.
    pub records: Vec<R>,
    /// How many there are in all.
    pub total: usize,
}

impl Service {
    /// Commits the change of `name` that `decide` makes of what it reads, and gives what it says beside; it holds from the next request
    /// on. Decided again when somebody else was faster.
    pub(crate) fn change_grants<'service, T>(
        &'service self,
        name: &RuleName,
        intent: &Intent,
        decide: impl Fn() -> Result<(Change<'service>, T), ServiceError>,
    ) -> Result<T, ServiceError> {
        until_done(|| {
            let (change, result) = decide()?;
            let outcome = self.commit(change, intent, Changed::other(name.as_str()))?;
            Ok(matches!(outcome, Outcome::Done(_)).then_some(result))
        })
    }
}

pub(crate) fn check_description(description: &str) -> Result<(), ServiceError> {
    let is_long = description.chars().count() > DESCRIPTION_CHARS_MAX;
    if is_long { Err(ServiceError::InvalidParameter("Description")) } else { Ok(()) }
}

/// Whether none of the names is there twice.
pub(crate) fn are_distinct(names: &[RuleName]) -> bool {
    names.iter().enumerate().all(|(at, name)| names.iter().skip(at + 1).all(|other| other != name))
}
