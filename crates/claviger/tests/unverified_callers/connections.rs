//! Connection limits, the order of evictions, and the TLS close_notify at the end of every connection.

use std::net::SocketAddr;
use std::path::Path;

use claviger_keygen::StockSizes;
use claviger_server::{Options, Server};
use rustls::RootCertStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

use crate::peer::{LIMIT, Process, connect, connect_from, read_to_the_end, tcp_from, tls};

struct Running {
    address: SocketAddr,
    admin: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

async fn start(dir: &Path, connections_max: usize, connections_per_source: usize) -> Running {
    let options = Options {
        root_key_file: dir.join("root.key"),
        data_dir: dir.to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        admin: ([127, 0, 0, 1], 0).into(),
        hostnames: Vec::new(),
        pair_concurrency: claviger_service::PairConcurrency::AtMost(1),
        use_policy: claviger_service::UsePolicy::default(),
        keygen: claviger_keygen::Config { stock: StockSizes::NONE, ..claviger_keygen::Config::default() },
        offers_http2: true,
        connections_max,
        connections_per_source,
        audit_segment_bytes: 1 << 20,
        admin_allow_remote: false,
        arn_accounts: claviger_service::ArnAccounts::default(),
        is_dev: true,
    };
    let server = Server::start(options).await.unwrap();
    let (address, admin) = (server.address().unwrap(), server.admin_address().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(Box::pin(async move {
        let _stopped = stopped.await;
    })));
    Running { address, admin, stop: Some(stop) }
}

impl Running {
    async fn metrics(&self) -> String {
        let mut socket = tokio::net::TcpStream::connect(self.admin).await.unwrap();
        socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).await.unwrap();
        text
    }
}

/// Whether the server answers an unsigned request.
async fn is_served(stream: &mut tokio_rustls::client::TlsStream<tokio::net::TcpStream>) -> bool {
    if stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.is_err() {
        return false;
    }
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.is_ok() && &first == b"HTTP/1.1 400"
}

#[tokio::test]
async fn silent_connections_do_not_lock_new_callers_out() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), 16, 8).await;
    // From many addresses, more than the limit, and without sending anything.
    let mut silent = Vec::new();
    for source in 0..40 {
        silent.push(tcp_from([127, 0, 1, source], running.address).await.unwrap());
    }
    let mut caller = connect_from([127, 0, 0, 1], running.address, dir.path(), "http/1.1").await.unwrap();
    assert!(is_served(&mut caller).await);
    let metrics = running.metrics().await;
    let evicted = metrics.lines().find_map(|line| line.strip_prefix("claviger_connections_evicted_total ")).unwrap();
    assert!(evicted.parse::<u32>().unwrap() >= 25, "{evicted}");
}

#[tokio::test]
async fn a_source_has_a_limit_and_an_evicted_connection_gets_a_close_notify() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), 64, 4).await;
    let mut other = connect_from([127, 0, 0, 9], running.address, dir.path(), "http/1.1").await.unwrap();
    let mut greedy = Vec::new();
    for _ in 0..6 {
        greedy.push(connect_from([127, 0, 0, 2], running.address, dir.path(), "http/1.1").await.unwrap());
    }
    for evicted in &mut greedy[..2] {
        assert_eq!(read_to_the_end(evicted).await.expect("a close_notify"), b"");
    }
    for kept in &mut greedy[2..] {
        assert!(is_served(kept).await);
    }
    assert!(is_served(&mut other).await, "the oldest connection, but of another source");
}

#[tokio::test]
async fn idle_and_stopped_connections_end_with_a_close_notify() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = start(dir.path(), 64, 64).await;
    // Without a request: closed after the timeout for the first request, in both protocols.
    let mut silent = connect(running.address, dir.path(), "http/1.1").await;
    let mut silent_http2 = connect(running.address, dir.path(), "h2").await;
    let mut asked = connect(running.address, dir.path(), "http/1.1").await;
    assert!(is_served(&mut asked).await);
    // An incomplete head: closed after the timeout of the library.
    let mut half = connect(running.address, dir.path(), "http/1.1").await;
    half.write_all(b"GET / HTT").await.unwrap();
    let ends =
        tokio::join!(read_to_the_end(&mut silent), read_to_the_end(&mut silent_http2), read_to_the_end(&mut half));
    assert_eq!(ends.0.expect("a close_notify"), b"");
    ends.1.expect("a close_notify");
    ends.2.expect("a close_notify");
    running.stop.take().unwrap().send(()).unwrap();
    read_to_the_end(&mut asked).await.expect("a close_notify");
}

#[tokio::test]
async fn a_failed_handshake_is_logged_with_the_server_name() {
    let server = Process::start();
    let socket = tcp_from([127, 0, 0, 1], server.address).await.unwrap();
    let refused = tls(socket, RootCertStore::empty(), "kms.example", "http/1.1").await;
    assert!(refused.is_err(), "this client trusts no certificate");
    let logged = async {
        loop {
            let log = server.log();
            if let Some(line) = log.lines().find(|line| line.contains("a TLS handshake failed")) {
                return line.to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let line = tokio::time::timeout(LIMIT, logged).await.expect("a line in the log");
    assert!(line.contains("INFO") && line.contains("\"server_name\":\"kms.example\""), "{line}");
}
