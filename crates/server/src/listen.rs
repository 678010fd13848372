//! Listeners: connection limits, TLS handshakes, HTTP/1.1 and HTTP/2, and graceful shutdown.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::answer::Body;
use crate::connections::{Admitted, ConnectionLimiter, ConnectionLimits, ConnectionPermit};
use crate::handshake::HandshakeAcceptor;
use crate::idle::IdleTimer;
use crate::metrics::Metrics;
use crate::stream::Stream;
use crate::unverified::{Account, HEAD_BYTES_MAX, MemoryBudget};

/// Timeout for the head of a request. It includes the time between two requests of a connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Open streams per HTTP/2 connection.
const HTTP2_STREAMS_MAX: u32 = 32;
/// Streams that the peer may reset before their request is accepted. One more closes the connection.
const HTTP2_RESET_STREAMS_MAX: usize = 16;
/// Limit of an HTTP/2 head as the library counts it: with 32 extra bytes per header. It is above [`HEAD_BYTES_MAX`] plus
/// [`HEADERS_MAX`](crate::unverified::HEADERS_MAX) headers, because requests over those limits get an answer with a body.
const HTTP2_HEADER_LIST_BYTES_MAX: u32 = 72 * 1024;
/// HTTP/2 flow control window per stream.
const HTTP2_STREAM_WINDOW: u32 = 64 * 1024;
/// HTTP/2 flow control window per connection.
const HTTP2_CONNECTION_WINDOW: u32 = 256 * 1024;
/// Interval of HTTP/2 pings, and the timeout for the reply.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
/// Shutdown timeout for requests in flight: longer than the slowest key pair.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// Shutdown timeout for connections that carried no verified request.
const DRAIN_UNVERIFIED_TIMEOUT: Duration = Duration::from_secs(1);
/// Listen backlog. The system caps it at `net.core.somaxconn`.
const BACKLOG: u32 = 4096;
/// Pause after a failed accept, so that a lasting error such as too many open files does not cause a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Handles the requests of one listener.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Handles one request. The code before the returned future runs as soon as the head has arrived.
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: ConnectionContext,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// The connection of a request.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionContext {
    pub(crate) peer: SocketAddr,
    state: Arc<ConnectionState>,
}

#[derive(Debug)]
struct ConnectionState {
    permit: ConnectionPermit,
    account: Account,
    lingers: AtomicBool,
}

impl ConnectionContext {
    fn new(peer: SocketAddr, permit: ConnectionPermit, budget: &MemoryBudget) -> Self {
        let account = budget.open(permit.source(), permit.eviction_sender());
        Self { peer, state: Arc::new(ConnectionState { permit, account, lingers: AtomicBool::new(false) }) }
    }

    /// The connection carried a verified request.
    pub(crate) fn mark_verified(&self) {
        if !self.state.account.is_verified() {
            self.state.account.mark_verified();
            self.state.permit.mark_verified();
        }
    }

    /// The account of the connection in the memory budget.
    pub(crate) fn account(&self) -> &Account {
        &self.state.account
    }

    /// Closes the connection after this answer, although the peer may still send. See [`Stream::close`].
    pub(crate) fn linger(&self) {
        self.state.lingers.store(true, Ordering::Relaxed);
    }
}

/// What one listener needs to serve.
pub(crate) struct Listening<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: ConnectionLimits,
    /// Shared by all listeners.
    pub(crate) budget: MemoryBudget,
    /// `None` for the admin listener.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Serves until `stop` becomes true, then finishes the requests in flight.
pub(crate) async fn serve<H: Handler>(listener: TcpListener, with: Listening<H>, mut stop: watch::Receiver<bool>) {
    let limiter = ConnectionLimiter::new(with.limits);
    let handshakes = with.tls.clone().map(|tls| HandshakeAcceptor::new(tls, Arc::clone(&with.metrics)));
    let (open, mut all_closed) = tokio::sync::mpsc::channel::<()>(1);
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
        let Some(Admitted { permit, has_evicted }) = limiter.admit(peer.ip()) else {
            with.metrics.connections_refused.inc();
            continue;
        };
        if has_evicted {
            with.metrics.connections_evicted.inc();
        }
        let connection = Connection {
            context: ConnectionContext::new(peer, permit, &with.budget),
            handshakes: handshakes.clone(),
            handler: Arc::clone(&with.handler),
            metrics: Arc::clone(&with.metrics),
            stop: stop.clone(),
        };
        let open = open.clone();
        tokio::spawn(async move {
            connection.serve(socket).await;
            drop(open);
        });
    }
    drop((listener, open));
    if timeout(DRAIN_TIMEOUT, all_closed.recv()).await.is_err() {
        tracing::warn!("the shutdown timed out; closing connections with requests in flight");
    }
}

struct Connection<H> {
    context: ConnectionContext,
    handshakes: Option<HandshakeAcceptor>,
    handler: Arc<H>,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
}

impl<H: Handler> Connection<H> {
    async fn serve(mut self, socket: TcpStream) {
        // Without this option, a small answer would wait for an acknowledgement. A socket without the option still works.
        let _refused = socket.set_nodelay(true);
        self.metrics.connections.inc();
        match &self.handshakes {
            None => self.serve_http(Stream::http1(socket, self.context.account().clone()), Protocol::Http1).await,
            Some(handshakes) => {
                let accepted = tokio::select! {
                    accepted = handshakes.accept(socket, self.context.peer) => accepted,
                    () = self.context.state.permit.evicted() => None,
                    _ = self.stop.wait_for(|stop| *stop) => None,
                };
                if let Some(stream) = accepted {
                    self.context.state.permit.finish_handshake();
                    // Decided by ALPN, because detection from the first bytes would wait for them without a timeout.
                    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                        self.serve_http(Stream::http2(stream, self.context.account().clone()), Protocol::Http2).await;
                    } else {
                        self.serve_http(Stream::http1(stream, self.context.account().clone()), Protocol::Http1).await;
                    }
                }
            }
        }
        self.metrics.connections.dec();
    }

    async fn serve_http<S>(&self, stream: Stream<S>, protocol: Protocol)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let served = self.serve_requests(stream.clone(), protocol).await;
        if let Err(error) = served {
            tracing::debug!(peer = %self.context.peer, %error, "a connection ended with an error");
        }
        stream.close(self.context.state.lingers.load(Ordering::Relaxed)).await;
    }

    /// Serves requests until the peer closes, is evicted or times out, or the server shuts down.
    async fn serve_requests<S>(&self, stream: Stream<S>, protocol: Protocol) -> Result<(), Box<dyn Error + Send + Sync>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (handler, context) = (Arc::clone(&self.handler), self.context.clone());
        let idle = IdleTimer::new();
        let service = service_fn({
            let (idle, stream) = (idle.clone(), stream.clone());
            move |request| {
                let (guard, stream, context) = (idle.start_request(), stream.clone(), context.clone());
                stream.begin_request();
                let handling = Arc::clone(&handler).handle(request, context);
                async move {
                    let answer = handling.await;
                    stream.end_request();
                    drop(guard);
                    Ok::<_, Infallible>(answer)
                }
            }
        });
        let builder = match protocol {
            Protocol::Http1 => http_builder().http1_only(),
            Protocol::Http2 => http_builder().http2_only(),
        };
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let mut stop = self.stop.clone();
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = self.context.state.permit.evicted() => return Ok(()),
            _ = stop.wait_for(|stop| *stop) => {}
            () = idle.timed_out() => {}
        }
        connection.as_mut().graceful_shutdown();
        if let Ok(ended) = timeout(DRAIN_UNVERIFIED_TIMEOUT, connection.as_mut()).await {
            return ended;
        }
        // An unverified peer that does not finish its request, or does not read its answer, gets no more time.
        if !self.context.account().is_verified() {
            return Ok(());
        }
        timeout(DRAIN_TIMEOUT - DRAIN_UNVERIFIED_TIMEOUT, connection).await.unwrap_or(Ok(()))
    }
}

#[derive(Debug, Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

fn http_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .max_pending_accept_reset_streams(HTTP2_RESET_STREAMS_MAX)
        .max_header_list_size(HTTP2_HEADER_LIST_BYTES_MAX)
        .keep_alive_interval(HTTP2_PING_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_INTERVAL);
    builder
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the connections of the previous process to leave TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Binds a listener. The error names the address and what to do.
///
/// # Errors
/// The error of the system.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    listen_on(address).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "another program uses this address",
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
    use prometheus_client::metrics::counter::Counter;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::answer;

    struct FixedAnswer;

    impl Handler for FixedAnswer {
        async fn handle(
            self: Arc<Self>,
            _request: Request<Incoming>,
            _connection: ConnectionContext,
        ) -> Response<Body> {
            answer::text(hyper::StatusCode::OK, "yes")
        }
    }

    /// The client end of a served connection, its task, and the sender that stops it.
    fn served(protocol: Protocol) -> (DuplexStream, tokio::task::JoinHandle<()>, watch::Sender<bool>) {
        let (near, far) = duplex(64 * 1024);
        let (stopping, stop) = watch::channel(false);
        let peer: SocketAddr = ([127, 0, 0, 1], 1).into();
        let permit = ConnectionLimiter::new(ConnectionLimits::new(1, 1)).admit(peer.ip()).unwrap().permit;
        let budget = MemoryBudget::new(Counter::default(), Counter::default());
        let (context, metrics) = (ConnectionContext::new(peer, permit, &budget), Arc::new(Metrics::without_service()));
        let stream = match protocol {
            Protocol::Http1 => Stream::http1(far, context.account().clone()),
            Protocol::Http2 => Stream::http2(far, context.account().clone()),
        };
        let connection = Connection { context, handshakes: None, handler: Arc::new(FixedAnswer), metrics, stop };
        let serving = tokio::spawn(async move { connection.serve_http(stream, protocol).await });
        (near, serving, stopping)
    }

    // Time is paused: tokio advances its clock whenever every task waits.
    #[tokio::test(start_paused = true)]
    async fn an_http2_peer_that_only_answers_pings_is_closed() {
        let (near, serving, _running) = served(Protocol::Http2);
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(near));
        let (mut sender, connection) = handshake.await.unwrap();
        let peer = tokio::spawn(connection);
        let request = Request::get("https://localhost/").body(Empty::<Bytes>::new()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
        // The sender stays open, so only the server ends the connection.
        serving.await.unwrap();
        let _closed = peer.await.unwrap();
        assert!(sender.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_reads_its_answers_is_closed() {
        let (mut near, serving, _running) = served(Protocol::Http1);
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
        // First the answers fill one direction, then the requests fill the other.
        let stuck = async { while near.write_all(request).await.is_ok() {} };
        assert!(timeout(Duration::from_secs(1), stuck).await.is_err());
        serving.await.unwrap();
        let mut answers = Vec::new();
        near.read_to_end(&mut answers).await.unwrap();
        assert!(answers.starts_with(b"HTTP/1.1 200"), "they were answered");
    }

    #[tokio::test(start_paused = true)]
    async fn a_shutdown_does_not_wait_for_an_unverified_peer_with_half_a_request() {
        let (mut near, serving, stopping) = served(Protocol::Http1);
        near.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let stopped = tokio::time::Instant::now();
        stopping.send(true).unwrap();
        serving.await.unwrap();
        assert!(stopped.elapsed() < DRAIN_TIMEOUT / 4, "{:?}", stopped.elapsed());
    }
}
