//! Handlers and a real store.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt as _, poll};
use image_intelligence_core::{ErrorKind, EventKind, ImageRequest, Inputs, Intent, Kind, Timestamp, WebhookEvent};
use rusqlite::Connection;

use super::{nameless, ours, receive, receive_ours, rid, seconds};
use crate::inbox::{Delivery, EventState, Inbox, InboxBuilder, Statement};
use crate::store::Incoming;

/// An inbox in that folder, which tries again at once.
fn quick(folder: &Path) -> InboxBuilder {
    Inbox::builder(folder.join("inbox.db")).retry_pause(Duration::from_millis(1))
}

async fn next(inbox: &Inbox) -> Delivery {
    inbox.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn events_come_in_order_as_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(folder.path().join("inbox.db")).await.unwrap();
    let event = br#"{"event": "IDENTITY_CREATED", "identity": {"id": "i-1"}}"#;
    let broken = b"\xff\xfe no JSON";
    let batch = vec![ours(1), nameless(EventKind::Event, event), nameless(EventKind::Unknown, broken)];
    for one in batch {
        receive(&inbox, vec![one]).await;
    }

    let delivery = next(&inbox).await;
    let WebhookEvent::Detect(job) = delivery.event() else { panic!("{delivery:?}") };
    assert_eq!((job.id.as_str(), delivery.job_id(), delivery.rid()), ("job-1", Some("job-1"), Some(rid(1))));
    assert_eq!((delivery.idempotency_key(), delivery.attempt()), (rid(1).to_string().as_str(), 1));
    assert!(!delivery.is_signed());
    delivery.ack().await.unwrap();

    let delivery = next(&inbox).await;
    assert!(matches!(delivery.event(), WebhookEvent::Event(_)) && delivery.is_signed());
    assert_eq!((delivery.raw(), delivery.idempotency_key().len()), (&event[..], 64));
    delivery.ack().await.unwrap();

    let delivery = next(&inbox).await;
    let WebhookEvent::Unknown(raw) = delivery.event() else { panic!("{delivery:?}") };
    assert_eq!((raw.as_str(), delivery.raw()), (None, &broken[..]));
    let now = inbox.hub.store.now().await.unwrap();
    assert!(now.since(delivery.received_at()) < seconds(60));
    delivery.ack().await.unwrap();
    assert_eq!(inbox.counts().await.unwrap().events.done, 3);
    inbox.shutdown().await;
}

/// A forged body with an odd status, or an event where jobs come, is handed out as nothing that somebody might trust.
#[tokio::test]
async fn what_nobody_vouches_for_is_unknown_whatever_it_looks_like() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(folder.path().join("inbox.db")).await.unwrap();
    let job = br#"{"id": "1", "status": "FROBNICATED", "jobResults": []}"#;
    let event = br#"{"event": "IDENTITY_CREATED", "identity": {"id": "i-1"}}"#;
    for body in [&job[..], event] {
        receive(&inbox, vec![nameless(EventKind::Unknown, body)]).await;
        let delivery = next(&inbox).await;
        let WebhookEvent::Unknown(raw) = delivery.event() else { panic!("{delivery:?}") };
        assert_eq!((raw.as_str().map(str::as_bytes), delivery.job_id()), (Some(body), None));
        assert_eq!((delivery.judged().kind, delivery.judged().json), (EventKind::Unknown, None));
        delivery.ack().await.unwrap();
    }
    inbox.shutdown().await;
}

/// The handler may be in another process than the one that sent the job.
#[tokio::test]
async fn pictures_are_tied_to_those_that_were_passed_in() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(folder.path().join("inbox.db")).await.unwrap();
    let mut images = [ImageRequest::bytes(b".."), ImageRequest::bytes(b"..").custom_id("yard")];
    let inputs = Inputs::stamp(rid(1), &mut images, ["door.jpg".to_owned(), "yard.jpg".to_owned()]);
    let intent = Intent::new(Kind::Detect, rid(1), rid(1).to_string(), 2, Timestamp::default());
    inbox.hub.store.record(intent.of(inputs)).await.unwrap();
    for number in 1..3 {
        let image = |name: &str| format!(r#"{{"customId": "{name}", "status": "COMPLETED_SUCCESSFULLY"}}"#);
        let images = format!("{}, {}", image(&rid(number).stamp(0)), image("yard"));
        let body = format!(
            r#"{{"id": "1", "status": "COMPLETED_SUCCESSFULLY", "jobResults": [], "imageResults": [{images}]}}"#
        );
        receive(&inbox, vec![Incoming { body: body.into(), ..ours(number) }]).await;
    }

    // Of the second job nothing was written down here; what its pictures are called still says which of them they are.
    let first = [(None, Some((0, "door.jpg"))), (Some("yard"), Some((1, "yard.jpg")))];
    for wanted in [first, [(None, Some((0, ""))), (Some("yard"), None)]] {
        let delivery = next(&inbox).await;
        let WebhookEvent::Detect(job) = delivery.event() else { panic!("{delivery:?}") };
        let seen = job.image_results.iter().map(|image| {
            (image.custom_id.as_deref(), image.input.as_ref().map(|input| (input.index, input.source.as_str())))
        });
        assert_eq!(seen.collect::<Vec<_>>(), wanted);
        // In other languages the same.
        let judged = delivery.judged();
        let json: serde_json::Value = serde_json::from_slice(&judged.json.unwrap()).unwrap();
        let seen = json["imageResults"].as_array().unwrap().iter().map(|image| {
            let input = &image["input"];
            (image["customId"].as_str(), input["index"].as_u64().zip(input["source"].as_str()))
        });
        let wanted = wanted.map(|(id, input)| (id, input.map(|(index, source)| (index as u64, source))));
        assert_eq!(seen.collect::<Vec<_>>(), wanted);
        delivery.ack().await.unwrap();
    }
    inbox.shutdown().await;
}

#[tokio::test]
async fn what_no_handler_has_seen_costs_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).attempts(1).open().await.unwrap();
    receive_ours(&inbox, 0..1).await;
    let mut delivery = next(&inbox).await;
    delivery.set_seen(false);
    drop(delivery);
    let mut again = next(&inbox).await;
    assert_eq!(again.attempt(), 1);
    again.set_seen(false);
    again.set_seen(true);
    drop(again);
    // It had one attempt.
    while inbox.counts().await.unwrap().events.dead == 0 {
        tokio::task::yield_now().await;
    }
    inbox.shutdown().await;
}

#[tokio::test]
async fn what_a_handler_drops_comes_again_under_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).open().await.unwrap();
    receive_ours(&inbox, 0..1).await;
    let key = {
        let delivery = next(&inbox).await;
        delivery.idempotency_key().to_owned()
    };
    let again = next(&inbox).await;
    assert_eq!((again.attempt(), again.idempotency_key()), (2, key.as_str()));
    let seq = again.seq();
    tokio::spawn(async move {
        let _again = again;
        panic!("a handler's own trouble");
    })
    .await
    .unwrap_err();
    let third = next(&inbox).await;
    assert_eq!(third.attempt(), 3);
    assert_eq!(inbox.entry(seq).await.unwrap().unwrap().error.as_deref(), Some("the handler panicked"));
    // Out of the runtime, too, as where a language collects its garbage.
    std::thread::spawn(move || drop(third)).join().unwrap();
    let fourth = next(&inbox).await;
    assert_eq!(fourth.attempt(), 4);
    fourth.ack().await.unwrap();
    inbox.shutdown().await;
}

#[tokio::test]
async fn a_hung_handler_is_fenced() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).open().await.unwrap();
    receive_ours(&inbox, 0..1).await;
    let hung = next(&inbox).await;
    // The machine slept, and no heart beat.
    inbox.hub.store.skip(seconds(61));
    let other = next(&inbox).await;
    assert_eq!((other.seq(), other.attempt()), (hung.seq(), 2));
    let error = hung.ack().await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false));
    assert!(error.to_string().contains("given to another handler"), "{error}");
    other.ack().await.unwrap();
    assert_eq!(inbox.counts().await.unwrap().events.done, 1);
    inbox.shutdown().await;
}

#[tokio::test]
async fn after_twelve_attempts_it_is_a_dead_letter_until_it_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).open().await.unwrap();
    receive_ours(&inbox, 0..2).await;
    let mut seqs = BTreeSet::new();
    for attempt in 0..24 {
        let delivery = next(&inbox).await;
        seqs.insert(delivery.seq());
        delivery.nack(format!("no {attempt}")).await.unwrap();
        inbox.hub.store.skip(seconds(10));
    }
    assert_eq!(seqs.len(), 2);
    let counts = inbox.counts().await.unwrap();
    assert_eq!((counts.events.dead, counts.events.ready, counts.jobs.completed), (2, 0, 2));

    let first = *seqs.first().unwrap();
    assert_eq!(inbox.replay([first, 1_000_000]).await.unwrap(), 1);
    let delivery = next(&inbox).await;
    assert_eq!((delivery.seq(), delivery.attempt()), (first, 1));
    delivery.ack().await.unwrap();
    assert_eq!(inbox.replay([]).await.unwrap(), 0);
    assert_eq!(inbox.replay_dead().await.unwrap(), 1);
    next(&inbox).await.ack().await.unwrap();
    assert_eq!(inbox.counts().await.unwrap().events.done, 2);
    inbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_get_a_thousand_events() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).open().await.unwrap();
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let inbox = inbox.clone();
            tokio::spawn(async move {
                let delivery = next(&inbox).await;
                let (seq, attempt) = (delivery.seq(), delivery.attempt());
                delivery.ack().await.unwrap();
                (seq, attempt)
            })
        })
        .collect();
    for batch in 0..20 {
        receive_ours(&inbox, batch * 50..(batch + 1) * 50).await;
    }
    let mut seqs = BTreeSet::new();
    for caller in callers {
        let (seq, attempt) = caller.await.unwrap();
        assert!(seqs.insert(seq), "{seq} was handed out twice");
        assert_eq!(attempt, 1);
    }
    assert_eq!(inbox.counts().await.unwrap().events.done, 1000);
    inbox.shutdown().await;
}

#[tokio::test]
async fn two_inboxes_of_one_file_share_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (quick(folder.path()).open().await.unwrap(), quick(folder.path()).open().await.unwrap());
    let handle = |inbox: Inbox| async move {
        let mut seqs = Vec::new();
        while let Some(delivery) = inbox.next().await.unwrap() {
            seqs.push(delivery.seq());
            delivery.ack().await.unwrap();
            if inbox.counts().await.unwrap().events.done == 40 {
                break;
            }
        }
        seqs
    };
    let (a, b) = (tokio::spawn(handle(one.clone())), tokio::spawn(handle(two.clone())));
    receive_ours(&one, 0..20).await;
    receive_ours(&two, 20..40).await;
    let (done, rest) = futures_util::future::select(a, b).await.factor_first();
    let done = done.unwrap();
    one.shutdown().await;
    two.shutdown().await;
    let mut seqs = [done, rest.await.unwrap()].concat();
    seqs.sort_unstable();
    let before = seqs.len();
    seqs.dedup();
    assert_eq!((before, seqs.len()), (40, 40));
}

#[tokio::test]
async fn a_call_that_is_dropped_at_any_point_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).prefetch(3).open().await.unwrap();
    receive_ours(&inbox, 0..40).await;
    let mut seqs = BTreeSet::new();
    let mut take = |delivery: &Delivery| {
        assert_eq!(delivery.attempt(), 1, "a lease was lost");
        assert!(seqs.insert(delivery.seq()));
    };
    for patience in 0..60 {
        let mut call = Box::pin(inbox.next());
        for _ in 0..patience % 6 {
            if let std::task::Poll::Ready(got) = poll!(&mut call) {
                let delivery = got.unwrap().unwrap();
                take(&delivery);
                delivery.ack().await.unwrap();
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    while inbox.counts().await.unwrap().events.done < 40 {
        let delivery = next(&inbox).await;
        take(&delivery);
        delivery.ack().await.unwrap();
    }
    inbox.shutdown().await;
}

#[tokio::test]
async fn a_shutdown_gives_back_what_it_leased_and_loses_no_ack() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).prefetch(16).open().await.unwrap();
    receive_ours(&inbox, 0..10).await;
    let out = next(&inbox).await;
    let closing = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.shutdown().await }
    });
    assert!(inbox.next().await.unwrap().is_some() || closing.is_finished());
    while !*inbox.hub.closing.borrow() {
        tokio::task::yield_now().await;
    }
    assert!(inbox.next().await.unwrap().is_none());
    out.ack().await.unwrap();
    closing.await.unwrap();

    let inbox = quick(folder.path()).open().await.unwrap();
    let counts = inbox.counts().await.unwrap().events;
    assert_eq!((counts.done, counts.ready, counts.leased), (1, 9, 0));
    let ready = inbox.list(crate::Filter::new().state(EventState::Ready)).await.unwrap();
    assert!(ready.iter().filter(|entry| entry.attempts == 0).count() >= 8, "{ready:?}");
    inbox.shutdown().await;
}

#[tokio::test]
async fn what_a_dead_process_had_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).shutdown_timeout(Duration::ZERO).open().await.unwrap();
    receive_ours(&inbox, 0..1).await;
    std::mem::forget(next(&inbox).await);
    inbox.shutdown().await;

    let inbox = quick(folder.path()).open().await.unwrap();
    inbox.hub.store.skip(seconds(61));
    let delivery = next(&inbox).await;
    assert_eq!((delivery.rid(), delivery.attempt()), (Some(rid(0)), 2));
    delivery.ack().await.unwrap();
    inbox.shutdown().await;
}

#[tokio::test]
async fn an_effect_in_the_same_database_happens_once_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).open().await.unwrap();
    let beside = Connection::open(folder.path().join("inbox.db")).unwrap();
    beside.busy_timeout(seconds(10)).unwrap();
    beside.execute("CREATE TABLE alarm (job TEXT PRIMARY KEY, people INTEGER NOT NULL)", ()).unwrap();
    let rows = || beside.query_row("SELECT count(*) FROM alarm", (), |row| row.get::<_, i64>(0)).unwrap();
    let insert = |people: Option<i64>| Statement::new("INSERT INTO alarm VALUES (?1, ?2)").bind("job-0").bind(people);

    receive_ours(&inbox, 0..1).await;
    let error = next(&inbox).await.ack_with([insert(Some(1)), insert(None)]).await.unwrap_err();
    assert_eq!((error.kind(), error.retryable(), rows()), (ErrorKind::Store, false, 0));

    let hung = next(&inbox).await;
    assert_eq!(hung.attempt(), 2);
    inbox.hub.store.skip(seconds(61));
    let other = next(&inbox).await;
    other.ack_with([insert(Some(2))]).await.unwrap();
    assert_eq!(rows(), 1);
    hung.ack_with([Statement::new("DELETE FROM alarm")]).await.unwrap_err();
    assert_eq!(rows(), 1);
    inbox.shutdown().await;
}

#[tokio::test]
async fn a_backlog_is_there_after_a_restart_and_is_taken_a_little_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).open().await.unwrap();
    for batch in 0..40 {
        receive_ours(&inbox, batch * 100..(batch + 1) * 100).await;
    }
    inbox.shutdown().await;

    let inbox = quick(folder.path()).prefetch(16).open().await.unwrap();
    let delivery = next(&inbox).await;
    assert!(inbox.list(crate::Filter::new().before(delivery.seq())).await.unwrap().is_empty(), "not the oldest");
    let counts = inbox.counts().await.unwrap().events;
    assert_eq!((counts.leased, counts.ready), (16, 3984));
    delivery.ack().await.unwrap();
    inbox.shutdown().await;
}

#[tokio::test]
async fn a_stream_gives_the_same_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = quick(folder.path()).open().await.unwrap();
    receive_ours(&inbox, 0..5).await;
    let mut stream = inbox.stream();
    let mut seqs = Vec::new();
    for _ in 0..5 {
        let delivery = stream.next().await.unwrap().unwrap();
        seqs.push(delivery.seq());
        delivery.ack().await.unwrap();
    }
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    inbox.shutdown().await;
    assert!(stream.next().await.is_none());
}
