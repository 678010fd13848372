//! One connection's bytes, between the HTTP library and the socket (or TLS). The library owns one handle, the connection another:
//! however the library ends, the connection still says goodbye (TLS close_notify) and lets a last answer arrive.
//!
//! The rule it keeps: a head that is not complete yet is charged to the budget of unverified callers.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use crate::early_answer::{self, Sniffer};
use crate::open_head::OpenHead;
use crate::unverified::{Account, Charge};

/// Longest time for the last bytes of an answer and TLS's close_notify.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// How long what a peer still sends is thrown away after an answer that did not wait for it: closing at once would reset the
/// connection, and the answer would be lost with it.
const LINGER_MAX: Duration = Duration::from_secs(10);
/// How much of it.
const LINGER_BYTES_MAX: usize = 128 * 1024 * 1024;

/// A handle to a connection's bytes.
#[derive(Debug)]
pub(crate) struct Stream<S>(Arc<Mutex<State<S>>>);

#[derive(Debug)]
struct State<S> {
    io: S,
    /// Whom heads that are not complete are charged to, and for how much.
    account: Account,
    charge: Option<Charge>,
    heads: Heads,
    /// An answer of this file's on its way, and how much of it has gone.
    own: Vec<u8>,
    sent: usize,
    lingers: bool,
}

/// Heads of requests that are not complete.
#[derive(Debug)]
enum Heads {
    /// The library may answer them by itself.
    Http1 {
        sniffer: Sniffer,
        bytes: usize,
        in_flight: usize,
    },
    Http2(OpenHead),
}

impl<S> Clone for Stream<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// For HTTP/1.1.
    pub(crate) fn http1(io: S, account: Account) -> Self {
        Self::new(io, account, Heads::Http1 { sniffer: Sniffer::default(), bytes: 0, in_flight: 0 })
    }

    /// For HTTP/2.
    pub(crate) fn http2(io: S, account: Account) -> Self {
        Self::new(io, account, Heads::Http2(OpenHead::default()))
    }

    fn new(io: S, account: Account, heads: Heads) -> Self {
        let (charge, own) = (None, Vec::new());
        Self(Arc::new(Mutex::new(State { io, account, charge, heads, own, sent: 0, lingers: false })))
    }

    /// A request's head was handed out.
    pub(crate) fn begin(&self) {
        let mut state = self.lock();
        if let Heads::Http1 { sniffer, bytes, in_flight } = &mut state.heads {
            (*sniffer, *bytes) = (Sniffer::default(), 0);
            *in_flight += 1;
            state.charge = None;
        }
    }

    /// It was answered, or given up.
    pub(crate) fn end(&self) {
        if let Heads::Http1 { in_flight, .. } = &mut self.lock().heads {
            *in_flight = in_flight.saturating_sub(1);
        }
    }

    /// Ends the connection in order, within bounds.
    pub(crate) async fn close(&self, lingers: bool) {
        let farewell = std::future::poll_fn(|context| self.lock().poll_shutdown(context));
        let is_said = timeout(FAREWELL_MAX, farewell).await.is_ok();
        let lingers = lingers || self.lock().lingers;
        if is_said && lingers {
            let _however_it_ends = timeout(LINGER_MAX, self.discard()).await;
        }
    }

    /// Reads until the peer has nothing more to say.
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
    fn replace(&mut self, status: u16) {
        let Heads::Http1 { sniffer, .. } = &self.heads else { return };
        let speaks_instance = sniffer.speaks_instance();
        (self.own, self.sent, self.lingers) = (early_answer::answer(status, speaks_instance), 0, true);
    }

    fn poll_own(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.own.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.io).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    /// Whether what was just read may be kept.
    fn admits(&mut self, read: &[u8]) -> bool {
        let taken = match &mut self.heads {
            Heads::Http1 { in_flight: 1.., .. } => return true,
            Heads::Http1 { sniffer, bytes, .. } => {
                sniffer.look(read);
                *bytes = bytes.saturating_add(read.len());
                *bytes
            }
            Heads::Http2(open) => {
                open.read(read);
                open.bytes_taken()
            }
        };
        if taken == 0 {
            self.charge = None;
        }
        self.account.raise(&mut self.charge, taken)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut state.io).poll_read(context, buffer))?;
        if state.admits(buffer.filled().get(before..).unwrap_or_default()) {
            return Poll::Ready(Ok(()));
        }
        state.replace(503);
        Poll::Ready(Err(io::Error::other("unverified callers take all the memory there is for them")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        ready!(state.poll_own(context))?;
        let is_idle = matches!(state.heads, Heads::Http1 { in_flight: 0, .. });
        if let Some(status) = Some(bytes).filter(|_| is_idle).and_then(early_answer::status_of_own) {
            state.replace(status);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut state.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut full = slices.iter().filter(|slice| !slice.is_empty());
        match (full.next(), full.next()) {
            // The library's own answers are one piece.
            (Some(only), None) => self.poll_write(context, only),
            _ => {
                let mut state = self.lock();
                ready!(state.poll_own(context))?;
                Pin::new(&mut state.io).poll_write_vectored(context, slices)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        ready!(state.poll_own(context))?;
        Pin::new(&mut state.io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_shutdown(context)
    }
}
