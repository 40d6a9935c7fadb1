//! The server's promise: the end of a job is told to its `webhookUrl`, as often as it takes, and every attempt is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use image_intelligence_server::{Answers, DeliveryState, Found, Server, ServerBuilder};
use serde_json::{Value, json};
use support::receiver::Receiver;
use support::{for_person, sent, settled, start};

fn answering() -> ServerBuilder {
    Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.9)]))
}

fn job(url: impl Into<String>) -> Value {
    let mut request = for_person(&[sent("a", b"a"), sent("b", b"b")]);
    request["webhookUrl"] = json!(url.into());
    request
}

#[tokio::test]
async fn the_end_of_a_job_is_posted_in_the_bytes_of_a_get() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(answering()).await;
    let job = caller.detect(&job(receiver.url("/cb/secret"))).await;
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
    assert_eq!(
        (delivery.attempts.len(), delivery.attempts[0].status, &delivery.attempts[0].error),
        (1, Some(200), &None)
    );
    assert_eq!(delivery.next_attempt_at, None);
}
