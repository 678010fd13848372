//! TLS handshakes with a timeout. A failure is logged with the server name that the client asked for.

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

/// Timeout of a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Failures logged per second, so that a flood cannot fill the disk. The metric counts every failure.
const LOGGED_PER_SECOND_MAX: usize = 10;

/// Performs the handshakes of one listener.
#[derive(Clone)]
pub(crate) struct HandshakeAcceptor {
    tls: TlsAcceptor,
    metrics: Arc<Metrics>,
    /// The start of the current second, and the failures logged in it.
    logged: Arc<Mutex<(Instant, usize)>>,
}

impl HandshakeAcceptor {
    pub(crate) fn new(tls: TlsAcceptor, metrics: Arc<Metrics>) -> Self {
        Self { tls, metrics, logged: Arc::new(Mutex::new((Instant::now(), 0))) }
    }

    /// Returns the TLS connection, or counts and logs the failure.
    pub(crate) async fn accept<S>(&self, socket: S, peer: SocketAddr) -> Option<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut server_name = None;
        let failure = match timeout(HANDSHAKE_TIMEOUT, self.handshake(socket, &mut server_name)).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "timed out".to_owned(),
        };
        self.metrics.handshakes_failed.inc();
        // A peer that sent no ClientHello only probed the port.
        match server_name {
            Some(name) if self.may_log() => {
                let server_name = name.as_deref().unwrap_or("(none)");
                tracing::info!(%peer, server_name, reason = failure, "a TLS handshake failed");
            }
            _ => tracing::debug!(%peer, reason = failure, "a TLS handshake failed"),
        }
        None
    }

    /// Sets `server_name` to the SNI name when the ClientHello arrives.
    async fn handshake<S>(&self, socket: S, server_name: &mut Option<Option<String>>) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), socket).await?;
        *server_name = Some(hello.client_hello().server_name().map(str::to_owned));
        hello.into_stream(Arc::clone(self.tls.config())).await
    }

    fn may_log(&self) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = &mut *logged;
        if since.elapsed() >= Duration::from_secs(1) {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count <= LOGGED_PER_SECOND_MAX
    }
}
