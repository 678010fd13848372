//! Sockets: accepting within limits, TLS handshakes, HTTP/1.1, and a stop that finishes what is in flight.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::answer::Body;
use crate::idle::Activity;
use crate::metrics::Metrics;

/// Longest TLS handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Longest wait for the headers of a request, also between two requests of a kept connection.
const HEADERS_MAX: Duration = Duration::from_secs(30);
/// Most bytes of headers.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// How long a stop waits for what is in flight: longer than the slowest pair.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// Pause after an accept error such as too many open files, so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How requests are answered; one value per listener.
pub(crate) trait Answer: Send + Sync + 'static {
    /// Answers one request from `peer`.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Accepts and serves until `stop` turns true, then lets what is in flight finish. `tls` is absent on the loopback
/// listener only.
pub(crate) async fn serve<A: Answer>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    answer: Arc<A>,
    metrics: Arc<Metrics>,
    connections_max: usize,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(connections_max));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            metrics.connections_refused.inc();
            continue;
        };
        let one = Connection {
            peer,
            tls: tls.clone(),
            answer: Arc::clone(&answer),
            metrics: Arc::clone(&metrics),
            stop: stop.clone(),
            _place: place,
        };
        tokio::spawn(one.serve(socket));
    }
    drop(listener);
    let all_closed = places.acquire_many(u32::try_from(connections_max).unwrap_or(u32::MAX));
    if timeout(DRAIN_MAX, all_closed).await.is_err() {
        tracing::warn!("stopping although some connections are still busy");
    }
}

struct Connection<A> {
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    answer: Arc<A>,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl<A: Answer> Connection<A> {
    async fn serve(self, socket: TcpStream) {
        // Small answers must not wait for acknowledgements; a socket that refuses the option still works.
        let _refused = socket.set_nodelay(true);
        self.metrics.connections.inc();
        let served = match &self.tls {
            None => self.serve_http(TokioIo::new(socket)).await,
            Some(tls) => match timeout(HANDSHAKE_MAX, tls.accept(socket)).await {
                Ok(Ok(stream)) => self.serve_http(TokioIo::new(stream)).await,
                Ok(Err(error)) => {
                    self.metrics.handshakes_failed.inc();
                    tracing::debug!(peer = %self.peer, %error, "TLS handshake failed");
                    Ok(())
                }
                Err(_elapsed) => {
                    self.metrics.handshakes_failed.inc();
                    tracing::debug!(peer = %self.peer, "TLS handshake took too long");
                    Ok(())
                }
            },
        };
        if let Err(error) = served {
            tracing::debug!(peer = %self.peer, %error, "connection ended early");
        }
        self.metrics.connections.dec();
    }

    async fn serve_http<I>(&self, io: I) -> Result<(), hyper::Error>
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (answer, peer) = (Arc::clone(&self.answer), self.peer);
        let activity = Activity::new();
        let service = service_fn({
            let activity = activity.clone();
            move |request| {
                let (answer, busy) = (Arc::clone(&answer), activity.begin());
                async move {
                    let answered = answer.answer(request, peer).await;
                    drop(busy);
                    Ok::<_, Infallible>(answered)
                }
            }
        });
        let connection = http_builder().serve_connection(io, service);
        tokio::pin!(connection);
        let mut stop = self.stop.clone();
        tokio::select! {
            ended = connection.as_mut() => return ended,
            _ = stop.wait_for(|stop| *stop) => {}
            () = activity.idle() => {}
        }
        connection.as_mut().graceful_shutdown();
        // Longer than that only a peer takes that does not read what it asked for.
        timeout(DRAIN_MAX, connection).await.unwrap_or(Ok(()))
    }
}

/// HTTP/1.1 and nothing else. HTTP/2 is not offered: its library copies short answers, and the beginning of long ones, into a
/// buffer of the connection that nobody wipes.
fn http_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS_MAX).max_buf_size(HEADER_BYTES_MAX).keep_alive(true);
    builder
}

/// Binds a listener, with an error that names the address and what to do.
///
/// # Errors
/// Those of the system.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "another program uses this address; choose another port",
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose a higher one",
            io::ErrorKind::AddrNotAvailable => "this machine has no such address",
            _ => "check the address",
        };
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}; {hint}"))
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::answer;

    struct Always;

    impl Answer for Always {
        async fn answer(self: Arc<Self>, _request: Request<Incoming>, _peer: SocketAddr) -> Response<Body> {
            answer::text(hyper::StatusCode::OK, "yes")
        }
    }

    /// A served connection, its other end, and the switch that stops it.
    fn served() -> (DuplexStream, tokio::task::JoinHandle<()>, watch::Sender<bool>) {
        let (near, far) = duplex(64 * 1024);
        let (stopping, stop) = watch::channel(false);
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let (peer, metrics) = (([127, 0, 0, 1], 1).into(), Arc::new(Metrics::without_pairs()));
        let connection = Connection { peer, tls: None, answer: Arc::new(Always), metrics, stop, _place: place };
        let serving = tokio::spawn(async move {
            let _however_it_ends = connection.serve_http(TokioIo::new(far)).await;
        });
        (near, serving, stopping)
    }

    // Time is paused: tokio moves it on when everybody waits.
    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_reads_its_answers_is_closed() {
        let (mut near, serving, _running) = served();
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
        // Until neither side takes any more: answers fill the way back, then requests the way there.
        let stuck = async { while near.write_all(request).await.is_ok() {} };
        assert!(timeout(Duration::from_secs(1), stuck).await.is_err());
        serving.await.unwrap();
        let mut answers = Vec::new();
        near.read_to_end(&mut answers).await.unwrap();
        assert!(answers.starts_with(b"HTTP/1.1 200"), "they were answered");
    }
}
