//! Detects idle connections. The timeouts of the HTTP library do not cover a peer that sends no requests, an HTTP/2 peer
//! that only answers pings, or a peer that never reads its answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Timeout between requests. Clients reconnect by themselves.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Timeout for the first request. A client connects when it has a request to send.
pub(crate) const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// Tracks the requests of one connection.
#[derive(Debug, Clone)]
pub(crate) struct IdleTimer(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// The start of the connection, or the end of its last request.
    since: Instant,
    timeout: Duration,
}

/// A request in flight. Ends on drop.
#[derive(Debug)]
pub(crate) struct RequestGuard(IdleTimer);

impl IdleTimer {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { in_flight: 0, since: Instant::now(), timeout: FIRST_REQUEST_TIMEOUT })))
    }

    /// Starts a request.
    pub(crate) fn start_request(&self) -> RequestGuard {
        self.change(|state| (state.in_flight, state.timeout) = (state.in_flight.saturating_add(1), IDLE_TIMEOUT));
        RequestGuard(self.clone())
    }

    /// Completes after [`IDLE_TIMEOUT`] without a request, or after [`FIRST_REQUEST_TIMEOUT`] without the first one.
    pub(crate) async fn timed_out(&self) {
        loop {
            let until = self.change(|state| {
                let since = if state.in_flight > 0 { Instant::now() } else { state.since };
                since + state.timeout
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

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.in_flight = state.in_flight.saturating_sub(1);
            state.since = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn elapsed_until_timeout(idle: &IdleTimer) -> Duration {
        let started = Instant::now();
        idle.timed_out().await;
        started.elapsed()
    }

    // Time is paused: tokio advances its clock whenever every task waits.
    #[tokio::test(start_paused = true)]
    async fn the_timeout_counts_from_the_last_answer() {
        let idle = IdleTimer::new();
        let request = idle.start_request();
        let long = tokio::time::timeout(10 * IDLE_TIMEOUT, idle.timed_out()).await;
        assert!(long.is_err(), "a connection with a request in flight is not idle");
        drop(request);
        assert!(elapsed_until_timeout(&idle).await >= IDLE_TIMEOUT);
        assert_eq!(elapsed_until_timeout(&idle).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_has_a_shorter_timeout() {
        let elapsed = elapsed_until_timeout(&IdleTimer::new()).await;
        assert!(elapsed >= FIRST_REQUEST_TIMEOUT && elapsed < IDLE_TIMEOUT, "{elapsed:?}");
    }
}
