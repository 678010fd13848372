//! TLS handshakes: a limit of time, and a log line that says which name a client wanted when one fails.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::metrics::Metrics;

/// Longest TLS handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Failures that are told in one second; a flood must not fill the disk. The metric counts all.
const TOLD_MAX: usize = 10;

/// Shakes hands on one listener.
#[derive(Clone)]
pub(crate) struct Handshakes {
    tls: TlsAcceptor,
    metrics: Arc<Metrics>,
    told: Arc<Mutex<(Instant, usize)>>,
}

impl Handshakes {
    pub(crate) fn new(tls: TlsAcceptor, metrics: Arc<Metrics>) -> Self {
        Self { tls, metrics, told: Arc::new(Mutex::new((Instant::now(), 0))) }
    }

    /// The agreed connection; `None` when there is none, which was counted and told.
    pub(crate) async fn accept<S>(&self, socket: S, peer: SocketAddr) -> Option<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut wanted = None;
        let failure = match timeout(HANDSHAKE_MAX, self.shake_hands(socket, &mut wanted)).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "it took too long".to_owned(),
        };
        self.metrics.handshakes_failed.inc();
        // Who did not even say hello wanted nothing: a probe of the port.
        match wanted {
            Some(name) if self.is_to_be_told() => {
                let name = name.as_deref().unwrap_or("(none)");
                tracing::info!(%peer, wanted = name, reason = failure, "a TLS handshake failed");
            }
            _ => tracing::debug!(%peer, reason = failure, "a TLS handshake failed"),
        }
        None
    }

    /// `wanted` becomes the name in the client's hello (SNI), if it said hello.
    async fn shake_hands<S>(&self, socket: S, wanted: &mut Option<Option<String>>) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), socket).await?;
        *wanted = Some(hello.client_hello().server_name().map(str::to_owned));
        hello.into_stream(Arc::clone(self.tls.config())).await
    }

    fn is_to_be_told(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = &mut *told;
        if since.elapsed() >= Duration::from_secs(1) {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count <= TOLD_MAX
    }
}
