//! What a stranger is answered whose request is none, or too large.

use claviger_wire::instance::message::Error;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Answer, Process, connect, exchange, read_to_the_end, signed_call};

/// Both planes: what marks a request as theirs.
const PLANES: [(&str, bool); 2] = [("x-kms-apiname: Encrypt\r\n", true), ("x-acs-action: ListKeys\r\n", false)];

fn must_be(answer: &Answer, status: u16, code: &str, is_instance: bool) {
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
async fn a_head_that_is_none_is_answered_with_an_error_of_its_plane() {
    let server = Process::start();
    let many: String = (0..101).map(|number| format!("h{number}: v\r\n")).collect();
    let long = format!("h: {}\r\n", "v".repeat(70_000));
    for (mark, is_instance) in PLANES {
        let bad = if is_instance { "InvalidParameter" } else { "ParseRequestParameterException" };
        for (headers, status, code) in [
            ("content-length: 5\r\ncontent-length: 6\r\n", 400, bad),
            ("no colon\r\n", 400, bad),
            (many.as_str(), 431, "RequestHeaderFieldsTooLarge"),
            (long.as_str(), 431, "RequestHeaderFieldsTooLarge"),
        ] {
            let request = format!("POST / HTTP/1.1\r\nhost: h\r\n{mark}{headers}\r\n");
            let answer = exchange(server.address, server.dir.path(), request.as_bytes()).await;
            must_be(&answer, status, code, is_instance);
        }
    }
}

#[tokio::test]
async fn a_long_target_of_the_control_plane_is_still_read() {
    let server = Process::start();
    let target = format!("/?Description={}", "d".repeat(50_000));
    let request = format!("GET {target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    let answer = exchange(server.address, server.dir.path(), request.as_bytes()).await;
    must_be(&answer, 400, "MissingParameter", false);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_whatever_its_length() {
    let server = Process::start();
    for (mark, is_instance) in PLANES {
        for megabytes in [4, 20, 40] {
            let length = megabytes << 20;
            let head = format!("POST / HTTP/1.1\r\nhost: h\r\n{mark}content-length: {length}\r\n\r\n");
            let request = [head.as_bytes(), &vec![7; length]].concat();
            let answer = exchange(server.address, server.dir.path(), &request).await;
            must_be(&answer, 413, "RequestEntityTooLarge", is_instance);
        }
    }
}

#[tokio::test]
async fn who_asks_before_sending_too_much_is_told_so_instead_of_to_go_on() {
    let server = Process::start();
    for (mark, is_instance) in PLANES {
        let mut stream = connect(server.address, server.dir.path(), "http/1.1").await;
        // Version b11ca39 would have asked for this one to throw it away.
        let length = 4 << 20;
        let head =
            format!("POST / HTTP/1.1\r\nhost: h\r\n{mark}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // Nothing of the body is sent, and the end of the answer is read.
        must_be(
            &Answer::parse(&read_to_the_end(&mut stream).await.unwrap()),
            413,
            "RequestEntityTooLarge",
            is_instance,
        );
    }
}

/// It was told to go on, and its body was read to be thrown away.
#[tokio::test]
async fn who_is_refused_by_its_head_and_asks_before_its_body_is_not_told_to_go_on() {
    let server = Process::start();
    let close = "connection: close\r\n";
    for (mark, is_instance) in PLANES {
        let head = |more: &str| format!("POST / HTTP/1.1\r\nhost: h\r\n{mark}{more}content-length: 5\r\n\r\n");
        let sent_at_once = format!("{}12345", head(close));
        let usual = exchange(server.address, server.dir.path(), sent_at_once.as_bytes()).await;
        assert!(matches!(usual.status, 400..=415), "{}", usual.head);
        // The last does not wait for an answer.
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
async fn whose_body_matters_and_who_asks_before_it_is_told_to_go_on() {
    let server = Process::start();
    let form = "PageSize=1";
    let signed = signed_call(server.dir.path(), "ListKeys", form);
    // An unsigned form may say how it is signed.
    for (headers, status) in [(signed.as_str(), 200), ("content-type: application/x-www-form-urlencoded\r\n", 400)] {
        let mut stream = connect(server.address, server.dir.path(), "http/1.1").await;
        let length = form.len();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(form.as_bytes()).await.unwrap();
        let answer = Answer::parse(&read_to_the_end(&mut stream).await.unwrap());
        assert_eq!(answer.status, status, "{} {}", answer.head, String::from_utf8_lossy(&answer.body));
    }
}
