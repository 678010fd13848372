//! Changes that are decided on what was read: decided again when somebody else was faster.

use crate::error::ServiceError;

/// How often.
pub(crate) const TRIES_MAX: usize = 64;

/// What the first attempt gives before which nobody was faster; `None` says that somebody was. Each attempt must read anew.
///
/// # Errors
/// Those of `attempt`, at once; [`ServiceError::Contention`] when somebody was faster every time.
pub(crate) fn until_done<T>(mut attempt: impl FnMut() -> Result<Option<T>, ServiceError>) -> Result<T, ServiceError> {
    for _ in 0..TRIES_MAX {
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
    fn the_first_that_succeeds_or_fails_is_the_last() {
        let mut tries = 0;
        let done = until_done(|| {
            tries += 1;
            Ok((tries == 3).then_some("done"))
        });
        assert_eq!((done.unwrap(), tries), ("done", 3));
        let failed = until_done::<()>(|| {
            tries += 1;
            Err(ServiceError::ResourceInUse)
        });
        assert!(matches!(failed, Err(ServiceError::ResourceInUse)));
        assert_eq!(tries, 4);
    }

    #[test]
    fn it_does_not_go_on_for_ever() {
        let mut tries = 0;
        let refused = until_done::<()>(|| {
            tries += 1;
            Ok(None)
        });
        assert!(matches!(refused, Err(ServiceError::Contention)));
        assert_eq!(tries, TRIES_MAX);
    }
}
