//! A journal: whatever kills a process, and wherever, the next one knows of each submit whether it was sent, and where its
//! job is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod killed;
mod names;
#[path = "../scripted/mod.rs"]
mod scripted;
mod service;

use std::path::PathBuf;
use std::time::Duration;

use image_intelligence::{Client, ClientBuilder, Detect, ErrorKind, Image, JobBuilder, Kind, Recovered, SubmitOutcome};
use scripted::{Reply, Scripted, job, ok};
use service::{Fate, Service};

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("submits.jsonl");
    (folder, path)
}

fn detect(client: &Client) -> JobBuilder<Detect> {
    client.detect([Image::bytes(vec![1])]).class("person")
}

fn outcome(submit: &Recovered) -> &'static str {
    match submit.outcome {
        SubmitOutcome::NotSent => "not_sent",
        SubmitOutcome::Accepted(_) => "accepted",
        SubmitOutcome::Unknown(_) => "unknown",
        _ => "new",
    }
}

fn outcomes(submits: &[Recovered]) -> Vec<&'static str> {
    submits.iter().map(outcome).collect()
}

#[tokio::test]
async fn a_result_that_was_taken_or_a_submit_that_was_forgotten_or_refused_is_not_listed() {
    let server = Scripted::start(|asked, nth| {
        let refused = asked.method == "POST" && nth == 3;
        Some(match asked.method.as_str() {
            _ if refused => Reply::Json(400, "{}".into()),
            "POST" => ok(job(&format!("j-{nth}"), "IN_PROGRESS")),
            _ => ok(job(asked.path.rsplit('/').next().unwrap(), "COMPLETED_SUCCESSFULLY")),
        })
    })
    .await;
    let (_folder, path) = place();
    let start = || server.builder().journal(&path).build().unwrap();
    let client = start();
    assert!(client.recover().await.unwrap().is_empty());
    detect(&client).custom_id("a").send().await.unwrap().get().await.unwrap();
    let second = detect(&client).custom_id("b").send().await.unwrap();
    let third = client.recognize("staff", [Image::bytes(vec![1])]).send().await.unwrap();
    detect(&client).send().await.unwrap();
    detect(&client).send().await.unwrap_err();
    // What this process sent it knows by itself.
    assert!(client.recover().await.unwrap().is_empty());
    drop((client, second.clone(), third.clone()));
    let (token, third_token) = (second.resume_token(), third.resume_token());
    drop((second, third));

    let client = start();
    let listed = client.recover().await.unwrap();
    assert_eq!(outcomes(&listed), ["accepted"; 3]);
    let found = |id: &str| listed.iter().find(|submit| submit.custom_id == id).unwrap();
    let second = found("b");
    assert_eq!((second.kind, second.namespace.as_deref(), second.images), (Kind::Detect, None, 1));
    assert_eq!(second.resume_token(), Some(token.as_str()));
    let faces = listed.iter().find(|submit| submit.kind == Kind::Recognize).unwrap();
    assert_eq!((faces.namespace.as_deref(), faces.resume_token()), (Some("staff"), Some(third_token.as_str())));
    client.forget(second).await.unwrap();
    client.resume::<image_intelligence::Recognize>(faces.resume_token().unwrap()).unwrap().get().await.unwrap();
    assert_eq!(client.recover().await.unwrap().len(), 1);
    drop(client);
    assert_eq!(start().recover().await.unwrap().len(), 1);
    // Nothing was searched for, as nothing was lost; and nothing was sent again.
    assert!(server.asked().iter().all(|asked| !asked.path.contains('?') && !asked.path.ends_with("/search")));
    assert_eq!(server.asked().iter().filter(|asked| asked.method == "POST").count(), 5);
}

#[tokio::test]
async fn a_lost_job_that_was_not_found_in_time_is_found_at_the_next_start() {
    let service = Service::start(|_, _| Some(Fate::Lost)).await;
    let (_folder, path) = place();
    service.hide(true);
    let start = |recover_for| {
        let builder = service.server.builder().recover_for(Duration::from_millis(recover_for));
        builder.journal(&path).build().unwrap()
    };
    let client = start(20);
    let error = detect(&client).custom_id("mine").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    drop(client);
    // Still not to be found.
    let client = start(20);
    let listed = client.recover().await.unwrap();
    assert_eq!(outcomes(&listed), ["unknown"]);
    let error = listed[0].error().unwrap();
    assert_eq!((error.kind(), error.custom_id(), error.retryable()), (ErrorKind::OutcomeUnknown, Some("mine"), false));
    assert!(error.message().contains("no job with customId mine was found in 0 s; it was not sent again"), "{error}");
    assert!(listed[0].candidates().is_empty() && listed[0].resume_token().is_none());
    drop(client);
    service.hide(false);
    let client = start(20);
    let listed = client.recover().await.unwrap();
    assert_eq!(outcomes(&listed), ["accepted"]);
    assert_eq!(client.resume::<Detect>(listed[0].resume_token().unwrap()).unwrap().id(), "j-0");
    drop(client);
    // It was written down: no search is needed any more.
    let searches = service.server.count("GET", "/v2/detect");
    assert_eq!(outcomes(&start(20).recover().await.unwrap()), ["accepted"]);
    assert_eq!(service.server.count("GET", "/v2/detect"), searches);
    assert_eq!(service.server.count("POST", "/v2/detect"), 1);
}

#[tokio::test]
async fn many_that_were_lost_are_looked_for_together() {
    let service = Service::start(|_, nth| Some(if nth % 2 == 0 { Fate::Lost } else { Fate::Dropped })).await;
    let (_folder, path) = place();
    let start = |recover_for| {
        let builder = service.server.builder().recover_for(Duration::from_millis(recover_for));
        builder.journal(&path).build().unwrap()
    };
    service.hide(true);
    let client = start(0);
    let sends = (0..60).map(|_| detect(&client).send());
    for sent in futures_util::future::join_all(sends).await {
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    }
    drop(client);
    service.hide(false);
    let began = std::time::Instant::now();
    let listed = start(400).recover().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(outcomes(&listed).iter().filter(|outcome| **outcome == "accepted").count(), 30);
    assert_eq!(outcomes(&listed).iter().filter(|outcome| **outcome == "unknown").count(), 30);
    assert!(listed.is_sorted_by_key(|submit| (submit.sent_at, submit.rid)));
}

#[tokio::test]
async fn where_the_api_is_away_recovery_ends_in_time_and_says_so() {
    let service = Service::start(|_, _| Some(Fate::Lost)).await;
    let (_folder, path) = place();
    let builder = || service.server.builder().recover_for(Duration::from_millis(50)).journal(&path);
    service.hide(true);
    let client = builder().build().unwrap();
    detect(&client).send().await.unwrap_err();
    drop(client);
    service.away(true);
    let mut retry = image_intelligence::RetryPolicy::never();
    retry.base = Duration::ZERO;
    let listed = builder().retry(retry).build().unwrap().recover().await.unwrap();
    assert!(listed[0].error().unwrap().message().contains("the API could not be searched for customId"), "{listed:?}");
    drop(listed);
    let client = builder().build().unwrap();
    client.close();
    assert_eq!(client.recover().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_journal_that_cannot_be_had_is_a_clear_error_before_anything_is_sent() {
    let server = Scripted::start(|_, _| Some(ok(job("1", "IN_PROGRESS")))).await;
    let (folder, path) = place();
    let with = |path: PathBuf| server.builder().journal(path).build();
    let client = with(path.clone()).unwrap();
    let error = with(path.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    let advice =
        format!("journal {}: another client has it open; close that one, or name another file", path.display());
    assert_eq!(error.message(), advice);
    drop(client);
    with(path.clone()).unwrap();
    std::fs::write(&path, "dear diary\n").unwrap();
    for bad in [path, folder.path().to_owned(), folder.path().join("no/such/folder")] {
        let error = with(bad.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
        assert!(error.message().starts_with(&format!("journal {}: ", bad.display())), "{error}");
    }
    let none = server.client();
    let error = none.recover().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.message(), "journal: none is kept; name a file for it where the client is made");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn submits_at_another_api_wait_for_a_client_of_that() {
    let (here, there) = (Service::start(|_, _| Some(Fate::Lost)).await, Service::start(|_, _| None).await);
    here.hide(true);
    let (_folder, path) = place();
    let quick = |service: &Service| -> ClientBuilder {
        service.server.builder().recover_for(Duration::from_millis(20)).journal(&path)
    };
    detect(&quick(&here).build().unwrap()).send().await.unwrap_err();
    here.hide(false);
    assert!(quick(&there).build().unwrap().recover().await.unwrap().is_empty());
    assert_eq!(outcomes(&quick(&here).build().unwrap().recover().await.unwrap()), ["accepted"]);
}

#[tokio::test]
async fn nothing_in_the_file_is_a_secret_or_a_url() {
    let server = Scripted::start(|_, _| Some(ok(job("1", "IN_PROGRESS")))).await;
    let (_folder, path) = place();
    let client = server.builder().journal(&path).build().unwrap();
    let images = [Image::url("https://example.com/a.jpg?sig=s3cr3t")];
    let sent = client.detect(images).class("person").webhook_url("https://hooks.example.com/cb/t0k3n").feed_id("door");
    sent.send().await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 4);
    for secret in ["http", "s3cr3t", "t0k3n", scripted::SECRET, scripted::TOKEN] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn other_languages_get_it_as_json() {
    // Of detect jobs the answer is lost.
    let fate = |body: &serde_json::Value, _| Some(if body["classes"].is_null() { Fate::Taken } else { Fate::Lost });
    let service = Service::start(fate).await;
    let (_folder, path) = place();
    let start = || service.server.builder().recover_for(Duration::from_millis(20)).journal(&path).build().unwrap();
    let client = start();
    client.recognize("staff", [Image::bytes(vec![1])]).send().await.unwrap();
    service.hide(true);
    detect(&client).custom_id("mine").send().await.unwrap_err();
    drop(client);
    let client = start();
    let image_intelligence::RawAnswer::Many(listed) = client.call("journal.recover", b"{}").await.unwrap() else {
        panic!("no list")
    };
    let read = |one: &image_intelligence::RawJson| -> serde_json::Value {
        serde_json::from_slice(one.json.as_ref().unwrap()).unwrap()
    };
    let (first, second) = (read(&listed[0]), read(&listed[1]));
    assert!(first["sentAt"].as_i64() <= second["sentAt"].as_i64() && first["sentAt"].is_i64());
    assert_eq!(
        (&first["kind"], &first["namespace"], &first["outcome"]),
        (&"recognize".into(), &"staff".into(), &"accepted".into())
    );
    assert_eq!(first["candidates"], serde_json::json!([]));
    assert!(first["resumeToken"].as_str().unwrap().starts_with("ii1_") && first.get("message").is_none());
    assert_eq!(
        (&second["customId"], &second["outcome"], &second["images"]),
        (&"mine".into(), &"unknown".into(), &1.into())
    );
    assert!(second["message"].is_string() && second.get("resumeToken").is_none() && second.get("namespace").is_none());
    for one in [first, second] {
        let forget = serde_json::json!({"id": one["rid"]}).to_string();
        client.call("journal.forget", forget.as_bytes()).await.unwrap();
    }
    assert!(client.recover().await.unwrap().is_empty());
    let error = client.call("journal.forget", br#"{"id": "x"}"#).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}
