//! The server's promise: the end of a job is told to its `webhookUrl`, as often as it takes, and every attempt is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::net::Ipv4Addr;
use std::time::Duration;

use image_intelligence_server::{
    Account, Answers, Credentials, Delivery, DeliveryState, Found, Progression, Server, ServerBuilder,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use support::receiver::{Receiver, Reply};
use support::{Caller, Held, error, for_person, http, sent, settled, start, until};

fn answering() -> ServerBuilder {
    Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.9)]))
}

/// Tries again at once.
fn hasty() -> ServerBuilder {
    answering().webhook_backoff([Duration::ZERO])
}

fn job(url: impl Into<String>) -> Value {
    let mut request = for_person(&[sent("a", b"a"), sent("b", b"b")]);
    request["webhookUrl"] = json!(url.into());
    request
}

fn statuses(delivery: &Delivery) -> Vec<Option<u16>> {
    delivery.attempts.iter().map(|attempt| attempt.status).collect()
}

async fn admin(server: &Server, method: Method, path: &str) -> Response {
    http().request(method, format!("http://{}/_ii/deliveries{path}", server.address())).send().await.unwrap()
}

async fn listed(server: &Server, query: &str) -> Vec<Value> {
    let answer: Value = admin(server, Method::GET, query).await.json().await.unwrap();
    answer["deliveries"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

#[tokio::test]
async fn the_end_of_a_job_is_posted_in_the_bytes_of_a_get() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(answering()).await;
    let url = receiver.url("/cb/secret").replace("http://", "http://user:password@");
    let job = caller.detect(&job(url)).await;
    let id = job["id"].as_str().unwrap();
    let seen = receiver.until_seen(1).await.remove(0);
    let shown = caller.get(&format!("/detect/{id}")).await.bytes().await.unwrap();
    assert_eq!(seen.body.as_deref().unwrap(), shown);
    assert_eq!(seen.json()["status"], "COMPLETED_SUCCESSFULLY");
    assert_eq!(seen.path, "/cb/secret");
    assert_eq!(seen.headers["content-type"], "application/json");
    assert!(seen.headers["user-agent"].to_str().unwrap().starts_with("image-intelligence-server/"));
    for absent in ["authorization", "cookie", "x-niro-signature"] {
        assert!(!seen.headers.contains_key(absent), "{absent}");
    }

    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!((delivery.job.as_deref(), delivery.state), (Some(id), DeliveryState::Delivered));
    assert_eq!(delivery.url, format!("http://{}/cb/[redacted]", receiver.address));
    assert_eq!((statuses(&delivery), &delivery.attempts[0].error), (vec![Some(200)], &None));
    assert_eq!((delivery.event, delivery.next_attempt_at), (None, None));
}

#[tokio::test]
async fn each_kind_of_job_is_told_and_one_without_a_url_is_not() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(answering()).await;
    let images = json!([sent("a", b"a")]);
    let url = receiver.url("/hook");
    let target = json!({"class": "car", "images": ["https://example.com/car.jpg"]});
    caller.detect(&for_person(&[sent("a", b"a")])).await;
    for (path, kind, request) in [
        ("/match", "match", json!({"images": images, "target": target, "webhookUrl": url})),
        ("/ask", "ask", json!({"images": images, "question": "Is it open?", "webhookUrl": url})),
        ("/recognition/recognize/staff", "recognize", json!({"images": images, "webhookUrl": url})),
    ] {
        let job = caller.ran(path, &request).await;
        until(|| receiver.seen().iter().any(|seen| seen.json() == job)).await;
        let listed = listed(&server, &format!("?job={}", job["id"].as_str().unwrap())).await;
        assert_eq!((listed.len(), &listed[0]["kind"]), (1, &json!(kind)));
    }
    assert_eq!(settled(&server, 3).await.len(), 3);
}

#[tokio::test]
async fn whatever_is_not_200_is_tried_again() {
    let answers = [Reply::Status(204), Reply::Redirect, Reply::Status(500), Reply::Status(201), Reply::Status(200)];
    let receiver = Receiver::start(move |number| answers[number]).await;
    let (server, caller) = start(hasty()).await;
    let job = caller.detected(&job(receiver.url("/hook"))).await;
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(statuses(&delivery), [204, 307, 500, 201, 200].map(Some));
    assert_eq!(delivery.attempts[0].error.as_deref(), Some("HTTP status 204: 200 is wanted"));
    let error = delivery.attempts[1].error.as_deref().unwrap();
    assert!(error.contains("redirects are not followed"), "{error}");
    let seen = receiver.until_seen(5).await;
    assert!(seen.iter().all(|seen| seen.path == "/hook" && seen.json() == job), "the same each time, nowhere else");
}

#[tokio::test]
async fn who_answers_too_late_is_asked_again() {
    let receiver = Receiver::start(|number| if number == 0 { Reply::Hang } else { Reply::Status(200) }).await;
    let (server, caller) = start(hasty().webhook_timeout(Duration::from_millis(400))).await;
    caller.detect(&job(receiver.url("/hook"))).await;
    let delivery = settled(&server, 1).await.remove(0);
    let first = &delivery.attempts[0];
    assert_eq!((first.status, first.error.as_deref()), (None, Some("no answer within 0.4 s")));
    assert!(first.ms >= 400);
    assert!(delivery.was_answered_200());
}

#[tokio::test]
async fn after_one_and_five_attempts_it_is_given_up() {
    let receiver = Receiver::start(|_| Reply::Status(503)).await;
    let (server, caller) = start(answering().time_scale(50_000.0)).await;
    caller.detect(&job(receiver.url("/hook"))).await;
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::GivenUp, vec![Some(503); 6]));
    assert!(!delivery.was_answered_200());
    for (two, least) in delivery.attempts.windows(2).zip([5, 30, 120, 600, 3_600]) {
        let span = two[1].at.since(two[0].at);
        assert!(span >= Duration::from_secs(least).mul_f64(0.9), "{span:?} and not {least} s");
    }
    assert_eq!(receiver.seen().len(), 6);
}

#[tokio::test]
async fn what_is_over_can_be_delivered_again() {
    let receiver = Receiver::start(|number| Reply::Status(if number < 2 { 500 } else { 200 })).await;
    let (server, caller) = start(hasty().webhook_attempts(2)).await;
    caller.detect(&job(receiver.url("/hook"))).await;
    let id = settled(&server, 1).await.remove(0).id;
    let again = admin(&server, Method::POST, &format!("/{id}/redeliver")).await;
    assert_eq!(again.status(), 200);
    assert_eq!(again.json::<Value>().await.unwrap()["id"], json!(id));
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::Delivered, [500, 500, 200].map(Some).to_vec()));

    assert!(server.redeliver(&id).await.unwrap());
    let seen = receiver.until_seen(4).await;
    assert_eq!(seen[3].body, seen[0].body);
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Delivered, 4));
    assert!(!server.redeliver("nothing").await.unwrap());
}

#[tokio::test]
async fn an_address_that_is_never_called_is_given_up_at_once() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(hasty()).await;
    for url in ["http://169.254.169.254/hook", "http://10.0.0.1/hook", "https://[fd00::1]/hook"] {
        caller.detect(&job(url)).await;
    }
    for delivery in settled(&server, 3).await {
        assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::GivenUp, 1));
        let error = delivery.attempts[0].error.as_deref().unwrap();
        assert!(error.starts_with("refused address: "), "{error}");
    }

    // Where others reach this server, its own machine is out of their reach, by whatever name.
    let open = |allow| {
        let credentials = Credentials::new([Account::new("camera", "s3cret")]).unwrap();
        let builder = hasty().bind(Ipv4Addr::UNSPECIFIED).credentials(credentials);
        builder.allow_private_addresses(allow).start()
    };
    let by_name = receiver.url("/hook").replace("127.0.0.1", "localhost");
    let server = open(false).await.unwrap();
    let base = format!("http://127.0.0.1:{}/v2", server.address().port());
    let caller = Caller::reaching(&base, "camera", "s3cret").await;
    for url in [receiver.url("/hook"), by_name.clone()] {
        caller.detect(&job(url)).await;
    }
    for delivery in settled(&server, 2).await {
        assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::GivenUp, 1));
        let error = delivery.attempts[0].error.as_deref().unwrap();
        assert!(error.ends_with("is loopback"), "{error}");
    }
    assert!(receiver.seen().is_empty());
}

#[tokio::test]
async fn what_is_posted_says_where_the_caller_reaches_the_server() {
    let receiver = Receiver::willing().await;
    let credentials = Credentials::new([Account::new("camera", "s3cret")]).unwrap();
    let builder = hasty().bind(Ipv4Addr::UNSPECIFIED).credentials(credentials).allow_private_addresses(true);
    let server = builder.start().await.unwrap();
    let base = format!("http://localhost:{}/v2", server.address().port());
    let caller = Caller::reaching(&base, "camera", "s3cret").await;
    let done = caller.detected(&job(receiver.url("/hook"))).await;
    let seen = receiver.until_seen(1).await.remove(0);
    assert_eq!(seen.json(), done);
    assert!(done["imageResults"][0]["proxyUrl"].as_str().unwrap().starts_with("http://localhost:"));
}

#[tokio::test]
async fn one_receiver_that_hangs_does_not_stop_another() {
    let hanging = Receiver::start(|_| Reply::Hang).await;
    let willing = Receiver::willing().await;
    let (server, caller) = start(answering().webhook_concurrency(3, 2)).await;
    for _ in 0..10 {
        caller.detect(&job(hanging.url("/hook"))).await;
    }
    hanging.until_seen(2).await;
    for _ in 0..10 {
        caller.detect(&job(willing.url("/hook"))).await;
    }
    willing.until_seen(10).await;
    assert_eq!(hanging.seen().len(), 2, "as many at once as one may have");
    until_delivered(&server, 10).await;
}

async fn until_delivered(server: &Server, count: usize) {
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while listed(server, "?state=delivered").await.len() < count {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_connection_serves_again() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(answering()).await;
    for count in 1..=8 {
        caller.detect(&job(receiver.url("/hook"))).await;
        settled(&server, count).await;
    }
    let connections: std::collections::HashSet<_> = receiver.seen().iter().map(|seen| seen.from).collect();
    assert!(connections.len() < 8, "{connections:?}");
}

#[tokio::test]
async fn a_webhook_follows_what_a_get_shows() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(answering().progression(Progression::Polls(3))).await;
    let one = caller.detect(&job(receiver.url("/one"))).await;
    let path = format!("/detect/{}", one["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(caller.read(&path).await["status"], "IN_PROGRESS");
        assert!(server.deliveries().await.unwrap().is_empty());
    }
    let done = caller.ended(&path).await;
    assert_eq!(receiver.until_seen(1).await[0].json(), done);
    for _ in 0..3 {
        caller.read(&path).await;
    }
    assert_eq!(settled(&server, 1).await[0].attempts.len(), 1, "told once");

    let span = Duration::from_mins(10);
    let (server, caller) = start(answering().progression(Progression::Time(span)).time_scale(5_000.0)).await;
    let job = caller.detect(&job(receiver.url("/two"))).await;
    let delivery = settled(&server, 1).await.remove(0);
    let due = job["createdAt"].as_i64().unwrap() + i64::try_from(span.as_millis()).unwrap();
    assert!(delivery.attempts[0].at.as_millis() >= due && delivery.created_at.as_millis() >= due);
    assert_eq!(receiver.until_seen(2).await[1].path, "/two");
}

#[tokio::test]
async fn deliveries_are_listed_for_whoever_steers() {
    let (willing, unwilling) = (Receiver::willing().await, Receiver::start(|_| Reply::Status(500)).await);
    let held = Held::default();
    let (server, caller) = start(Server::builder().scripted(held.script()).webhook_attempts(2)).await;
    let first = caller.detect(&job(willing.url("/cb/SECRET?key=SECRET"))).await;
    assert_eq!(listed(&server, "").await, [json!(null); 0], "nothing is to be delivered of a job in progress");
    held.let_go();
    caller.done(first["id"].as_str().unwrap()).await;
    until_delivered(&server, 1).await;
    let second = caller.detected(&job(unwilling.url("/cb/SECRET"))).await;
    unwilling.until_seen(1).await;

    let all = listed(&server, "").await;
    let jobs: Vec<_> = all.iter().map(|delivery| &delivery["job"]).collect();
    assert_eq!(jobs, [&second["id"], &first["id"]], "the newest first");
    assert!(!json!(all).to_string().contains("SECRET"), "{all:?}");
    assert_eq!(all[1]["url"], json!(format!("http://{}/cb/[redacted]?[redacted]", willing.address)));
    assert_eq!((&all[1]["state"], &all[1]["attempts"][0]["status"]), (&json!("delivered"), &json!(200)));
    for (query, count) in [
        ("?state=pending", 1),
        ("?state=delivered", 1),
        ("?state=given_up", 0),
        ("?limit=1", 1),
        ("?job=none", 0),
        ("?job=&state=", 2),
    ] {
        assert_eq!(listed(&server, query).await.len(), count, "{query}");
    }
    let one = admin(&server, Method::GET, &format!("/{}", all[1]["id"].as_str().unwrap())).await;
    assert_eq!(one.json::<Value>().await.unwrap(), all[1]);
    for (method, path, status) in [
        (Method::GET, "?state=lost", 400),
        (Method::GET, "?limit=0", 400),
        (Method::GET, "?limit=1001", 400),
        (Method::GET, "/none", 404),
        (Method::POST, "/none/redeliver", 404),
        (Method::GET, "/none/redeliver", 405),
    ] {
        assert_eq!(error(admin(&server, method, path).await).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn settings_that_could_send_nothing_are_refused() {
    for builder in [
        Server::builder().webhook_attempts(0),
        Server::builder().webhook_concurrency(0, 1),
        Server::builder().webhook_concurrency(1, 0),
        Server::builder().webhook_timeout(Duration::ZERO),
    ] {
        assert_eq!(builder.start().await.unwrap_err().kind().as_str(), "config");
    }
}
