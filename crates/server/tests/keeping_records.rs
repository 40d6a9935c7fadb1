//! The server's promise: what is no detect job is kept too, to its bounds in memory, and through a restart on disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::path::Path;

use image_intelligence_core::Kind;
use image_intelligence_server::{Answer, Answers, FoundFace, Server, ServerBuilder};
use serde_json::{Value, json};
use support::receiver::Receiver;
use support::{Caller, Held, error, for_person, image, sent, settled, start};

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 a picture";
const IDENTITIES: &str = "/recognition/identities/staff";

fn answering() -> ServerBuilder {
    let face = |name: &str| Answer::faces([FoundFace::new(0.9).identity_custom_id(name)]);
    let answers = Answers::new()
        .answer(Kind::Recognize, "ann", face("ann"))
        .otherwise_answer(Kind::Recognize, Answer::faces([FoundFace::new(0.9).group("g")]))
        .otherwise_answer(Kind::Match, Answer::matches(0.9))
        .otherwise_answer(Kind::Ask, Answer::yes())
        .otherwise([]);
    Server::builder().scripted(answers)
}

fn recognize(name: &str) -> Value {
    json!({"images": [sent(name, JPEG)]})
}

async fn faces(caller: &Caller) -> Vec<Value> {
    let search = json!({"sortBy": "ASC"});
    caller.took("/recognition/images/staff/search", &search).await.as_array().unwrap().clone()
}

/// Everything that can be read, but for where the server was reached.
async fn all(caller: &Caller) -> Value {
    let mut all = Vec::new();
    for path in ["/detect", "/match", "/ask", "/feedback"] {
        all.push(caller.read(path).await);
    }
    for path in ["identities", "images", "groups", "recognize"] {
        all.push(caller.took(&format!("/recognition/{path}/staff/search"), &json!({})).await);
    }
    let text = Value::from(all).to_string();
    text.replace(caller.base.trim_end_matches("/v2"), "").parse().unwrap()
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let (server, caller) = start(answering().database(&file)).await;
    let detected = caller.detected(&for_person(&[sent("a", JPEG)])).await;
    let target = json!({"class": "dog", "images": ["https://example.com/rex.jpg"]});
    caller.ran("/match", &json!({"images": [sent("a", JPEG)], "target": target})).await;
    caller.ran("/ask", &json!({"images": [sent("a", JPEG)], "question": "Is it open?"})).await;
    caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    caller.ran("/recognition/recognize/staff", &recognize("ann")).await;
    caller.ran("/recognition/recognize/staff", &recognize("bob")).await;
    let wrong = json!([{"class": "person", "code": "FALSE_NEGATIVE"}]);
    let feedback = json!({"jobId": detected["id"], "classes": wrong, "createdAt": 1_487_648_348_000_i64});
    caller.took("/feedback", &feedback).await;
    caller.took("/webhooks", &json!({"url": "https://hooks.example.com/ii", "secretKey": "correct horse"})).await;
    let before = all(&caller).await;
    server.shutdown().await;

    let (_server, caller) = start(answering().database(&file)).await;
    assert_eq!(all(&caller).await, before);
    assert_eq!(before[1][0]["jobResults"]["image"]["customId"], "a");
    assert_eq!(before[4][0]["images"][0]["customId"], "ann");
    assert!(caller.refused("/webhooks", r#"{"url": "https://example.com/"}"#).await.contains("cannot be taken back"));
    let face = faces(&caller).await[0]["url"].clone();
    assert_eq!(caller.http.get(face.as_str().unwrap()).send().await.unwrap().bytes().await.unwrap(), JPEG);
}

#[tokio::test]
async fn jobs_of_each_kind_run_again_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let held = Held::default();
    let (server, caller) = start(Server::builder().scripted(held.script()).workers(1).database(&file)).await;
    caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    let asked = caller.took("/ask", &json!({"images": [sent("a", JPEG)], "question": "Is it open?"})).await;
    let faces_of = caller.took("/recognition/recognize/staff", &recognize("ann")).await;
    held.until_asked(1).await;
    drop(server);
    held.let_go();

    let (_server, caller) = start(answering().database(&file)).await;
    let ended = async |path: &str, job: &Value| caller.ended(&format!("{path}/{}", job["id"].as_str().unwrap())).await;
    assert_eq!(ended("/ask", &asked).await["jobResults"]["image"]["customId"], "a");
    let done = ended("/recognition/recognize/staff", &faces_of).await;
    assert!(done["images"][0]["objects"][0]["identityId"].is_string(), "{done}");
    assert_eq!(faces(&caller).await.len(), 1, "found once");
}

/// A file as version 1 of the tables had it: one job done, one in progress, both with a webhook.
fn old_file(file: &Path, webhook_url: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection
        .execute_batch(
            &r#"
            CREATE TABLE job (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, kind TEXT NOT NULL,
                created_at INTEGER NOT NULL, custom_id TEXT, feed_id TEXT, request TEXT NOT NULL, pictures TEXT NOT NULL,
                outcomes TEXT, shown INTEGER NOT NULL DEFAULT 0) STRICT;
            CREATE INDEX job_by_time ON job (owner, kind, created_at);
            CREATE INDEX job_by_custom_id ON job (owner, kind, custom_id) WHERE custom_id IS NOT NULL;
            CREATE INDEX job_by_feed_id ON job (owner, kind, feed_id, created_at) WHERE feed_id IS NOT NULL;
            CREATE INDEX job_unfinished ON job (place) WHERE outcomes IS NULL;
            CREATE TABLE picture (id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES job (id), bytes BLOB NOT NULL) STRICT;
            INSERT INTO job (id, owner, kind, created_at, custom_id, request, pictures, outcomes) VALUES
                ('old', 'local', 'detect', 1487648348000, 'kept',
                 '{"images":[{"customId":"door"}],"classes":[{"class":"person","verify":"AUTO"}],"customId":"kept","webhookUrl":"URL"}', '["p1"]',
                 '[{"status":"COMPLETED_SUCCESSFULLY","objects":[{"class":"person","confidence":0.9,"verdict":true}]}]'),
                ('cut', 'local', 'detect', 1487648348001, NULL,
                 '{"images":[{"customId":"door"}],"classes":[{"class":"person","verify":"AUTO"}],"webhookUrl":"URL"}', '["p2"]', NULL);
            INSERT INTO picture VALUES ('p1', 'old', x'FFD8FF'), ('p2', 'cut', x'FFD8FF');
            PRAGMA user_version = 1;
            "#
            .replace("URL", webhook_url),
        )
        .unwrap();
    connection.pragma_update(None, "application_id", i32::from_be_bytes(*b"IIsv")).unwrap();
}

#[tokio::test]
async fn the_file_of_an_older_version_is_upgraded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let receiver = Receiver::willing().await;
    old_file(&file, &receiver.url("/hook"));
    for _ in 0..2 {
        let (server, caller) = start(answering().database(&file)).await;
        let old = caller.read("/detect/old").await;
        assert_eq!((&old["customId"], &old["status"]), (&json!("kept"), &json!("COMPLETED_SUCCESSFULLY")));
        assert_eq!(image(&old, "door")["objects"][0]["confidence"], 0.9);
        assert_eq!(old["jobResults"][0]["hitl"], false);
        assert_eq!(caller.ended("/detect/cut").await["status"], "COMPLETED_SUCCESSFULLY");
        caller.ran("/recognition/recognize/staff", &recognize("bob")).await;
        let told = settled(&server, 1).await;
        assert_eq!((told.len(), told[0].job.as_deref()), (1, Some("cut")), "only what ended since");
        server.shutdown().await;
    }
    assert_eq!(receiver.seen().len(), 1);
    let version = |connection: rusqlite::Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i32>(0)).unwrap()
    };
    assert_eq!(version(rusqlite::Connection::open(&file).unwrap()), 3);
}

#[tokio::test]
async fn memory_keeps_the_faces_of_somebody_longest() {
    let (_server, caller) = start(answering().memory_faces(3)).await;
    caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    for name in ["ann", "one", "two", "three", "four"] {
        caller.ran("/recognition/recognize/staff", &recognize(name)).await;
    }
    let names: Vec<_> = faces(&caller).await.iter().map(|face| face["customId"].clone()).collect();
    assert_eq!(names, ["ann", "three", "four"]);
    let groups = caller.took("/recognition/groups/staff/search", &json!({})).await;
    assert_eq!(groups.as_array().unwrap().len(), 3, "a group goes with its last face");
    for name in ["ann", "ann", "ann"] {
        caller.ran("/recognition/recognize/staff", &recognize(name)).await;
    }
    let names: Vec<_> = faces(&caller).await.iter().map(|face| face["customId"].clone()).collect();
    assert_eq!(names, ["ann"; 3]);
}

#[tokio::test]
async fn memory_throws_no_identity_out() {
    let (_server, caller) = start(answering().memory_identities(1)).await;
    let ann = caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    let answer = caller.post(IDENTITIES, "{}").await;
    assert!(answer.headers().contains_key("retry-after"));
    let (status, _, message) = error(answer).await;
    assert_eq!(status, 429);
    assert!(message.starts_with("there are 1 identities"), "{message}");
    let path = format!("{IDENTITIES}/{}", ann["id"].as_str().unwrap());
    assert_eq!(caller.request(reqwest::Method::DELETE, &path).send().await.unwrap().status(), 200);
    caller.took(IDENTITIES, &json!({})).await;
}
