//! What webhooks bring, and what the API says of it.

use futures_util::future::join_all;

use super::*;
use crate::store::{Hint, Receipt, Seen};

pub(crate) async fn of_one_key_there_is_one_event(lab: &impl Lab) {
    let store = lab.open().await;
    assert!(store.receive(Vec::new()).await.unwrap().is_empty());
    let batch = vec![foreign("b", "1"), foreign("a", "2"), foreign("b", "3"), raw("4"), foreign("b", "5")];
    let receipts = store.receive(batch.clone()).await.unwrap();
    let (new, duplicate) = (Receipt::New, Receipt::Duplicate);
    assert_eq!(receipts, [new, new, duplicate, new, duplicate]);
    assert_eq!(store.receive(batch).await.unwrap(), [duplicate; 5]);
    let mut deliveries: Vec<_> = all(&*store).await.into_iter().map(|entry| (entry.job_id, entry.deliveries)).collect();
    deliveries.sort();
    assert_eq!(deliveries, [(None, 2), (Some("a".into()), 2), (Some("b".into()), 6)]);
    let mut claimed = claim(&*store).await;
    claimed.sort_by_key(|event| event.body.clone());
    assert_eq!(claimed.iter().map(|event| &event.body[..]).collect::<Vec<_>>(), [b"1", b"2", b"4"]);
    assert!(claimed.iter().all(|event| event.signed && event.rid.is_none()));
    assert_eq!((claimed[0].key, claimed[2].label), (EventKey::foreign("b"), EventKind::Event));
}

pub(crate) async fn many_webhooks_of_one_event_at_a_time(lab: &impl Lab) {
    let store = lab.open().await;
    let bodies = (0..1000).map(|number| foreign("a", &format!("{number}")));
    let receipts = join_all(bodies.map(|one| store.receive(vec![one]))).await;
    let new = receipts.into_iter().filter(|receipt| *receipt.as_ref().unwrap() == [Receipt::New]).count();
    assert_eq!(new, 1);
    let entries = all(&*store).await;
    assert_eq!((entries.len(), entries[0].deliveries), (1, 1000));
    claim_one(&*store).await;
}

pub(crate) async fn raw_bytes_are_an_event_again_after_a_day(lab: &impl Lab) {
    let store = lab.open().await;
    store.receive(vec![raw("same"), foreign("a", "same")]).await.unwrap();
    store.skip(1439 * MINUTE);
    let batch = || vec![raw("same"), foreign("a", "same")];
    assert_eq!(store.receive(batch()).await.unwrap(), [Receipt::Duplicate; 2]);
    store.skip(MINUTE);
    assert_eq!(store.receive(batch()).await.unwrap(), [Receipt::New, Receipt::Duplicate]);
    assert_eq!(store.receive(batch()).await.unwrap(), [Receipt::Duplicate; 2]);
    let claimed = claim(&*store).await;
    let raws: Vec<_> = claimed.iter().filter(|event| event.key == EventKey::raw(b"same")).collect();
    assert_eq!((claimed.len(), raws.len()), (3, 2));
}

pub(crate) async fn a_webhook_ends_its_job(lab: &impl Lab) {
    let store = lab.open().await;
    expect(&*store, 1).await;
    assert_eq!(store.receive(vec![ours(1, "result")]).await.unwrap(), [Receipt::New]);
    assert_eq!(state_of(&*store, 1).await, Some("completed"));
    let terminal = store.terminal(rid(1)).await.unwrap().unwrap();
    assert_eq!((&terminal.body[..], terminal.id.as_deref()), (&b"result"[..], Some("job-1")));
    assert!(!store.finish(rid(1), completed("late")).await.unwrap());
    assert_eq!(claim_one(&*store).await.body, "result");
    store.skip(HOUR);
    assert!(store.overdue(10, MINUTE).await.unwrap().is_empty());
}

pub(crate) async fn a_webhook_may_come_before_the_submits_answer(lab: &impl Lab) {
    let store = lab.open().await;
    for number in [1, 2] {
        store.record(intent(number)).await.unwrap();
        store.left(rid(number), true).await.unwrap();
    }
    store.receive(vec![ours(1, "result"), hint(ours(2, "hint"))]).await.unwrap();
    // Until the answer is there, only the body says which job it is.
    let seen = store.unconfirmed(10, MINUTE).await.unwrap();
    assert_eq!(seen.len(), 1);
    let known = Hint::Body("job-2".into());
    assert_eq!(seen[0].origin, Seen::Ours { rid: rid(2), kind: Kind::Detect, namespace: None, known });
    store.accepted(rid(1), job("answered"), MINUTE).await.unwrap();
    store.accepted(rid(2), job("answered"), MINUTE).await.unwrap();
    assert_eq!(state_of(&*store, 1).await, Some("completed"));
    assert_eq!(store.known(rid(1)).await.unwrap().unwrap().job.unwrap().id, "answered");
    store.skip(MINUTE);
    let seen = store.unconfirmed(10, MINUTE).await.unwrap();
    let known = Hint::Sure(job("answered"));
    assert_eq!(seen[0].origin, Seen::Ours { rid: rid(2), kind: Kind::Detect, namespace: None, known });
    assert!(store.finish(rid(2), completed("true")).await.unwrap());
    let mut bodies: Vec<_> = claim(&*store).await.into_iter().map(|event| event.body).collect();
    bodies.sort();
    assert_eq!(bodies, ["result", "true"]);
}

pub(crate) async fn a_body_for_a_job_at_its_end_is_only_counted(lab: &impl Lab) {
    let store = lab.open().await;
    expect(&*store, 1).await;
    store.finish(rid(1), gave_up("lost")).await.unwrap();
    let late = vec![ours(1, "late"), hint(ours(1, "later"))];
    assert_eq!(store.receive(late).await.unwrap(), [Receipt::Duplicate; 2]);
    assert_eq!(state_of(&*store, 1).await, Some("gave_up"));
    let event = claim_one(&*store).await;
    assert_eq!((&event.body[..], event.label), (&b"lost"[..], EventKind::GaveUp));
    store.done(event.lease, Vec::new()).await.unwrap();
    store.receive(vec![ours(1, "last")]).await.unwrap();
    let entries = all(&*store).await;
    assert_eq!((entries.len(), entries[0].deliveries, &*entries[0].state), (1, 3, "done"));
    assert!(store.unconfirmed(10, MINUTE).await.unwrap().is_empty());
}

pub(crate) async fn a_true_body_replaces_a_forged_one(lab: &impl Lab) {
    let store = lab.open().await;
    expect(&*store, 1).await;
    store.receive(vec![hint(ours(1, "forged"))]).await.unwrap();
    let forged = store.unconfirmed(10, MINUTE).await.unwrap().remove(0);
    assert_eq!(forged.tries, 0);
    // The true one comes while the first is looked at.
    let second = Incoming { label: EventKind::Match, ..hint(ours(1, "true")) };
    assert_eq!(store.receive(vec![second]).await.unwrap(), [Receipt::Duplicate]);
    assert!(!store.discard(forged.seq, forged.version, "not so".into()).await.unwrap());
    // It is looked at at once, though the first one's lease has not lapsed.
    let real = store.unconfirmed(10, MINUTE).await.unwrap().remove(0);
    assert_eq!((real.seq, real.tries, real.label), (forged.seq, 1, EventKind::Match));
    assert_ne!(real.version, forged.version);
    assert_eq!(store.entry(real.seq).await.unwrap().unwrap().body.unwrap(), "true");
    assert!(claim(&*store).await.is_empty());
    assert!(store.discard(real.seq, real.version, "not so".into()).await.unwrap());
    assert!(!store.discard(real.seq, real.version, "not so".into()).await.unwrap());
    assert!(all(&*store).await.is_empty());
    assert_eq!(state_of(&*store, 1).await, Some("expected"));
    // What comes after it is another event.
    assert_eq!(store.receive(vec![hint(ours(1, "third"))]).await.unwrap(), [Receipt::New]);
    let third = store.unconfirmed(10, MINUTE).await.unwrap().remove(0);
    assert_ne!(third.seq, forged.seq);
    let finish = Finish { by_webhook: true, ..completed("fetched") };
    assert!(store.finish(rid(1), finish).await.unwrap());
    let event = claim_one(&*store).await;
    assert_eq!((event.lease.seq, &event.body[..]), (third.seq, &b"fetched"[..]));
    assert!(!store.discard(third.seq, third.version, "too late".into()).await.unwrap());
    assert_eq!(all(&*store).await.len(), 1);
}

pub(crate) async fn a_body_that_is_signed_needs_no_confirming(lab: &impl Lab) {
    let store = lab.open().await;
    expect(&*store, 1).await;
    store.receive(vec![hint(ours(1, "hint")), hint(foreign("a", "hint"))]).await.unwrap();
    assert!(claim(&*store).await.is_empty());
    let signed = vec![hint(ours(1, "hint")), ours(1, "true"), hint(ours(1, "forged")), foreign("a", "true")];
    assert_eq!(store.receive(signed).await.unwrap(), [Receipt::Duplicate; 4]);
    assert_eq!(state_of(&*store, 1).await, Some("completed"));
    let claimed = claim(&*store).await;
    assert_eq!(
        claimed.iter().map(|event| (&event.body[..], event.signed)).collect::<Vec<_>>(),
        [(&b"true"[..], true); 2]
    );
    // What has no name cannot be asked for.
    store.receive(vec![hint(raw("event"))]).await.unwrap();
    assert_eq!(claim_one(&*store).await.body, "event");
    assert!(store.unconfirmed(10, MINUTE).await.unwrap().is_empty());
}

pub(crate) async fn a_foreign_job_is_confirmed(lab: &impl Lab) {
    let store = lab.open().await;
    let unlabelled = Incoming { label: EventKind::Unknown, ..hint(foreign("a", "hint")) };
    store.receive(vec![unlabelled]).await.unwrap();
    let seen = store.unconfirmed(10, MINUTE).await.unwrap().remove(0);
    assert_eq!((seen.origin, seen.label), (Seen::Foreign { id: "a".into() }, EventKind::Unknown));
    assert!(store.confirm(seen.seq, terminal("true")).await.unwrap());
    assert!(!store.confirm(seen.seq, terminal("again")).await.unwrap());
    assert!(!store.confirm(seen.seq + 100, terminal("nothing")).await.unwrap());
    // Once confirmed it is final.
    store.receive(vec![hint(foreign("a", "forged"))]).await.unwrap();
    assert!(store.unconfirmed(10, MINUTE).await.unwrap().is_empty());
    let event = claim_one(&*store).await;
    assert_eq!((&event.body[..], event.label), (&b"true"[..], EventKind::Detect));
    let entry = store.entry(event.lease.seq).await.unwrap().unwrap();
    assert!(entry.confirmed_at.is_some());
    assert_eq!((entry.deliveries, entry.size, entry.job_id.as_deref()), (2, 4, Some("a")));
}

pub(crate) async fn what_cannot_be_confirmed_now_is_tried_again(lab: &impl Lab) {
    let store = lab.open().await;
    store.receive(vec![hint(foreign("a", "1"))]).await.unwrap();
    let seen = store.unconfirmed(10, MINUTE).await.unwrap().remove(0);
    store.confirm_later(seen.seq, HOUR).await.unwrap();
    store.skip(3599 * SECOND);
    assert!(store.unconfirmed(10, MINUTE).await.unwrap().is_empty());
    store.skip(SECOND);
    let again = store.unconfirmed(10, MINUTE).await.unwrap().remove(0);
    assert_eq!((again.seq, again.tries, again.received_at), (seen.seq, 1, seen.received_at));
    // Whoever took it died.
    assert!(store.unconfirmed(10, MINUTE).await.unwrap().is_empty());
    store.skip(MINUTE);
    assert_eq!(store.unconfirmed(10, MINUTE).await.unwrap()[0].tries, 2);
    store.confirm(seen.seq, terminal("true")).await.unwrap();
    store.confirm_later(seen.seq, Duration::ZERO).await.unwrap();
    assert!(store.unconfirmed(10, MINUTE).await.unwrap().is_empty());
    claim_one(&*store).await;
}

pub(crate) async fn of_two_who_confirm_one_gets_it(lab: &impl Lab) {
    let store = lab.open().await;
    let other = lab.open().await;
    store.receive((0..20).map(|number| hint(foreign(&number.to_string(), "1"))).collect()).await.unwrap();
    let (first, second) = tokio::join!(store.unconfirmed(15, MINUTE), other.unconfirmed(15, MINUTE));
    let mut taken: Vec<_> = first.unwrap().into_iter().chain(second.unwrap()).map(|one| one.seq).collect();
    taken.extend(store.unconfirmed(15, MINUTE).await.unwrap().into_iter().map(|one| one.seq));
    taken.sort_unstable();
    let seqs: Vec<_> = all(&*store).await.into_iter().map(|entry| entry.seq).collect();
    assert_eq!(taken, seqs);
}
