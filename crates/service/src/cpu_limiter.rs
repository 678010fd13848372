//! Limits CPU-bound work: at most one call per core runs, so that a flood of long calls does not delay the short calls of
//! others. A bounded number of calls wait their turn, first come, first served.
//!
//! A caller that goes away drops the future of its call; if the work has not begun by then, it never does.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ServiceError;

/// The maximum number of waiting calls. With a message of ordinary size a call takes a few milliseconds at most, so on two
/// cores the last call of a full queue starts at about the time when clients give up.
const WAITING_MAX: usize = 4096;

/// Permits for the calls that run and for those that wait.
#[derive(Debug)]
pub(crate) struct CpuLimiter {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for CpuLimiter {
    fn default() -> Self {
        Self::with(std::thread::available_parallelism().map_or(1, NonZeroUsize::get), WAITING_MAX)
    }
}

impl CpuLimiter {
    fn with(running: usize, waiting: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(running)), waiting: Semaphore::new(waiting) }
    }

    /// Runs `work` on a blocking thread when its turn comes.
    ///
    /// # Errors
    /// [`ServiceError::TooManyWaiting`], at once.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = self.permit().await?;
        let running = tokio::task::spawn_blocking(move || {
            let _until_done = permit;
            work()
        });
        running.await.map_err(|_panicked| ServiceError::Bug("CPU-bound work panicked"))
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, ServiceError> {
        // This does not overtake waiting calls: the semaphore passes a released permit directly to the first of them.
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_full| ServiceError::TooManyWaiting)?;
        let permit = Arc::clone(&self.running).acquire_owned().await;
        permit.map_err(|_closed| ServiceError::Bug("the semaphore for CPU-bound work was closed"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    const WAITING: usize = 3;

    /// A limiter whose only permit is taken until the sender is used or dropped.
    async fn occupied() -> (Arc<CpuLimiter>, mpsc::Sender<()>, JoinHandle<Result<(), ServiceError>>) {
        let limiter = Arc::new(CpuLimiter::with(1, WAITING));
        let (release, released) = mpsc::channel();
        let busy = Arc::clone(&limiter);
        let working = tokio::spawn(async move { busy.run(move || released.recv().unwrap_or_default()).await });
        while limiter.running.available_permits() > 0 {
            yield_now().await;
        }
        (limiter, release, working)
    }

    /// Starts as many calls as may wait. Each adds one to `done` when it runs.
    async fn fill_queue(
        limiter: &Arc<CpuLimiter>,
        done: &Arc<AtomicUsize>,
    ) -> Vec<JoinHandle<Result<usize, ServiceError>>> {
        let waiting = (0..WAITING).map(|_| {
            let (limiter, done) = (Arc::clone(limiter), Arc::clone(done));
            tokio::spawn(async move { limiter.run(move || done.fetch_add(1, Ordering::SeqCst)).await })
        });
        let waiting = waiting.collect();
        while limiter.waiting.available_permits() > 0 {
            yield_now().await;
        }
        waiting
    }

    #[tokio::test]
    async fn beyond_the_bound_callers_are_refused_at_once_and_the_others_served_in_turn() {
        let (limiter, release, working) = occupied().await;
        let done = Arc::new(AtomicUsize::new(0));
        let waiting = fill_queue(&limiter, &done).await;
        for _ in 0..100 {
            let refused = limiter.run(|| panic!("refused work must not begin")).await;
            assert!(matches!(refused, Err(ServiceError::TooManyWaiting)));
        }
        assert_eq!(done.load(Ordering::SeqCst), 0, "only one call runs");
        release.send(()).unwrap();
        working.await.unwrap().unwrap();
        for (turn, caller) in waiting.into_iter().enumerate() {
            assert_eq!(caller.await.unwrap().unwrap(), turn);
        }
        assert_eq!(limiter.waiting.available_permits(), WAITING);
        assert_eq!(limiter.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn the_work_of_a_caller_that_left_never_begins_and_its_place_in_the_queue_is_released() {
        let (limiter, release, working) = occupied().await;
        let done = Arc::new(AtomicUsize::new(0));
        for caller in fill_queue(&limiter, &done).await {
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
        }
        assert_eq!(limiter.waiting.available_permits(), WAITING);
        let served = fill_queue(&limiter, &done).await;
        release.send(()).unwrap();
        working.await.unwrap().unwrap();
        for caller in served {
            caller.await.unwrap().unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), WAITING, "only the callers that stayed were served");
    }

    #[tokio::test]
    async fn work_that_panics_releases_its_permit() {
        let limiter = CpuLimiter::with(1, 0);
        let failed = limiter.run(|| panic!("as a bug would")).await;
        assert!(matches!(failed, Err::<(), _>(ServiceError::Bug(_))));
        assert_eq!(limiter.run(|| 7).await.unwrap(), 7);
    }
}
