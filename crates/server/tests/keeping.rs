//! The server's promise: what was taken on is kept, to its bounds in memory, and through crash and restart on disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::path::Path;
use std::time::Duration;

use image_intelligence_server::{Answers, Found, Progression, Server, ServerBuilder};
use serde_json::{Value, json};
use support::{Caller, Held, PATIENCE, error, for_person, http, image, sent, start, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 a picture";

fn answering() -> ServerBuilder {
    Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.9)]))
}

fn named(name: &str) -> Value {
    let mut request = for_person(&[sent(name, JPEG)]);
    request["customId"] = json!(name);
    request
}

fn id(job: &Value) -> &str {
    job["id"].as_str().unwrap()
}

async fn status(caller: &Caller, job: &Value) -> u16 {
    caller.get(&format!("/detect/{}", id(job))).await.status().as_u16()
}

async fn picture_status(job: &Value) -> u16 {
    let url = job["imageResults"][0]["proxyUrl"].as_str().unwrap();
    http().get(url).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn memory_throws_the_oldest_finished_job_out() {
    let (_server, caller) = start(answering().memory_jobs(2)).await;
    let mut jobs = Vec::new();
    for name in ["one", "two", "three"] {
        jobs.push(caller.detected(&named(name)).await);
    }
    assert_eq!(caller.found("").await, ["two", "three"]);
    assert_eq!(status(&caller, &jobs[0]).await, 404);
    assert_eq!((picture_status(&jobs[0]).await, picture_status(&jobs[2]).await), (404, 200));
}

#[tokio::test]
async fn memory_never_throws_out_a_job_in_progress() {
    let (_server, caller) = start(answering().memory_jobs(2).progression(Progression::Never)).await;
    let first = caller.detect(&named("one")).await;
    caller.detect(&named("two")).await;
    let answer = caller.post("/detect", named("three").to_string()).await;
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(error(answer).await.0, 429);
    assert_eq!(status(&caller, &first).await, 200);
}

#[tokio::test]
async fn memory_throws_the_oldest_pictures_out_and_keeps_their_jobs() {
    let (_server, caller) = start(answering().memory_pictures(3000)).await;
    let mut jobs = Vec::new();
    for name in ["one", "two", "three"] {
        let bytes = [JPEG, &[0; 1000]].concat();
        jobs.push(caller.detected(&for_person(&[sent(name, &bytes)])).await);
    }
    assert_eq!((picture_status(&jobs[0]).await, picture_status(&jobs[2]).await), (404, 200));
    assert_eq!(status(&caller, &jobs[0]).await, 200);
}

#[tokio::test]
async fn a_job_in_progress_at_the_crash_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let held = Held::default();
    let (server, caller) = start(Server::builder().scripted(held.script()).workers(1).database(&file)).await;
    let mut request = named("crashed");
    request["images"] = json!([sent("a", JPEG), sent("b", b"other")]);
    let job = caller.detect(&request).await;
    held.until_asked(1).await;
    drop(server);
    held.let_go();

    let (_server, caller) = start(answering().database(&file)).await;
    let done = caller.done(id(&job)).await;
    assert_eq!(done["status"], "COMPLETED_SUCCESSFULLY");
    assert_eq!(done["createdAt"], job["createdAt"]);
    assert_eq!(image(&done, "a")["objects"][0]["confidence"], 0.9);
    assert_eq!(image(&done, "a")["id"], job["imageResults"][0]["id"]);
    assert_eq!(picture_status(&done).await, 200, "the address is the new server's");
    assert_eq!(caller.found("customId=crashed").await, ["crashed"]);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let builder = || answering().database(&file).progression(Progression::Polls(2));
    let (server, caller) = start(builder()).await;
    let job = caller.detected(&named("kept")).await;
    server.shutdown().await;

    let (_server, caller) = start(builder()).await;
    let mut again: Value = caller.get(&format!("/detect/{}", id(&job))).await.json().await.unwrap();
    assert_eq!(picture_status(&again).await, 200);
    // what may differ is the port
    again["imageResults"][0]["proxyUrl"] = job["imageResults"][0]["proxyUrl"].clone();
    again["jobResults"][0]["image"]["proxyUrl"] = job["jobResults"][0]["image"]["proxyUrl"].clone();
    assert_eq!(again, job);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = async |file: &Path| {
        let error = answering().database(file).start().await.unwrap_err();
        assert_eq!(error.kind().as_str(), "store");
        assert!(error.message().starts_with(&format!("database {}: ", file.display())), "{error}");
        error.message().to_owned()
    };
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "milk, eggs, a long enough text to be no database at all, bread").unwrap();
    assert!(refusal(&text).await.contains("it is not a database"));
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("milk"));

    let foreign = folder.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
    drop(connection);
    let before = std::fs::read(&foreign).unwrap();
    assert!(refusal(&foreign).await.contains("another program"));
    assert_eq!(std::fs::read(&foreign).unwrap(), before);

    let newer = folder.path().join("newer.db");
    answering().database(&newer).start().await.unwrap().shutdown().await;
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(refusal(&newer).await.contains("version 99"));

    refusal(folder.path()).await;
    refusal(&folder.path().join("no/such/folder/server.db")).await;
}

#[tokio::test]
async fn a_shutdown_lets_requests_and_pictures_end_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let held = Held::default();
    let (server, caller) = start(Server::builder().scripted(held.script()).workers(1).database(&file)).await;
    let mut request = named("interrupted");
    request["images"] = json!([sent("a", JPEG), sent("b", JPEG), sent("c", JPEG)]);
    let interrupted = caller.detect(&request).await;
    held.until_asked(1).await;

    // A request that is half sent when the shutdown begins.
    let address = server.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = named("late").to_string();
    let head = format!(
        "POST /v2/detect HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{}",
        caller.token,
        body.len(),
        &body[..10]
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // Once another request was answered, the connection was accepted before it.
    caller.get("/detect").await;
    let down = tokio::spawn(server.shutdown());
    let deadline = std::time::Instant::now() + PATIENCE;
    while TcpStream::connect(address).await.is_ok() {
        assert!(std::time::Instant::now() < deadline, "it still takes connections");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stream.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!down.is_finished(), "a picture is still being looked at");
    held.let_go();
    down.await.unwrap();
    assert_eq!(held.asked(), 1, "no other picture was begun");

    let (_server, caller) = start(answering().database(&file)).await;
    assert_eq!(caller.done(id(&interrupted)).await["imageResults"].as_array().unwrap().len(), 3);
    assert_eq!(caller.found("").await, ["interrupted", "late"]);
}

#[tokio::test]
async fn a_shutdown_has_a_ceiling() {
    let held = Held::default();
    let builder = Server::builder().scripted(held.script()).shutdown_ceiling(Duration::from_millis(50));
    let (server, caller) = start(builder).await;
    caller.detect(&named("stuck")).await;
    held.until_asked(1).await;
    let mut stuck = TcpStream::connect(server.address()).await.unwrap();
    stuck.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    tokio::time::timeout(PATIENCE, server.shutdown()).await.expect("the ceiling was not kept");
    held.let_go();
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let (server, _caller) = start(answering()).await;
    let address = server.address();
    drop(server);
    let mut gone = false;
    until(|| {
        gone = gone || std::net::TcpStream::connect(address).is_err();
        gone
    })
    .await;
}
