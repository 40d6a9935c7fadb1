//! The server's promise: an application's webhook learns of each identity that is made or changes, signed and once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use image_intelligence_core::{EventName, Secret, SignatureOptions, WebhookEvent, parse_webhook, verify_signature};
use image_intelligence_server::{
    Account, Answer, Answers, Credentials, DeliveryState, FaultRule, Faults, FoundFace, Server, ServerBuilder,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::receiver::{Receiver, Reply, Seen};
use support::{Caller, sent, settled, start};

const JOBS: &str = "/recognition/recognize/staff";
const IDENTITIES: &str = "/recognition/identities/staff";
const SECRET: &str = "correct horse battery";

/// Ann's face at the door; one of nobody in the yard.
fn seeing() -> ServerBuilder {
    let face = |face| Answer::faces([face]);
    let answers = Answers::new()
        .answer(image_intelligence_core::Kind::Recognize, "door", face(FoundFace::new(0.9).identity_custom_id("ann")))
        .answer(image_intelligence_core::Kind::Recognize, "yard", face(FoundFace::new(0.6)));
    Server::builder().scripted(answers)
}

fn verify(seen: &Seen, secret: &str) -> Result<(), Option<&'static str>> {
    let headers = seen.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let verified =
        verify_signature(headers, seen.body.as_deref().unwrap(), &[Secret::from(secret)], &SignatureOptions::default());
    verified.map_err(|error| error.reason())
}

async fn register(caller: &Caller, url: &str) {
    caller.took("/webhooks", &json!({"url": url, "secretKey": SECRET})).await;
}

async fn patch(caller: &Caller, identity: &Value, change: &Value) -> Value {
    let path = format!("{IDENTITIES}/{}", identity["id"].as_str().unwrap());
    let answer = caller.request(Method::PATCH, &path).body(change.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

/// The event's name and whom it is about.
fn about(seen: &Seen) -> (Value, Value) {
    let body = seen.json();
    (body["event"].clone(), body["identity"]["id"].clone())
}

#[tokio::test]
async fn what_is_made_and_changed_is_told_and_signed() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(seeing()).await;
    caller.took(IDENTITIES, &json!({"customId": "early bird"})).await;
    register(&caller, &receiver.url("/events")).await;
    let ann = caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    let seen = receiver.until_seen(1).await.remove(0);
    verify(&seen, SECRET).unwrap();
    assert_eq!(verify(&seen, "another secret"), Err(Some("mismatch")));
    let body = seen.json();
    assert_eq!((&body["event"], &body["identity"]), (&json!("IDENTITY_CREATED"), &ann));
    assert!(body["createdAt"].as_i64() >= ann["createdAt"].as_i64());
    let WebhookEvent::Event(event) = parse_webhook(seen.body.as_deref().unwrap(), None).unwrap() else { panic!() };
    assert_eq!(event.event, EventName::IdentityCreated);

    let changed = patch(&caller, &ann, &json!({"customId": "Ann"})).await;
    let seen = receiver.until_seen(2).await.remove(1);
    verify(&seen, SECRET).unwrap();
    assert_eq!((&seen.json()["event"], &seen.json()["identity"]), (&json!("IDENTITY_UPDATED"), &changed));

    let path = format!("{IDENTITIES}/{}", ann["id"].as_str().unwrap());
    assert_eq!(caller.request(Method::DELETE, &path).send().await.unwrap().status(), 200);
    let deliveries = settled(&server, 2).await;
    assert_eq!(deliveries.len(), 2, "no event is known for an end");
    assert_eq!(deliveries[0].event, Some(EventName::IdentityCreated));
    assert_eq!((&deliveries[0].job, deliveries[0].state), (&None, DeliveryState::Delivered));
}

#[tokio::test]
async fn two_changes_are_two_events_even_where_they_are_alike() {
    let receiver = Receiver::willing().await;
    let (_server, caller) = start(seeing()).await;
    register(&caller, &receiver.url("/events")).await;
    let ann = caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    let same = json!({"customId": "ann"});
    let change = || patch(&caller, &ann, &same);
    tokio::join!(change(), change(), change(), change());
    let seen = receiver.until_seen(5).await;
    let bodies: std::collections::HashSet<_> = seen.iter().map(|seen| seen.body.clone().unwrap()).collect();
    assert_eq!(bodies.len(), 5);
}

#[tokio::test]
async fn who_loses_or_gains_a_face_has_changed() {
    let receiver = Receiver::willing().await;
    let (_server, caller) = start(seeing()).await;
    register(&caller, &receiver.url("/events")).await;
    let ann = caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    receiver.until_seen(1).await;
    caller.ran(JOBS, &json!({"images": [sent("door", b"a"), sent("yard", b"b")]})).await;
    let seen = receiver.until_seen(2).await;
    assert_eq!(about(&seen[1]), (json!("IDENTITY_UPDATED"), ann["id"].clone()), "a job found her face");
    let faces = caller.took("/recognition/images/staff/search", &json!({})).await;
    let hers = faces.as_array().unwrap().iter().find(|face| face["identityId"] == ann["id"]).unwrap();
    assert_eq!(seen[1].json()["identity"]["images"], json!([hers]));

    let bob = caller.took(IDENTITIES, &json!({"customId": "bob", "imageIds": [hers["id"]]})).await;
    let mut told: Vec<_> = receiver.until_seen(4).await[2..].iter().map(about).collect();
    told.sort_by_key(|(event, _)| event.to_string());
    let updated = |identity: &Value| (json!("IDENTITY_UPDATED"), identity["id"].clone());
    assert_eq!(told, [(json!("IDENTITY_CREATED"), bob["id"].clone()), updated(&ann)]);

    patch(&caller, &ann, &json!({"images": {"add": [hers["id"]], "remove": []}})).await;
    let told: Vec<_> = receiver.until_seen(6).await[4..].iter().map(about).collect();
    assert!(told.contains(&updated(&ann)) && told.contains(&updated(&bob)), "{told:?}");
}

#[tokio::test]
async fn an_event_is_for_its_own_application_and_without_a_secret_unsigned() {
    let receiver = Receiver::willing().await;
    let account = |id: &str, app: &str| Account::new(id, "s3cret").org_name("harbour").app_name(app);
    let credentials =
        Credentials::new([account("gate", "gate"), account("gate 2", "gate"), account("quay", "quay")]).unwrap();
    let server = seeing().credentials(credentials).start().await.unwrap();
    let gate = Caller::of(&server, "gate", "s3cret").await;
    let second = Caller::of(&server, "gate 2", "s3cret").await;
    let quay = Caller::of(&server, "quay", "s3cret").await;
    gate.took("/webhooks", &json!({"url": receiver.url("/gate")})).await;
    quay.took(IDENTITIES, &json!({"customId": "of the quay"})).await;
    second.took(IDENTITIES, &json!({"customId": "of the gate"})).await;
    let seen = receiver.until_seen(1).await.remove(0);
    assert_eq!(seen.json()["identity"]["customId"], "of the gate");
    assert_eq!(verify(&seen, SECRET), Err(Some("missing")));
    assert_eq!(settled(&server, 1).await.len(), 1);
}

#[tokio::test]
async fn a_change_that_was_refused_is_not_told() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(seeing()).await;
    register(&caller, &receiver.url("/events")).await;
    caller.refused(IDENTITIES, json!({"imageIds": ["nobody's"]}).to_string()).await;
    assert!(server.deliveries().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_event_survives_a_restart_with_its_signature() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let receiver = Receiver::start(|number| Reply::Status(if number == 0 { 500 } else { 200 })).await;
    let (server, caller) = start(seeing().database(&file)).await;
    register(&caller, &receiver.url("/events")).await;
    caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    receiver.until_seen(1).await;
    server.shutdown().await;
    let (server, _caller) = start(seeing().database(&file).time_scale(1_000.0)).await;
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!(delivery.state, DeliveryState::Delivered);
    let seen = receiver.until_seen(2).await;
    assert_eq!(seen[0].body, seen[1].body);
    verify(&seen[1], SECRET).unwrap();
}

#[tokio::test]
async fn a_wrong_signature_is_one_of_the_faults() {
    let receiver = Receiver::start(|number| Reply::Status(if number == 0 { 401 } else { 200 })).await;
    let builder = seeing().webhook_backoff([std::time::Duration::ZERO]);
    let (server, caller) = start(builder.faults(Faults::new().rule(FaultRule::webhook_bad_signature()))).await;
    register(&caller, &receiver.url("/events")).await;
    caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    let seen = receiver.until_seen(2).await;
    assert_eq!(verify(&seen[0], SECRET), Err(Some("mismatch")));
    verify(&seen[1], SECRET).unwrap();
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!(
        (delivery.attempts[0].status, &*delivery.attempts[0].faults),
        (Some(401), &["webhook.bad_signature".into()][..])
    );
    assert!(delivery.attempts[1].faults.is_empty());
}
