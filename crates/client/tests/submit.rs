//! A submit: what is sent, what is refused before anything is sent, and that it is never sent twice by stealth.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use image_intelligence::{Class, Detect, ErrorKind, ExclusionZones, Image, JobSearch, JobStatus, Verify};
use scripted::{Reply, Scripted, job, ok};

#[tokio::test]
async fn what_is_sent_is_what_the_contract_says() {
    let server =
        Scripted::start(|asked, _| asked.is("POST", "/v2/detect").then(|| ok(job("j-1", "IN_PROGRESS")))).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.jpg");
    std::fs::write(&file, b"hello").unwrap();
    let builder = server
        .client()
        .detect([Image::file(&file), Image::url("https://example.com/b.jpg").custom_id("b")])
        .class("person")
        .class(Class::new("car").verify(Verify::Never).exclusion_zones(ExclusionZones::grid(vec![vec![1]])))
        .feed_id("door");
    let custom_id = builder.job_custom_id();
    let sent = builder.send().await.unwrap();
    assert_eq!((sent.id(), sent.custom_id()), ("j-1", Some(custom_id.as_str())));

    let body = server.asked()[0].json();
    let stamp = format!("{custom_id}-0");
    assert_eq!(
        body,
        serde_json::json!({
            "images": [{"blob": "aGVsbG8=", "customId": stamp}, {"url": "https://example.com/b.jpg", "customId": "b"}],
            "classes": [
                {"class": "person", "verify": "AUTO"},
                {"class": "car", "verify": "NEVER", "exclusionZones": {"type": "GRID", "size": 64, "zones": [[1]]}},
            ],
            "customId": custom_id,
            "feedId": "door",
        })
    );
}

#[tokio::test]
async fn what_breaks_a_limit_is_never_sent() {
    let server = Scripted::start(|_, _| None).await;
    let client = server.client();
    let long_url = format!("https://example.com/{}", "a".repeat(513 - 20));
    let url = || Image::url("https://example.com/a.jpg");
    let ragged = Class::new("person").exclusion_zones(ExclusionZones::grid(vec![vec![0, 1], vec![0]]));
    let missing = Image::file("no-such-file.jpg");
    let folder = tempfile::tempdir().unwrap();
    let (empty, huge) = (folder.path().join("empty.jpg"), folder.path().join("huge.jpg"));
    std::fs::write(&empty, b"").unwrap();
    std::fs::File::create(&huge).unwrap().set_len(200 * 1024 * 1024).unwrap();

    let device = Image::file(if cfg!(unix) { "/dev/zero" } else { "." });
    let cases = [
        (client.detect(vec![url(); 65]).class("person"), "images: 65 given, at most 64 a job"),
        (client.detect(Vec::<Image>::new()).class("person"), "images: none given"),
        (client.detect([url()]), "classes: none given"),
        (
            client.detect([url(), Image::url(long_url)]).class("person"),
            "images[1].url: 513 characters given, at most 512",
        ),
        (client.detect([url().custom_id("ü".repeat(65))]).class("person"), "images[0].customId: 65 characters given"),
        (client.detect([url()]).class("person").custom_id("x".repeat(65)), "customId: 65 characters given, at most 64"),
        (client.detect([url()]).class("person").custom_id(""), "customId: empty; give a name, or leave it out"),
        (client.detect([url()]).class("person").feed_id(""), "feedId: empty; give a name, or leave it out"),
        (client.detect([url().custom_id("")]).class("person"), "images[0].customId: empty; give a name"),
        (client.detect([url()]).class(ragged), "classes[0].exclusionZones.zones[1]: 1 cells given"),
        (client.detect(["astronaut.jpg"]).class("person"), "images[0].url: \"astronaut.jpg\" is not a URL"),
        (client.detect([missing]).class("person"), "images[0]: no-such-file.jpg cannot be read"),
        (client.detect([Image::file(empty)]).class("person"), "images[0]: "),
        (client.detect([device]).class("person"), "images[0]: "),
        (client.detect([url()]).classes(vec!["person"; 257]), "classes: 257 given, at most 256"),
        (client.detect([url()]).class("x".repeat(129)), "classes[0].class: 129 characters given, at most 128"),
        (client.detect([Image::bytes(Vec::new())]).class("person"), "images[0]: no bytes given"),
    ];
    for (builder, message) in cases {
        let error = builder.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        assert!(error.message().starts_with(message), "{error} does not start with {message}");
    }
    let error = client.detect([Image::file(huge)]).class("person").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.message().contains("huge.jpg has 209715200 bytes"), "{error}");
    // A search for no name would be one for everything.
    for search in [JobSearch::new().custom_id(""), JobSearch::new().feed_id("")] {
        let error = client.jobs::<Detect>().search(&search).await.unwrap_err();
        assert!(error.message().ends_with("Id: empty; give a name, or leave it out"), "{error}");
    }
    assert!(server.asked().is_empty());
    assert_eq!(server.count("POST", "/v2/oauth/token"), 0);
}

#[tokio::test]
async fn a_short_limit_for_urls_is_no_matter_to_bytes() {
    let server = Scripted::start(|asked, _| asked.is("POST", "/v2/detect").then(|| ok(job("1", "IN_PROGRESS")))).await;
    let mut limits = image_intelligence::Limits::default();
    limits.url = 8;
    let client = server.builder().limits(limits).build().unwrap();
    assert_eq!(client.detect([Image::bytes(vec![1])]).class("person").send().await.unwrap().id(), "1");
    let error = client.detect(["https://example.com/"]).class("person").send().await.unwrap_err();
    assert!(error.message().starts_with("images[0].url: 20 characters given, at most 8"), "{error}");
}

/// The server took the job, and then its answer was lost in this way.
async fn lost(answer: Reply) {
    let taken = std::sync::Arc::new(std::sync::Mutex::new(None));
    let server = Scripted::start(move |asked, nth| {
        if asked.is("POST", "/v2/detect") {
            *taken.lock().unwrap() = asked.json()["customId"].as_str().map(str::to_owned);
            return Some(answer.clone());
        }
        // The search index is a little late, and then shows somebody else's job as well.
        let custom_id = taken.lock().unwrap().clone().unwrap();
        assert!(asked.path.contains(&custom_id));
        let other = r#"{"id":"other","status":"IN_PROGRESS","customId":"other"}"#;
        let ours = format!(r#"{{"id":"ours","status":"IN_PROGRESS","customId":"{custom_id}"}}"#);
        Some(if nth == 0 { ok("[]") } else { ok(format!("[{other},{ours}]")) })
    })
    .await;
    let client = server.builder().request_timeout(std::time::Duration::from_millis(500)).build().unwrap();
    let sent = client.detect([Image::bytes(vec![1])]).class("person").send().await.unwrap();
    assert_eq!(sent.id(), "ours");
    assert_eq!(server.count("POST", "/v2/detect"), 1, "it must never be sent twice");
}

#[tokio::test]
async fn a_job_whose_answer_was_lost_is_found() {
    lost(Reply::Close).await;
    lost(Reply::Hang).await;
    lost(Reply::Json(500, "{}".into())).await;
    lost(Reply::Json(503, "<html>".into())).await;
    lost(Reply::Json(200, "<html>hello</html>".into())).await;
    lost(Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":".to_vec())).await;
}

#[tokio::test]
async fn a_job_of_the_same_name_is_not_adopted_without_proof() {
    let server = Scripted::start(|asked, _| {
        if asked.is("POST", "/v2/detect") {
            return Some(Reply::Close);
        }
        Some(ok(r#"[{"id":"older","status":"COMPLETED_SUCCESSFULLY","customId":"mine"}]"#))
    })
    .await;
    let image = Image::bytes(vec![1]).custom_id("also-mine");
    let error = server.client().detect([image]).class("person").custom_id("mine").send().await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::OutcomeUnknown, false));
    assert_eq!((error.custom_id(), error.candidates()), (Some("mine"), &["older".to_owned()][..]));
    assert!(error.message().contains("not sent again"), "{error}");
    assert_eq!(server.count("POST", "/v2/detect"), 1);
}

#[tokio::test]
async fn a_stamped_picture_proves_a_job_of_the_callers_name() {
    let stamp = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let server = Scripted::start(move |asked, _| {
        if asked.is("POST", "/v2/detect") {
            *stamp.lock().unwrap() = asked.json()["images"][0]["customId"].as_str().unwrap().to_owned();
            return Some(Reply::Close);
        }
        let stamp = stamp.lock().unwrap().clone();
        Some(ok(format!(
            r#"[{{"id":"older","customId":"mine"}},{{"id":"ours","customId":"mine","imageResults":[{{"customId":"{stamp}"}}]}}]"#
        )))
    })
    .await;
    let sent = server.client().detect([Image::bytes(vec![1])]).class("person").custom_id("mine").send().await.unwrap();
    assert_eq!(sent.id(), "ours");
}

#[tokio::test]
async fn a_lost_answer_that_nothing_explains_is_an_unknown_outcome() {
    let server =
        Scripted::start(|asked, _| Some(if asked.is("POST", "/v2/detect") { Reply::Close } else { ok("[]") })).await;
    let error = server.client().detect([Image::bytes(vec![1])]).class("person").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert!(
        error.message().contains(&format!("no job with customId {} was found", error.custom_id().unwrap())),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert!(error.message().contains("what happened: POST /detect: the connection broke"), "{error}");
    assert_eq!(server.count("POST", "/v2/detect"), 1);
}

#[tokio::test]
async fn refusals_are_told_and_not_tried_again() {
    for (status, kind) in [
        (400, ErrorKind::BadRequest),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::NotFound),
        (413, ErrorKind::TooLarge),
        (302, ErrorKind::InvalidResponse),
    ] {
        let server = Scripted::start(move |asked, _| {
            let body = r#"{"message":"classes: none given"}"#.to_owned();
            asked.is("POST", "/v2/detect").then(|| Reply::With(status, vec![("x-request-id", "r-7".into())], body))
        })
        .await;
        let error = server.client().detect([Image::bytes(vec![1])]).class("person").send().await.unwrap_err();
        assert_eq!((error.kind(), error.status(), error.request_id()), (kind, Some(status), Some("r-7")), "{error}");
        assert!(error.message().ends_with("classes: none given"), "{error}");
        assert_eq!(server.count("POST", "/v2/detect"), 1);
        assert_eq!(server.asked().len(), 1, "nothing is searched for");
    }
}

#[tokio::test]
async fn a_submit_is_sent_again_after_429() {
    let server = Scripted::start(|asked, nth| {
        let wait = vec![("Retry-After", "0".to_owned())];
        let again = asked.is("POST", "/v2/detect") && nth < 2;
        if again {
            return Some(Reply::With(429, wait, "{}".into()));
        }
        Some(ok(job("1", "IN_PROGRESS")))
    })
    .await;
    let sent = server.client().detect([Image::bytes(vec![1])]).class("person").send().await.unwrap();
    assert_eq!(sent.id(), "1");
    assert_eq!(server.count("POST", "/v2/detect"), 3);
}

#[tokio::test]
async fn the_searched_for_window_is_sent_and_an_odd_item_costs_only_itself() {
    let server = Scripted::start(|asked, _| {
        assert_eq!(asked.path, "/v2/detect?feedId=a+b%26c&after=1487648348000");
        Some(ok(r#"[7, null, {"id":"1","status":"PAUSED"}, {"status":"IN_PROGRESS"}, {"id":"2"}]"#))
    })
    .await;
    let after = image_intelligence::Timestamp::from_millis(1_487_648_348_000);
    let jobs = server.client().jobs::<Detect>();
    let found = jobs.search(&JobSearch::new().feed_id("a b&c").after(after)).await.unwrap();
    let found: Vec<_> = found.iter().map(|job| (job.id.as_str(), job.status.clone())).collect();
    assert_eq!(found, [("1", JobStatus::from("PAUSED")), ("2", JobStatus::default())]);
}
