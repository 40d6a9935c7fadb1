//! The server's promise: it does what `/openapi.json` says, and `/openapi.json` says all that it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod errors;
mod recorder;
#[path = "../support/mod.rs"]
mod support;
mod well;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use image_intelligence_server::Server;
use recorder::{Recorder, Seen, operations};
use serde_json::Value;

/// The contract's calls, and the scope of each.
const CONTRACT: &[(&str, &str, Option<&str>)] = &[
    ("post", "/v2/oauth/token", None),
    ("post", "/v2/detect", Some("detect:create")),
    ("get", "/v2/detect", Some("detect:read")),
    ("get", "/v2/detect/{id}", Some("detect:read")),
    ("post", "/v2/match", Some("match:create")),
    ("get", "/v2/match", Some("match:read")),
    ("get", "/v2/match/{id}", Some("match:read")),
    ("post", "/v2/ask", Some("ask:create")),
    ("get", "/v2/ask", Some("ask:read")),
    ("get", "/v2/ask/{id}", Some("ask:read")),
    ("post", "/v2/recognition/recognize/{namespace}", Some("recognition:create")),
    ("get", "/v2/recognition/recognize/{namespace}/{id}", Some("recognition:read")),
    ("post", "/v2/recognition/recognize/{namespace}/search", Some("recognition:read")),
    ("post", "/v2/recognize", Some("recognition:create")),
    ("get", "/v2/recognize/{id}", Some("recognition:read")),
    ("post", "/v2/recognition/identities/{namespace}", Some("recognition:create")),
    ("get", "/v2/recognition/identities/{namespace}/{id}", Some("recognition:read")),
    ("patch", "/v2/recognition/identities/{namespace}/{id}", Some("recognition:update")),
    ("delete", "/v2/recognition/identities/{namespace}/{id}", Some("recognition:remove")),
    ("post", "/v2/recognition/identities/{namespace}/search", Some("recognition:read")),
    ("get", "/v2/recognition/images/{namespace}/{id}", Some("recognition:read")),
    ("post", "/v2/recognition/images/{namespace}/search", Some("recognition:read")),
    ("get", "/v2/recognition/groups/{namespace}/{id}", Some("recognition:read")),
    ("post", "/v2/recognition/groups/{namespace}/search", Some("recognition:read")),
    ("post", "/v2/feedback", Some("feedback:create")),
    ("get", "/v2/feedback", Some("feedback:read")),
    ("get", "/v2/feedback/{id}", Some("feedback:read")),
    ("post", "/v2/webhooks", None),
];

async fn document(server: &Server) -> Value {
    Recorder::of(server, Arc::default()).await.document.as_ref().clone()
}

#[tokio::test]
async fn the_contracts_calls_are_all_there_and_no_others_stand_beside_them() {
    let server = Server::builder().start().await.unwrap();
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    let documented: BTreeSet<_> = operations(&document)
        .into_iter()
        .filter(|(path, ..)| path.starts_with("/v2/"))
        .map(|(path, method, operation)| {
            let scope = operation["security"][0]["token"][0].as_str().map(str::to_owned);
            (method, path, scope)
        })
        .collect();
    let contract =
        CONTRACT.iter().map(|&(method, path, scope)| (method.to_owned(), path.to_owned(), scope.map(str::to_owned)));
    assert_eq!(documented, contract.collect());
}

/// Every reference in a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn whatever_the_document_refers_to_is_in_it_and_nothing_is_there_for_nobody() {
    let server = Server::builder().start().await.unwrap();
    let document = document(&server).await;
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for sort in ["schemas", "responses"] {
        for name in document["components"][sort].as_object().unwrap().keys() {
            // What comes by webhook only, and so is in no answer.
            let by_webhook = ["RegisteredEvent", "EventName"].contains(&name.as_str());
            assert!(by_webhook || found.contains(&format!("#/components/{sort}/{name}")), "{name}");
        }
    }
    let bodies = operations(&document).into_iter().filter(|(.., operation)| operation.get("requestBody").is_some());
    assert_eq!(bodies.count(), CONTRACT.iter().filter(|(method, ..)| ["post", "patch"].contains(method)).count() + 1);
}

#[tokio::test]
async fn each_path_takes_the_methods_that_the_document_says_and_no_others() {
    let (server, caller) = support::start(Server::builder()).await;
    let document = document(&server).await;
    let recorder = Recorder::of(&server, Arc::default()).await.by(Some(&caller.token));
    for (path, item) in document["paths"].as_object().unwrap() {
        let there = path.replace("{namespace}", "staff").replace("{id}", "x");
        for method in ["get", "put", "post", "patch", "delete"] {
            let answer = recorder.send(method, &there, Some("{".into()), &[]).await;
            let (taken, documented) = (answer.status() != 405, item.get(method).is_some());
            assert_eq!(taken, documented, "{method} {path}");
        }
    }
}

/// Everything that the document says is reached here, or this fails: a status that is documented has a test.
#[tokio::test(flavor = "multi_thread")]
async fn every_status_of_every_call_is_reached_and_looks_as_documented() {
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let document = well::every_call(&seen).await;
    errors::every_error(&seen).await;

    let seen = seen.lock().unwrap();
    let mut missing = Vec::new();
    for (path, method, operation) in operations(&document) {
        for status in operation["responses"].as_object().unwrap().keys().filter(|status| *status != "default") {
            if !seen.answers.contains(&(path.clone(), method.clone(), status.clone())) {
                missing.push(format!("{method} {path} {status}"));
            }
        }
        // Each field of each request is sent once at least, and so known to be taken.
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) else { continue };
        let fields = document["components"]["schemas"][name]["properties"].as_object();
        for key in fields.into_iter().flat_map(|fields| fields.keys()) {
            if !seen.sent.get(name).is_some_and(|sent| sent.contains(key)) {
                missing.push(format!("{name}.{key} was never sent"));
            }
        }
    }
    assert!(missing.is_empty(), "documented, and not reached: {missing:#?}");
    assert!(seen.answers.iter().any(|(.., status)| status == "default"), "no other failure was reached");
}
