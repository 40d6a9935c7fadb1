//! Each error that is documented, brought about: most of them by what the document itself says of a call.

use std::sync::{Arc, Mutex};

use image_intelligence_server::{Account, Credentials, Server};
use serde_json::{Value, json};

use crate::recorder::{Recorder, Seen, operations};
use crate::support::{Held, for_person, sent};

const LARGE: usize = 200_000;

pub(crate) async fn every_error(seen: &Arc<Mutex<Seen>>) {
    by_the_document(seen).await;
    too_much(seen).await;
    beside_the_document(seen).await;
    broken_store(seen).await;
}

fn there(template: &str) -> String {
    template.replace("{namespace}", "staff").replace("{id}", "unknown")
}

/// A body for a call about something unknown that is right otherwise.
fn about_nothing(template: &str) -> Option<Value> {
    match template {
        "/v2/feedback" => Some(json!({
            "jobId": "unknown", "createdAt": 1_487_648_348_000_i64, "classes": [{"class": "a", "code": "FALSE_POSITIVE"}],
        })),
        _ => None,
    }
}

async fn by_the_document(seen: &Arc<Mutex<Seen>>) {
    let credentials = Credentials::new([Account::new("all", "all"), Account::new("none", "none").scopes([""; 0])]);
    let server = Server::builder().credentials(credentials.unwrap()).max_body(100_000).start().await.unwrap();
    let all = Recorder::of_caller(&server, "all", seen).await;
    let none = Recorder::of_caller(&server, "none", seen).await;
    for (template, method, operation) in operations(&all.document) {
        let has = |status: &str| operation["responses"].get(status).is_some();
        let expect = async |status: u16, recorder: &Recorder, path: &str, body: Option<Value>| {
            let (given, answer) = recorder.call(&method, &template, path, body.as_ref()).await;
            assert_eq!(given, status, "{method} {path}: {answer}");
        };
        let path = there(&template);
        let guarded = operation["security"] != json!([]);
        if guarded {
            expect(401, &all.by(None), &path, None).await;
            expect(401, &all.by(Some("another")), &path, None).await;
        }
        if guarded && has("403") {
            expect(403, &none, &path, None).await;
        }
        if has("413") {
            expect(413, &all, &path, Some(" ".repeat(LARGE).into())).await;
        }
        if has("400") {
            let queries: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
            if operation.get("requestBody").is_some() {
                for body in ["", "{", "[]x", "7", "\"text\"", "{\"a\": }"] {
                    expect(400, &all, &path, Some(body.into())).await;
                }
            }
            for parameter in queries {
                let name = parameter["name"].as_str().unwrap();
                if parameter["in"] == "query" {
                    expect(400, &all, &format!("{path}?{name}=1&{name}=2"), Some("{}".into())).await;
                } else {
                    let bad = template.replace(&format!("{{{name}}}"), "%FF");
                    expect(400, &all, &there(&bad), Some("{}".into())).await;
                }
            }
        }
        if has("404") && !template.starts_with("/storage") {
            let body = about_nothing(&template).or_else(|| operation.get("requestBody").map(|_| json!({})));
            expect(404, &all, &path, body).await;
        }
    }
}

async fn too_much(seen: &Arc<Mutex<Seen>>) {
    let held = Held::default();
    let builder = Server::builder().scripted(held.script()).pending_jobs(1).memory_identities(0);
    let server = builder.start().await.unwrap();
    let recorder = Recorder::of_caller(&server, "local", seen).await;
    let mut request = for_person(&[sent("a", b"a")]);
    request["target"] = json!({"class": "dog", "images": ["https://example.com/rex.jpg"]});
    request["question"] = json!("Is it open?");
    assert_eq!(recorder.send("post", "/v2/detect", Some(request.to_string()), &[]).await.status(), 200);
    let rule = json!({"kind": "ask", "image": "x".repeat(40), "answer": "no"});
    let rules = Value::from(vec![rule; 400]);
    for _ in 0..25 {
        assert_eq!(recorder.call("post", "/_ii/answers", "/_ii/answers", Some(&rules)).await.0, 200);
    }
    for (template, method, operation) in operations(&recorder.document) {
        if operation["responses"].get("429").is_none() {
            continue;
        }
        let body = match template.as_str() {
            "/_ii/answers" => &rules,
            template if template.contains("identities") => &json!({}),
            _ => &request,
        };
        let (status, answer) = recorder.call(&method, &template, &there(&template), Some(body)).await;
        assert_eq!(status, 429, "{method} {template}: {answer}");
    }
    held.let_go();
}

/// Those that no single call brings about.
async fn beside_the_document(seen: &Arc<Mutex<Seen>>) {
    let server = Server::builder().start().await.unwrap();
    let recorder = Recorder::of_caller(&server, "local", seen).await;
    let wrong = json!({"clientId": "local", "clientSecret": "guessed"});
    assert_eq!(recorder.call("post", "/v2/oauth/token", "/v2/oauth/token", Some(&wrong)).await.0, 401);
    let unsigned = "/storage/x?expires=9999999999999&signature=00";
    assert_eq!(recorder.call("get", "/storage/{id}", unsigned, None).await.0, 403);
    let hook = json!({"url": "https://hooks.example.com/ii"});
    assert_eq!(recorder.call("post", "/v2/webhooks", "/v2/webhooks", Some(&hook)).await.0, 200);
    let (status, answer) = recorder.call("post", "/v2/webhooks", "/v2/webhooks", Some(&hook)).await;
    assert_eq!(status, 400);
    assert!(answer["message"].as_str().unwrap().contains("cannot be taken back"), "{answer}");
}

async fn broken_store(seen: &Arc<Mutex<Seen>>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let server = Server::builder().database(&file).start().await.unwrap();
    let recorder = Recorder::of_caller(&server, "local", seen).await;
    rusqlite::Connection::open(&file).unwrap().execute_batch("DROP TABLE feedback; DROP TABLE face").unwrap();
    let (status, answer) = recorder.call("get", "/v2/feedback", "/v2/feedback", None).await;
    assert_eq!((status, &answer["error"]), (500, &json!("server_error")));
    let template = "/v2/recognition/images/{namespace}/search";
    assert_eq!(recorder.call("post", template, &there(template), Some(&json!({}))).await.0, 500);
}
