//! The server's promise: a body that is too large costs next to no memory. Alone in its file, since memory is the whole
//! process's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use futures_util::stream;
use image_intelligence_server::Server;
use reqwest::Method;
use support::{error, http, start};

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
