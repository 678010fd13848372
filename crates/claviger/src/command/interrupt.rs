//! Ctrl-C and SIGTERM while a command waits: its unfinished files are removed before it ends, and what a server made for it
//! is not left without a holder.

use std::io::Write as _;
use std::pin::pin;

use claviger_client::ClientError;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;
use crate::output::Output;

/// The signals, heard from when this is made on: before the first unfinished file.
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

    async fn come(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }

    /// Runs `work` unless a signal comes first; dropping it removes what it has not finished.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.come() => Err(Failure::Interrupted),
            done = work => done,
        }
    }

    /// Runs a call by which a server makes something. The first signal does not end it, for the answer names what must not
    /// stay; the second does. With the answer: whether a signal came.
    pub(super) async fn through<T>(
        &mut self,
        output: Output,
        call: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<(T, bool), Failure> {
        let mut call = pin!(call);
        tokio::select! {
            biased;
            answered = &mut call => return Ok((answered?, false)),
            () = self.come() => {}
        }
        if output == Output::Text {
            let waiting = "claviger: interrupted; waiting for the answer, so that nothing stays that nobody holds";
            // Nobody may be there to read it.
            let _told = writeln!(std::io::stderr(), "{waiting} (interrupt again to end at once)");
        }
        tokio::select! {
            biased;
            answered = &mut call => Ok((answered?, true)),
            () = self.come() => Err(Failure::Interrupted),
        }
    }
}
