//! The memory that requests of unverified callers take, measured by the system.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::peer::{Process, connect, exchange};

/// The documented limit of memory per received byte (docs/limits.md).
const PER_BYTE: u64 = 64;
/// Threads, buffers and tables that are allocated on first use.
const FIXED: u64 = 24 << 20;

/// A body that never arrives.
struct NeverArrives;

impl Body for NeverArrives {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// In an earlier version, 60 KB took 450 MB.
#[tokio::test]
async fn repeated_signed_headers_take_memory_in_proportion() {
    let server = Process::start();
    let minimum = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let now = claviger_base::Clock::default().real_now();
    let (hash, signature) = ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "00".repeat(32));
    let request = |signed: &str| {
        format!(
            "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-acs-action: ListKeys\r\nx-acs-version: 2016-01-20\r\n\
             x-acs-date: {now}\r\nx-acs-signature-nonce: n\r\nx-acs-content-sha256: {hash}\r\na: {}\r\n\
             authorization: ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders={signed},Signature={signature}\r\n\r\n",
            "x".repeat(30_000)
        )
    };
    let (plain, repeated) = (request(minimum), request(&format!("{minimum}{}", ";a".repeat(15_000))));
    let answer = exchange(server.address, server.dir.path(), plain.as_bytes()).await;
    assert_eq!(
        (answer.status, answer.json_code().as_str()),
        (404, "InvalidAccessKeyId.NotFound"),
        "the request is parsed"
    );
    let before = server.memory("VmHWM");
    let answer = exchange(server.address, server.dir.path(), repeated.as_bytes()).await;
    assert_eq!((answer.status, answer.json_code().as_str()), (400, "IncompleteSignature"));
    let taken = server.memory("VmHWM") - before;
    assert!(taken <= PER_BYTE * repeated.len() as u64 + FIXED, "{} bytes took {taken}", repeated.len());
}

/// HTTP/2 can send 1,900 headers in one or two bytes each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_heads_with_too_many_headers_are_refused_and_freed() {
    const CONNECTIONS: usize = 24;
    const STREAMS: usize = 30;
    let server = Process::start();
    let (mut held, mut senders, mut before) = (Vec::new(), Vec::new(), 0);
    for number in 0..CONNECTIONS {
        let stream = connect(server.address, server.dir.path(), "h2").await;
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        if number == 0 {
            before = server.memory("VmRSS");
        }
        for _ in 0..STREAMS {
            let mut request = Request::post("https://localhost/").header("x-kms-apiname", "Encrypt");
            for _ in 0..1_900 {
                request = request.header("a", "");
            }
            sender.ready().await.unwrap();
            held.push(tokio::spawn(sender.send_request(request.body(NeverArrives).unwrap())));
        }
        // The connection ends when its sender is dropped.
        senders.push(sender);
    }
    for waiting in held {
        let answer = tokio::time::timeout(crate::peer::LIMIT, waiting).await.expect("an answer").unwrap().unwrap();
        assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
    let taken = server.memory("VmRSS").saturating_sub(before);
    assert!(taken <= FIXED + 24 * (256 << 10), "{taken} bytes are held");
    drop(senders);
}

/// Requests with the allowed number of headers whose bodies never arrive: only the refusals stay in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_without_their_body_keep_no_heads_in_memory() {
    const CONNECTIONS: usize = 24;
    const STREAMS: usize = 30;
    let server = Process::start();
    let (mut held, mut senders, mut sent, mut before) = (Vec::new(), Vec::new(), 0, 0);
    let value = "v".repeat(500);
    for number in 0..CONNECTIONS {
        let stream = connect(server.address, server.dir.path(), "h2").await;
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        if number == 0 {
            before = server.memory("VmRSS");
        }
        for stream in 0..STREAMS {
            let mut request = Request::post("https://localhost/").header("x-kms-apiname", "Encrypt");
            for number in 0..90 {
                request = request.header(format!("h{number}"), format!("{value}{stream}"));
            }
            sent += 90 * 500;
            sender.ready().await.unwrap();
            held.push(tokio::spawn(sender.send_request(request.body(NeverArrives).unwrap())));
        }
        senders.push(sender);
    }
    // The answer to a later request shows that the server has handled all earlier ones.
    let last =
        exchange(server.address, server.dir.path(), b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
    assert_eq!(last.status, 400);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let taken = server.memory("VmRSS").saturating_sub(before);
    // Less than was sent, because the heads are freed. Version b11ca39 kept them: 54 MB for 32 MB sent.
    assert!(taken <= sent, "{sent} bytes sent, {taken} held");
    drop((held, senders));
}
