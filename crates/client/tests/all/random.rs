//! Runs of every shape, from seeds: whatever the settings, the order and what came before, each picture is given once, and
//! none is sent twice.

use std::collections::BTreeSet;
use std::time::Duration;

use image_intelligence::{AllBuilder, Client, Detect, Image};

use crate::jobs::{Jobs, server};
use crate::scripted::Random;

const PICTURES: u64 = 40;

/// Some of the pictures in some order; one in ten is none.
fn images(random: &mut Random) -> Vec<Image> {
    let mut left: Vec<_> = (0..PICTURES).collect();
    let mut images = Vec::new();
    let ordered = random.one_in(3);
    for _ in 0..random.below(PICTURES + 1) {
        let next = if ordered { 0 } else { usize::try_from(random.below(left.len() as u64)).unwrap() };
        let number = left.remove(next);
        images.push(match number % 10 {
            3 => Image::url("nonsense"),
            // A name that others have, too.
            4 | 5 => Image::url(format!("https://example.com/{number}.jpg")).custom_id("door"),
            _ => Image::url(format!("https://example.com/{number}.jpg")),
        });
    }
    images
}

/// A run of some shape, and whether its results come in order.
fn shaped(random: &mut Random, client: &Client, images: Vec<Image>) -> (AllBuilder<Detect>, bool) {
    let mut all = client.detect_all(images).class("person");
    let size = |random: &mut Random, most| usize::try_from(1 + random.below(most)).unwrap();
    all = all.batch_size(size(random, 12)).concurrency(size(random, 4));
    if random.one_in(3) {
        all = all.batch_bytes(size(random, 200));
    }
    let in_order = random.one_in(2);
    (all.in_order(in_order), in_order)
}

async fn one(seed: u64) {
    let mut random = Random(seed);
    let (server, jobs): (_, Jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    let client = server.client();
    for round in 0..3 {
        let images = images(&mut random);
        let sources: Vec<_> = images.iter().map(|image| format!("{image:?}")).collect();
        let (all, in_order) = shaped(&mut random, &client, images);
        let mut items = all.manifest(&manifest).start().unwrap();
        let stop_after = random.one_in(4).then(|| random.below(PICTURES));
        let mut given = Vec::new();
        while let Some(item) = items.next().await {
            assert!(sources[item.index].contains(&item.source), "seed {seed}, round {round}: {item:?}");
            given.push(item.index);
            if stop_after == Some(given.len() as u64) {
                items.stop();
            }
        }
        let each: BTreeSet<_> = given.iter().copied().collect();
        assert_eq!(each.len(), given.len(), "seed {seed}, round {round}: given twice");
        if stop_after.is_none() {
            assert_eq!(given.len(), sources.len(), "seed {seed}, round {round}: not all given");
        }
        if in_order {
            assert!(given.is_sorted(), "seed {seed}, round {round}: {given:?}");
        }
        let progress = items.progress();
        assert_eq!((progress.done + progress.failed, progress.in_flight), (given.len(), 0), "seed {seed}");
        assert!(items.in_flight().is_empty(), "seed {seed}");
    }
    for (url, times) in jobs.sent() {
        assert_eq!(times, 1, "seed {seed}: {url}");
    }
}

#[tokio::test]
async fn each_picture_is_given_once_and_none_is_sent_twice() {
    for seed in 0..40 {
        // A run that gets stuck is one that failed.
        let in_time = tokio::time::timeout(Duration::from_secs(60), one(seed)).await;
        assert!(in_time.is_ok(), "seed {seed} is stuck");
    }
}
