//! The server's promise: a job becomes done when the work is over and the script allows it, and searches find it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::time::Duration;

use image_intelligence_server::{Answers, Progression, Server, ServerBuilder};
use reqwest::Method;
use serde_json::{Value, json};
use support::{Caller, Held, error, for_person, sent, start};

fn progressing(progression: Progression) -> ServerBuilder {
    Server::builder().scripted(Answers::new().otherwise([])).progression(progression)
}

async fn read(caller: &Caller, job: &Value) -> Value {
    caller.get(&format!("/detect/{}", job["id"].as_str().unwrap())).await.json().await.unwrap()
}

/// Sends a job with a name.
async fn send(caller: &Caller, custom_id: &str, feed_id: &str) -> Value {
    let mut request = for_person(&[sent("a", b"a")]);
    request["customId"] = json!(custom_id);
    request["feedId"] = json!(feed_id);
    caller.detect(&request).await
}

#[tokio::test]
async fn immediate_still_waits_for_the_work() {
    let held = Held::default();
    let (_server, caller) = start(Server::builder().scripted(held.script())).await;
    let job = send(&caller, "a", "f").await;
    held.until_asked(1).await;
    assert_eq!(read(&caller, &job).await["status"], "IN_PROGRESS");
    held.let_go();
    assert_eq!(caller.done(job["id"].as_str().unwrap()).await["status"], "COMPLETED_SUCCESSFULLY");
}

#[tokio::test]
async fn polls_count_reads_and_searches_that_show_the_job() {
    let (_server, caller) = start(progressing(Progression::Polls(4))).await;
    let job = send(&caller, "counted", "f").await;
    let search = async |query: &str| -> Value { caller.get(&format!("/detect?{query}")).await.json().await.unwrap() };
    assert_eq!(search("customId=another").await, json!([]));
    assert_eq!(search("customId=counted").await[0]["status"], "IN_PROGRESS");
    assert_eq!(read(&caller, &job).await["status"], "IN_PROGRESS");
    let third = read(&caller, &job).await;
    assert_eq!((&third["status"], &third["jobResults"]), (&json!("IN_PROGRESS"), &json!([])));
    // The fourth, and as many more as the work may need.
    let done = caller.done(job["id"].as_str().unwrap()).await;
    assert_eq!(done["status"], "COMPLETED_SUCCESSFULLY");
    assert_eq!(search("customId=counted").await[0], done);
}

#[tokio::test]
async fn time_is_the_servers_own() {
    let builder = || progressing(Progression::Time(Duration::from_mins(10)));
    let (_slow_server, slow) = start(builder()).await;
    let (_fast_server, fast) = start(builder().time_scale(10_000.0)).await;
    let waiting = send(&slow, "a", "f").await;
    let job = send(&fast, "a", "f").await;
    let done = fast.done(job["id"].as_str().unwrap()).await;
    assert_eq!(done["createdAt"], job["createdAt"]);
    assert_eq!(read(&slow, &waiting).await["status"], "IN_PROGRESS");
}

#[tokio::test]
async fn never_is_never() {
    let (server, caller) = start(progressing(Progression::Never)).await;
    let job = send(&caller, "a", "f").await;
    for _ in 0..20 {
        assert_eq!(read(&caller, &job).await, job);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_search_finds_by_name_by_feed_and_between_moments() {
    let (_server, caller) = start(progressing(Progression::Immediate).time_scale(1000.0)).await;
    assert!(caller.found("").await.is_empty());
    let mut created = Vec::new();
    for (custom_id, feed_id) in [("one", "door"), ("two", "gate"), ("three", "door"), ("Tür 4", "gate & yard")] {
        created.push(send(&caller, custom_id, feed_id).await["createdAt"].as_i64().unwrap());
        // A moment of its own for each: 1 ms here is 1 s there.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    assert!(created.is_sorted_by(|a, b| a < b));
    let (second, third) = (created[1], created[2]);

    assert_eq!(caller.found("").await, ["one", "two", "three", "Tür 4"]);
    assert_eq!(caller.found("customId=two").await, ["two"]);
    assert_eq!(caller.found("customId=tw").await, [""; 0]);
    assert_eq!(caller.found("feedId=door").await, ["one", "three"]);
    assert_eq!(caller.found("feedId=door&customId=three").await, ["three"]);
    assert_eq!(caller.found("feedId=gate+%26+yard").await, ["Tür 4"]);
    assert_eq!(caller.found("customId=T%C3%BCr%204").await, ["Tür 4"]);
    assert_eq!(caller.found(&format!("after={second}&before={third}")).await, ["two", "three"]);
    assert_eq!(caller.found(&format!("after={}", second + 1)).await, ["three", "Tür 4"]);
    assert_eq!(caller.found(&format!("before={}", second - 1)).await, ["one"]);
    assert_eq!(caller.found(&format!("before={second}&after={third}")).await, [""; 0]);
    // seconds do as well
    assert_eq!(caller.found(&format!("after={}", second / 1000 - 60)).await.len(), 4);
    assert_eq!(caller.found(&format!("before={}", created[0] / 1000 - 60)).await.len(), 0);
    assert_eq!(caller.found("customId=&feedId=&before=&after=&other=1").await.len(), 4);

    for (query, field) in [
        ("before=yesterday", "before: \"yesterday\""),
        ("after=1.5e12", "after: \"1.5e12\""),
        ("after=99999999999999999999", "after: "),
        ("customId=a&customId=b", "customId: given twice"),
    ] {
        let (status, kind, message) = error(caller.get(&format!("/detect?{query}")).await).await;
        assert_eq!((status.as_u16(), kind.as_str()), (400, "bad_request"));
        assert!(message.starts_with(field), "{message}");
    }
    assert_eq!(caller.request(Method::HEAD, "/detect").send().await.unwrap().status(), 200);
}
