//! Runs that were cut off, and go on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use image_intelligence::{Client, Detect, ErrorKind, Image, Item};

use crate::jobs::{Jobs, server, url, urls};
use crate::scripted::{Reply, Scripted};

async fn run(client: &Client, manifest: &Path, images: Vec<Image>) -> Vec<Item<Detect>> {
    let all = client.detect_all(images).class("person").batch_size(4).concurrency(3);
    all.manifest(manifest).start().unwrap().collect().await
}

/// Every picture once, in order.
fn whole(items: &[Item<Detect>], count: usize) {
    let indices: Vec<_> = items.iter().map(|item| item.index).collect();
    assert_eq!(indices, (0..count).collect::<Vec<_>>());
    for item in items {
        assert_eq!(item.source, format!("https://example.com/{}.jpg", item.index));
    }
}

fn lines(manifest: &Path) -> Vec<String> {
    std::fs::read_to_string(manifest).unwrap().lines().map(str::to_owned).collect()
}

/// A file with the first so many bytes of another.
fn cut(of: &Path, bytes: usize) -> PathBuf {
    let whole = std::fs::read(of).unwrap();
    let to = of.with_file_name(format!("cut-{bytes}.json"));
    std::fs::write(&to, &whole[..bytes]).unwrap();
    to
}

#[tokio::test]
async fn a_finished_run_gives_all_results_again_without_one_submit() {
    let (server, jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    let first = run(&server.client(), &manifest, urls(30).collect()).await;
    let (sent, before) = (jobs.count(), lines(&manifest));
    let again = run(&server.client(), &manifest, urls(30).collect()).await;
    whole(&again, 30);
    assert!(again.iter().all(Item::ok));
    for (one, other) in first.iter().zip(&again) {
        assert_eq!((&one.job_id, &one.result), (&other.job_id, &other.result));
    }
    assert_eq!((jobs.count(), lines(&manifest)), (sent, before));
}

#[tokio::test]
async fn wherever_it_is_cut_off_no_picture_is_sent_twice_and_each_has_its_result() {
    let (server, jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    run(&server.client(), &manifest, urls(18).collect()).await;
    let whole_file = std::fs::read(&manifest).unwrap();
    let mut cuts: Vec<_> = (0..whole_file.len()).filter(|at| whole_file[*at] == b'\n').map(|at| at + 1).collect();
    // In the middle of lines, too.
    cuts.extend(cuts.clone().iter().map(|at| at - 20));
    assert!(cuts.len() > 30);
    for bytes in cuts {
        let cut = cut(&manifest, bytes);
        let said: Vec<serde_json::Value> =
            lines(&cut).iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let left: BTreeSet<_> = said.iter().filter_map(|line| line["leaving"]["rid"].as_str()).collect();
        let gone: BTreeSet<_> = said
            .iter()
            .filter(|line| line["intended"]["rid"].as_str().is_some_and(|rid| left.contains(rid)))
            .flat_map(|line| line["intended"]["pictures"].as_array().unwrap())
            .map(|picture| picture["url"].as_str().unwrap().to_owned())
            .collect();
        let before = jobs.sent();
        let items = run(&server.client(), &cut, urls(18).collect()).await;
        whole(&items, 18);
        assert!(items.iter().all(Item::ok), "{bytes}: {:?}", items.iter().find(|item| !item.ok()));
        for (url, times) in jobs.sent() {
            // What may have arrived is not sent again, and what certainly did not is.
            assert_eq!(times - before[&url], usize::from(!gone.contains(&url)), "{url}, cut at {bytes}");
        }
        // And now it is whole.
        let before = jobs.count();
        run(&server.client(), &cut, urls(18).collect()).await;
        assert_eq!(jobs.count(), before);
    }
}

#[tokio::test]
async fn what_left_and_cannot_be_found_is_unknown_and_stays_unsent() {
    let (server, jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    let client = server.client();
    run(&client, &manifest, urls(4).collect()).await;
    let text = std::fs::read_to_string(&manifest).unwrap();
    let leaving = text.find("{\"accepted\"").unwrap();
    let cut = cut(&manifest, leaving);
    // Another server of the same address: it never got the job.
    let sent = jobs.forget();
    let items = run(&client, &cut, urls(5).collect()).await;
    whole(&items, 5);
    for item in &items[..4] {
        let error = item.error.as_ref().unwrap();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
        assert_eq!(error.custom_id(), sent[0]["customId"].as_str());
    }
    assert!(items[4].ok());
    assert_eq!(jobs.sizes(), [1]);
    // Once more: still not sent; and when it is found after all, it is taken up.
    run(&client, &cut, urls(5).collect()).await;
    assert_eq!(jobs.sizes(), [1]);
    jobs.remember(sent);
    let items = run(&client, &cut, urls(5).collect()).await;
    assert!(items.iter().all(Item::ok));
    assert_eq!(jobs.sizes(), [4, 1]);
}

#[tokio::test]
async fn a_refused_picture_is_sent_again() {
    let jobs = Jobs::default();
    let made = jobs.clone();
    let strict = Arc::new(AtomicBool::new(true));
    let is_strict = Arc::clone(&strict);
    let server = Scripted::start(move |asked, _| {
        let is_bad = asked.method == "POST" && String::from_utf8_lossy(&asked.body).contains("/5.jpg");
        let refused = is_bad && is_strict.load(Ordering::SeqCst);
        Some(if refused { Reply::Json(400, r#"{"message":"no"}"#.into()) } else { made.answer(asked) })
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    let items = run(&server.client(), &manifest, urls(12).collect()).await;
    let failed: Vec<_> = items.iter().filter(|item| !item.ok()).map(|item| item.index).collect();
    assert_eq!((failed, jobs.sizes()), (vec![5], vec![4, 4, 2, 1]));
    strict.store(false, Ordering::SeqCst);
    let items = run(&server.client(), &manifest, urls(12).collect()).await;
    whole(&items, 12);
    assert!(items.iter().all(Item::ok));
    assert_eq!(jobs.sizes(), [4, 4, 2, 1, 1]);
}

#[tokio::test]
async fn a_changed_file_is_a_new_picture_and_the_same_one_twice_is_two() {
    let (server, jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Image::file(path)
    };
    let images = vec![
        file("a.jpg", "one"),
        file("b.jpg", "two"),
        Image::bytes(b"three".to_vec()),
        Image::bytes(b"three".to_vec()),
        url(4),
        url(4).custom_id("named"),
    ];
    run(&server.client(), &manifest, images.clone()).await;
    assert_eq!(jobs.sizes(), [4, 2]);
    let mut changed = images.clone();
    changed[1] = file("b.jpg", "another");
    changed.push(Image::bytes(b"three".to_vec()));
    changed.reverse();
    let items = run(&server.client(), &manifest, changed).await;
    assert!(items.iter().all(Item::ok));
    // The changed one, and a third of what was there twice.
    assert_eq!(jobs.sizes(), [4, 2, 2]);
}

#[tokio::test]
async fn a_manifest_of_another_run_is_refused_with_a_way_out() {
    let (server, _) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    let client = server.client();
    run(&client, &manifest, urls(4).collect()).await;
    let all = || client.detect_all(urls(4)).manifest(&manifest);
    let other = Client::builder().base_url("http://127.0.0.1:1/v2").credentials("me", "secret").build().unwrap();
    for (refused, says) in [
        (all().class("car").start().unwrap_err(), "other settings (classes)"),
        (all().class("person").feed_id("door").start().unwrap_err(), "other settings (feedId)"),
        (client.ask_all(urls(4), "Open?").manifest(&manifest).start().unwrap_err(), "detect jobs, and not ask jobs"),
        (other.detect_all(urls(4)).class("person").manifest(&manifest).start().unwrap_err(), "another API"),
    ] {
        assert_eq!(refused.kind(), ErrorKind::Config);
        let message = refused.message();
        assert!(message.contains(says) && message.ends_with("or name another file"), "{message}");
    }
    let held = all().class("person").start().unwrap();
    let error = all().class("person").start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    drop(held);
    std::fs::write(folder.path().join("notes.txt"), "dear diary\n").unwrap();
    let diary = client.detect_all(urls(4)).class("person").manifest(folder.path().join("notes.txt"));
    assert_eq!(diary.start().unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "dear diary\n");
}

#[tokio::test]
async fn in_order_and_among_new_ones_no_run_gets_stuck() {
    let (server, jobs) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    run(&server.client(), &manifest, (0..40).step_by(2).map(url).collect()).await;
    let before = jobs.count();
    // Each old one after a new one, and backwards, with room for one job alone.
    let images: Vec<_> = (0..40).rev().map(url).collect();
    let all = server.client().detect_all(images).class("person").batch_size(4).concurrency(1).in_order(true);
    let mut items = all.manifest(&manifest).start().unwrap();
    let mut given = 0;
    while let Some(item) = items.next().await {
        assert!(item.ok());
        assert_eq!(
            (item.index, item.source.as_str()),
            (given, format!("https://example.com/{}.jpg", 39 - given).as_str())
        );
        given += 1;
    }
    assert_eq!(given, 40);
    assert!(jobs.sent().values().all(|times| *times == 1));
    assert!(jobs.count() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_while_it_is_sent_is_written_down() {
    let jobs = Jobs::default();
    let made = jobs.clone();
    let (arrived, mut arrives) = tokio::sync::mpsc::unbounded_channel();
    let server = Scripted::start(move |asked, _| {
        if asked.method == "POST" {
            let _ = arrived.send(());
        }
        Some(made.answer(asked))
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..20 {
        let manifest = folder.path().join(format!("run-{seed}.json"));
        let client = server.client();
        let all = client.detect_all(urls(200)).class("person").batch_size(4).concurrency(50).manifest(&manifest);
        let mut items = all.start().unwrap();
        for _ in 0..seed {
            items.next().await;
        }
        // A batch is just being sent.
        tokio::select! {
            biased;
            _ = arrives.recv() => {}
            _ = items.next() => {}
        }
        drop(items);
        // The file is let go when the last of it has been written down.
        let resumed = loop {
            let all = client.detect_all(urls(200)).class("person").batch_size(4).manifest(&manifest);
            match all.start() {
                Ok(resumed) => break resumed,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Store),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        let items = resumed.collect().await;
        whole(&items, 200);
        assert!(items.iter().all(Item::ok));
        assert_eq!(jobs.sent().into_values().collect::<BTreeSet<_>>(), BTreeSet::from([seed + 1]), "seed {seed}");
        while arrives.try_recv().is_ok() {}
    }
}
