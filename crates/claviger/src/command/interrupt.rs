//! Ctrl-C and SIGTERM while a command waits: unfinished files are removed, and a credential that the server has just
//! created is not lost.

use std::io::Write as _;
use std::pin::pin;

use claviger_client::ClientError;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;
use crate::output::Output;

/// Receives the signals from its creation on. It is created before the first unfinished file.
pub(super) struct Signals {
    interrupted: Signal,
    terminated: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Failure> {
        let interrupted = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
        let terminated = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
        Ok(Self { interrupted, terminated })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }

    /// Runs `work` unless a signal comes first. Dropping `work` removes its unfinished files.
    pub(super) async fn run_unless_received<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.received() => Err(Failure::Interrupted),
            done = work => done,
        }
    }

    /// Runs a call by which the server creates something. The first signal does not end it, because the answer names
    /// what must be undone; the second does. Returns the answer and whether a signal came.
    pub(super) async fn run_to_answer<T>(
        &mut self,
        output: Output,
        call: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<(T, bool), Failure> {
        let mut call = pin!(call);
        tokio::select! {
            biased;
            answered = &mut call => return Ok((answered?, false)),
            () = self.received() => {}
        }
        if output == Output::Text {
            let waiting = "claviger: interrupted; waiting for the answer, to undo what the server may have created";
            // Standard error may be closed.
            let _told = writeln!(std::io::stderr(), "{waiting} (interrupt again to end at once)");
        }
        tokio::select! {
            biased;
            answered = &mut call => Ok((answered?, true)),
            () = self.received() => Err(Failure::Interrupted),
        }
    }
}
