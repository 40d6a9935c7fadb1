//! A wait: it survives what may pass, ends at its deadline, and never spins.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use std::time::Duration;

use image_intelligence::{Detect, Error, ErrorKind, Image, Job, JobStatus, Match, Target, Update};
use scripted::{Reply, Scripted, job, ok};

const DONE: &str = "COMPLETED_SUCCESSFULLY";

async fn submitted(server: &Scripted) -> Job<Detect> {
    server.client().detect([Image::bytes(vec![1])]).class("person").send().await.unwrap()
}

/// Answers the submit, and the looks one after the other; the last is repeated.
async fn with_looks(looks: Vec<Reply>) -> Scripted {
    Scripted::start(move |asked, nth| {
        if asked.is("POST", "/v2/detect") {
            return Some(ok(job("1", "IN_PROGRESS")));
        }
        asked.is("GET", "/v2/detect/1").then(|| looks[nth.min(looks.len() - 1)].clone())
    })
    .await
}

#[tokio::test]
async fn whatever_may_pass_passes() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT".to_owned();
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{\"id\":\"1\",".to_vec();
    let looks = vec![
        Reply::Json(500, "oops".into()),
        Reply::Json(200, "<html><body>a proxy speaks</body></html>".into()),
        Reply::Raw(half),
        Reply::Close,
        Reply::Json(404, "{}".into()),
        Reply::With(429, vec![("Retry-After", "0".into())], "{}".into()),
        Reply::With(429, vec![("Retry-After", date)], "{}".into()),
        Reply::With(429, vec![("Retry-After", "when I am ready".into())], "{}".into()),
        Reply::Json(408, String::new()),
        Reply::Raw(b"HTTP/1.1 banana\r\n\r\n".to_vec()),
        ok("null"),
        ok("[]"),
        ok(job("1", "PAUSED_BY_MOONLIGHT")),
        ok(job("1", "IN_PROGRESS")),
        ok(job("1", DONE)),
    ];
    let count = looks.len();
    let server = with_looks(looks).await;
    let sent = submitted(&server).await;
    let mut updates = sent.updates();
    let (mut statuses, mut failed) = (Vec::new(), 0);
    let done = loop {
        match updates.next().await.unwrap().unwrap() {
            Update::Progress { status, .. } => statuses.push(status.as_str().to_owned()),
            Update::PollFailed(error) => {
                assert!(error.retryable() || error.kind() == ErrorKind::NotFound, "{error:?}");
                failed += 1;
            }
            Update::Done(job) => break job,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(done.status, JobStatus::CompletedSuccessfully);
    assert_eq!(statuses, ["IN_PROGRESS", "PAUSED_BY_MOONLIGHT", "IN_PROGRESS"]);
    assert_eq!(failed, 12);
    assert_eq!(server.count("GET", "/v2/detect/1"), count);
    assert!(updates.next().await.is_none(), "nothing comes after the end");
}

#[tokio::test]
async fn progress_is_told_before_anything_is_asked() {
    let server = with_looks(vec![ok(job("1", DONE))]).await;
    let sent = submitted(&server).await;
    let mut updates = sent.updates();
    assert!(matches!(updates.next().await, Some(Ok(Update::Progress { polls: 0, .. }))));
    assert_eq!(server.count("GET", "/v2/detect/1"), 0);
    // A call that is dropped half-way loses nothing.
    assert!(tokio::time::timeout(Duration::ZERO, updates.next()).await.is_err());
    assert!(matches!(updates.next().await, Some(Ok(Update::Done(_)))));
}

#[tokio::test]
async fn a_job_that_ended_with_errors_is_a_result() {
    for status in ["COMPLETED_PARTIAL_ERROR", "COMPLETED_ALL_ERROR"] {
        let server = with_looks(vec![ok(job("1", status))]).await;
        assert_eq!(submitted(&server).await.wait().await.unwrap().status.as_str(), status);
    }
}

#[tokio::test]
async fn the_deadline_gives_a_token_to_wait_on_with() {
    let server = with_looks(vec![ok(job("1", "IN_PROGRESS")), ok(job("1", DONE))]).await;
    let sent = submitted(&server).await;
    let error = sent.wait_for(Duration::ZERO).await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::WaitTimeout, true));
    assert_eq!(error.last_status(), Some(&JobStatus::InProgress));
    let token = error.resume_token().unwrap();
    assert!(error.message().contains(token) && error.message().contains("last status IN_PROGRESS"), "{error}");

    let resumed = server.client().resume::<Detect>(token).unwrap();
    assert_eq!((resumed.id(), resumed.created_at()), ("1", sent.created_at()));
    assert!(resumed.wait().await.unwrap().status.is_done());
}

#[tokio::test]
async fn a_wait_of_no_time_looks_once() {
    let server = with_looks(vec![ok(job("1", "IN_PROGRESS"))]).await;
    let sent = submitted(&server).await;
    assert_eq!(sent.wait_for(Duration::ZERO).await.unwrap_err().kind(), ErrorKind::WaitTimeout);
    assert_eq!(server.count("GET", "/v2/detect/1"), 1);
}

#[tokio::test]
async fn what_is_for_good_ends_the_wait_at_once() {
    for (status, kind) in [
        (400, ErrorKind::BadRequest),
        (401, ErrorKind::Authentication),
        (403, ErrorKind::PermissionDenied),
        (302, ErrorKind::InvalidResponse),
    ] {
        let server = with_looks(vec![Reply::Json(status, "{}".into())]).await;
        let error: Error = submitted(&server).await.wait().await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error}");
    }
}

#[tokio::test]
async fn a_job_that_is_gone_is_lost() {
    let server = with_looks(vec![Reply::Json(404, "{}".into())]).await;
    // The job of this token was made years ago, so that a 404 is no news of a late index.
    let token = {
        let sent = submitted(&server).await;
        assert!(sent.created_at().as_millis() < 1_500_000_000_000);
        sent.resume_token()
    };
    let error = server.client().resume::<Detect>(&token).unwrap().wait().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::JobLost, Some(404)));
    assert_eq!(error.resume_token(), Some(token.as_str()));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_token_stays_here() {
    let elsewhere = Scripted::start(|_, _| Some(ok(job("1", DONE)))).await;
    let target = elsewhere.base_url.clone();
    let server = Scripted::start(move |asked, _| {
        let location = vec![("Location", format!("{target}/detect/1"))];
        asked.is("GET", "/v2/detect/1").then(|| Reply::With(307, location, String::new()))
    })
    .await;
    let error = server.client().jobs::<Detect>().get("1").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Some(307)));
    assert!(error.message().contains("redirect"), "{error}");
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_server_that_never_answers_does_not_hang_a_wait() {
    let server = with_looks(vec![Reply::Hang]).await;
    let client = server.builder().request_timeout(Duration::from_millis(500)).build().unwrap();
    let sent = client.detect([Image::bytes(vec![1])]).class("person").send().await.unwrap();
    let error = sent.wait_for(Duration::from_millis(60)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimeout);
    assert!(error.message().contains("the last look failed: detect job 1: no answer"), "{error}");
    let source = std::error::Error::source(&error).unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(source.kind(), ErrorKind::RequestTimeout);
}

#[tokio::test]
async fn dropping_a_wait_leaves_the_job_alone() {
    let server = with_looks(vec![ok(job("1", "IN_PROGRESS"))]).await;
    let sent = submitted(&server).await;
    assert!(tokio::time::timeout(Duration::from_millis(20), sent.wait()).await.is_err());
    assert!(server.asked().iter().all(|asked| asked.method == "GET" || asked.is("POST", "/v2/detect")));
}

#[tokio::test]
async fn results_are_tied_to_the_pictures_whatever_their_order() {
    let stamps = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let server = Scripted::start(move |asked, _| {
        if asked.is("POST", "/v2/detect") {
            let body = asked.json();
            let ids = body["images"].as_array().unwrap().iter().map(|i| i["customId"].as_str().unwrap().to_owned());
            *stamps.lock().unwrap() = ids.collect();
            return Some(ok(job("1", "IN_PROGRESS")));
        }
        let stamps = stamps.lock().unwrap();
        let object = r#"{"class":"person","confidence":0.9,"verdict":true}"#;
        Some(ok(format!(
            r#"{{"id":"1","status":"{DONE}","imageResults":[
                {{"customId":"{}","objects":[{object}],"status":"{DONE}"}},
                {{"url":"https://example.com/b.jpg","objects":[{object}],"status":"{DONE}"}},
                {{"customId":"{}","objects":[],"status":"{DONE}"}},
                {{"url":"https://example.com/unheard-of.jpg","objects":[],"status":"{DONE}"}}]}}"#,
            stamps[2], stamps[0]
        )))
    })
    .await;
    let images =
        [Image::bytes(vec![1]), Image::url("https://example.com/b.jpg"), Image::bytes(vec![3]).custom_id("third")];
    let job = server.client().detect(images).class("person").send().await.unwrap().wait().await.unwrap();
    let tied: Vec<_> = job.image_results.iter().map(|image| image.input.as_ref().map(|input| input.index)).collect();
    assert_eq!(tied, [Some(2), Some(1), Some(0), None]);
    assert_eq!(job.image_results[2].custom_id, None, "our own stamp is not shown");
    let names: Vec<_> = job.found("person").iter().map(|hit| hit.image.custom_id_or_url()).collect();
    assert_eq!(names, ["third", "https://example.com/b.jpg"]);
}

#[tokio::test]
async fn waits_can_be_spawned_and_streamed() {
    use futures_util::StreamExt as _;
    let server = with_looks(vec![ok(job("1", DONE))]).await;
    let sent = submitted(&server).await;
    let client = server.client();
    let task =
        tokio::spawn(async move { client.detect([Image::bytes(vec![1])]).class("cat").send().await?.wait().await });
    let updates: Vec<_> = sent.updates().into_stream().collect().await;
    assert_eq!(updates.len(), 2);
    assert!(task.await.unwrap().unwrap().status.is_done());
}

#[tokio::test]
async fn tokens_of_elsewhere_are_refused() {
    let server = with_looks(vec![]).await;
    let sent = submitted(&server).await;
    let elsewhere = Scripted::start(|_, _| None).await;
    for token in [sent.resume_token().as_str(), "", "ii1_", "ii1_!!!!", "ii2_e30", "Bearer abc"] {
        let error = elsewhere.client().resume::<Detect>(token).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResumeToken, "{token}: {error}");
    }
}

#[tokio::test]
async fn the_answer_of_another_job_is_never_taken_for_this_one() {
    let server = with_looks(vec![ok(job("2", DONE)), ok(job("1", DONE))]).await;
    let sent = submitted(&server).await;
    let mut updates = sent.updates();
    let mut failed = Vec::new();
    let done = loop {
        match updates.next().await.unwrap().unwrap() {
            Update::PollFailed(error) => failed.push(error),
            Update::Done(job) => break job,
            _ => {}
        }
    };
    assert_eq!(done.id, "1");
    assert_eq!(failed.iter().map(Error::kind).collect::<Vec<_>>(), [ErrorKind::InvalidResponse]);
    assert!(failed[0].message().contains("of another job"), "{:?}", failed[0]);
}

#[tokio::test]
async fn closing_a_client_ends_its_waits_and_its_calls_at_once() {
    let server = Scripted::start(|asked, _| {
        if asked.is("POST", "/v2/detect") {
            return Some(ok(job("1", "IN_PROGRESS")));
        }
        Some(Reply::Hang)
    })
    .await;
    let client = server.client();
    let sent = client.detect([Image::bytes(vec![1])]).class("person").send().await.unwrap();
    let closing = async {
        // Once it is asked for, the call is under way.
        while !server.asked().iter().any(|asked| asked.is("GET", "/v2/detect/7")) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        client.close();
    };
    let jobs = client.jobs::<Detect>();
    let (waited, got, ()) = tokio::join!(sent.wait(), jobs.get("7"), closing);
    let (waited, got) = (waited.unwrap_err(), got.unwrap_err());
    assert_eq!((waited.kind(), got.kind()), (ErrorKind::Closed, ErrorKind::Closed));
    assert_eq!(waited.resume_token(), Some(sent.resume_token().as_str()), "the job goes on, and so may a wait");
    let after = client.detect([Image::bytes(vec![1])]).class("person").send().await.unwrap_err();
    assert_eq!(after.kind(), ErrorKind::Closed);
    assert_eq!(sent.wait().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_match_job_of_which_400_is_answered_is_one_that_is_not_known() {
    // Made just now: the API may be a little late, whichever way it says so.
    let late = [Reply::Json(400, "{}".into()), Reply::Json(404, "{}".into()), ok(job("1", DONE))];
    let server = Scripted::start(move |asked, nth| {
        if asked.method == "POST" {
            return Some(ok(r#"{"id":"1","status":"IN_PROGRESS"}"#));
        }
        Some(late[nth].clone())
    })
    .await;
    let target = Target::new("dog", ["https://example.com/rex.jpg"]);
    let sent = server.client().match_target([Image::bytes(vec![1])], target).send().await.unwrap();
    assert!(sent.wait().await.unwrap().status.is_done());

    // Made years ago: it is gone.
    let server = Scripted::start(|asked, _| {
        let old = || ok(job("1", "IN_PROGRESS"));
        Some(if asked.method == "POST" { old() } else { Reply::Json(400, "{}".into()) })
    })
    .await;
    let target = Target::new("dog", ["https://example.com/rex.jpg"]);
    let sent = server.client().match_target([Image::bytes(vec![1])], target).send().await.unwrap();
    let resumed = server.client().resume::<Match>(&sent.resume_token()).unwrap();
    let error = resumed.wait().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::JobLost, Some(400)), "{error}");
    // What else it refuses it refuses for good.
    let server = Scripted::start(|_, _| Some(Reply::Json(422, "{}".into()))).await;
    let error = server.client().jobs::<Match>().get("1").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::BadRequest, Some(422)));
}
