//! The same for hosts that pull their own iterators.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence::{AllOptions, AllStep, Class, Client, Error, ErrorKind, Image, Kind};

use crate::jobs::{Jobs, server, url};
use crate::scripted::Scripted;

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
async fn a_host_resumes_from_a_manifest() {
    let (server, jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = Some(folder.path().join("run.json"));
    let mut given = Vec::new();
    for total in [6, 9] {
        let options =
            AllOptions { batch_size: Some(3), manifest: manifest.clone(), in_order: true, ..AllOptions::default() };
        let all = fed(&server.client(), options);
        all.feed((0..total).map(url).collect());
        all.end();
        loop {
            match all.next().await {
                AllStep::Items(items) => given.extend(items.into_iter().map(|item| (item.index, item.job_id.unwrap()))),
                AllStep::Want(most) => panic!("{most} more wanted after the end"),
                AllStep::End => break,
            }
        }
    }
    // The second run gave what the first had, of the same jobs, and sent only what was new.
    assert_eq!(given[..6], given[6..12]);
    assert_eq!((given.len(), jobs.sizes()), (15, vec![3, 3, 3]));
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
    // Looks at the job are never answered.
    let server = Scripted::start(move |asked, _| (asked.method == "POST").then(|| jobs.made(asked))).await;
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

#[tokio::test]
async fn a_job_is_in_flight_until_what_was_given_of_it_has_reached_the_host() {
    let (server, _) = server().await;
    let all = fed(&server.client(), AllOptions { batch_size: Some(3), ..AllOptions::default() });
    all.feed((0..3).map(url).collect());
    all.end();
    loop {
        match all.next_or_progress().await {
            // Only whoever asks on has them in hand.
            Some(AllStep::Items(items)) => assert_eq!((items.len(), all.in_flight().len()), (3, 1)),
            Some(AllStep::Want(most)) => panic!("{most} more wanted after the end"),
            Some(AllStep::End) => break,
            // There is progress.
            None => {}
        }
    }
    assert!(all.in_flight().is_empty());
}

#[tokio::test]
async fn what_a_host_finds_to_be_no_picture_has_its_error_in_its_place() {
    let (server, jobs) = server().await;
    let all = fed(&server.client(), AllOptions { in_order: true, ..AllOptions::default() });
    let refused = Image::refused(Error::new(ErrorKind::InvalidRequest, "images[1]: None given"));
    all.feed(vec![url(0), refused, url(2)]);
    all.end();
    let mut given = Vec::new();
    loop {
        match all.next().await {
            AllStep::Items(items) => {
                given.extend(items.into_iter().map(|item| item.error.map(|error| error.to_string())));
            }
            AllStep::Want(most) => panic!("{most} more wanted after the end"),
            AllStep::End => break,
        }
    }
    assert_eq!(given, [None, Some("images[1]: None given".to_owned()), None]);
    assert_eq!(jobs.sizes(), [2]);
}

/// Hosts hand them from thread to thread.
#[test]
fn runs_may_go_to_other_threads() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<image_intelligence::AnyAll>();
    sent::<image_intelligence::All<image_intelligence::Detect>>();
}
