//! How long a connection has had nothing to do. A peer that neither asks nor leaves, an HTTP/2 one that answers every
//! ping, or one that never reads its answer, would keep its place for ever.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Longest time without a request before a connection is closed; clients open a new one unasked.
pub(crate) const IDLE_MAX: Duration = Duration::from_secs(60);

/// Longest wait for the first request: who connects has something to ask.
pub(crate) const FIRST_REQUEST_MAX: Duration = Duration::from_secs(15);

/// What one connection is doing.
#[derive(Debug, Clone)]
pub(crate) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    requests: usize,
    since: Instant,
    patience: Duration,
}

/// One request of the connection; dropped when it was answered or given up.
#[derive(Debug)]
pub(crate) struct Busy(Activity);

impl Activity {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { requests: 0, since: Instant::now(), patience: FIRST_REQUEST_MAX })))
    }

    /// A request begins.
    pub(crate) fn begin(&self) -> Busy {
        self.change(|state| (state.requests, state.patience) = (state.requests.saturating_add(1), IDLE_MAX));
        Busy(self.clone())
    }

    /// Completes once there was no request for [`IDLE_MAX`], or none at all for [`FIRST_REQUEST_MAX`].
    pub(crate) async fn idle(&self) {
        loop {
            let until = self.change(|state| {
                let since = if state.requests > 0 { Instant::now() } else { state.since };
                since + state.patience
            });
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.requests = state.requests.saturating_sub(1);
            state.since = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn elapsed_until_idle(activity: &Activity) -> Duration {
        let started = Instant::now();
        activity.idle().await;
        started.elapsed()
    }

    // Paused time: tokio moves its own clock, nothing here waits or is measured.
    #[tokio::test(start_paused = true)]
    async fn idle_counts_from_the_last_answer() {
        let activity = Activity::new();
        let request = activity.begin();
        let long = tokio::time::timeout(10 * IDLE_MAX, activity.idle()).await;
        assert!(long.is_err(), "a connection with a request in flight is not idle");
        drop(request);
        assert!(elapsed_until_idle(&activity).await >= IDLE_MAX);
        assert_eq!(elapsed_until_idle(&activity).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_is_waited_for_less_long() {
        let elapsed = elapsed_until_idle(&Activity::new()).await;
        assert!(elapsed >= FIRST_REQUEST_MAX && elapsed < IDLE_MAX, "{elapsed:?}");
    }
}
