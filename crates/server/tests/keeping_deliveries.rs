//! The server's promise: what is to be delivered is kept, to its bounds in memory, and through crash and restart on disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::time::Duration;

use image_intelligence_server::{Answers, Delivery, DeliveryState, Found, Progression, Server, ServerBuilder};
use serde_json::{Value, json};
use support::receiver::{Receiver, Reply};
use support::{error, for_person, sent, settled, start};

fn answering() -> ServerBuilder {
    Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.9)]))
}

fn job(url: impl Into<String>) -> Value {
    let mut request = for_person(&[sent("a", b"a")]);
    request["webhookUrl"] = json!(url.into());
    request
}

fn statuses(delivery: &Delivery) -> Vec<Option<u16>> {
    delivery.attempts.iter().map(|attempt| attempt.status).collect()
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let receiver = Receiver::start(|_| Reply::Status(500)).await;
    let (server, caller) = start(answering().database(&file).webhook_attempts(3)).await;
    let job = caller.detected(&job(receiver.url("/hook"))).await;
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while server.deliveries().await.unwrap().first().is_none_or(|delivery| delivery.attempts.is_empty()) {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = server.deliveries().await.unwrap().remove(0);
    assert_eq!((before.state, before.next_attempt_at.is_some()), (DeliveryState::Pending, true));
    server.shutdown().await;
    assert_eq!(receiver.seen().len(), 1);

    let (server, _caller) = start(answering().database(&file).webhook_attempts(3).time_scale(10_000.0)).await;
    let after = settled(&server, 1).await.remove(0);
    assert_eq!((after.id, after.state, after.attempts.len()), (before.id, DeliveryState::GivenUp, 3));
    assert_eq!(after.attempts[0], before.attempts[0]);
    assert_eq!(receiver.seen()[2].json()["id"], job["id"]);
}

#[tokio::test]
async fn what_was_under_way_at_a_crash_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let receiver = Receiver::start(|number| if number == 0 { Reply::Hang } else { Reply::Status(200) }).await;
    let (server, caller) = start(answering().database(&file)).await;
    caller.detect(&job(receiver.url("/hook"))).await;
    receiver.until_seen(1).await;
    drop(server);
    let (server, _caller) = start(answering().database(&file)).await;
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::Delivered, vec![Some(200)]));
    assert_eq!(receiver.seen().len(), 2);
}

#[tokio::test]
async fn a_job_that_is_never_done_is_never_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let receiver = Receiver::willing().await;
    let (server, caller) = start(answering().database(&file).progression(Progression::Never)).await;
    let job = caller.detect(&job(receiver.url("/hook"))).await;
    // Lets the work end, and what it brings with it.
    server.shutdown().await;
    assert!(receiver.seen().is_empty());
    let (server, caller) = start(answering().database(&file).progression(Progression::Never)).await;
    assert!(server.deliveries().await.unwrap().is_empty());
    assert_eq!(caller.read(&format!("/detect/{}", job["id"].as_str().unwrap())).await["status"], "IN_PROGRESS");
    server.shutdown().await;

    let (server, _caller) = start(answering().database(&file)).await;
    settled(&server, 1).await;
    assert_eq!(receiver.seen().len(), 1, "by other settings it is done");
}

#[tokio::test]
async fn a_shutdown_lets_what_is_being_sent_come_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let slow = Receiver::start(|_| Reply::Late(Duration::from_millis(200))).await;
    let (server, caller) = start(answering().database(&file)).await;
    caller.detect(&job(slow.url("/hook"))).await;
    slow.until_seen(1).await;
    server.shutdown().await;
    let (server, _caller) = start(answering().database(&file)).await;
    let delivery = server.deliveries().await.unwrap().remove(0);
    assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::Delivered, vec![Some(200)]));
    assert_eq!(slow.seen().len(), 1);
}

#[tokio::test]
async fn memory_throws_out_only_what_is_over() {
    let receiver = Receiver::start(|number| if number < 3 { Reply::Status(200) } else { Reply::Hang }).await;
    let (server, caller) = start(answering().memory_deliveries(2)).await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(caller.detected(&job(receiver.url("/hook"))).await);
        settled(&server, 1).await;
    }
    let kept: Vec<_> = server.deliveries().await.unwrap().into_iter().map(|delivery| json!(delivery.job)).collect();
    assert_eq!(kept, [jobs[1]["id"].clone(), jobs[2]["id"].clone()]);
    for _ in 0..2 {
        caller.detect(&job(receiver.url("/hook"))).await;
    }
    let answer = caller.post("/detect", job(receiver.url("/hook")).to_string()).await;
    assert_eq!(error(answer).await.0, 429);
    assert_eq!(caller.post("/detect", for_person(&[sent("a", b"a")]).to_string()).await.status(), 200);
}
