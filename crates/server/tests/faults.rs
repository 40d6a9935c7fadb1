//! The server's promise: a fault that is asked for is one that a real client sees, and nothing else suffers from it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use image_intelligence_server::{Answers, FaultRule, Faults, Server};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use support::{Caller, error, for_person, http, sent, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn scripted() -> (Server, Caller) {
    start(Server::builder().scripted(Answers::new())).await
}

/// A job with this customId.
fn named(custom_id: &str) -> String {
    let mut request = for_person(&[sent("a", b"a")]);
    request["customId"] = json!(custom_id);
    request.to_string()
}

async fn with(caller: &Caller, method: Method, path: &str, fault: &str, body: &str) -> reqwest::Result<Response> {
    caller.request(method, path).header("II-Emulate", fault).body(body.to_owned()).send().await
}

async fn submit_with(caller: &Caller, fault: &str, custom_id: &str) -> reqwest::Result<Response> {
    with(caller, Method::POST, "/detect", fault, &named(custom_id)).await
}

async fn search_with(caller: &Caller, fault: &str, query: &str) -> Vec<String> {
    let answer = with(caller, Method::GET, &format!("/detect?{query}"), fault, "").await.unwrap();
    let jobs: Vec<Value> = answer.json().await.unwrap();
    jobs.iter().map(|job| job["customId"].as_str().unwrap().to_owned()).collect()
}

/// What the error of a client comes down to.
fn root(error: &reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = error;
    while let Some(next) = source.source() {
        source = next;
    }
    source.to_string()
}

#[tokio::test]
async fn a_status_is_an_error_like_any_other() {
    let (_server, caller) = scripted().await;
    for (code, kind) in [(400, "bad_request"), (403, "permission_denied"), (413, "too_large"), (503, "server_error")] {
        let answer = submit_with(&caller, &format!("fault=status;code={code}"), "none").await.unwrap();
        let (status, said, message) = error(answer).await;
        assert_eq!((status.as_u16(), said.as_str()), (code, kind));
        assert!(message.contains("a fault that was asked for"), "{message}");
    }
    let answer = submit_with(&caller, "fault=status;code=401", "none").await.unwrap();
    assert!(answer.headers().contains_key("www-authenticate"));
    let answer = submit_with(&caller, "fault=status;retryAfter=7", "none").await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "7"));
    assert!(caller.found("customId=none").await.is_empty(), "none of them was processed");
}

#[tokio::test]
async fn a_status_after_is_that_of_a_job_that_was_made() {
    let (_server, caller) = scripted().await;
    let answer = submit_with(&caller, "fault=status;code=503;when=after", "made").await.unwrap();
    assert_eq!(error(answer).await.0, 503);
    assert_eq!(caller.found("customId=made").await, ["made"]);
}

#[tokio::test]
async fn a_reset_before_takes_nothing_on_and_one_after_does() {
    let (_server, caller) = scripted().await;
    for (fault, expected) in [("fault=reset", 0), ("fault=reset;when=before", 0), ("fault=reset;when=after", 1)] {
        let refused = submit_with(&caller, fault, fault).await.unwrap_err();
        assert!(refused.is_request() && !refused.is_connect(), "{refused:?}");
        let found = caller.found(&format!("customId={}", fault.replace('=', "%3D"))).await;
        assert_eq!(found.len(), expected, "{fault}");
    }
}

#[tokio::test]
async fn a_reset_is_one_of_tcp() {
    let (server, _caller) = scripted().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET /v2/detect HTTP/1.1\r\nhost: x\r\nii-emulate: fault=reset\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await.unwrap_err();
    assert_eq!((end.kind(), answer.len()), (ErrorKind::ConnectionReset, 0));
}

#[tokio::test]
async fn http_2_is_reset_too() {
    let (server, caller) = scripted().await;
    let two = reqwest::Client::builder().http2_prior_knowledge().tls_backend_preconfigured(support::tls());
    let two = two.no_proxy().timeout(support::PATIENCE).build().unwrap();
    let caller = Caller { http: two, ..caller };
    let refused = submit_with(&caller, "fault=reset;when=after", "two").await.unwrap_err();
    assert!(!refused.is_timeout(), "{refused:?}");
    let answer = with(&caller, Method::GET, "/detect?customId=two", "fault=truncate", "").await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    answer.bytes().await.unwrap_err();
    assert_eq!(Caller::of(&server, "local", "local").await.found("customId=two").await, ["two"]);
}

#[tokio::test]
async fn a_truncated_answer_tells_of_more_than_comes() {
    let (server, caller) = scripted().await;
    let answer = submit_with(&caller, "fault=truncate", "cut").await.unwrap();
    assert_eq!(answer.status(), 200);
    let broken = answer.bytes().await.unwrap_err();
    assert!(!broken.is_timeout(), "{broken:?}");
    assert!(root(&broken).contains("end of file"), "{}", root(&broken));
    assert_eq!(caller.found("customId=cut").await, ["cut"]);

    let request = format!(
        "GET /v2/detect HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nii-emulate: fault=truncate\r\n\r\n",
        caller.token
    );
    let answer = support::raw(&server, request.as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && body.starts_with("[{"), "{answer}");
    assert_eq!(body.len(), length / 2);
}

#[tokio::test]
async fn a_slow_answer_takes_its_time() {
    let (_server, caller) = scripted().await;
    for fault in ["fault=slow;ms=120", "fault=slow;ms=120;when=after"] {
        let began = Instant::now();
        assert_eq!(submit_with(&caller, fault, "slow").await.unwrap().status(), 200);
        assert!(began.elapsed() >= Duration::from_millis(120), "{fault}");
    }
}

#[tokio::test]
async fn who_gives_up_on_a_slow_answer_has_a_job_all_the_same() {
    let (server, caller) = scripted().await;
    for (fault, expected) in [("fault=slow;ms=600000;when=after", 1), ("fault=slow;ms=600000", 0)] {
        let rule: Value = http()
            .post(format!("http://{}/_ii/faults", server.address()))
            .json(&json!({"fault": "slow", "ms": 1, "match": {"method": "POST"}}))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let custom_id = format!("gives-up-{expected}");
        let query = format!("customId={custom_id}");
        let waits = tokio::spawn({
            let caller = caller.clone();
            async move { submit_with(&caller, fault, &custom_id).await }
        });
        let deadline = Instant::now() + support::PATIENCE;
        while fired(&server, &rule).await == 0 || caller.found(&query).await.len() < expected {
            assert!(Instant::now() < deadline, "{fault}: never there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waits.abort();
        assert!(waits.await.unwrap_err().is_cancelled());
        assert_eq!(caller.found(&query).await.len(), expected, "{fault}");
    }
}

/// How often a rule has happened.
async fn fired(server: &Server, rule: &Value) -> u64 {
    let url = format!("http://{}/_ii/faults/{}", server.address(), rule["id"].as_str().unwrap());
    let rule: Value = http().get(url).send().await.unwrap().json().await.unwrap();
    rule["fired"].as_u64().unwrap()
}

#[tokio::test]
async fn a_page_comes_in_place_of_json() {
    let (_server, caller) = scripted().await;
    for (when, expected) in [("before", 0), ("after", 1)] {
        let answer = submit_with(&caller, &format!("fault=html;when={when}"), when).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
        assert_eq!(caller.found(&format!("customId={when}")).await.len(), expected);
    }
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let (_server, caller) = scripted().await;
    let wait = async |fault: &str| {
        let answer = submit_with(&caller, fault, "limited").await.unwrap();
        let wait = answer.headers()["retry-after"].to_str().unwrap().to_owned();
        let (status, kind, _) = error(answer).await;
        assert_eq!((status.as_u16(), kind.as_str()), (429, "rate_limited"));
        wait
    };
    assert_eq!(wait("fault=rate_limit").await, "1");
    assert_eq!(wait("fault=rate_limit;retryAfter=30").await, "30");
    let now = std::time::SystemTime::now();
    let date = wait("fault=rate_limit;retryAfter=30;form=date").await;
    let wait = httpdate::parse_http_date(&date).unwrap().duration_since(now).unwrap();
    assert!((Duration::from_secs(30)..Duration::from_secs(40)).contains(&wait), "{date}");
    assert!(caller.found("customId=limited").await.is_empty());
}

/// Jobs of one feed, `0` to `count - 1`, made one after another.
async fn feed(caller: &Caller, feed: &str, count: usize) {
    for index in 0..count {
        let mut request = for_person(&[sent("a", b"a")]);
        request["customId"] = json!(index.to_string());
        request["feedId"] = json!(feed);
        caller.detect(&request).await;
    }
}

#[tokio::test]
async fn a_capped_search_answers_the_newest() {
    let (_server, caller) = scripted().await;
    feed(&caller, "gate", 5).await;
    assert_eq!(search_with(&caller, "fault=search_cap;rows=2", "feedId=gate").await, ["3", "4"]);
    assert_eq!(search_with(&caller, "fault=search_cap;rows=9", "feedId=gate").await, ["0", "1", "2", "3", "4"]);
    assert!(search_with(&caller, "fault=search_cap;rows=0", "feedId=gate").await.is_empty());
    // Faults of searches are none of a submit's.
    assert_eq!(submit_with(&caller, "fault=search_cap;rows=0", "whole").await.unwrap().status(), 200);
    // An error is no array.
    let answer = with(&caller, Method::GET, "/detect?before=x", "fault=search_cap;rows=0", "").await.unwrap();
    assert_eq!(error(answer).await.0, 400);
}

#[tokio::test]
async fn a_search_leaves_rows_out_by_its_seed() {
    let (_server, caller) = scripted().await;
    feed(&caller, "gate", 12).await;
    for left in 0..12 {
        let found = search_with(&caller, &format!("fault=search_omit;rows={left}"), "feedId=gate").await;
        assert_eq!(found.len(), 12 - left);
        assert!(found.is_sorted_by_key(|id| id.parse::<u8>().unwrap()), "{found:?}");
    }
    assert!(search_with(&caller, "fault=search_omit;rows=99", "feedId=gate").await.is_empty());

    let each = async |seed: u64, share: f64| {
        // Each server begins its chances anew; the second search of one draws on.
        let rule = FaultRule::search_omit_each(share);
        let builder = Server::builder().faults(Faults::new().seed(seed).rule(rule)).scripted(Answers::new());
        let (_server, caller) = start(builder).await;
        feed(&caller, "gate", 12).await;
        [caller.found("feedId=gate").await, caller.found("feedId=gate").await]
    };
    assert_eq!(each(7, 0.5).await, each(7, 0.5).await);
    let [first, second] = each(7, 0.5).await;
    assert_ne!(first, second);
    assert_ne!(each(7, 0.5).await, each(8, 0.5).await);
    assert_eq!(each(7, 0.0).await[0].len(), 12);
    assert!(each(7, 1.0).await[0].is_empty());
}

#[tokio::test]
async fn several_faults_come_together() {
    let (_server, caller) = scripted().await;
    let began = Instant::now();
    let answer = submit_with(&caller, "fault=slow;ms=60, fault=status;code=500;when=after, fault=truncate", "many");
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 500);
    // What stands after the fault that answers is not asked.
    assert!(answer.text().await.unwrap().contains("server_error"));
    assert!(began.elapsed() >= Duration::from_millis(60));
    assert_eq!(caller.found("customId=many").await, ["many"]);

    let answer = submit_with(&caller, "fault=truncate, fault=html", "many").await.unwrap();
    answer.text().await.unwrap_err();
}

#[tokio::test]
async fn a_header_with_a_number_happens_so_often_to_the_same_call() {
    let (_server, caller) = scripted().await;
    let status =
        async |fault: &str, path: &str| with(&caller, Method::GET, path, fault, "").await.unwrap().status().as_u16();
    for expected in [503, 503, 503, 200, 200] {
        assert_eq!(status("fault=status;code=503;n=3", "/detect").await, expected);
    }
    assert_eq!(status("fault=status;code=503;n=3", "/detect/none").await, 503, "another path has its own count");
    assert_eq!(status("fault=status;code=503;n=3;seed=1", "/detect").await, 503, "and so has another text");
    for expected in [200, 502, 502] {
        assert_eq!(status("fault=status;code=502;skip=1", "/detect").await, expected);
    }
}

#[tokio::test]
async fn a_header_that_says_nothing_possible_is_refused() {
    let (server, caller) = scripted().await;
    for (fault, part) in [
        ("503", "II-Emulate: must look like fault=NAME;key=value"),
        ("fault=statsu", "II-Emulate: fault: unknown variant `statsu`"),
        ("fault=status;cod=503", "II-Emulate: cod: unknown field `cod`"),
        ("fault=status;code=200", "II-Emulate: code: 200 given; an error is 400 to 599"),
        ("fault=slow", "II-Emulate: ms: missing"),
        ("fault=rate_limit;when=after", "II-Emulate: when: rate_limit does not take it; it takes retryAfter, form"),
        ("fault=truncate;ms=5", "II-Emulate: ms: truncate does not take it; it takes no options of its own"),
        ("fault=search_omit", "II-Emulate: rows: search_omit needs either"),
        ("fault=webhook.duplicate;n=3;ms=1", "II-Emulate: ms: webhook.duplicate does not take it; it takes times"),
        ("fault=reset,fault=webhook.slow", "II-Emulate: ms: missing; webhook.slow needs it"),
        (
            "fault=html,fault=html,fault=html,fault=html,fault=html,fault=html,fault=html,fault=html,fault=html",
            "more than 8",
        ),
    ] {
        let answer = submit_with(&caller, fault, "refused").await.unwrap();
        let (status, _, message) = error(answer).await;
        assert_eq!(status, 400, "{fault}");
        assert!(message.contains(part), "{fault}: {message}");
    }
    assert!(caller.found("customId=refused").await.is_empty());

    // What steers and what tells that the server is up are never touched, and neither is the token.
    let origin = format!("http://{}", server.address());
    for path in ["/healthz", "/_ii", "/_ii/faults"] {
        let answer = http().get(format!("{origin}{path}")).header("II-Emulate", "fault=status").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let body = json!({"clientId": "local", "clientSecret": "local"}).to_string();
    assert_eq!(with(&caller, Method::POST, "/oauth/token", "fault=reset", &body).await.unwrap().status(), 200);
}
