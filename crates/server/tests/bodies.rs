//! The server's promise: no body, however large or slow, takes more than its share of memory or time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::time::Duration;

use image_intelligence_server::Server;
use support::{Caller, error, raw, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LARGE: usize = 200 << 20;

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let (_server, caller) = start(Server::builder().max_body(1000)).await;
    let body = |length: usize| format!("{{{}", " ".repeat(length - 1));
    assert_eq!(error(caller.post("/detect", body(1000)).await).await.0, 400);
    assert_eq!(error(caller.post("/detect", body(1001)).await).await.0, 413);
}

#[tokio::test]
async fn a_sender_that_asks_first_is_answered_before_it_sends() {
    let (server, caller) = start(Server::builder().max_body(1000)).await;
    let head = format!(
        "POST /v2/detect HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {LARGE}\r\nexpect: 100-continue\r\n\r\n",
        caller.token
    );
    let answer = raw(&server, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_sender_that_reads_only_when_all_is_sent_gets_its_answer_too() {
    let (server, caller) = start(Server::builder().max_body(1000)).await;
    let length = 32 << 20;
    for token in [caller.token.as_str(), "unknown"] {
        let mut request = format!(
            "POST /v2/detect HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )
        .into_bytes();
        request.resize(request.len() + length, b' ');
        let answer = raw(&server, &request).await;
        let expected = if token == "unknown" { "HTTP/1.1 401" } else { "HTTP/1.1 413" };
        assert!(answer.starts_with(expected), "{answer}");
    }
}

/// Virtual time runs ahead to the next time-out while everybody waits.
async fn closes_on(server: &Server, bytes: &[u8]) -> (String, Duration) {
    let began = tokio::time::Instant::now();
    let answer = raw(server, bytes).await;
    (answer, began.elapsed())
}

#[tokio::test]
async fn half_a_header_is_not_waited_for() {
    let (server, _caller) = start(Server::builder()).await;
    tokio::time::pause();
    let (answer, took) = closes_on(&server, b"POST /v2/detect HTTP/1.1\r\nhost: ").await;
    assert!(took <= Duration::from_secs(35), "{took:?}: {answer}");
}

#[tokio::test]
async fn half_a_body_is_not_waited_for() {
    let (server, Caller { token, .. }) = start(Server::builder()).await;
    tokio::time::pause();
    let head = format!(
        "POST /v2/detect HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-length: 100\r\n\r\n{{"
    );
    let (answer, took) = closes_on(&server, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""error":"request_timeout""#), "{answer}");
    assert!(took <= Duration::from_mins(1), "{took:?}");
}

#[tokio::test]
async fn bodies_in_flight_have_a_bound_in_all() {
    // Each that does not tell its length takes the share of the largest, and there are two of those.
    let (server, Caller { token, .. }) = start(Server::builder().max_body(4096)).await;
    let head = format!(
        "POST /v2/detect HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(format!("{head}1\r\n{{\r\n").as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // The answer of a third comes once a share is free, or says that there was none.
    tokio::time::pause();
    let answer = raw(&server, format!("{head}2\r\n{{}}\r\n0\r\n\r\n").as_bytes()).await;
    tokio::time::resume();
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: 2"), "{answer}");

    for mut stream in slow {
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    let answer = raw(&server, format!("{head}2\r\n{{}}\r\n0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}
