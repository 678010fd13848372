//! Sockets: accepting within limits, TLS handshakes, HTTP/1.1 and HTTP/2, and a stop that finishes what is in flight.

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
use crate::connections::{Admitted, Limits, Place, Places};
use crate::handshake::Handshakes;
use crate::idle::Activity;
use crate::metrics::Metrics;
use crate::stream::Stream;
use crate::unverified::{Account, Budget, HEAD_BYTES_MAX};

/// Longest wait for the headers of a request, also between two requests of a kept connection.
const HEADERS_MAX: Duration = Duration::from_secs(30);
/// Streams that one HTTP/2 connection may have open.
const HTTP2_STREAMS_MAX: u32 = 32;
/// Streams that were reset before their request was looked at; beyond it the connection is closed.
const HTTP2_RESET_STREAMS_MAX: usize = 16;
/// Most bytes of an HTTP/2 head as its library counts them, 32 more for each header. Above [`HEAD_BYTES_MAX`] with its
/// [`HEADERS_MAX`](crate::unverified::HEADERS_MAX), so that who exceeds those gets an answer with a body.
const HTTP2_HEADER_LIST_BYTES_MAX: u32 = 72 * 1024;
/// Bytes that HTTP/2 takes in before they are asked for, per stream and per connection.
const HTTP2_STREAM_WINDOW: u32 = 64 * 1024;
/// See [`HTTP2_STREAM_WINDOW`].
const HTTP2_CONNECTION_WINDOW: u32 = 256 * 1024;
/// Pings an idle HTTP/2 peer this often, and closes when it does not answer in the next.
const HTTP2_PING: Duration = Duration::from_secs(20);
/// How long a stop waits for what is in flight: longer than the slowest pair.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// The same for connections that never carried a verified request.
const DRAIN_UNVERIFIED_MAX: Duration = Duration::from_secs(1);
/// Connections that may wait to be accepted; the system's own limit (`net.core.somaxconn`) holds, too.
const BACKLOG: u32 = 4096;
/// Pause after an accept error such as too many open files, so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How requests are answered; one value per listener.
pub(crate) trait Answer: Send + Sync + 'static {
    /// Answers one request. What it does before it returns the future it does as soon as the head is there.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        origin: Origin,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Where a request comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) peer: SocketAddr,
    standing: Arc<Standing>,
}

#[derive(Debug)]
struct Standing {
    place: Place,
    account: Account,
    lingers: AtomicBool,
}

impl Origin {
    fn new(peer: SocketAddr, place: Place, budget: &Budget) -> Self {
        let account = budget.open(place.source(), place.evict());
        Self { peer, standing: Arc::new(Standing { place, account, lingers: AtomicBool::new(false) }) }
    }

    /// The connection carried a request whose caller is known.
    pub(crate) fn mark_verified(&self) {
        if !self.standing.account.is_verified() {
            self.standing.account.mark_verified();
            self.standing.place.mark_verified();
        }
    }

    /// What the connection takes of the memory for unverified callers.
    pub(crate) fn account(&self) -> &Account {
        &self.standing.account
    }

    /// The connection ends with this answer although the peer has not sent everything.
    pub(crate) fn linger(&self) {
        self.standing.lingers.store(true, Ordering::Relaxed);
    }
}

/// What a listener serves with.
pub(crate) struct Listening<A> {
    pub(crate) answer: Arc<A>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    /// What unverified callers may take, over all listeners.
    pub(crate) unverified: Budget,
    /// Absent on the loopback listener only.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Accepts and serves until `stop` turns true, then lets what is in flight finish.
pub(crate) async fn serve<A: Answer>(listener: TcpListener, with: Listening<A>, mut stop: watch::Receiver<bool>) {
    let places = Places::new(with.limits);
    let handshakes = with.tls.clone().map(|tls| Handshakes::new(tls, Arc::clone(&with.metrics)));
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
        let Some(Admitted { place, has_evicted }) = places.admit(peer.ip()) else {
            with.metrics.connections_refused.inc();
            continue;
        };
        if has_evicted {
            with.metrics.connections_evicted.inc();
        }
        let one = Connection {
            origin: Origin::new(peer, place, &with.unverified),
            handshakes: handshakes.clone(),
            answer: Arc::clone(&with.answer),
            metrics: Arc::clone(&with.metrics),
            stop: stop.clone(),
        };
        let open = open.clone();
        tokio::spawn(async move {
            one.serve(socket).await;
            drop(open);
        });
    }
    drop((listener, open));
    if timeout(DRAIN_MAX, all_closed.recv()).await.is_err() {
        tracing::warn!("stopping although some connections are still busy");
    }
}

struct Connection<A> {
    origin: Origin,
    handshakes: Option<Handshakes>,
    answer: Arc<A>,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
}

impl<A: Answer> Connection<A> {
    async fn serve(mut self, socket: TcpStream) {
        // Small answers must not wait for acknowledgements; a socket that refuses the option still works.
        let _refused = socket.set_nodelay(true);
        self.metrics.connections.inc();
        match &self.handshakes {
            None => self.serve_http(Stream::http1(socket, self.origin.account().clone()), Protocol::Http1).await,
            Some(handshakes) => {
                let shaken = tokio::select! {
                    shaken = handshakes.accept(socket, self.origin.peer) => shaken,
                    () = self.origin.standing.place.evicted() => None,
                    _ = self.stop.wait_for(|stop| *stop) => None,
                };
                if let Some(stream) = shaken {
                    self.origin.standing.place.has_agreed_on_keys();
                    // Chosen by ALPN: guessing from the first bytes would wait for them without a limit.
                    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                        self.serve_http(Stream::http2(stream, self.origin.account().clone()), Protocol::Http2).await;
                    } else {
                        self.serve_http(Stream::http1(stream, self.origin.account().clone()), Protocol::Http1).await;
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
        let served = self.exchange(stream.clone(), protocol).await;
        if let Err(error) = served {
            tracing::debug!(peer = %self.origin.peer, %error, "connection ended early");
        }
        stream.close(self.origin.standing.lingers.load(Ordering::Relaxed)).await;
    }

    /// Requests and answers, until either side has had enough.
    async fn exchange<S>(&self, stream: Stream<S>, protocol: Protocol) -> Result<(), Box<dyn Error + Send + Sync>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (answer, origin) = (Arc::clone(&self.answer), self.origin.clone());
        let activity = Activity::new();
        let service = service_fn({
            let (activity, stream) = (activity.clone(), stream.clone());
            move |request| {
                let (busy, stream, origin) = (activity.begin(), stream.clone(), origin.clone());
                stream.begin();
                let answering = Arc::clone(&answer).answer(request, origin);
                async move {
                    let answered = answering.await;
                    stream.end();
                    drop(busy);
                    Ok::<_, Infallible>(answered)
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
            () = self.origin.standing.place.evicted() => return Ok(()),
            _ = stop.wait_for(|stop| *stop) => {}
            () = activity.idle() => {}
        }
        connection.as_mut().graceful_shutdown();
        // Longer than that takes a stranger who does not finish,
        if let Ok(ended) = timeout(DRAIN_UNVERIFIED_MAX, connection.as_mut()).await {
            return ended;
        }
        if !self.origin.account().is_verified() {
            return Ok(());
        }
        // or a known peer that does not read what it asked for.
        timeout(DRAIN_MAX - DRAIN_UNVERIFIED_MAX, connection).await.unwrap_or(Ok(()))
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
        .header_read_timeout(HEADERS_MAX)
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
        .keep_alive_interval(HTTP2_PING)
        .keep_alive_timeout(HTTP2_PING);
    builder
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // So that a restart need not wait for connections of before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Binds a listener, with an error that names the address and what to do.
///
/// # Errors
/// Those of the system.
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

    struct Always;

    impl Answer for Always {
        async fn answer(self: Arc<Self>, _request: Request<Incoming>, _origin: Origin) -> Response<Body> {
            answer::text(hyper::StatusCode::OK, "yes")
        }
    }

    /// A served connection, its other end, and the switch that stops it.
    fn served(protocol: Protocol) -> (DuplexStream, tokio::task::JoinHandle<()>, watch::Sender<bool>) {
        let (near, far) = duplex(64 * 1024);
        let (stopping, stop) = watch::channel(false);
        let peer: SocketAddr = ([127, 0, 0, 1], 1).into();
        let place = Places::new(Limits::new(1, 1)).admit(peer.ip()).unwrap().place;
        let unverified = Budget::new(Counter::default(), Counter::default());
        let (origin, metrics) = (Origin::new(peer, place, &unverified), Arc::new(Metrics::without_pairs()));
        let stream = match protocol {
            Protocol::Http1 => Stream::http1(far, origin.account().clone()),
            Protocol::Http2 => Stream::http2(far, origin.account().clone()),
        };
        let connection = Connection { origin, handshakes: None, answer: Arc::new(Always), metrics, stop };
        let serving = tokio::spawn(async move { connection.serve_http(stream, protocol).await });
        (near, serving, stopping)
    }

    // Time is paused: tokio moves it on when everybody waits.
    #[tokio::test(start_paused = true)]
    async fn an_http2_peer_that_only_answers_pings_is_closed() {
        let (near, serving, _running) = served(Protocol::Http2);
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
        let (mut near, serving, _running) = served(Protocol::Http1);
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
        // Until neither side takes any more: answers fill the way back, then requests the way there.
        let stuck = async { while near.write_all(request).await.is_ok() {} };
        assert!(timeout(Duration::from_secs(1), stuck).await.is_err());
        serving.await.unwrap();
        let mut answers = Vec::new();
        near.read_to_end(&mut answers).await.unwrap();
        assert!(answers.starts_with(b"HTTP/1.1 200"), "they were answered");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_does_not_wait_for_a_stranger_who_does_not_finish() {
        let (mut near, serving, stopping) = served(Protocol::Http1);
        near.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let told = tokio::time::Instant::now();
        stopping.send(true).unwrap();
        serving.await.unwrap();
        assert!(told.elapsed() < DRAIN_MAX / 4, "{:?}", told.elapsed());
    }
}
