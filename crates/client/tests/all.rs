//! Any number of pictures: in which order they are read and given, what goes wrong with one, and what is never sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod scripted;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence::{
    All, AllOptions, AllStep, Class, Client, Detect, ErrorKind, Image, Item, JobKind, Kind, Match, Progress, Target,
};
use scripted::{Asked, Reply, Scripted, ok};

/// A server's jobs: what each was sent.
#[derive(Clone, Default)]
struct Jobs(Arc<Mutex<Vec<serde_json::Value>>>);

impl Jobs {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn sizes(&self) -> Vec<usize> {
        self.0.lock().unwrap().iter().map(|job| job["images"].as_array().unwrap().len()).collect()
    }

    /// Makes the job of a submit.
    fn made(&self, asked: &Asked) -> Reply {
        let mut jobs = self.0.lock().unwrap();
        jobs.push(asked.json());
        ok(self.written(&jobs, jobs.len() - 1, "IN_PROGRESS"))
    }

    /// A job that is done: each picture shows a person, but one named `cobwebs`.
    fn done(&self, path: &str) -> Reply {
        let jobs = self.0.lock().unwrap();
        let number: usize = path.rsplit('-').next().unwrap().parse().unwrap();
        ok(self.written(&jobs, number, "COMPLETED_SUCCESSFULLY"))
    }

    /// All the jobs, done, as a search shows them.
    fn all_done(&self) -> Reply {
        let jobs = self.0.lock().unwrap();
        let rows: Vec<_> =
            (0..jobs.len()).map(|number| self.written(&jobs, number, "COMPLETED_SUCCESSFULLY")).collect();
        ok(format!("[{}]", rows.join(",")))
    }

    #[expect(clippy::unused_self)]
    fn written(&self, jobs: &[serde_json::Value], number: usize, status: &str) -> String {
        let images = jobs[number]["images"].as_array().unwrap().iter().filter(|image| image["customId"] != "forgotten");
        let results: Vec<_> = images
            .map(|image| {
                let cobwebs = image["customId"] == "cobwebs";
                let status = if cobwebs { "SPIDERWEBS_ERROR" } else { "COMPLETED_SUCCESSFULLY" };
                let objects =
                    if cobwebs { vec![] } else { vec![serde_json::json!({"class": "person", "confidence": 0.9})] };
                serde_json::json!({"customId": image["customId"], "status": status, "objects": objects})
            })
            .rev()
            .collect();
        let job = serde_json::json!({
            "id": format!("job-{number}"), "status": status, "createdAt": 1_487_648_348_000_i64,
            "customId": jobs[number]["customId"], "jobResults": [], "imageResults": results,
        });
        job.to_string()
    }
}

/// A server that makes detect jobs, which are done at the first look.
async fn server() -> (Scripted, Jobs) {
    let jobs = Jobs::default();
    let made = jobs.clone();
    let server = Scripted::start(move |asked, _| match asked.method.as_str() {
        "POST" => Some(made.made(asked)),
        _ if asked.is("GET", "/v2/detect") => Some(made.all_done()),
        _ => Some(made.done(&asked.path)),
    });
    (server.await, jobs)
}

fn url(number: usize) -> Image {
    Image::url(format!("https://example.com/{number}.jpg"))
}

fn urls(count: usize) -> impl Iterator<Item = Image> + Send + 'static {
    (0..count).map(url)
}

fn classes<K: JobKind<Image = image_intelligence::DetectImageResult>>(item: &Item<K>) -> Vec<String> {
    item.outcome().unwrap().classes().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn every_picture_has_its_own_result() {
    let (server, jobs) = server().await;
    let items = server.client().detect_all(urls(150)).class("person").start().unwrap().collect().await;
    assert_eq!(items.len(), 150);
    for (index, item) in items.iter().enumerate() {
        assert_eq!((item.index, item.source.as_str()), (index, format!("https://example.com/{index}.jpg").as_str()));
        assert_eq!(classes(item), ["person"]);
        let input = item.result.as_ref().unwrap().input.as_ref().unwrap();
        assert_eq!((input.index, input.source.as_str()), (index, item.source.as_str()));
        assert_eq!(item.job_id, Some(format!("job-{}", index / 64)));
    }
    let mut sizes = jobs.sizes();
    sizes.sort_unstable();
    assert_eq!(sizes, [22, 64, 64]);
}

#[tokio::test]
async fn in_order_means_in_order() {
    let jobs = Jobs::default();
    let made = jobs.clone();
    // The earlier a job was made the later it is done.
    let server = Scripted::start(move |asked, nth| match asked.method.as_str() {
        "POST" => Some(made.made(asked)),
        _ if nth < 6 - asked.path.rsplit('-').next().unwrap().parse::<usize>().unwrap().min(6) => {
            Some(ok(scripted::job(asked.path.rsplit('/').next().unwrap(), "IN_PROGRESS")))
        }
        _ => Some(made.done(&asked.path)),
    })
    .await;
    let images = || (0..60).map(|number| if number % 7 == 3 { Image::url("nonsense") } else { url(number) });
    let start = |in_order| {
        let all = server.client().detect_all(images()).class("person").batch_size(8).concurrency(3).in_order(in_order);
        all.start().unwrap()
    };
    let mut ordered = start(true);
    let mut given = Vec::new();
    while let Some(item) = ordered.next().await {
        assert_eq!(item.ok(), item.index % 7 != 3);
        given.push(item.index);
    }
    assert_eq!(given, (0..60).collect::<Vec<_>>());
    let mut as_they_come = start(false);
    let mut given = Vec::new();
    while let Some(item) = as_they_come.next().await {
        given.push(item.index);
    }
    assert_ne!(given, (0..60).collect::<Vec<_>>());
    given.sort_unstable();
    assert_eq!(given, (0..60).collect::<Vec<_>>());
}

/// An iterator that counts what is taken of it.
fn counted(count: usize) -> (Arc<AtomicUsize>, impl Iterator<Item = Image> + Send + 'static) {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    let images = urls(count).inspect(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    (pulled, images)
}

#[tokio::test]
async fn inputs_are_read_as_results_are_taken() {
    let (server, jobs) = server().await;
    let (pulled, images) = counted(10_000);
    let mut items = server.client().detect_all(images).class("person").batch_size(10).concurrency(4).start().unwrap();
    assert_eq!((pulled.load(Ordering::SeqCst), jobs.count()), (0, 0));
    items.next().await.unwrap();
    // However long it takes until the next is asked for, no more is read or sent than there is room for.
    let mut before = (0, 0);
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = (pulled.load(Ordering::SeqCst), jobs.count());
        assert!(now.0 <= 40 && now.1 <= 4, "{now:?}");
        if now == before {
            break;
        }
        before = now;
    }
    for taken in 2..200 {
        items.next().await.unwrap();
        let most = taken + 4 * 10;
        assert!(pulled.load(Ordering::SeqCst) <= most, "{} read, {taken} taken", pulled.load(Ordering::SeqCst));
    }
    assert!(items.in_flight().len() <= 4);
}

#[tokio::test]
async fn what_is_wrong_with_one_picture_is_said_of_that_one() {
    let (server, jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("good.jpg"), b"hello").unwrap();
    std::fs::write(path("empty.jpg"), b"").unwrap();
    std::fs::File::create(path("huge.jpg")).unwrap().set_len(200 * 1024 * 1024).unwrap();
    let images = vec![
        Image::file(path("good.jpg")),
        Image::file(path("missing.jpg")),
        Image::file(path("empty.jpg")),
        Image::file(path("huge.jpg")),
        Image::file(folder.path()),
        Image::url("astronaut.jpg"),
        Image::url(format!("https://example.com/{}", "a".repeat(600))),
        url(7).custom_id("x".repeat(65)),
        Image::bytes(Vec::new()),
        Image::bytes(b"hello".to_vec()).custom_id("cobwebs"),
        Image::bytes(b"hello".to_vec()).custom_id("forgotten"),
        Image::bytes(b"hello".to_vec()).custom_id("last"),
    ];
    let items = server.client().detect_all(images).class("person").start().unwrap().collect().await;
    let said: Vec<_> = items.iter().map(|item| item.outcome().err().map(image_intelligence::Error::kind)).collect();
    let refused = Some(ErrorKind::InvalidRequest);
    assert_eq!(
        said,
        [
            None,
            refused,
            refused,
            Some(ErrorKind::TooLarge),
            refused,
            refused,
            refused,
            refused,
            refused,
            Some(ErrorKind::BadRequest),
            Some(ErrorKind::InvalidResponse),
            None,
        ]
    );
    let messages: Vec<_> = items.iter().filter_map(|item| Some(item.error.as_ref()?.message().to_owned())).collect();
    assert!(messages[0].starts_with("images[1]: ") && messages[0].contains("cannot be read"), "{}", messages[0]);
    assert!(messages[4].starts_with("images[5].url: \"astronaut.jpg\" is not a URL"), "{}", messages[4]);
    assert_eq!(messages[8], "images[9]: SPIDERWEBS_ERROR: cobwebs over the lens; clean the camera");
    assert!(messages[9].ends_with("says nothing of this picture"), "{}", messages[9]);
    // What went wrong is said in the result, too, and the result is there.
    assert!(items[9].result.is_some() && !items[9].ok());
    assert_eq!(items[11].custom_id.as_deref(), Some("last"));
    assert_eq!(items[11].source, "images[11]");
    assert_eq!(jobs.sizes().iter().sum::<usize>(), 4);
}

#[tokio::test]
async fn two_pictures_of_one_name_are_never_in_one_job() {
    let (server, jobs) = server().await;
    let images = ["door", "yard", "door", "gate"].map(|name| Image::bytes(b"..".to_vec()).custom_id(name));
    let items = server.client().detect_all(images).class("person").start().unwrap().collect().await;
    assert!(items.iter().all(Item::ok));
    assert_eq!(jobs.sizes(), [2, 2]);
}

#[tokio::test]
async fn large_pictures_make_small_batches() {
    let (server, jobs) = server().await;
    let images = (0..9).map(|_| Image::bytes(vec![7; 3000]));
    let items = server.client().detect_all(images).class("person").batch_bytes(10_000).start().unwrap().collect().await;
    assert!(items.iter().all(Item::ok));
    // 4,000 characters each.
    assert_eq!(jobs.sizes(), [2, 2, 2, 2, 1]);
}

#[tokio::test]
async fn what_every_job_would_be_refused_for_is_said_before_anything_is_read() {
    let (server, jobs) = server().await;
    let client = server.client();
    let (pulled, images) = counted(3);
    let refused = |error: image_intelligence::Error| (error.kind(), error.message().to_owned());
    let error = refused(client.detect_all(images).start().unwrap_err());
    assert_eq!(error.0, ErrorKind::InvalidRequest);
    assert!(error.1.starts_with("classes: none given"), "{}", error.1);
    let all = || client.detect_all(urls(3)).class("person");
    for (builder, message) in [
        (all().batch_size(65), "batch size: 65 given, 1 to 64 wanted"),
        (all().batch_size(0), "batch size: 0 given, 1 to 64 wanted"),
        (all().concurrency(1001), "concurrency: 1001 given, 1 to 1000 wanted"),
    ] {
        assert_eq!(refused(builder.start().unwrap_err()), (ErrorKind::Config, message.to_owned()));
    }
    assert!(client.recognize_all("", urls(3)).start().is_err());
    let mut request = image_intelligence::DetectRequest::new([], ["person"]);
    request.options.custom_id = Some("one name".to_owned());
    assert!(
        client.detect_all(urls(3)).request(request).start().unwrap_err().message().starts_with("customId: one name")
    );
    assert_eq!((pulled.load(Ordering::SeqCst), jobs.count()), (0, 0));
}

async fn all(mut items: All<Detect>) -> Vec<Item<Detect>> {
    let mut all = Vec::new();
    while let Some(item) = items.next().await {
        all.push(item);
    }
    all
}

#[tokio::test]
async fn what_every_job_meets_ends_the_run() {
    let refuse =
        |asked: &Asked, _: usize| (asked.method == "POST").then(|| Reply::Json(403, r#"{"message":"not you"}"#.into()));
    let server = Scripted::start(refuse).await;
    // A known number: each of them is accounted for, but not looked at.
    let known: Vec<_> = (0..1000).map(|_| Image::file("no-such-file.jpg")).collect();
    let mixed = urls(200).chain(known);
    let mixed: Vec<_> = mixed.collect();
    let items = all(server.client().detect_all(mixed).class("person").start().unwrap()).await;
    assert_eq!(items.len(), 1200);
    for item in &items {
        assert_eq!(item.error.as_ref().unwrap().kind(), ErrorKind::PermissionDenied, "{item:?}");
    }
    assert!(server.count("POST", "/v2/detect") <= 2);
    // Without a known end it just ends.
    let endless = (0..).map(url).filter(|_| true);
    let items = all(server.client().detect_all(endless).class("person").start().unwrap()).await;
    assert!(items.len() <= 4 * 64, "{}", items.len());
    assert!(items.iter().all(|item| item.error.as_ref().unwrap().kind() == ErrorKind::PermissionDenied));
}

#[tokio::test]
async fn one_refused_job_does_not_end_the_run() {
    let jobs = Jobs::default();
    let made = jobs.clone();
    let server = Scripted::start(move |asked, nth| match asked.method.as_str() {
        "POST" if nth == 1 => Some(Reply::Json(400, r#"{"message":"no"}"#.into())),
        "POST" => Some(made.made(asked)),
        _ => Some(made.done(&asked.path)),
    })
    .await;
    let items = all(server.client().detect_all(urls(40)).class("person").batch_size(10).start().unwrap()).await;
    let failed: Vec<_> = items.iter().filter(|item| !item.ok()).collect();
    assert_eq!((items.len(), failed.len()), (40, 10));
    assert!(failed.iter().all(|item| item.error.as_ref().unwrap().kind() == ErrorKind::BadRequest));
}

#[tokio::test]
async fn stopping_gives_what_is_in_flight() {
    let (server, jobs) = server().await;
    let (pulled, images) = counted(10_000);
    let mut items = server.client().detect_all(images).class("person").batch_size(10).concurrency(3).start().unwrap();
    let mut given = vec![items.next().await.unwrap()];
    items.stop();
    while let Some(item) = items.next().await {
        given.push(item);
    }
    let (done, unsent): (Vec<_>, Vec<_>) = given.iter().partition(|item| item.ok());
    assert!(unsent.iter().all(|item| item.error.as_ref().unwrap().kind() == ErrorKind::Cancelled));
    // What was read is accounted for, and what was sent has its result.
    assert_eq!(given.len(), pulled.load(Ordering::SeqCst));
    assert_eq!(done.len(), jobs.sizes().iter().sum::<usize>());
    assert!(jobs.count() <= 3);
}

#[tokio::test]
async fn a_next_that_is_dropped_loses_nothing() {
    let (server, jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let images: Vec<_> = (0..40)
        .map(|number| {
            let path = folder.path().join(format!("{number}.jpg"));
            std::fs::write(&path, b"hello").unwrap();
            Image::file(path)
        })
        .collect();
    let mut items = server.client().detect_all(images).class("person").batch_size(6).concurrency(2).start().unwrap();
    let mut given = Vec::new();
    let mut dropped = 0;
    loop {
        tokio::select! {
            biased;
            item = items.next() => match item {
                Some(item) => given.push(item.index),
                None => break,
            },
            () = tokio::time::sleep(Duration::from_micros(200)) => dropped += 1,
        }
    }
    given.sort_unstable();
    assert_eq!(given, (0..40).collect::<Vec<_>>());
    assert_eq!(jobs.sizes().iter().sum::<usize>(), 40);
    assert!(dropped > 0);
}

#[tokio::test]
async fn progress_adds_up() {
    let (server, _) = server().await;
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let told = Arc::clone(&seen);
    let images: Vec<_> = urls(29).chain([Image::url("nonsense")]).collect();
    let builder = server.client().detect_all(images).class("person").batch_size(7).concurrency(2);
    let items = builder.on_progress(move |progress| told.lock().unwrap().push(*progress)).start().unwrap();
    let items = all(items).await;
    assert_eq!(items.len(), 30);
    let seen = seen.lock().unwrap();
    let last = seen.last().unwrap();
    assert_eq!((last.total, last.done, last.failed, last.in_flight, last.jobs), (Some(30), 29, 1, 0, 5));
    for pair in seen.windows(2) {
        assert!(pair[0].done <= pair[1].done && pair[0].elapsed <= pair[1].elapsed);
        assert!(pair[1].in_flight <= 14 && pair[1].done + pair[1].failed + pair[1].in_flight <= 30);
    }
}

#[tokio::test]
async fn a_slow_source_does_not_hold_a_picture_up() {
    let (server, jobs) = server().await;
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let slow = futures_util::stream::poll_fn(move |cx| receive.poll_recv(cx));
    let mut items = server.client().detect_all_from(slow).class("person").start().unwrap();
    for number in 0..2 {
        // The next picture comes only when there is a result of this one.
        send.send(url(number)).unwrap();
        assert_eq!(items.next().await.unwrap().index, number);
    }
    drop(send);
    assert!(items.next().await.is_none());
    assert_eq!(jobs.sizes(), [1, 1]);
}

#[tokio::test]
async fn the_chosen_picture_is_marked() {
    // The second picture of each job is the one; the job's id says which that is.
    let server = Scripted::start(|asked, _| {
        if asked.method == "POST" {
            let chosen = asked.json()["images"][1]["customId"].clone();
            let id = format!("m_{}", chosen.as_str().unwrap());
            return Some(ok(serde_json::json!({"id": id, "status": "IN_PROGRESS", "jobResults": {}}).to_string()));
        }
        let id = asked.path.rsplit('/').next().unwrap();
        let name = id.strip_prefix("m_").unwrap();
        let stem = name.rsplit_once('-').unwrap().0;
        let image = |nth| serde_json::json!({"customId": format!("{stem}-{nth}"), "status": "COMPLETED_SUCCESSFULLY"});
        let job = serde_json::json!({
            "id": id, "status": "COMPLETED_SUCCESSFULLY", "imageResults": [image(0), image(1), image(2)],
            "jobResults": {"image": {"customId": name}},
        });
        Some(ok(job.to_string()))
    })
    .await;
    let rex = Target::new("dog", ["https://example.com/rex.jpg"]);
    let items: Vec<Item<Match>> =
        server.client().match_all(urls(6), rex).batch_size(3).start().unwrap().collect().await;
    let chosen: Vec<_> = items.iter().filter(|item| item.chosen).map(|item| item.index).collect();
    assert_eq!(chosen, [1, 4]);
    assert!(items.iter().all(Item::ok));
}

fn fed(client: &Client, options: AllOptions) -> image_intelligence::AnyAll {
    let mut request = image_intelligence::DetectRequest::new([], Vec::<Class>::new());
    request.classes.push("person".into());
    client.any_all(Kind::Detect, None, &serde_json::to_vec(&request).unwrap(), options).unwrap()
}

#[tokio::test]
async fn a_host_feeds_as_much_as_is_wanted() {
    let (server, jobs) = server().await;
    let options = AllOptions { batch_size: Some(10), concurrency: Some(2), total: Some(45), ..AllOptions::default() };
    let all = fed(&server.client(), options);
    let (mut next, mut seen) = (0, Vec::new());
    loop {
        match all.next().await {
            AllStep::Items(items) => {
                assert!(!items.is_empty());
                for item in items {
                    let json = item.result.unwrap().json.unwrap();
                    let image: serde_json::Value = serde_json::from_slice(&json).unwrap();
                    assert_eq!(image["input"]["index"], item.index);
                    assert_eq!(image["objects"][0]["class"], "person");
                    seen.push(item.index);
                }
            }
            AllStep::Want(most) => {
                assert!((1..=10).contains(&most));
                let images: Vec<_> = (next..45).take(most).map(url).collect();
                next += images.len();
                if images.is_empty() {
                    all.end();
                } else {
                    all.feed(images);
                }
                // Never more than what is in flight and what is being put together.
                assert!(next - seen.len() <= 30, "{next} fed, {} given", seen.len());
            }
            AllStep::End => break,
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..45).collect::<Vec<_>>());
    assert_eq!(jobs.sizes().iter().sum::<usize>(), 45);
    let progress = all.progress();
    assert_eq!((progress.total, progress.done, progress.jobs), (Some(45), 45, 5));
    assert!(all.in_flight().is_empty());
    assert!(matches!(all.next().await, AllStep::End));
}

#[tokio::test]
async fn whoever_asks_again_before_feeding_waits_for_results() {
    let (server, _) = server().await;
    let all = Arc::new(fed(&server.client(), AllOptions { batch_size: Some(2), ..AllOptions::default() }));
    assert!(matches!(all.next().await, AllStep::Want(2)));
    all.feed(vec![url(0), url(1)]);
    // The next is wanted; the host's source is slow, and meanwhile results come.
    let mut steps = vec![all.next().await];
    steps.push(all.next().await);
    assert!(matches!(&steps[..], [AllStep::Want(2), AllStep::Items(items)] if items.len() == 2), "{steps:?}");
    let waiting = tokio::spawn({
        let all = Arc::clone(&all);
        async move { all.next().await }
    });
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(!waiting.is_finished());
    all.feed(vec![url(2)]);
    all.end();
    assert!(matches!(waiting.await.unwrap(), AllStep::Items(items) if items[0].index == 2));
    assert!(matches!(all.next().await, AllStep::End));
}

#[tokio::test]
async fn a_host_can_stop_while_it_waits() {
    let (server, jobs) = server().await;
    let all = Arc::new(fed(&server.client(), AllOptions::default()));
    assert!(matches!(all.next().await, AllStep::Want(64)));
    let waiting = tokio::spawn({
        let all = Arc::clone(&all);
        async move { all.next().await }
    });
    tokio::task::yield_now().await;
    all.stop();
    assert!(matches!(waiting.await.unwrap(), AllStep::End));
    assert_eq!(jobs.count(), 0);
}

#[tokio::test]
async fn what_was_handed_over_before_a_stop_is_answered() {
    let (server, jobs) = server().await;
    let all = fed(&server.client(), AllOptions::default());
    assert!(matches!(all.next().await, AllStep::Want(64)));
    all.feed(vec![url(0), url(1), url(2)]);
    all.stop();
    let AllStep::Items(items) = all.next().await else { panic!("no items") };
    let kinds: Vec<_> = items.iter().map(|item| (item.index, item.error.as_ref().unwrap().kind())).collect();
    assert_eq!(kinds, [0, 1, 2].map(|index| (index, ErrorKind::Cancelled)));
    assert!(matches!(all.next().await, AllStep::End));
    assert_eq!(jobs.count(), 0);
}

#[tokio::test]
async fn a_host_is_told_of_progress_and_gets_one_result_at_a_time() {
    let (server, _) = server().await;
    let all = fed(&server.client(), AllOptions { batch_size: Some(2), ..AllOptions::default() });
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    loop {
        match all.next_change().await {
            AllStep::Want(_) => {
                all.feed(vec![url(0), url(1)]);
                all.end();
            }
            AllStep::Items(items) if items.is_empty() => told.push((all.progress().in_flight, all.progress().done)),
            AllStep::Items(items) => {
                assert_eq!((items.len(), all.in_flight().len()), (1, 1 - seen.len()));
                seen.push(items[0].index);
            }
            AllStep::End => break,
        }
    }
    assert_eq!(told, [(2, 0)]);
    seen.sort_unstable();
    assert_eq!(seen, [0, 1]);
}

#[tokio::test]
async fn a_host_can_leave_while_it_waits_and_knows_what_is_in_flight() {
    let jobs = Jobs::default();
    let server = Scripted::start(move |asked, _| match asked.method.as_str() {
        "POST" => Some(jobs.made(asked)),
        _ => Some(ok(jobs.written(&jobs.0.lock().unwrap(), 0, "IN_PROGRESS"))),
    })
    .await;
    let all = Arc::new(fed(&server.client(), AllOptions { batch_size: Some(1), ..AllOptions::default() }));
    all.feed(vec![url(0)]);
    while all.progress().in_flight == 0 {
        all.next_change().await;
    }
    let waiting = tokio::spawn({
        let all = Arc::clone(&all);
        async move { all.next().await }
    });
    tokio::task::yield_now().await;
    all.leave();
    assert!(matches!(waiting.await.unwrap(), AllStep::End));
    assert!(matches!(all.next().await, AllStep::End));
    assert_eq!(all.in_flight().len(), 1);
}
