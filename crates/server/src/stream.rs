//! The byte stream of a connection, between the HTTP library and the socket or the TLS session.
//!
//! The library owns one handle and the connection another. However the library ends, the connection can still send the last
//! answer and the TLS close_notify. The stream also charges incomplete request heads to the budget of unverified callers.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use crate::early_answer::{self, Sniffer};
use crate::http2_head::Http2HeadTracker;
use crate::unverified::{Account, Charge};

/// Timeout for the last bytes of an answer and the TLS close_notify.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeout of a lingering close. It discards what the peer still sends, because an immediate close would reset the connection
/// and the peer could lose the answer.
const LINGER_TIMEOUT: Duration = Duration::from_secs(10);
/// Limit of the discarded bytes.
const LINGER_BYTES_MAX: usize = 128 * 1024 * 1024;

/// A handle to the stream of a connection.
#[derive(Debug)]
pub(crate) struct Stream<S>(Arc<Mutex<State<S>>>);

#[derive(Debug)]
struct State<S> {
    io: S,
    /// Incomplete heads are charged to this account.
    account: Account,
    charge: Option<Charge>,
    heads: IncompleteHeads,
    /// An answer that replaces one of the library.
    early_answer: Vec<u8>,
    /// How many bytes of `early_answer` are written.
    written: usize,
    lingers: bool,
}

/// Tracks incomplete request heads.
#[derive(Debug)]
enum IncompleteHeads {
    /// The library may answer an invalid head by itself.
    Http1 {
        sniffer: Sniffer,
        /// Length of the incomplete head.
        bytes: usize,
        /// Requests that the handler has not answered.
        in_flight: usize,
    },
    Http2(Http2HeadTracker),
}

impl<S> Clone for Stream<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    pub(crate) fn http1(io: S, account: Account) -> Self {
        Self::new(io, account, IncompleteHeads::Http1 { sniffer: Sniffer::default(), bytes: 0, in_flight: 0 })
    }

    pub(crate) fn http2(io: S, account: Account) -> Self {
        Self::new(io, account, IncompleteHeads::Http2(Http2HeadTracker::default()))
    }

    fn new(io: S, account: Account, heads: IncompleteHeads) -> Self {
        let (charge, early_answer) = (None, Vec::new());
        Self(Arc::new(Mutex::new(State { io, account, charge, heads, early_answer, written: 0, lingers: false })))
    }

    /// The library passed a complete head to the handler.
    pub(crate) fn begin_request(&self) {
        let mut state = self.lock();
        if let IncompleteHeads::Http1 { sniffer, bytes, in_flight } = &mut state.heads {
            (*sniffer, *bytes) = (Sniffer::default(), 0);
            *in_flight += 1;
            state.charge = None;
        }
    }

    /// The handler answered the request.
    pub(crate) fn end_request(&self) {
        if let IncompleteHeads::Http1 { in_flight, .. } = &mut self.lock().heads {
            *in_flight = in_flight.saturating_sub(1);
        }
    }

    /// Shuts the connection down, within the timeouts. With `lingers` it discards what the peer still sends.
    pub(crate) async fn close(&self, lingers: bool) {
        let shutdown = std::future::poll_fn(|context| self.lock().poll_shutdown(context));
        let is_shut_down = timeout(SHUTDOWN_TIMEOUT, shutdown).await.is_ok();
        let lingers = lingers || self.lock().lingers;
        if is_shut_down && lingers {
            let _timed_out = timeout(LINGER_TIMEOUT, self.discard()).await;
        }
    }

    /// Discards the input until the peer closes.
    async fn discard(&self) {
        let (mut buffer, mut total) = (vec![0; 16 * 1024], 0_usize);
        while total < LINGER_BYTES_MAX {
            let mut read = ReadBuf::new(&mut buffer);
            let reading = std::future::poll_fn(|context| Pin::new(&mut self.lock().io).poll_read(context, &mut read));
            if reading.await.is_err() || read.filled().is_empty() {
                return;
            }
            total += read.filled().len();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> State<S> {
    /// Queues an answer of the plane that the request addressed. HTTP/2 has no early answers.
    fn queue_early_answer(&mut self, status: u16) {
        let IncompleteHeads::Http1 { sniffer, .. } = &self.heads else { return };
        let is_instance_api = sniffer.is_instance_api();
        (self.early_answer, self.written, self.lingers) = (early_answer::answer(status, is_instance_api), 0, true);
    }

    fn poll_write_early_answer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.early_answer.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.io).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_early_answer(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    /// Charges the bytes just read. `false` when the budget is exhausted.
    fn charge_read(&mut self, read: &[u8]) -> bool {
        let bytes = match &mut self.heads {
            IncompleteHeads::Http1 { in_flight: 1.., .. } => return true,
            IncompleteHeads::Http1 { sniffer, bytes, .. } => {
                sniffer.look(read);
                *bytes = bytes.saturating_add(read.len());
                *bytes
            }
            IncompleteHeads::Http2(tracker) => {
                tracker.read(read);
                tracker.memory_bytes()
            }
        };
        if bytes == 0 {
            self.charge = None;
        }
        self.account.raise(&mut self.charge, bytes)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut state.io).poll_read(context, buffer))?;
        if state.charge_read(buffer.filled().get(before..).unwrap_or_default()) {
            return Poll::Ready(Ok(()));
        }
        state.queue_early_answer(503);
        Poll::Ready(Err(io::Error::other("the memory budget for unverified callers is exhausted")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        ready!(state.poll_write_early_answer(context))?;
        let is_idle = matches!(state.heads, IncompleteHeads::Http1 { in_flight: 0, .. });
        if let Some(status) = Some(bytes).filter(|_| is_idle).and_then(early_answer::library_status) {
            state.queue_early_answer(status);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut state.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut nonempty = slices.iter().filter(|slice| !slice.is_empty());
        match (nonempty.next(), nonempty.next()) {
            // The library writes its own answers as one slice.
            (Some(only), None) => self.poll_write(context, only),
            _ => {
                let mut state = self.lock();
                ready!(state.poll_write_early_answer(context))?;
                Pin::new(&mut state.io).poll_write_vectored(context, slices)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        ready!(state.poll_write_early_answer(context))?;
        Pin::new(&mut state.io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_shutdown(context)
    }
}
