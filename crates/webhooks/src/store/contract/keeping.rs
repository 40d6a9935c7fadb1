//! Looking after a store.

use futures_util::FutureExt as _;

use super::*;
use crate::store::{Counts, Due, Pruned};

pub(crate) async fn the_dead_are_replayed(lab: &impl Lab) {
    let store = lab.open().await;
    for number in 0..4 {
        store.receive(vec![foreign(&number.to_string(), &number.to_string())]).await.unwrap();
    }
    let claimed = claim(&*store).await;
    let seqs: Vec<_> = claimed.iter().map(|event| event.lease.seq).collect();
    store.done(claimed[0].lease, Vec::new()).await.unwrap();
    store.failed(claimed[1].lease, "no".into(), None).await.unwrap();
    store.failed(claimed[2].lease, "no".into(), None).await.unwrap();
    assert_eq!(store.replay(Vec::new()).await.unwrap(), 2);
    let again = claim(&*store).await;
    assert_eq!(
        again.iter().map(|event| (event.lease.seq, event.attempt)).collect::<Vec<_>>(),
        [(seqs[1], 1), (seqs[2], 1)]
    );
    assert!(!store.done(claimed[1].lease, Vec::new()).await.unwrap());
    // By name: what is done, too, but not what somebody has.
    assert_eq!(store.replay(vec![seqs[0], seqs[1], seqs[3], 99_999]).await.unwrap(), 1);
    let done = claim_one(&*store).await;
    assert_eq!((done.lease.seq, &done.body[..]), (seqs[0], &b"0"[..]));
    store.done(done.lease, Vec::new()).await.unwrap();
    store.skip(7 * DAY);
    store.prune(7 * DAY, 90 * DAY).await.unwrap();
    assert_eq!(store.replay(vec![seqs[0]]).await.unwrap(), 0);
}

pub(crate) async fn old_bodies_and_old_keys_go(lab: &impl Lab) {
    let store = lab.open().await;
    expect(&*store, 1).await;
    expect(&*store, 2).await;
    store.record(intent(3)).await.unwrap();
    store.refused(rid(3), "no".into()).await.unwrap();
    let brought = vec![ours(1, "done"), raw("dead"), raw("ready"), hint(foreign("a", "received"))];
    store.receive(brought).await.unwrap();
    for event in claim(&*store).await {
        match &event.body[..] {
            b"done" => store.done(event.lease, Vec::new()).await.unwrap(),
            b"dead" => store.failed(event.lease, "no".into(), None).await.unwrap(),
            _ => store.failed(event.lease, "later".into(), Some(SECOND)).await.unwrap(),
        };
    }
    assert_eq!(store.prune(7 * DAY, 90 * DAY).await.unwrap(), Pruned::default());
    store.skip(7 * DAY);
    assert_eq!(store.prune(7 * DAY, 90 * DAY).await.unwrap(), Pruned { bodies: 1, events: 0, jobs: 0 });
    assert_eq!(store.prune(7 * DAY, 90 * DAY).await.unwrap(), Pruned::default());
    assert!(store.terminal(rid(1)).await.unwrap().is_none());
    let entries = all(&*store).await;
    assert_eq!(entries.iter().map(|entry| &*entry.state).collect::<Vec<_>>().len(), 4);
    let done = entries.iter().find(|entry| entry.state == "done").unwrap();
    assert_eq!(store.entry(done.seq).await.unwrap().unwrap().body, None);
    // The key is kept: a late webhook is no new event.
    store.receive(vec![ours(1, "late")]).await.unwrap();
    assert!(claim(&*store).await.iter().all(|event| event.rid.is_none()));
    store.skip(83 * DAY);
    assert_eq!(store.prune(7 * DAY, 90 * DAY).await.unwrap(), Pruned { bodies: 0, events: 2, jobs: 2 });
    assert_eq!(state_of(&*store, 1).await, None);
    assert_eq!(state_of(&*store, 2).await, Some("expected"));
    let mut left: Vec<_> = all(&*store).await.into_iter().map(|entry| entry.state).collect();
    left.sort();
    assert_eq!(left, ["leased", "received"]);
    // More than go in one transaction.
    let many: Vec<_> = (0..600).map(|number| foreign(&format!("x{number}"), "1")).collect();
    store.receive(many).await.unwrap();
    for _ in 0..10 {
        for event in store.claim(64, HOUR, 12).await.unwrap() {
            store.done(event.lease, Vec::new()).await.unwrap();
        }
    }
    store.skip(SECOND);
    assert_eq!(store.prune(SECOND, 90 * DAY).await.unwrap().bodies, 601);
}

pub(crate) async fn the_next_due_is_known(lab: &impl Lab) {
    let store = lab.open().await;
    assert_eq!(store.next_due().await.unwrap(), Due::default());
    let about = |due: Option<Duration>, wanted: Duration| {
        let due = due.unwrap();
        assert!(due <= wanted && due + 30 * SECOND > wanted, "{due:?} instead of {wanted:?}");
    };
    expect(&*store, 1).await;
    about(store.next_due().await.unwrap().look, MINUTE);
    store.skip(HOUR);
    assert_eq!(store.next_due().await.unwrap(), Due { look: Some(Duration::ZERO), ..Due::default() });
    store.receive(vec![ours(1, "1"), hint(foreign("a", "1"))]).await.unwrap();
    let due = store.next_due().await.unwrap();
    assert_eq!(due, Due { handle: Some(Duration::ZERO), confirm: Some(Duration::ZERO), look: None });
    let event = claim_one(&*store).await;
    store.unconfirmed(10, HOUR).await.unwrap();
    let due = store.next_due().await.unwrap();
    about(due.handle, MINUTE);
    about(due.confirm, HOUR);
    store.failed(event.lease, "later".into(), Some(HOUR)).await.unwrap();
    about(store.next_due().await.unwrap().handle, HOUR);
    store.skip(HOUR);
    store.done(claim_one(&*store).await.lease, Vec::new()).await.unwrap();
    assert_eq!(store.next_due().await.unwrap().handle, None);
}

pub(crate) async fn events_are_listed(lab: &impl Lab) {
    let store = lab.open().await;
    expect(&*store, 1).await;
    for incoming in [ours(1, "ours"), foreign("a", "foreign"), raw("raw"), hint(foreign("b", "hint"))] {
        store.receive(vec![incoming]).await.unwrap();
        store.skip(SECOND);
    }
    let claimed = store.claim(2, MINUTE, 12).await.unwrap();
    store.failed(claimed[1].lease, "no".into(), None).await.unwrap();
    let query = |change: fn(&mut Query)| {
        let mut query = Query { most: 10, ..Query::default() };
        change(&mut query);
        let store = store.clone();
        async move {
            let found = store.list(query).await.unwrap();
            assert!(found.windows(2).all(|pair| pair[0].seq > pair[1].seq));
            assert!(found.iter().all(|entry| entry.body.is_none()));
            found.into_iter().map(|entry| entry.size).collect::<Vec<_>>()
        }
    };
    assert_eq!(query(|_| ()).await, [4, 3, 7, 4]);
    assert_eq!(query(|query| query.most = 2).await, [4, 3]);
    assert_eq!(query(|query| query.state = Some("dead".into())).await, [7]);
    assert_eq!(query(|query| query.state = Some("leased".into())).await, [4]);
    assert_eq!(query(|query| query.state = Some("ready".into())).await, [3]);
    assert_eq!(query(|query| query.state = Some("received".into())).await, [4]);
    assert_eq!(query(|query| query.state = Some("done".into())).await, [0; 0]);
    assert_eq!(query(|query| query.state = Some("nonsense".into())).await, [0; 0]);
    assert_eq!(query(|query| query.label = Some(EventKind::Event)).await, [3]);
    assert_eq!(query(|query| query.job = Some("a".into())).await, [7]);
    assert_eq!(query(|query| query.job = Some("job-1".into())).await, [4]);
    assert_eq!(query(|query| query.job = Some(rid(1).to_string())).await, [4]);
    assert_eq!(query(|query| query.job = Some("nobody".into())).await, [0; 0]);
    let before = all(&*store).await[2].seq;
    let older = store.list(Query { before: Some(before), most: 10, ..Query::default() }).await.unwrap();
    assert_eq!(older.iter().map(|entry| entry.size).collect::<Vec<_>>(), [7, 4]);
    let whole = store.entry(older[1].seq).await.unwrap().unwrap();
    assert_eq!((whole.body.as_deref(), whole.rid, whole.signed), (Some(&b"ours"[..]), Some(rid(1)), true));
    assert_eq!((whole.key, whole.job_id.as_deref()), (EventKey::ours(rid(1)), Some("job-1")));
    assert!(whole.next_at.is_some() && whole.done_at.is_none() && whole.confirmed_at.is_none());
    assert!(store.entry(99_999).await.unwrap().is_none());
}

pub(crate) async fn counts_by_state(lab: &impl Lab) {
    let store = lab.open().await;
    let Counts { events, jobs, oldest_ready } = store.counts().await.unwrap();
    assert_eq!(events, ["received", "ready", "leased", "done", "dead"].map(|state| (state, 0)));
    assert_eq!(jobs, ["intended", "expected", "refused", "unknown", "completed", "gave_up"].map(|state| (state, 0)));
    assert_eq!(oldest_ready, None);
    expect(&*store, 1).await;
    store.record(intent(2)).await.unwrap();
    store.receive(vec![ours(1, "1"), raw("2"), hint(foreign("a", "3"))]).await.unwrap();
    store.skip(MINUTE);
    let oldest = store.counts().await.unwrap().oldest_ready.unwrap();
    assert!(oldest >= MINUTE && oldest < 2 * MINUTE, "{oldest:?}");
    let event = store.claim(1, MINUTE, 12).await.unwrap().remove(0);
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.events.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 1, 1, 0, 0]);
    assert_eq!(counts.jobs.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 0, 0, 0, 1, 0]);
    store.done(event.lease, Vec::new()).await.unwrap();
    assert_eq!(store.counts().await.unwrap().events[3], ("done", 1));
}

pub(crate) async fn masters_are_made_once(lab: &impl Lab) {
    let (store, other) = (lab.open().await, lab.open().await);
    let (first, second) = tokio::join!(store.masters([1; 32]), other.masters([2; 32]));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first, second);
    assert_eq!((first.len(), first[0].1.len()), (1, 32));
    assert_eq!(store.masters([3; 32]).await.unwrap(), first);
}

pub(crate) async fn masters_are_turned_over(lab: &impl Lab) {
    let store = lab.open().await;
    store.masters([0; 32]).await.unwrap();
    let mut ids = vec![store.masters([0; 32]).await.unwrap()[0].0];
    for number in 1..=255 {
        ids.push(store.add_master([number; 32]).await.unwrap());
        let masters = store.masters([0; 32]).await.unwrap();
        assert!(masters.len() <= 4);
        let (id, signing) = masters.last().unwrap();
        assert_eq!((Some(id), &signing[..]), (ids.last(), &[number; 32][..]));
        let kept: Vec<_> = masters.iter().map(|(id, _)| *id).collect();
        assert_eq!(kept, ids[ids.len().saturating_sub(4)..]);
    }
}

pub(crate) async fn a_change_is_told(lab: &impl Lab) {
    let (store, other) = (lab.open().await, lab.open().await);
    for (writer, number) in [(&store, 1), (&other, 2), (&store, 3)] {
        let (here, there) = (store.changed(), other.changed());
        writer.receive(vec![foreign(&number.to_string(), "1")]).await.unwrap();
        // The one in this process and the one that has to look.
        here.await;
        there.await;
    }
    // What changed before somebody waits for it is told to him who asked before.
    let changed = store.changed();
    store.receive(vec![foreign("4", "1")]).await.unwrap();
    store.counts().await.unwrap();
    changed.await;
    let changed = store.changed();
    store.skip(SECOND);
    changed.await;
}

pub(crate) async fn everything_is_there_after_it_was_opened_again(lab: &impl Lab) {
    let store = lab.open().await;
    expect(&*store, 1).await;
    store.record(intent(2)).await.unwrap();
    store.left(rid(2), true).await.unwrap();
    store.receive(vec![ours(1, "1"), foreign("a", "2"), hint(foreign("b", "3"))]).await.unwrap();
    let event = store.claim(1, MINUTE, 12).await.unwrap().remove(0);
    store.done(event.lease, Vec::new()).await.unwrap();
    let masters = store.masters([1; 32]).await.unwrap();
    let before = all(&*store).await;
    store.close().await;
    let store = lab.open().await;
    let after = all(&*store).await;
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
    assert_eq!(store.terminal(rid(1)).await.unwrap().unwrap().body, "1");
    assert_eq!(store.masters([2; 32]).await.unwrap(), masters);
    // Its process has ended, or will be thought so once it was away for long enough.
    store.abandon(Duration::ZERO).await.unwrap();
    assert_eq!(state_of(&*store, 2).await, Some("unknown"));
    assert_eq!(claim_one(&*store).await.body, "2");
    assert_eq!(store.unconfirmed(10, MINUTE).await.unwrap().len(), 1);
}

pub(crate) async fn what_nobody_waits_for_happens(lab: &impl Lab) {
    let store = lab.open().await;
    let mut sent = store.receive(vec![foreign("a", "1")]);
    // A sender that hangs up: the future is dropped after it was begun.
    let _ = (&mut sent).now_or_never();
    drop(sent);
    store.close().await;
    let store = lab.open().await;
    claim_one(&*store).await;
}

pub(crate) async fn closed_is_closed(lab: &impl Lab) {
    let store = lab.open().await;
    // Each has been begun, and is waited for later.
    let begun = futures_util::future::join_all((0..50).map(|number| {
        let mut sent = store.receive(vec![foreign(&number.to_string(), "1")]);
        let early = (&mut sent).now_or_never();
        async move {
            match early {
                Some(receipts) => receipts,
                None => sent.await,
            }
        }
    }));
    let ((), receipts) = tokio::join!(store.close(), begun);
    // What was begun has come to its end.
    assert!(receipts.iter().all(Result::is_ok), "{receipts:?}");
    let closed = |error: image_intelligence_core::Error| error.kind().as_str();
    assert_eq!(closed(store.receive(Vec::new()).await.unwrap_err()), "closed");
    assert_eq!(closed(store.known(rid(1)).await.unwrap_err()), "closed");
    assert_eq!(closed(store.claim(1, MINUTE, 1).await.unwrap_err()), "closed");
    assert_eq!(closed(store.now().await.unwrap_err()), "closed");
    store.changed().await;
    store.close().await;
    assert_eq!(all(&*lab.open().await).await.len(), 50);
}
