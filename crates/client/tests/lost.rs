//! What becomes of a call whose answer is lost, or that was never sent: reads are sent again, jobs are looked for, and
//! whatever else makes something is sent once and said to be unknown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod calls;
mod scripted;

use std::time::Duration;

use calls::{Call, SECRET_KEY, Sort, calls};
use futures_util::future::join_all;
use image_intelligence::{Client, Error, ErrorKind, Image, Kind, RetryPolicy, Target, WebhookRequest};
use scripted::{Asked, Reply, SECRET, Scripted, ok};

fn is(call: &Call, asked: &Asked) -> bool {
    asked.method == call.method() && asked.path == format!("/v2{}", call.path)
}

fn sent(call: &Call, server: &Scripted) -> usize {
    server.asked().iter().filter(|asked| is(call, asked)).count()
}

/// A server that answers the first of these calls badly, and the next ones well; nothing else is found there.
async fn at_first(call: &Call, bad: Reply) -> Scripted {
    let (method, path, answer) = (call.method(), format!("/v2{}", call.path), call.answer);
    Scripted::start(move |asked, nth| {
        if asked.method == method && asked.path == path {
            return Some(if nth == 0 { bad.clone() } else { ok(answer) });
        }
        Some(ok("[]"))
    })
    .await
}

fn lost() -> Vec<Reply> {
    vec![
        Reply::Close,
        Reply::Json(500, "{}".into()),
        Reply::Json(503, "<html>".into()),
        Reply::Json(408, "{}".into()),
        ok("<html>a proxy speaks</html>"),
        Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":\"1\"".to_vec()),
        Reply::Raw(b"HTTP/1.1 banana\r\n\r\n".to_vec()),
    ]
}

#[tokio::test]
async fn a_lost_read_is_sent_again_and_anything_else_is_not() {
    let calls = calls();
    for call in &calls {
        for bad in lost() {
            one_that_was_lost(call, bad).await;
        }
    }
    // Side by side: each takes as long as a request may.
    join_all(calls.iter().map(|call| one_that_was_lost(call, Reply::Hang))).await;
}

async fn one_that_was_lost(call: &Call, bad: Reply) {
    let server = at_first(call, bad.clone()).await;
    let patience = Duration::from_secs(if matches!(bad, Reply::Hang) { 1 } else { 60 });
    let builder = server.builder().request_timeout(patience).recover_for(Duration::from_millis(40));
    let done = (call.run)(&builder.build().unwrap()).await;
    if call.sort == Sort::Read {
        let read = done.unwrap_or_else(|error| panic!("{} {bad:?}: {error}", call.row));
        assert_eq!((read.as_str(), sent(call, &server)), (call.read, 2), "{} {bad:?}", call.row);
        return;
    }
    let error = done.expect_err(call.row);
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::OutcomeUnknown, false), "{} {bad:?}: {error}", call.row);
    assert!(error.message().contains("it was not sent again: "), "{error}");
    assert!(std::error::Error::source(&error).unwrap().downcast_ref::<Error>().is_some());
    assert_eq!(sent(call, &server), 1, "{} {bad:?}", call.row);
    let named = match call.row {
        "POST /recognition/identities/{ns}" => Some("ann"),
        _ if call.sort == Sort::Submit => Some("mine"),
        _ => Some(""),
    };
    assert_eq!(error.custom_id(), named, "{}", call.row);
}

#[tokio::test]
async fn what_was_refused_without_being_done_is_sent_again() {
    for call in calls() {
        let wait = vec![("Retry-After", "0".to_owned())];
        for bad in [Reply::With(429, wait, "{}".into()), Reply::Json(401, "{}".into())] {
            let server = at_first(&call, bad.clone()).await;
            let read = (call.run)(&server.client()).await;
            let read = read.unwrap_or_else(|error| panic!("{} {bad:?}: {error}", call.row));
            assert_eq!((read.as_str(), sent(&call, &server)), (call.read, 2), "{} {bad:?}", call.row);
        }
    }
}

#[tokio::test]
async fn where_nobody_is_nothing_is_unknown() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut retry = RetryPolicy::default();
    retry.base = Duration::from_millis(1);
    let client = Client::builder()
        .base_url(format!("http://127.0.0.1:{port}/v2"))
        .credentials("me", SECRET)
        .retry(retry)
        .build()
        .unwrap();
    for call in calls() {
        let error = (call.run)(&client).await.expect_err(call.row);
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Connection, true), "{}: {error}", call.row);
    }
}

#[tokio::test]
async fn closing_a_client_ends_each_call_with_closed() {
    for call in calls() {
        let server = Scripted::start(|_, _| Some(Reply::Hang)).await;
        let client = server.client();
        let closing = async {
            while sent(&call, &server) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            client.close();
        };
        let ended = tokio::time::timeout(Duration::from_secs(5), (call.run)(&client));
        let (ended, ()) = tokio::join!(ended, closing);
        assert_eq!(ended.expect(call.row).expect_err(call.row).kind(), ErrorKind::Closed, "{}", call.row);
        assert_eq!((call.run)(&client).await.expect_err(call.row).kind(), ErrorKind::Closed, "{}", call.row);
        assert_eq!(sent(&call, &server), 1, "{}", call.row);
    }
}

async fn submit(client: &Client, kind: Kind) -> Result<String, Error> {
    let images = [Image::bytes(vec![1])];
    let target = Target::new("dog", ["https://example.com/rex.jpg"]);
    Ok(match kind {
        Kind::Match => client.match_target(images, target).send().await?.id().to_owned(),
        Kind::Ask => client.ask(images, "Is it?").send().await?.id().to_owned(),
        Kind::Recognize => client.recognize("staff", images).send().await?.id().to_owned(),
        _ => client.detect(images).class("person").send().await?.id().to_owned(),
    })
}

#[tokio::test]
async fn a_lost_job_of_each_kind_is_found_by_its_name_and_by_its_pictures() {
    for kind in Kind::ALL {
        let path =
            if kind == Kind::Recognize { "/v2/recognition/recognize/staff".into() } else { format!("/v2/{kind}") };
        for by_name in [true, false] {
            let (path, posts) = (path.clone(), path.clone());
            let taken = std::sync::Mutex::new((String::new(), String::new()));
            let server = Scripted::start(move |asked, _| {
                let mut taken = taken.lock().unwrap();
                if asked.is("POST", &path) {
                    let body = asked.json();
                    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                    *taken = (text(&body["customId"]), text(&body["images"][0]["customId"]));
                    return Some(Reply::Close);
                }
                let (name, stamp) = &*taken;
                if kind == Kind::Recognize {
                    assert!(asked.is("POST", &format!("{path}/search")), "{asked:?}");
                    assert_eq!(asked.json(), serde_json::json!({"customIds": [name], "limit": 100}));
                } else {
                    assert_eq!((asked.method.as_str(), &asked.path), ("GET", &format!("{path}?customId={name}")));
                }
                let pictures = format!(r#"[{{"customId":"{stamp}"}}]"#);
                // A server that does not give the name back still gives the pictures.
                let proof = if by_name { format!(r#""customId":"{name}""#) } else { r#""customId":null"#.to_owned() };
                let list = if kind == Kind::Recognize { "images" } else { "imageResults" };
                Some(ok(format!(
                    r#"[{{"id":"other","customId":"another"}},{{"id":"ours",{proof},"{list}":{pictures}}}]"#
                )))
            })
            .await;
            assert_eq!(submit(&server.client(), kind).await.unwrap(), "ours", "{kind}");
            assert_eq!(server.count("POST", &posts), 1, "{kind}");
        }
    }
}

#[tokio::test]
async fn jobs_of_other_names_are_no_candidates() {
    for kind in Kind::ALL {
        let server = Scripted::start(|asked, _| {
            let post = asked.method == "POST" && !asked.path.ends_with("/search");
            Some(if post { Reply::Close } else { ok(r#"[{"id":"1","customId":"another"},{"id":"2"}]"#) })
        })
        .await;
        let client = server.builder().recover_for(Duration::from_millis(30)).build().unwrap();
        let error = submit(&client, kind).await.unwrap_err();
        assert_eq!((error.kind(), error.candidates()), (ErrorKind::OutcomeUnknown, &["2".to_owned()][..]), "{kind}");
    }
}

#[tokio::test]
async fn the_secret_of_a_webhook_stands_in_no_error() {
    let inside_json = SECRET_KEY.replace('"', "\\\"");
    for status in [200, 400, 403, 409, 500, 503] {
        // 200 without an id cannot be read.
        let server = Scripted::start(move |asked, _| {
            let secret = asked.json()["secretKey"].as_str().unwrap().to_owned();
            let body = serde_json::json!({"message": format!("{secret} is taken"), "secretKey": secret}).to_string();
            Some(Reply::With(status, vec![("X-Request-Id", format!("r {secret}"))], body))
        })
        .await;
        let request = WebhookRequest::new("https://example.com/hook").secret_key(SECRET_KEY);
        let error = server.client().register_webhook(request).await.unwrap_err();
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        let mut depth = 0;
        while let Some(error) = source {
            let mut shown = format!("{error} {error:?}");
            if let Some(error) = error.downcast_ref::<Error>() {
                shown += &String::from_utf8_lossy(error.body().unwrap_or_default());
                shown += error.request_id().unwrap_or_default();
            }
            assert!(!shown.contains(SECRET_KEY) && !shown.contains(&inside_json), "{status}: {shown}");
            source = error.source();
            depth += 1;
        }
        assert_eq!(depth > 1, error.kind() == ErrorKind::OutcomeUnknown, "{status}");
    }
}
