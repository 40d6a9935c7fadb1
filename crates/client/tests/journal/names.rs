//! A thousand submits, many of the same names, and answers that are lost.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use image_intelligence::{Detect, ErrorKind, Image};

use crate::place;
use crate::scripted::Random;
use crate::service::{Fate, Service};

/// How many there are, and how many at one time.
const SUBMITS: usize = 1000;
const AT_ONE_TIME: usize = 32;

#[tokio::test]
async fn no_job_is_made_twice_and_none_is_taken_for_another() {
    let service = Service::start(|body, _| {
        // By its own name, so that a run can be had again.
        let nth: u64 = body["feedId"].as_str().unwrap().parse().unwrap();
        Some(match Random(nth).below(20) {
            0..3 => Fate::Lost,
            3 => Fate::Dropped,
            4 => Fate::Failed,
            5 => Fate::Busy,
            _ => Fate::Taken,
        })
    })
    .await;
    service.cap(20);
    let (_folder, path) = place();
    let builder = || service.server.builder().recover_for(Duration::from_millis(150)).journal(&path);
    let client = builder().build().unwrap();
    let sends = (0..SUBMITS).map(|nth| {
        // A third has names that repeat; of those, every other one names its pictures, too, and has nothing of ours.
        let repeats = nth % 3 == 0;
        let mut image = Image::bytes(vec![1]);
        if nth % 6 == 0 {
            image = image.custom_id("door");
        }
        let mut job = client.detect([image]).class("person").feed_id(nth.to_string());
        if repeats {
            job = job.custom_id(format!("camera-{}", nth % 5));
        }
        async move { (nth, job.send().await) }
    });
    let ended: Vec<_> = futures_util::stream::iter(sends).buffer_unordered(AT_ONE_TIME).collect().await;

    let jobs = service.jobs();
    let of: HashMap<&str, usize> = jobs.iter().map(|job| (job["id"].as_str().unwrap(), feed(job))).collect();
    let made: HashSet<usize> = jobs.iter().map(feed).collect();
    assert_eq!(jobs.len(), made.len(), "a job was made twice");
    let (mut taken, mut unknown) = (0, HashSet::new());
    for (nth, sent) in ended {
        match sent {
            Ok(sent) => {
                assert_eq!(of[sent.id()], nth, "the job of another submit was adopted");
                taken += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
                unknown.insert(nth);
            }
        }
    }
    let answered = made.len() - made.iter().filter(|nth| unknown.contains(nth)).count();
    println!("{} made, {taken} known, {} unknown", made.len(), unknown.len());
    assert_eq!(taken, answered);
    // Of what has a name of ours in it, all that was made was found.
    let hopeless = |nth: &usize| nth.is_multiple_of(6) || !made.contains(nth);
    let missed: Vec<_> = unknown.iter().filter(|nth| !hopeless(nth)).collect();
    assert!(missed.len() < 10, "{missed:?}");
    assert!(unknown.len() > 100 && taken > 800, "{taken} known");

    // The next process comes to the same.
    drop(client);
    let next = builder().build().unwrap();
    let listed = next.recover().await.unwrap();
    let mut resumed = HashSet::new();
    assert_eq!(listed.len(), SUBMITS);
    for submit in &listed {
        if let Some(token) = submit.resume_token() {
            let id = next.resume::<Detect>(token).unwrap().id().to_owned();
            assert!(resumed.insert(id), "one job is said to be that of two submits");
        } else {
            assert_eq!(submit.error().unwrap().kind(), ErrorKind::OutcomeUnknown);
        }
    }
    let found = listed.iter().filter(|submit| submit.resume_token().is_some()).count();
    assert!(found >= taken, "{found} of {taken}");
    assert_eq!(service.server.count("POST", "/v2/detect"), SUBMITS, "something was sent twice");
}

fn feed(job: &serde_json::Value) -> usize {
    job["feedId"].as_str().unwrap().parse().unwrap()
}
