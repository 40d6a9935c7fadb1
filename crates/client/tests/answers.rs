//! Bad answers to a read, and servers that are not there.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use std::time::Duration;

use image_intelligence::{Client, Detect, ErrorKind, RetryPolicy};
use scripted::{Reply, SECRET, Scripted, job, ok};

async fn answering(reply: Reply) -> Scripted {
    Scripted::start(move |asked, _| asked.is("GET", "/v2/detect/1").then(|| reply.clone())).await
}

#[tokio::test]
async fn a_bad_answer_is_tried_again_and_then_told() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{\"id\":\"1\",".to_vec();
    for (reply, kind, advice) in [
        (ok("<!doctype html>"), ErrorKind::InvalidResponse, "HTML came"),
        (ok(""), ErrorKind::InvalidResponse, "an empty body came"),
        (ok(r#"{"id":"1","#), ErrorKind::InvalidResponse, "broke off"),
        (ok(r#"{"status":"IN_PROGRESS"}"#), ErrorKind::InvalidResponse, "id: missing"),
        (Reply::Raw(half), ErrorKind::Connection, "broke after 10 bytes"),
        (Reply::Close, ErrorKind::Connection, "connection broke"),
        (Reply::Json(500, "oops".into()), ErrorKind::ServerError, "the API failed"),
        (Reply::Json(429, "{}".into()), ErrorKind::RateLimited, "slow down"),
    ] {
        let server = answering(reply.clone()).await;
        let error = server.client().jobs::<Detect>().get("1").await.unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (kind, true), "{reply:?}: {error}");
        assert!(error.message().contains(advice), "{error}");
        assert!(error.message().starts_with("detect job 1: "), "{error}");
        assert_eq!(server.count("GET", "/v2/detect/1"), 5, "{reply:?}");
    }
}

#[tokio::test]
async fn the_second_try_may_do() {
    for first in [Reply::Json(500, "oops".into()), ok("<html>"), Reply::Close] {
        let server = Scripted::start(move |asked, nth| {
            let answer = || if nth == 0 { first.clone() } else { ok(job("1", "IN_PROGRESS")) };
            asked.is("GET", "/v2/detect/1").then(answer)
        })
        .await;
        assert_eq!(server.client().jobs::<Detect>().get("1").await.unwrap().id, "1");
    }
}

#[tokio::test]
async fn one_429_slows_every_caller() {
    let server = Scripted::start(|asked, nth| {
        let wait = vec![("Retry-After", "120".to_owned())];
        if asked.is("GET", "/v2/detect/1") && nth == 0 {
            return Some(Reply::With(429, wait, "{}".into()));
        }
        asked.path.starts_with("/v2/detect/").then(|| ok(job("1", "IN_PROGRESS")))
    })
    .await;
    let client = server.client();
    let error = client.jobs::<Detect>().get("1").await.unwrap_err();
    // 120 s are more than the budget of 60 s: the caller is told, and not made to wait.
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(120))));
    let error = client.clone().jobs::<Detect>().get("2").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(error.retry_after().unwrap() > Duration::from_secs(100), "{error:?}");
    assert_eq!(server.asked().len(), 1, "nobody asked while the server wanted to be left alone");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    // 70 MB of one string, which never becomes a job.
    let body = format!(r#"{{"id":"{}"}}"#, "a".repeat(70_000_000));
    let server = answering(ok(body)).await;
    let client = server.builder().retry(RetryPolicy::never()).build().unwrap();
    let error = client.jobs::<Detect>().get("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(error.message().contains("more than 67108864 bytes"), "{error}");
}

#[tokio::test]
async fn an_error_keeps_64_kib_of_its_body() {
    let server = answering(Reply::Json(403, "x".repeat(1_000_000))).await;
    let error = server.client().jobs::<Detect>().get("1").await.unwrap_err();
    assert!(error.body().unwrap().len() <= 64 * 1024);
    assert!(!error.message().contains("xxx"));
}

#[tokio::test]
async fn nobody_there() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = Client::builder()
        .base_url(format!("http://127.0.0.1:{port}/v2"))
        .credentials("me", SECRET)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = client.jobs::<Detect>().get("1").await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Connection, true));
    assert!(error.message().contains("no connection"), "{error}");
    let error = client.detect(["https://example.com/a.jpg"]).class("person").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "nothing was sent, so nothing is unknown: {error}");
}

#[tokio::test]
async fn a_slow_server_is_given_up() {
    let server = answering(Reply::Hang).await;
    let builder = server.builder().request_timeout(Duration::from_millis(20)).retry(RetryPolicy::never());
    let error = builder.build().unwrap().jobs::<Detect>().get("1").await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::RequestTimeout, true));
}

#[tokio::test]
async fn an_id_cannot_change_the_path() {
    let server = Scripted::start(|asked, _| (asked.method == "GET").then(|| ok(job("1", "IN_PROGRESS")))).await;
    let client = server.builder().retry(RetryPolicy::never()).build().unwrap();
    for (id, path) in [
        ("../oauth/token", "/v2/detect/..%2Foauth%2Ftoken"),
        ("..", "/v2/detect/%252E%252E"),
        ("a?b#c", "/v2/detect/a%3Fb%23c"),
    ] {
        // What comes is another job, but what matters here is what was asked for.
        assert!(client.jobs::<Detect>().get(id).await.is_err());
        let asked = server.asked();
        assert_eq!(asked.last().unwrap().path, path);
    }
}
