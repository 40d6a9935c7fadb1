//! The server's promise: no body, however large or slow, takes more than its share of memory or time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::time::Duration;

use futures_util::stream;
use image_intelligence_server::Server;
use reqwest::Method;
use support::{Caller, error, http, raw, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LARGE: usize = 200 << 20;

/// The most memory that this process ever had, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[cfg(not(target_os = "linux"))]
fn peak_memory() -> usize {
    0
}

/// 200 MB that are made while they are sent.
fn large() -> reqwest::Body {
    let piece = bytes::Bytes::from(vec![b'['; 64 << 10]);
    reqwest::Body::wrap_stream(stream::iter(
        (0..LARGE / piece.len()).map(move |_| Ok::<_, std::io::Error>(piece.clone())),
    ))
}

async fn too_large(answer: reqwest::Response) -> String {
    let (status, kind, message) = error(answer).await;
    assert_eq!((status.as_u16(), kind.as_str()), (413, "too_large"));
    message
}

#[tokio::test]
async fn two_hundred_megabytes_are_refused_with_the_limit_and_without_the_memory() {
    let (server, caller) = start(Server::builder().max_body(1 << 20)).await;
    let before = peak_memory();

    let told = caller.request(Method::POST, "/detect").header("content-length", LARGE).body(large());
    let message = too_large(told.send().await.unwrap()).await;
    assert_eq!(message, "body: 209715200 bytes given, at most 1048576; send fewer or smaller pictures a job, or URLs");

    let chunked = caller.request(Method::POST, "/detect").body(large());
    let message = too_large(chunked.send().await.unwrap()).await;
    assert!(message.starts_with("body: more than 1048576 bytes given, at most 1048576"), "{message}");

    let stranger = http().post(format!("{}/detect", server.base_url())).body(large()).send().await.unwrap();
    assert_eq!(error(stranger).await.0, 401, "who has no token is told so, not reset");

    let grown = peak_memory() - before;
    assert!(grown < 32 << 20, "memory grew by {} MiB", grown >> 20);
    assert_eq!(caller.get("/detect").await.status(), 200);
}

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
