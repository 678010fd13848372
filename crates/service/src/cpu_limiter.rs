//! Places for arithmetic that takes long: at most one call per core at work, so that a flood of it does not hold up the
//! small calls of others, and a bounded number that wait their turn, first come first served.
//!
//! Rule: a caller that goes away drops the future of its call; what has not begun by then never does.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ServiceError;

/// Calls that wait. One takes some milliseconds at most with a message of ordinary size, so the last of so many waits, on
/// two cores, about as long as clients wait for an answer.
const WAITING_MAX: usize = 4096;

/// The places of one service.
#[derive(Debug)]
pub(crate) struct SlowPlaces {
    working: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for SlowPlaces {
    fn default() -> Self {
        Self::with(std::thread::available_parallelism().map_or(1, NonZeroUsize::get), WAITING_MAX)
    }
}

impl SlowPlaces {
    fn with(working: usize, waiting: usize) -> Self {
        Self { working: Arc::new(Semaphore::new(working)), waiting: Semaphore::new(waiting) }
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
        let place = self.place().await?;
        let working = tokio::task::spawn_blocking(move || {
            let _until_done = place;
            work()
        });
        working.await.map_err(|_panicked| ServiceError::Bug("slow work panicked"))
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, ServiceError> {
        // A free place is never one that somebody waits for: the semaphore hands those on.
        if let Ok(place) = Arc::clone(&self.working).try_acquire_owned() {
            return Ok(place);
        }
        let _in_line = self.waiting.try_acquire().map_err(|_full| ServiceError::TooManyWaiting)?;
        let place = Arc::clone(&self.working).acquire_owned().await;
        place.map_err(|_closed| ServiceError::Bug("the places for slow work were closed"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    const WAITING: usize = 3;

    /// One place, taken until the sender is used or dropped.
    async fn occupied() -> (Arc<SlowPlaces>, mpsc::Sender<()>, JoinHandle<Result<(), ServiceError>>) {
        let places = Arc::new(SlowPlaces::with(1, WAITING));
        let (release, released) = mpsc::channel();
        let busy = Arc::clone(&places);
        let working = tokio::spawn(async move { busy.run(move || released.recv().unwrap_or_default()).await });
        while places.working.available_permits() > 0 {
            yield_now().await;
        }
        (places, release, working)
    }

    /// As many as may wait do so; each adds one to `done` when it is its turn.
    async fn crowd(places: &Arc<SlowPlaces>, done: &Arc<AtomicUsize>) -> Vec<JoinHandle<Result<usize, ServiceError>>> {
        let waiting = (0..WAITING).map(|_| {
            let (places, done) = (Arc::clone(places), Arc::clone(done));
            tokio::spawn(async move { places.run(move || done.fetch_add(1, Ordering::SeqCst)).await })
        });
        let waiting = waiting.collect();
        while places.waiting.available_permits() > 0 {
            yield_now().await;
        }
        waiting
    }

    #[tokio::test]
    async fn beyond_the_bound_callers_are_refused_at_once_and_the_others_served_in_turn() {
        let (places, release, working) = occupied().await;
        let done = Arc::new(AtomicUsize::new(0));
        let waiting = crowd(&places, &done).await;
        for _ in 0..100 {
            let refused = places.run(|| panic!("refused work must not begin")).await;
            assert!(matches!(refused, Err(ServiceError::TooManyWaiting)));
        }
        assert_eq!(done.load(Ordering::SeqCst), 0, "there is one place");
        release.send(()).unwrap();
        working.await.unwrap().unwrap();
        for (turn, caller) in waiting.into_iter().enumerate() {
            assert_eq!(caller.await.unwrap().unwrap(), turn);
        }
        assert_eq!(places.waiting.available_permits(), WAITING);
        assert_eq!(places.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn the_work_of_a_caller_that_left_never_begins_and_its_place_in_line_comes_back() {
        let (places, release, working) = occupied().await;
        let done = Arc::new(AtomicUsize::new(0));
        for caller in crowd(&places, &done).await {
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
        }
        assert_eq!(places.waiting.available_permits(), WAITING);
        let served = crowd(&places, &done).await;
        release.send(()).unwrap();
        working.await.unwrap().unwrap();
        for caller in served {
            caller.await.unwrap().unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), WAITING, "only who stayed was served");
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let places = SlowPlaces::with(1, 0);
        let failed = places.run(|| panic!("as a fault would")).await;
        assert!(matches!(failed, Err::<(), _>(ServiceError::Bug(_))));
        assert_eq!(places.run(|| 7).await.unwrap(), 7);
    }
}
