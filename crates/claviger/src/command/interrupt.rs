//! Ctrl-C and SIGTERM while a command waits: its unfinished files are removed before it ends.

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;

/// Runs `work` unless a signal comes first; dropping it removes what it has not finished.
pub(super) async fn interruptible<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
    tokio::select! {
        done = work => done,
        _ = interrupted.recv() => Err(Failure::Interrupted),
        _ = terminated.recv() => Err(Failure::Interrupted),
    }
}
