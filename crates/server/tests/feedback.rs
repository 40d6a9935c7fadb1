//! The server's promise: feedback about detect jobs is kept, and an application's webhook is registered once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use image_intelligence_server::{Account, Credentials, Server};
use serde_json::{Value, json};
use support::{Caller, error, for_person, sent, start};

const MOMENT: i64 = 1_487_648_348_000;

fn about(job: &Value) -> Value {
    json!({"jobId": job["id"], "classes": [{"class": "person", "code": "FALSE_POSITIVE"}], "createdAt": MOMENT})
}

#[tokio::test]
async fn feedback_is_kept_and_found() {
    let (_server, caller) = start(Server::builder()).await;
    let request = for_person(&[sent("a", b"a")]);
    let (one, other) = (caller.detect(&request).await, caller.detect(&request).await);
    let mut body = about(&one);
    body["classes"].as_array_mut().unwrap().push(json!({"class": "Tür", "code": "FALSE_NEGATIVE"}));
    let first = caller.took("/feedback", &body).await;
    body["id"] = first["id"].clone();
    assert_eq!(first, body, "the same, with an id");
    let second = caller.took("/feedback", &about(&other)).await;
    let mut seconds = about(&one);
    seconds["createdAt"] = json!(MOMENT / 1000);
    let third = caller.took("/feedback", &seconds).await;
    assert_eq!(third["createdAt"], MOMENT);

    let id = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
    assert_eq!(caller.read(&format!("/feedback/{}", id(&first))).await, first);
    assert_eq!(caller.read("/feedback").await, json!([first, second, third]));
    assert_eq!(caller.read("/feedback?jobId=").await, json!([first, second, third]));
    assert_eq!(caller.read(&format!("/feedback?jobId={}", id(&one))).await, json!([first, third]));
    assert_eq!(caller.read("/feedback?jobId=unknown").await, json!([]));
    assert_eq!(error(caller.get("/feedback/unknown").await).await.0, 404);
}

#[tokio::test]
async fn feedback_is_about_a_detect_job_of_ones_own() {
    let credentials = Credentials::new([Account::new("a", "1"), Account::new("b", "2")]).unwrap();
    let server = Server::builder().credentials(credentials).start().await.unwrap();
    let (one, other) = (Caller::of(&server, "a", "1").await, Caller::of(&server, "b", "2").await);
    let job = one.detect(&for_person(&[sent("a", b"a")])).await;
    let given = one.took("/feedback", &about(&job)).await;
    for (caller, about_it) in [(&other, about(&job)), (&one, about(&json!({"id": "unknown"})))] {
        let (status, _, message) = error(caller.post("/feedback", about_it.to_string()).await).await;
        assert_eq!(status, 404);
        assert!(message.starts_with("jobId: no such detect job"), "{message}");
    }
    assert_eq!(other.status(&format!("/feedback/{}", given["id"].as_str().unwrap())).await, 404);
    assert_eq!(other.read("/feedback").await, json!([]));

    let asked = one.took("/ask", &json!({"images": [sent("a", b"a")], "question": "Why?"})).await;
    let message = one.refused("/feedback", about(&asked).to_string()).await;
    assert_eq!(message, "jobId: that is a job of kind ask; feedback is for detect jobs");
}

#[tokio::test]
async fn what_is_wrong_with_feedback_is_named() {
    let (_server, caller) = start(Server::builder()).await;
    let job = caller.detect(&for_person(&[sent("a", b"a")])).await;
    let with = |key: &str, value: Value| {
        let mut body = about(&job);
        body[key] = value;
        body
    };
    let class = |class: Value, code: Value| with("classes", json!([{"class": class, "code": code}]));
    for (body, expected) in [
        (with("jobId", json!("")), "jobId: empty"),
        (with("jobId", json!(7)), "jobId: invalid type"),
        (with("classes", json!([])), "classes: none given"),
        (with("classes", json!(["person"])), "classes[0]: invalid type"),
        (class(json!(" "), json!("FALSE_POSITIVE")), "classes[0].class: empty"),
        (class(json!("a"), json!("WRONG")), "classes[0].code: \"WRONG\" given"),
        (class(json!("日".repeat(129)), json!("FALSE_POSITIVE")), "classes[0].class: 129 characters given"),
        (with("createdAt", json!("now")), "createdAt: expected a UNIX time"),
        (json!({"jobId": job["id"], "classes": []}), "the body: missing field `createdAt`"),
    ] {
        let message = caller.refused("/feedback", body.to_string()).await;
        assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
    }
    assert_eq!(caller.read("/feedback").await, json!([]));
}

#[tokio::test]
async fn a_webhook_is_registered_once_for_each_application() {
    let account = |id: &str, app: &str| Account::new(id, id).org_name("Harbour").app_name(app).scopes([""; 0]);
    let credentials = Credentials::new([account("a", "Gate"), account("b", "Gate"), account("c", "Quay")]).unwrap();
    let server = Server::builder().credentials(credentials).start().await.unwrap();
    let (gate, again, quay) =
        (Caller::of(&server, "a", "a").await, Caller::of(&server, "b", "b").await, Caller::of(&server, "c", "c").await);
    let hook = json!({"url": "https://hooks.example.com/ii", "secretKey": "correct horse battery"});
    // No scope is needed.
    let made = gate.took("/webhooks", &hook).await;
    assert_eq!((&made["url"], &made["secretKey"]), (&hook["url"], &hook["secretKey"]));
    assert_eq!((&made["application"], &made["organizationId"]), (&json!("Gate"), &json!("Harbour")));
    assert!(made["id"].is_string() && made["createdAt"].is_i64());
    for caller in [&gate, &again] {
        assert!(caller.refused("/webhooks", hook.to_string()).await.contains("cannot be taken back"));
    }
    let made = quay.took("/webhooks", &json!({"url": "https://hooks.example.com/ii"})).await;
    assert_eq!(made.get("secretKey"), None);
}

#[tokio::test]
async fn what_is_wrong_with_a_webhook_is_named_without_its_secret() {
    let (_server, caller) = start(Server::builder()).await;
    let url = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
    for (body, expected) in [
        (json!({"secretKey": "correct horse"}), "the body: missing field `url`"),
        (json!({"url": url(2049)}), "url: 2049 characters given, at most 2048"),
        (json!({"url": "ftp://example.com/"}), "url: "),
        (json!({"url": url(30), "secretKey": "horse"}), "secretKey: 5 characters given, 8 to 256 wanted"),
        (json!({"url": url(30), "secretKey": "horse".repeat(52)}), "secretKey: 260 characters given"),
        (json!({"url": url(30), "secretKey": ["horse"]}), "secretKey: it is no string"),
    ] {
        let message = caller.refused("/webhooks", body.to_string()).await;
        assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
        assert!(!message.contains("horse"), "{message}");
    }
    let longest = json!({"url": url(2048), "secretKey": "日".repeat(256)});
    assert_eq!(caller.took("/webhooks", &longest).await["secretKey"], longest["secretKey"]);
}
