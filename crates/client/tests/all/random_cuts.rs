//! Runs from seeds that were cut off anywhere, at servers that lost what they were sent or hide it for a while: each picture is
//! given once, none is ever in two jobs, and in the end each is in one.

use std::collections::BTreeSet;
use std::time::Duration;

use image_intelligence::{AllBuilder, Detect, ErrorKind, Image, Item};

use tokio::time::Instant;

use crate::cut::Cut;
use crate::scripted::{Asked, Random, Reply, ok};

const PICTURES: u64 = 30;

fn below(random: &mut Random, most: u64) -> usize {
    usize::try_from(random.below(most)).unwrap()
}

/// Some of the pictures in some order; one in ten is one that no job may have.
fn images(random: &mut Random) -> Vec<Image> {
    let mut left: Vec<_> = (0..PICTURES).collect();
    let ordered = random.one_in(2);
    let count = random.below(PICTURES) + 1;
    let picked = (0..count).map(|_| {
        let next = if ordered { 0 } else { below(random, left.len() as u64) };
        Image::url(format!("https://example.com/{}.jpg", left.remove(next)))
    });
    picked.collect()
}

fn shaped(random: &mut Random, all: AllBuilder<Detect>) -> (AllBuilder<Detect>, bool) {
    let in_order = random.one_in(2);
    (all.batch_size(1 + below(random, 8)).concurrency(1 + below(random, 4)).in_order(in_order), in_order)
}

fn is_bad(url: &str) -> bool {
    url.ends_with("7.jpg")
}

fn refuses(asked: &Asked) -> bool {
    let is_bad = |image: &serde_json::Value| image["url"].as_str().is_some_and(is_bad);
    asked.method == "POST" && asked.json()["images"].as_array().unwrap().iter().any(is_bad)
}

/// What a search hides, and until when.
fn hide(cut: &Cut, random: &mut Random) {
    let until = |random: &mut Random| Instant::now() + Duration::from_secs(random.below(25));
    let names = cut.names.clone();
    let hidden: Vec<_> = names.into_iter().filter(|_| random.one_in(3)).collect();
    let hidden: Vec<_> = hidden.into_iter().map(|name| (name, until(random))).collect();
    let dead = random.one_in(6);
    cut.faulty(move |asked, now| {
        if refuses(asked) {
            return Some(Reply::Json(400, r#"{"message":"no picture"}"#.into()));
        }
        let name = asked.path.split_once("customId=")?.1;
        let is_hidden = hidden.iter().any(|(hidden, until)| hidden == name && now < *until);
        (dead || is_hidden).then(|| ok("[]"))
    });
}

/// Cuts the file and loses jobs.
fn damage(cut: &Cut, random: &mut Random) {
    // What was accepted and is known to be; what is not known to be; what left and never came; what never left.
    let fates: Vec<_> = cut.names.iter().map(|_| random.below(4)).collect();
    cut.keep(|what, job| match fates[job] {
        0 => true,
        1 | 2 => what != "accepted",
        _ => what == "intended" || what == "refused",
    });
    let gone: BTreeSet<_> =
        cut.names.iter().zip(&fates).filter(|(_, fate)| **fate > 1).map(|(name, _)| name.clone()).collect();
    let jobs = cut.jobs.forget();
    let names: Vec<_> = jobs.iter().map(|job| job["customId"].as_str().unwrap().to_owned()).collect();
    cut.jobs.remember(jobs);
    cut.jobs.lose(|number| gone.contains(&names[number]));
}

/// Runs it, whatever becomes of it.
async fn run(all: AllBuilder<Detect>, in_order: bool, seed: u64) -> Vec<Item<Detect>> {
    let mut items = all.start().unwrap();
    let mut given = Vec::new();
    while let Some(item) = items.next().await {
        given.push(item);
    }
    let progress = items.progress();
    assert_eq!((progress.done + progress.failed, progress.in_flight), (given.len(), 0), "seed {seed}");
    assert!(items.in_flight().is_empty());
    let each: BTreeSet<_> = given.iter().map(|item| item.index).collect();
    assert_eq!(each.len(), given.len(), "seed {seed}: given twice");
    assert!(!in_order || given.is_sorted_by_key(|item| item.index), "seed {seed}");
    given
}

async fn one(seed: u64) {
    let mut random = Random(seed);
    let before = images(&mut random);
    let cut = Cut::after(|cut| shaped(&mut random, cut.all_of(&cut.server.client(), before)).0).await;
    // The first run was at a server that takes everything; what it took of the bad ones is no matter.
    damage(&cut, &mut random);
    hide(&cut, &mut random);
    let taken: BTreeSet<_> = cut.jobs.sent().into_keys().collect();
    let second = images(&mut random);
    let count = second.len();
    let (all, in_order) = shaped(&mut random, cut.all_of(&cut.server.client(), second));
    let items = run(all, in_order, seed).await;
    assert_eq!(items.len(), count, "seed {seed}");
    for item in &items {
        match item.error.as_ref().map(image_intelligence::Error::kind) {
            None => {}
            Some(ErrorKind::BadRequest) => {
                // Where the first two were bad, no more was tried.
                assert!(!taken.contains(&item.source), "seed {seed}: {item:?}");
            }
            Some(kind) => assert_eq!(kind, ErrorKind::OutcomeUnknown, "seed {seed}: {item:?}"),
        }
    }
    assert!(cut.jobs.sent().values().all(|times| *times == 1), "seed {seed}: {:?}", cut.jobs.sent());
    // In the end there is a picture more, nothing is wrong, and all is found out.
    cut.mended();
    let last: Vec<_> = (0..=PICTURES).map(|number| Image::url(format!("https://example.com/{number}.jpg"))).collect();
    let (all, in_order) = shaped(&mut random, cut.all_of(&cut.server.client(), last));
    let items = run(all, in_order, seed).await;
    assert!(items.iter().all(Item::ok), "seed {seed}: {:?}", items.iter().find(|item| !item.ok()));
    assert_eq!(cut.jobs.sent().len() as u64, PICTURES + 1, "seed {seed}");
    assert!(cut.jobs.sent().values().all(|times| *times == 1), "seed {seed}: {:?}", cut.jobs.sent());
}

#[tokio::test(start_paused = true)]
async fn each_is_in_one_job_in_the_end() {
    for seed in 0..40 {
        // Hours, for what nobody will ever answer.
        let in_time = tokio::time::timeout(Duration::from_secs(7200), one(seed)).await;
        assert!(in_time.is_ok(), "seed {seed} is stuck");
    }
}
