//! Optimistic concurrency: read, decide, commit, and start again if what was read has changed before the commit.

use crate::error::ServiceError;

/// Attempts before the operation is refused.
pub(crate) const ATTEMPTS_MAX: usize = 64;

/// Repeats `attempt` until it returns a value; `None` stands for a conflict. Each attempt must read again.
///
/// # Errors
/// Those of `attempt`, at once; [`ServiceError::Contention`] when every attempt conflicted.
pub(crate) fn retry_on_conflict<T>(
    mut attempt: impl FnMut() -> Result<Option<T>, ServiceError>,
) -> Result<T, ServiceError> {
    for _ in 0..ATTEMPTS_MAX {
        if let Some(done) = attempt()? {
            return Ok(done);
        }
    }
    Err(ServiceError::Contention)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_success_or_error_ends_it() {
        let mut attempts = 0;
        let done = retry_on_conflict(|| {
            attempts += 1;
            Ok((attempts == 3).then_some("done"))
        });
        assert_eq!((done.unwrap(), attempts), ("done", 3));
        let failed = retry_on_conflict::<()>(|| {
            attempts += 1;
            Err(ServiceError::ResourceInUse)
        });
        assert!(matches!(failed, Err(ServiceError::ResourceInUse)));
        assert_eq!(attempts, 4);
    }

    #[test]
    fn endless_conflicts_end_in_a_refusal() {
        let mut attempts = 0;
        let refused = retry_on_conflict::<()>(|| {
            attempts += 1;
            Ok(None)
        });
        assert!(matches!(refused, Err(ServiceError::Contention)));
        assert_eq!(attempts, ATTEMPTS_MAX);
    }
}
