//! Jobs that the API refuses: the one bad picture is found, and does not sink the rest.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence::{All, Client, Detect, ErrorKind, Image, Item, PollPolicy};
use image_intelligence_server::{Answers, Found, Server};

use crate::jobs::{Jobs, urls};
use crate::scripted::{Asked, Reply, Scripted};

const REFUSED: &str = r#"{"message":"no picture"}"#;

/// Refuses jobs with a picture at one of these places; makes the others.
async fn refusing(bad: &[usize]) -> (Scripted, Jobs) {
    let bad: BTreeSet<_> = bad.iter().map(|number| format!("https://example.com/{number}.jpg")).collect();
    refusing_where(move |asked| {
        let images = asked.json()["images"].as_array().unwrap().clone();
        let is_bad = images.iter().any(|image| image["url"].as_str().is_some_and(|url| bad.contains(url)));
        is_bad.then(|| Reply::Json(400, REFUSED.into()))
    })
    .await
}

async fn refusing_where(refuse: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> (Scripted, Jobs) {
    let jobs = Jobs::default();
    let made = jobs.clone();
    let server = Scripted::start(move |asked, _| {
        let refused = if asked.method == "POST" { refuse(asked) } else { None };
        Some(refused.unwrap_or_else(|| made.answer(asked)))
    });
    (server.await, jobs)
}

async fn given(mut items: All<Detect>) -> Vec<Item<Detect>> {
    let mut given = Vec::new();
    while let Some(item) = items.next().await {
        given.push(item);
        let progress = items.progress();
        assert!(progress.done + progress.failed >= given.len());
    }
    let progress = items.progress();
    assert_eq!((progress.done + progress.failed, progress.in_flight), (given.len(), 0));
    assert!(items.in_flight().is_empty());
    given
}

/// Asserts that these pictures were refused, and each of the others is done and was in one job.
fn but(items: &[Item<Detect>], count: usize, bad: &[usize], jobs: &Jobs) {
    let indices: BTreeSet<_> = items.iter().map(|item| item.index).collect();
    assert_eq!((items.len(), indices.len()), (count, count));
    for item in items {
        assert_eq!(item.source, format!("https://example.com/{}.jpg", item.index));
        if bad.contains(&item.index) {
            assert_eq!(item.error.as_ref().unwrap().kind(), ErrorKind::BadRequest, "{item:?}");
        } else {
            assert!(item.ok(), "{item:?}");
            assert_eq!(item.result.as_ref().unwrap().input.as_ref().unwrap().index, item.index);
        }
    }
    let sent = jobs.sent();
    assert_eq!(sent.len(), count - bad.len());
    assert!(sent.values().all(|times| *times == 1));
}

#[tokio::test]
async fn one_bad_picture_gets_the_error_and_the_others_their_results() {
    for bad in [0, 37, 63] {
        let (server, jobs) = refusing(&[bad]).await;
        let items = given(server.client().detect_all(urls(64)).class("person").start().unwrap()).await;
        but(&items, 64, &[bad], &jobs);
        // The whole, and two halves of each that was refused.
        assert_eq!((server.count("POST", "/v2/detect"), jobs.sizes()), (13, vec![32, 16, 8, 4, 2, 1]));
    }
}

#[tokio::test]
async fn however_many_are_bad_and_whatever_the_order() {
    for (bad, in_order) in [(&[0, 1, 2, 3][..], true), (&[5, 6, 20, 21, 49][..], false), (&[3, 33, 48, 49][..], true)] {
        let (server, jobs) = refusing(bad).await;
        let all = server.client().detect_all(urls(50)).class("person").batch_size(16).concurrency(2);
        let items = given(all.in_order(in_order).start().unwrap()).await;
        but(&items, 50, bad, &jobs);
        if in_order {
            assert!(items.iter().map(|item| item.index).eq(0..50));
        }
    }
}

#[tokio::test]
async fn what_every_job_is_refused_for_costs_few_requests() {
    let (server, _) = refusing_where(|_| Some(Reply::Json(400, r#"{"message":"unknown class"}"#.into()))).await;
    let items = given(server.client().detect_all(urls(640)).class("persson").start().unwrap()).await;
    assert_eq!(items.len(), 640);
    for item in &items {
        let error = item.error.as_ref().unwrap();
        assert_eq!((error.kind(), error.status()), (ErrorKind::BadRequest, Some(400)));
        assert!(error.message().contains("unknown class"), "{error}");
    }
    // Ten batches, and twice down to a single picture.
    let posts = server.count("POST", "/v2/detect");
    assert!(posts <= 10 + 13, "{posts}");
}

#[tokio::test]
async fn what_was_accepted_before_is_no_guess() {
    // The first and the last picture are bad; in a first run that is not to be told from a template that is.
    let (server, jobs) = refusing(&[4, 11]).await;
    let folder = tempfile::tempdir().unwrap();
    let run = async |images: Vec<Image>| {
        let all = server.client().detect_all(images).class("person").batch_size(8);
        given(all.manifest(folder.path().join("run.json")).start().unwrap()).await
    };
    run(urls(4).collect()).await;
    let items = run(urls(12).collect()).await;
    but(&items, 12, &[4, 11], &jobs);
}

#[tokio::test]
async fn a_body_that_is_too_large_makes_later_ones_smaller() {
    const MOST: usize = 600_000;
    let refused = Arc::new(Mutex::new(0));
    let count = Arc::clone(&refused);
    let (server, jobs) = refusing_where(move |asked| {
        (asked.body.len() > MOST).then(|| {
            *count.lock().unwrap() += 1;
            Reply::Json(413, r#"{"message":"too much"}"#.into())
        })
    })
    .await;
    // 80 KB each in base64, and one that fits into no job.
    let image =
        |number| Image::bytes(vec![7; if number == 50 { 480_000 } else { 60_000 }]).custom_id(format!("{number}"));
    let images: Vec<_> = (0..120).map(image).collect();
    let items = given(server.client().detect_all(images).class("person").batch_size(32).start().unwrap()).await;
    for item in &items {
        match item.index {
            50 => assert_eq!(item.error.as_ref().unwrap().kind(), ErrorKind::TooLarge),
            _ => assert!(item.ok(), "{item:?}"),
        }
    }
    assert_eq!((items.len(), jobs.sizes().iter().sum::<usize>()), (120, 119));
    // Two batches left before the first was refused, each was divided into eighths, and one of these down to the one picture.
    let refused = *refused.lock().unwrap();
    assert!((3..=2 * 7 + 3).contains(&refused), "{refused}");
}

#[tokio::test]
async fn pictures_are_not_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = |number| {
        let path = folder.path().join(format!("{number}.jpg"));
        std::fs::write(&path, format!("picture {number}")).unwrap();
        Image::file(path).custom_id(format!("{number}"))
    };
    let images: Vec<_> = (0..16).map(file).collect();
    let place = folder.path().to_owned();
    let (server, jobs) = refusing_where(move |asked| {
        for number in 0..16 {
            let _ = std::fs::remove_file(place.join(format!("{number}.jpg")));
        }
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        body.contains("\"customId\":\"9\"").then(|| Reply::Json(400, REFUSED.into()))
    })
    .await;
    let manifest = folder.path().join("run.json");
    let items = server.client().detect_all(images).class("person").manifest(&manifest).start().unwrap().collect().await;
    for item in &items {
        assert_eq!(
            (item.ok(), item.source.ends_with(&format!("{}.jpg", item.index))),
            (item.index != 9, true),
            "{item:?}"
        );
    }
    assert_eq!(jobs.sizes(), [8, 4, 2, 1]);
    // As they were, and known again.
    for job in jobs.forget() {
        for image in job["images"].as_array().unwrap() {
            let expected = serde_json::to_value(image_intelligence::ImageRequest::bytes(
                format!("picture {}", image["customId"].as_str().unwrap()).as_bytes(),
            ));
            assert_eq!(image["blob"], expected.unwrap()["blob"]);
        }
    }
}

#[tokio::test]
async fn there_are_never_more_jobs_than_wanted() {
    let jobs = Jobs::default();
    let made = jobs.clone();
    // How many were made and not seen to be done, and the most of them.
    let open = Arc::new(Mutex::new((BTreeSet::new(), 0)));
    let count = Arc::clone(&open);
    let server = Scripted::start(move |asked, _| {
        let mut open = count.lock().unwrap();
        if asked.method != "POST" {
            if let Some(job) = asked.path.rsplit('-').next().and_then(|number| number.parse::<usize>().ok()) {
                open.0.remove(&job);
            }
            return Some(made.answer(asked));
        }
        if String::from_utf8_lossy(&asked.body).contains("/13.jpg") {
            return Some(Reply::Json(400, REFUSED.into()));
        }
        let job = made.count();
        open.0.insert(job);
        open.1 = open.1.max(open.0.len());
        Some(made.made(asked))
    })
    .await;
    for concurrency in [1, 2, 3] {
        *open.lock().unwrap() = (BTreeSet::new(), 0);
        let all = server.client().detect_all(urls(40)).class("person").batch_size(8).concurrency(concurrency);
        assert_eq!(given(all.start().unwrap()).await.iter().filter(|item| !item.ok()).count(), 1);
        assert!(open.lock().unwrap().1 <= concurrency, "{concurrency}: {:?}", open.lock().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_stopped_or_dropped_between_halves_goes_on_later() {
    for (seed, drops) in (0..24).map(|seed| (seed / 2, seed % 2 == 0)) {
        let (server, jobs) = refusing(&[5, 17]).await;
        let folder = tempfile::tempdir().unwrap();
        let client = server.client();
        let start = || {
            let all = client.detect_all(urls(30)).class("person").batch_size(8).concurrency(2);
            all.manifest(folder.path().join("run.json")).start()
        };
        let mut items = start().unwrap();
        let mut given_before = 0;
        for _ in 0..seed {
            given_before += usize::from(items.next().await.is_some());
        }
        if drops {
            drop(items);
        } else {
            items.stop();
            while let Some(item) = items.next().await {
                given_before += 1;
                let kind = item.error.as_ref().map(image_intelligence::Error::kind);
                assert!(matches!(kind, None | Some(ErrorKind::Cancelled | ErrorKind::BadRequest)), "{item:?}");
            }
            drop(items);
        }
        assert!(given_before <= 30);
        let resumed = loop {
            match start() {
                Ok(resumed) => break resumed,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Store),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        but(&given(resumed).await, 30, &[5, 17], &jobs);
    }
}

#[tokio::test]
async fn a_picture_that_cannot_be_read_is_no_matter_to_the_halves() {
    let (server, jobs) = refusing(&[2]).await;
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone.jpg");
    std::fs::write(&gone, b"here for now").unwrap();
    let mut images: Vec<_> = urls(8).collect();
    images[6] = Image::file(&gone);
    // It is looked at, and gone when its turn comes.
    let feed = images.into_iter().inspect(move |image| {
        if format!("{image:?}").contains("/7.jpg") {
            std::fs::remove_file(&gone).unwrap();
        }
    });
    let items = given(server.client().detect_all(feed).class("person").start().unwrap()).await;
    let failed: BTreeSet<_> = items.iter().filter(|item| !item.ok()).map(|item| item.index).collect();
    assert_eq!((items.len(), failed), (8, BTreeSet::from([2, 6])));
    assert_eq!(jobs.sent().len(), 6);
}

#[tokio::test]
async fn the_real_server_takes_so_many_bytes_and_no_more() {
    let answers = Answers::new().otherwise([Found::new("person", 0.9)]);
    let server = Server::builder().scripted(answers).max_body(600_000).start().await.unwrap();
    let mut poll = PollPolicy::default();
    poll.shortest = Duration::from_millis(5);
    let client =
        Client::builder().base_url(server.base_url()).credentials("local", "local").poll(poll).build().unwrap();
    let images = (0..64).map(|number| Image::bytes(vec![7; 60_000]).custom_id(format!("{number}")));
    let items = given(client.detect_all(images).class("person").start().unwrap()).await;
    assert_eq!(items.len(), 64);
    assert!(items.iter().all(Item::ok), "{:?}", items.iter().find(|item| !item.ok()));
}
