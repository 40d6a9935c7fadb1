//! What is read, what is sent, and what is given.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence::{All, Detect, ErrorKind, Image, Item, JobKind, Match, Progress, Target};

use crate::jobs::{Jobs, server, url, urls};
use crate::scripted::{self, Asked, Reply, Scripted, ok};

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
        assert_eq!(item.job_id, items[index / 64 * 64].job_id);
    }
    assert_eq!(jobs.sizes(), [64, 64, 22]);
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

/// Bytes that are counted while they are alive.
struct Counted(Arc<Mutex<(usize, usize)>>, Vec<u8>);

impl Counted {
    fn new(alive: &Arc<Mutex<(usize, usize)>>) -> Self {
        let mut count = alive.lock().unwrap();
        count.0 += 1;
        count.1 = count.1.max(count.0);
        Self(Arc::clone(alive), vec![7; 1000])
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.lock().unwrap().0 -= 1;
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.1
    }
}

#[tokio::test]
async fn of_all_pictures_a_few_batches_are_in_memory() {
    let (server, jobs) = server().await;
    let alive = Arc::new(Mutex::new((0, 0)));
    let count = Arc::clone(&alive);
    let images = (0..1000).map(move |_| Image::bytes(bytes::Bytes::from_owner(Counted::new(&count))));
    let all = server.client().detect_all(images).class("person").batch_size(10).concurrency(100);
    assert!(all.start().unwrap().collect().await.iter().all(Item::ok));
    let (left, most) = *alive.lock().unwrap();
    // Two that are sent, one that is next, and one that is being put together.
    assert!(left == 0 && most <= 40, "{most} at once, {left} left");
    assert_eq!(jobs.count(), 100);
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
