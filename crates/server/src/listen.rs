//! Sockets: accepting within limits, TLS handshakes, HTTP/1.1 and HTTP/2, and a stop that finishes what is in flight.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
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
/// Streams that one HTTP/2 connection may have open.
const HTTP2_STREAMS_MAX: u32 = 32;
/// Bytes that HTTP/2 takes in before they are asked for, per stream and per connection.
const HTTP2_STREAM_WINDOW: u32 = 64 * 1024;
/// See [`HTTP2_STREAM_WINDOW`].
const HTTP2_CONNECTION_WINDOW: u32 = 256 * 1024;
/// Pings an idle HTTP/2 peer this often, and closes when it does not answer in the next.
const HTTP2_PING: Duration = Duration::from_secs(20);
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
            None => self.serve_http(TokioIo::new(socket), http_builder().http1_only()).await,
            Some(tls) => match timeout(HANDSHAKE_MAX, tls.accept(socket)).await {
                Ok(Ok(stream)) => {
                    // Chosen by ALPN: guessing from the first bytes would wait for them without a limit.
                    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let builder = if is_http2 { http_builder().http2_only() } else { http_builder().http1_only() };
                    self.serve_http(TokioIo::new(stream), builder).await
                }
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

    async fn serve_http<I>(
        &self,
        io: I,
        builder: auto::Builder<TokioExecutor>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
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
        let connection = builder.serve_connection(io, service);
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

fn http_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(HEADER_BYTES_MAX).unwrap_or(u32::MAX))
        .keep_alive_interval(HTTP2_PING)
        .keep_alive_timeout(HTTP2_PING);
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
    use bytes::Bytes;
    use http_body_util::Empty;
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
    fn served(
        builder: auto::Builder<TokioExecutor>,
    ) -> (DuplexStream, tokio::task::JoinHandle<()>, watch::Sender<bool>) {
        let (near, far) = duplex(64 * 1024);
        let (stopping, stop) = watch::channel(false);
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let (peer, metrics) = (([127, 0, 0, 1], 1).into(), Arc::new(Metrics::without_pairs()));
        let connection = Connection { peer, tls: None, answer: Arc::new(Always), metrics, stop, _place: place };
        let serving = tokio::spawn(async move {
            let _however_it_ends = connection.serve_http(TokioIo::new(far), builder).await;
        });
        (near, serving, stopping)
    }

    // Time is paused: tokio moves it on when everybody waits.
    #[tokio::test(start_paused = true)]
    async fn an_http2_peer_that_only_answers_pings_is_closed() {
        let (near, serving, _running) = served(http_builder().http2_only());
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(near));
        let (mut sender, connection) = handshake.await.unwrap();
        let peer = tokio::spawn(connection);
        let request = Request::get("https://localhost/").body(Empty::<Bytes>::new()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
        // The sender is kept: it would go on for ever.
        serving.await.unwrap();
        let _closed = peer.await.unwrap();
        assert!(sender.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_reads_its_answers_is_closed() {
        let (mut near, serving, _running) = served(http_builder().http1_only());
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
