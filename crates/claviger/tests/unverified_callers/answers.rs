//! The answers to unverified callers whose request is invalid or too large.

use claviger_wire::instance::message::Error;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Answer, Process, connect, exchange, read_to_the_end, signed_call};

/// The header that addresses a plane, and whether that plane is the Instance API.
const PLANES: [(&str, bool); 2] = [("x-kms-apiname: Encrypt\r\n", true), ("x-acs-action: ListKeys\r\n", false)];

fn check_error(answer: &Answer, status: u16, code: &str, is_instance: bool) {
    assert_eq!(answer.status, status, "{}", answer.head);
    assert!(!answer.body.is_empty(), "an empty body: {}", answer.head);
    if is_instance {
        let error = Error::decode(answer.body.as_slice()).expect("a protobuf Error");
        assert_eq!((error.status_code, error.error_code.as_str()), (i32::from(status), code));
        assert!(answer.head.contains("application/x-protobuf") && !error.request_id.is_empty());
    } else {
        assert_eq!(answer.json_code(), code);
        assert!(answer.head.contains("application/json;charset=utf-8"), "{}", answer.head);
    }
}

#[tokio::test]
async fn an_invalid_head_gets_an_error_of_its_plane() {
    let server = Process::start();
    let many: String = (0..101).map(|number| format!("h{number}: v\r\n")).collect();
    let long = format!("h: {}\r\n", "v".repeat(70_000));
    for (plane_header, is_instance) in PLANES {
        let bad = if is_instance { "InvalidParameter" } else { "ParseRequestParameterException" };
        for (headers, status, code) in [
            ("content-length: 5\r\ncontent-length: 6\r\n", 400, bad),
            ("no colon\r\n", 400, bad),
            (many.as_str(), 431, "RequestHeaderFieldsTooLarge"),
            (long.as_str(), 431, "RequestHeaderFieldsTooLarge"),
        ] {
            let request = format!("POST / HTTP/1.1\r\nhost: h\r\n{plane_header}{headers}\r\n");
            let answer = exchange(server.address, server.dir.path(), request.as_bytes()).await;
            check_error(&answer, status, code, is_instance);
        }
    }
}

#[tokio::test]
async fn the_control_plane_reads_a_long_target() {
    let server = Process::start();
    let target = format!("/?Description={}", "d".repeat(50_000));
    let request = format!("GET {target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    let answer = exchange(server.address, server.dir.path(), request.as_bytes()).await;
    check_error(&answer, 400, "MissingParameter", false);
}

#[tokio::test]
async fn a_body_over_the_limit_gets_an_answer_at_any_length() {
    let server = Process::start();
    for (plane_header, is_instance) in PLANES {
        for megabytes in [4, 20, 40] {
            let length = megabytes << 20;
            let head = format!("POST / HTTP/1.1\r\nhost: h\r\n{plane_header}content-length: {length}\r\n\r\n");
            let request = [head.as_bytes(), &vec![7; length]].concat();
            let answer = exchange(server.address, server.dir.path(), &request).await;
            check_error(&answer, 413, "RequestEntityTooLarge", is_instance);
        }
    }
}

#[tokio::test]
async fn expect_continue_with_a_body_over_the_limit_gets_the_refusal() {
    let server = Process::start();
    for (plane_header, is_instance) in PLANES {
        let mut stream = connect(server.address, server.dir.path(), "http/1.1").await;
        // Version b11ca39 asked for a body of this length and discarded it.
        let length = 4 << 20;
        let head = format!(
            "POST / HTTP/1.1\r\nhost: h\r\n{plane_header}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The client sends no body and reads the answer to its end.
        check_error(
            &Answer::parse(&read_to_the_end(&mut stream).await.unwrap()),
            413,
            "RequestEntityTooLarge",
            is_instance,
        );
    }
}

/// An earlier version answered 100 Continue, then read the body and discarded it.
#[tokio::test]
async fn expect_continue_gets_the_refusal_when_the_head_is_refused() {
    let server = Process::start();
    let close = "connection: close\r\n";
    for (plane_header, is_instance) in PLANES {
        let head = |more: &str| format!("POST / HTTP/1.1\r\nhost: h\r\n{plane_header}{more}content-length: 5\r\n\r\n");
        let sent_at_once = format!("{}12345", head(close));
        let usual = exchange(server.address, server.dir.path(), sent_at_once.as_bytes()).await;
        assert!(matches!(usual.status, 400..=415), "{}", usual.head);
        // The second client sends its body without waiting for an answer.
        for body in ["", "12345"] {
            let asking = format!("{}{body}", head("expect: 100-Continue\r\n"));
            let answer = exchange(server.address, server.dir.path(), asking.as_bytes()).await;
            assert_eq!(answer.status, usual.status, "{}", answer.head);
            assert!(answer.head.to_lowercase().contains("connection: close"), "{}", answer.head);
            if is_instance {
                let code = |answer: &Answer| Error::decode(answer.body.as_slice()).unwrap().error_code;
                assert_eq!(code(&answer), code(&usual));
            } else {
                assert_eq!(answer.json_code(), usual.json_code());
            }
        }
    }
}

#[tokio::test]
async fn expect_continue_gets_100_continue_when_the_body_decides() {
    let server = Process::start();
    let form = "PageSize=1";
    let signed = signed_call(server.dir.path(), "ListKeys", form);
    // The body of an unsigned form may contain the signature.
    for (headers, status) in [(signed.as_str(), 200), ("content-type: application/x-www-form-urlencoded\r\n", 400)] {
        let mut stream = connect(server.address, server.dir.path(), "http/1.1").await;
        let length = form.len();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(form.as_bytes()).await.unwrap();
        let answer = Answer::parse(&read_to_the_end(&mut stream).await.unwrap());
        assert_eq!(answer.status, status, "{} {}", answer.head, String::from_utf8_lossy(&answer.body));
    }
}
