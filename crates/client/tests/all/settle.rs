//! Jobs that an earlier run sent and whose answers it did not see: found, sent again under proof, or unknown.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence::{Detect, ErrorKind, Item};
use tokio::time::Instant;

use crate::cut::Cut;
use crate::jobs::{url, urls};
use crate::scripted::{Asked, Reply, ok};

/// Whether it is a search by a name.
fn is_search(asked: &Asked) -> bool {
    asked.path.contains("customId=")
}

/// Asserts that these pictures are unknown, and the others have results; says why.
fn unknown(items: &[Item<Detect>], of: std::ops::Range<usize>) -> String {
    for item in items {
        assert_eq!(item.ok(), !of.contains(&item.index), "{item:?}");
    }
    let error = items[of.start].error.as_ref().unwrap();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    error.message().to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_was_made_is_found_and_not_sent_again() {
    let cut = Cut::new().await;
    cut.at_leaving(1);
    cut.server_has(2);
    let items = cut.run(12).await;
    assert!(items.iter().all(Item::ok));
    cut.once(12);
    assert_eq!((cut.jobs.count(), cut.said("neverMade"), cut.said("accepted")), (3, 0, 3));
    assert_eq!(items[4].job_id.as_deref(), Some("job-1"));
}

#[tokio::test(start_paused = true)]
async fn what_was_never_made_is_sent_again_once_there_is_proof() {
    let cut = Cut::new().await;
    cut.at_leaving(1);
    cut.server_has(1);
    let began = Instant::now();
    let mut items = cut.all(12).start().unwrap();
    let mut given = Vec::new();
    while let Some(item) = items.next().await {
        assert!(item.ok());
        given.push((item.index, began.elapsed().as_secs()));
    }
    drop(items);
    cut.once(12);
    assert_eq!((cut.jobs.sizes(), cut.said("neverMade")), (vec![4, 4, 4], 1));
    // It held nobody up, and was looked for long enough.
    for (index, after) in given {
        assert!(if (4..8).contains(&index) { (30..45).contains(&after) } else { after < 5 }, "{index} after {after} s");
    }
    let searches = cut.server.searches(&cut.names[1]);
    assert!(searches.len() >= 3 && *searches.last().unwrap() - searches[0] >= Duration::from_secs(30));
    // And the witness was asked for right after.
    let written: Vec<_> =
        cut.lines().iter().filter_map(|line| Some(line["intended"]["customId"].as_str()?.to_owned())).collect();
    let witness = cut.server.searches(&written[2]);
    assert!(witness[0] - *searches.last().unwrap() < Duration::from_millis(50), "{searches:?}, {witness:?}");
    let before = cut.lines();
    assert!(cut.run(12).await.iter().all(Item::ok));
    assert_eq!((cut.jobs.count(), cut.lines()), (3, before));
}

#[tokio::test(start_paused = true)]
async fn what_a_search_does_not_know_of_yet_is_waited_for() {
    // For 20 s this one alone; or all of them for 45 s: while it shows no witness it proves nothing.
    for (all, secs) in [(false, 20), (true, 45)] {
        let cut = Cut::new().await;
        cut.at_leaving(1);
        cut.server_has(2);
        let (name, until) = (cut.names[1].clone(), Instant::now() + Duration::from_secs(secs));
        cut.faulty(move |asked, now| {
            (is_search(asked) && (all || asked.path.ends_with(&name)) && now < until).then(|| ok("[]"))
        });
        let items = cut.run(12).await;
        assert!(items.iter().all(Item::ok), "{secs}: {:?}", items[4]);
        cut.once(12);
        assert_eq!((cut.jobs.count(), cut.said("neverMade")), (3, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn few_searches_prove_nothing_nor_do_late_ones() {
    // It was made, and no search knows of it for 45 s. Two find nothing, half a minute apart; or the first that is answered is
    // after half a minute. All others fail.
    for late in [false, true] {
        let cut = Cut::new().await;
        cut.at_leaving(1);
        cut.server_has(2);
        let (name, began) = (cut.names[1].clone(), Instant::now());
        let answered = Mutex::new((false, false));
        cut.faulty(move |asked, now| {
            let after = (now - began).as_secs();
            if !asked.path.ends_with(&name) || after >= 45 {
                return None;
            }
            let mut answered = answered.lock().unwrap();
            let first = !late && !std::mem::replace(&mut answered.0, true);
            let second = after >= 30 && (late || !std::mem::replace(&mut answered.1, true));
            Some(if first || second { ok("[]") } else { Reply::Json(503, "{}".into()) })
        });
        // The run goes on meanwhile.
        let slow = futures_util::stream::unfold(0, |number| async move {
            if number == 12 {
                tokio::time::sleep(Duration::from_secs(90)).await;
            }
            (number < 13).then(|| (url(number), number + 1))
        });
        let all = cut.server.client().detect_all_from(Box::pin(slow)).class("person").batch_size(4);
        let items = all.manifest(cut.manifest()).start().unwrap().collect().await;
        assert!(items.iter().all(Item::ok), "{late}: {:?}", items.iter().find(|item| !item.ok()));
        cut.once(13);
        assert_eq!(cut.said("neverMade"), 0, "{late}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_that_shows_no_witness_proves_nothing() {
    let broken: fn(&Asked) -> Reply = |_| Reply::Json(503, r#"{"message":"no search today"}"#.into());
    let closed: fn(&Asked) -> Reply = |_| Reply::Close;
    // Capped to nothing, or one that leaves out a row of each answer.
    let empty: fn(&Asked) -> Reply = |_| ok("[]");
    let null: fn(&Asked) -> Reply = |_| ok("null");
    let unreadable: fn(&Asked) -> Reply = |_| ok(r#"[{"identifier": 7}]"#);
    for (name, answer, says) in [
        ("broken", broken, "could not be searched"),
        ("closed", closed, "could not be searched"),
        ("empty", empty, "either, which exists, and so proves nothing"),
        ("null", null, "was found in"),
        ("unreadable", unreadable, "was found in"),
    ] {
        for made in [1, 2] {
            let cut = Cut::new().await;
            cut.at_leaving(1);
            cut.server_has(made);
            cut.faulty(move |asked, _| is_search(asked).then(|| answer(asked)));
            let items = cut.run(12).await;
            let why = unknown(&items, 4..8);
            assert!(why.contains(says), "{name}: {why}");
            assert_eq!((cut.jobs.count(), cut.said("neverMade"), cut.said("unknown")), (made + 1, 0, 1), "{name}");
            // Once it is mended the next run finds out.
            cut.mended();
            let items = cut.run(16).await;
            assert!(items.iter().all(Item::ok), "{name}");
            cut.once(16);
            assert_eq!(cut.said("neverMade"), 2 - made, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_that_answers_with_other_jobs_proves_nothing() {
    let cut = Cut::new().await;
    cut.at_leaving(1);
    cut.server_has(1);
    // It does not look at the name, and gives the newest job.
    let jobs = cut.jobs.clone();
    cut.faulty(move |asked, _| {
        let Reply::Json(_, body) = jobs.all_done() else { return None };
        let all: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
        is_search(asked).then(|| ok(serde_json::to_string(&all.last().as_slice()).unwrap()))
    });
    let why = unknown(&cut.run(12).await, 4..8);
    assert!(why.contains("searches answer with other jobs"), "{why}");
    assert_eq!((cut.jobs.count(), cut.said("neverMade")), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_witness_must_have_left_later() {
    // Nothing more is sent, and the one job that exists left before.
    let cut = Cut::new().await;
    cut.at_leaving(1);
    cut.server_has(1);
    let began = Instant::now();
    let why = unknown(&cut.run(8).await, 4..8);
    assert!(why.contains("no job of this run left later"), "{why}");
    assert!(began.elapsed() < Duration::from_secs(35), "there is nobody to wait for");
    assert_eq!((cut.jobs.count(), cut.server.searches(&cut.names[0]).len()), (1, 0));
    // One that left later in the earlier run will do.
    let cut = Cut::new().await;
    cut.keep(|what, job| (what, job) != ("accepted", 0));
    cut.jobs.lose(|job| job == 0);
    assert!(cut.run(12).await.iter().all(Item::ok));
    cut.once(12);
    assert_eq!(cut.said("neverMade"), 1);
    assert_eq!(cut.server.searches(&cut.names[2]).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_found_bears_witness_for_the_others_and_so_does_what_is_sent_again() {
    // Three are lost, the last was made: it shows that the first two were not.
    let cut = Cut::new().await;
    cut.keep(|what, _| what != "accepted");
    cut.jobs.lose(|job| job < 2);
    assert!(cut.run(12).await.iter().all(Item::ok));
    cut.once(12);
    assert_eq!((cut.said("neverMade"), cut.jobs.count()), (2, 5));
    // The first is proven by the second, which is in the file; and what is sent again of it shows that the third was not.
    let cut = Cut::new().await;
    cut.keep(|what, job| what != "accepted" || job == 1);
    cut.jobs.lose(|job| job != 1);
    assert!(cut.run(12).await.iter().all(Item::ok));
    cut.once(12);
    assert_eq!(cut.said("neverMade"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_left_but_now_is_looked_for_longer_than_what_did_not() {
    let cut = Cut::new().await;
    cut.at_leaving(1);
    cut.server_has(1);
    let hasty = cut.server.builder().recover_for(Duration::from_secs(2)).build().unwrap();
    let run = async |count| cut.all_of(&hasty, urls(count).collect()).start().unwrap().collect().await;
    let why = unknown(&run(12).await, 4..8);
    assert!(why.contains("not looked for long enough"), "{why}");
    assert_eq!((cut.jobs.count(), cut.said("neverMade")), (2, 0));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let began = Instant::now();
    assert!(run(12).await.iter().all(Item::ok));
    let took = began.elapsed().as_secs();
    assert!((2..8).contains(&took), "{took} s");
    cut.once(12);
    assert_eq!(cut.said("neverMade"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_run_sends_is_never_settled_by_the_same_run() {
    let cut = Cut::new().await;
    // A submit is lost on its way; others follow, one a minute.
    let lost = Arc::new(Mutex::new(0));
    let count = Arc::clone(&lost);
    cut.faulty(move |asked, _| {
        let mut count = count.lock().unwrap();
        *count += usize::from(asked.method == "POST");
        (asked.method == "POST" && *count == 1).then_some(Reply::Close)
    });
    let slow = futures_util::stream::unfold(0, |number| async move {
        if number % 4 == 0 && number > 12 {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        (number < 24).then(|| (url(number), number + 1))
    });
    let all = cut.server.client().detect_all_from(Box::pin(slow)).class("person").batch_size(4);
    let items = all.manifest(cut.manifest()).start().unwrap().collect().await;
    unknown(&items, 12..16);
    assert_eq!((*lost.lock().unwrap(), cut.jobs.count(), cut.said("neverMade")), (3, 5, 0));
    // The next one does.
    assert!(cut.run(28).await.iter().all(Item::ok));
    cut.once(28);
    assert_eq!(cut.said("neverMade"), 1);
}

#[tokio::test(start_paused = true)]
async fn in_order_it_is_waited_for_and_nothing_gets_stuck() {
    for (concurrency, refused) in [(1, false), (1, true), (2, false), (2, true), (8, false)] {
        let cut = Cut::new().await;
        cut.at_leaving(0);
        cut.server_has(0);
        if refused {
            // There will be no witness.
            cut.faulty(|asked, _| (asked.method == "POST").then(|| Reply::Json(400, r#"{"message":"no"}"#.into())));
        }
        let all = cut.all(40).concurrency(concurrency).in_order(true);
        let items = tokio::time::timeout(Duration::from_secs(600), async {
            let mut items = all.start().unwrap();
            let mut given = Vec::new();
            while let Some(item) = items.next().await {
                assert_eq!(item.index, given.len());
                given.push(item);
            }
            given
        });
        let items = items.await.expect("it is stuck");
        assert_eq!(items.len(), 40);
        if refused {
            let error = items[0].error.as_ref().unwrap();
            assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        } else {
            assert!(items.iter().all(Item::ok));
            cut.once(40);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn in_order_with_a_new_one_between_those_that_are_sent_again() {
    let cut = Cut::new().await;
    cut.keep(|what, job| (what, job) != ("accepted", 0));
    cut.jobs.lose(|job| job == 0);
    // What is sent again surrounds a new one, which is about to be sent when they are.
    let pictures = futures_util::stream::unfold(0, |place| async move {
        let pause = [0, 0, 29_700, 0, 5_000][place];
        tokio::time::sleep(Duration::from_millis(pause)).await;
        [0, 1, 100, 2].get(place).map(|number| (url(*number), place + 1))
    });
    let all = cut.server.client().detect_all_from(Box::pin(pictures)).class("person").batch_size(4).concurrency(1);
    let items = all.in_order(true).manifest(cut.manifest()).start().unwrap().collect();
    let items = tokio::time::timeout(Duration::from_secs(600), items).await.expect("it is stuck");
    assert!(items.len() == 4 && items.iter().all(Item::ok));
    assert_eq!((cut.said("neverMade"), cut.jobs.sizes()), (1, vec![4, 4, 3, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_meanwhile_comes_to_its_end() {
    let cut = Cut::new().await;
    cut.at_leaving(1);
    cut.server_has(1);
    let mut items = cut.all(12).start().unwrap();
    let mut given = vec![items.next().await.unwrap()];
    items.stop();
    while let Some(item) = items.next().await {
        given.push(item);
    }
    for item in given.iter().filter(|item| (4..8).contains(&item.index)) {
        assert_eq!(item.error.as_ref().unwrap().kind(), ErrorKind::OutcomeUnknown, "{item:?}");
    }
    drop(items);
    // It was not sent again, so nothing was to be proven; the next run sends it once.
    assert_eq!(cut.said("neverMade"), 0);
    assert!(cut.run(16).await.iter().all(Item::ok));
    cut.once(16);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_told_of_submits_is_told_of_what_was_found_out() {
    let cut = Cut::new().await;
    cut.at_leaving(1);
    cut.server_has(1);
    let journal = cut.folder.path().join("journal");
    let intent = serde_json::json!({
        "is": "intended", "rid": cut.names[1], "kind": "detect", "customId": cut.names[1], "images": 4, "at": 0,
        "api": cut.lines()[1]["run"]["api"],
    });
    let leaving = serde_json::json!({"is": "leaving", "rid": cut.names[1]});
    let header = r#"{"imageIntelligence":"journal","version":1}"#;
    std::fs::write(&journal, format!("{header}\n{intent}\n{leaving}\n")).unwrap();
    let open = || cut.server.builder().journal(&journal).recover_for(Duration::from_secs(30)).build().unwrap();
    let items = cut.all_of(&open(), urls(12).collect()).start().unwrap().collect().await;
    assert!(items.iter().all(Item::ok));
    assert!(open().recover().await.unwrap().is_empty());
}
