//! Events are leased to handlers, and come to their end or back.

use super::*;
use crate::store::{Lease, Statement, Value};

pub(crate) async fn an_event_is_handled_in_the_order_it_came(lab: &impl Lab) {
    let store = lab.open().await;
    for number in 0..5 {
        store.receive(vec![foreign(&number.to_string(), &number.to_string())]).await.unwrap();
        store.skip(SECOND);
    }
    let bodies = |claimed: Vec<Claimed>| claimed.into_iter().map(|event| event.body).collect::<Vec<_>>();
    assert_eq!(bodies(store.claim(2, MINUTE, 12).await.unwrap()), ["0", "1"]);
    assert!(store.claim(0, MINUTE, 12).await.unwrap().is_empty());
    assert_eq!(bodies(store.claim(64, MINUTE, 12).await.unwrap()), ["2", "3", "4"]);
    assert!(claim(&*store).await.is_empty());
}

pub(crate) async fn an_event_of_ours_knows_its_pictures(lab: &impl Lab) {
    let store = lab.open().await;
    store.record(intent(1).of(pictured(1))).await.unwrap();
    store.record(intent(2)).await.unwrap();
    // The third nobody here has sent.
    store.receive(vec![ours(1, "{}"), ours(2, "{}"), ours(3, "{}"), foreign("a", "{}")]).await.unwrap();
    let mut events = claim(&*store).await;
    events.sort_by_key(|event| event.rid);
    let known = events.iter().map(|event| (event.rid, event.inputs.as_deref().and_then(Inputs::from_json)));
    let wanted = [(None, None), (Some(rid(1)), Some(pictured(1))), (Some(rid(2)), None), (Some(rid(3)), None)];
    assert_eq!(known.collect::<Vec<_>>(), wanted);
}

pub(crate) async fn a_lease_lapses_and_its_holder_is_fenced(lab: &impl Lab) {
    let store = lab.open().await;
    store.receive(vec![foreign("a", "1")]).await.unwrap();
    let hung = claim_one(&*store).await;
    store.skip(59 * SECOND);
    assert!(claim(&*store).await.is_empty());
    store.skip(SECOND);
    let second = claim_one(&*store).await;
    assert_eq!((second.attempt, second.lease.seq, second.key), (2, hung.lease.seq, hung.key));
    assert_ne!(second.lease.generation, hung.lease.generation);
    // Whatever the first one says now, it says for nothing.
    assert!(!store.done(hung.lease, Vec::new()).await.unwrap());
    assert!(!store.failed(hung.lease, "late".into(), None).await.unwrap());
    assert_eq!(store.extend(vec![hung.lease, second.lease], MINUTE).await.unwrap(), [hung.lease]);
    store.unclaim(vec![hung.lease]).await.unwrap();
    assert_eq!(all(&*store).await[0].state, "leased");
    assert!(store.done(second.lease, Vec::new()).await.unwrap());
    assert!(!store.done(second.lease, Vec::new()).await.unwrap());
    assert!(!store.failed(second.lease, "after all".into(), Some(SECOND)).await.unwrap());
    assert_eq!(all(&*store).await[0].state, "done");
    store.skip(DAY);
    assert!(claim(&*store).await.is_empty());
    let nobody = Lease { seq: second.lease.seq + 100, generation: 1 };
    assert!(!store.done(nobody, Vec::new()).await.unwrap());
}

pub(crate) async fn a_lease_is_stretched(lab: &impl Lab) {
    let store = lab.open().await;
    store.receive(vec![foreign("a", "1")]).await.unwrap();
    let event = claim_one(&*store).await;
    for _ in 0..3 {
        store.skip(59 * SECOND);
        assert!(store.extend(vec![event.lease], MINUTE).await.unwrap().is_empty());
        assert!(claim(&*store).await.is_empty());
    }
    // Late, but nobody else has taken it.
    store.skip(HOUR);
    assert!(store.extend(vec![event.lease], MINUTE).await.unwrap().is_empty());
    assert!(claim(&*store).await.is_empty());
    store.skip(HOUR);
    assert!(store.done(event.lease, Vec::new()).await.unwrap());
}

pub(crate) async fn attempts_come_to_an_end(lab: &impl Lab) {
    let store = lab.open().await;
    for id in ["a", "b"] {
        store.receive(vec![foreign(id, id)]).await.unwrap();
    }
    for attempt in 1..=3 {
        let claimed = store.claim(64, MINUTE, 3).await.unwrap();
        assert_eq!(claimed.iter().map(|event| event.attempt).collect::<Vec<_>>(), [attempt, attempt]);
        store.skip(MINUTE);
    }
    store.receive(vec![foreign("c", "c")]).await.unwrap();
    // Those that died are none that were asked for.
    let claimed = store.claim(1, MINUTE, 3).await.unwrap();
    assert_eq!(claimed.iter().map(|event| &event.body[..]).collect::<Vec<_>>(), [b"c"]);
    let entries = all(&*store).await;
    assert_eq!(entries.iter().map(|entry| &*entry.state).collect::<Vec<_>>(), ["dead", "dead", "leased"]);
    assert!(entries[0].error.is_some() && entries[0].next_at.is_none() && entries[0].attempts == 3, "{entries:?}");
    // A failure is handed out again though its attempts are many: whoever failed it has said so.
    assert!(store.failed(claimed[0].lease, "no".into(), Some(SECOND)).await.unwrap());
    store.skip(SECOND);
    assert_eq!(store.claim(1, MINUTE, 1).await.unwrap()[0].attempt, 2);
}

pub(crate) async fn a_failure_is_tried_again_after_a_pause(lab: &impl Lab) {
    let store = lab.open().await;
    store.receive(vec![foreign("a", "1")]).await.unwrap();
    let first = claim_one(&*store).await;
    assert!(store.failed(first.lease, "try later".into(), Some(HOUR)).await.unwrap());
    let entry = all(&*store).await.remove(0);
    assert_eq!((&*entry.state, entry.error.as_deref(), entry.attempts), ("ready", Some("try later"), 1));
    store.skip(3599 * SECOND);
    assert!(claim(&*store).await.is_empty());
    store.skip(SECOND);
    let second = claim_one(&*store).await;
    assert_eq!(second.attempt, 2);
    assert!(store.failed(second.lease, "never".into(), None).await.unwrap());
    let entry = all(&*store).await.remove(0);
    assert_eq!((&*entry.state, entry.error.as_deref(), entry.next_at), ("dead", Some("never"), None));
    store.skip(DAY);
    assert!(claim(&*store).await.is_empty());
}

pub(crate) async fn a_lease_given_back_does_not_count(lab: &impl Lab) {
    let store = lab.open().await;
    store.receive(vec![foreign("a", "1")]).await.unwrap();
    store.skip(SECOND);
    store.receive(vec![foreign("b", "2")]).await.unwrap();
    let first = store.claim(1, MINUTE, 12).await.unwrap().remove(0);
    store.skip(SECOND);
    store.unclaim(vec![first.lease]).await.unwrap();
    assert!(!store.done(first.lease, Vec::new()).await.unwrap());
    // It is the first again, not the last.
    let again = store.claim(1, MINUTE, 12).await.unwrap().remove(0);
    assert_eq!((&again.body[..], again.attempt), (&b"1"[..], 1));
    assert_ne!(again.lease.generation, first.lease.generation);
    assert!(store.done(again.lease, Vec::new()).await.unwrap());
    store.unclaim(vec![again.lease]).await.unwrap();
    assert_eq!(claim_one(&*store).await.body, "2");
}

pub(crate) async fn two_who_claim_get_different_events(lab: &impl Lab) {
    let (store, other) = (lab.open().await, lab.open().await);
    store.receive((0..100).map(|number| foreign(&number.to_string(), "1")).collect()).await.unwrap();
    let some = |store: &Arc<dyn Store>| {
        let store = store.clone();
        async move {
            let mut seqs = Vec::new();
            loop {
                let claimed = store.claim(7, MINUTE, 12).await.unwrap();
                if claimed.is_empty() {
                    return seqs;
                }
                for event in claimed {
                    assert!(store.done(event.lease, Vec::new()).await.unwrap());
                    seqs.push(event.lease.seq);
                }
            }
        }
    };
    let (mut first, second) = tokio::join!(some(&store), some(&other));
    first.extend(second);
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), 100);
}

/// With a placeholder for each value, in the dialect of the store.
fn statement(store: &str, sql: &str, values: Vec<Value>) -> Statement {
    let mut sql = sql.to_owned();
    // The first dialect counts from ?1, the other from $1.
    if store == "postgres" {
        sql = sql.replace('?', "$");
    }
    Statement { sql, values }
}

/// Which dialect the store speaks.
async fn dialect(store: &dyn Store) -> &'static str {
    store.receive(vec![foreign("dialect", "1")]).await.unwrap();
    let event = claim_one(store).await;
    let asked = Statement { sql: "SELECT sqlite_version()".to_owned(), values: Vec::new() };
    let dialect = if store.done(event.lease, vec![asked]).await.is_ok() { "sqlite" } else { "postgres" };
    if dialect == "postgres" {
        assert!(store.done(event.lease, Vec::new()).await.unwrap());
    }
    dialect
}

pub(crate) async fn an_ack_and_its_statements_are_one(lab: &impl Lab) {
    let store = lab.open().await;
    let dialect = dialect(&*store).await;
    let statement = |sql: &str, values| statement(dialect, sql, values);
    for number in 0..5 {
        store.receive(vec![foreign(&number.to_string(), "1")]).await.unwrap();
    }
    let mut leases = claim(&*store).await.into_iter().map(|event| event.lease);
    let mut next = || leases.next().unwrap();
    let make = "CREATE TABLE effect (id BIGINT PRIMARY KEY, said TEXT)";
    assert!(store.done(next(), vec![statement(make, Vec::new())]).await.unwrap());
    let put = |id, said: &str| {
        let values = vec![Value::Integer(id), Value::Text(said.to_owned())];
        statement("INSERT INTO effect (id, said) VALUES (?1, ?2)", values)
    };
    assert!(store.done(next(), vec![put(1, "one"), put(2, "two")]).await.unwrap());
    // One of them fails: nothing of it is kept, and the error does not repeat the values.
    let event = next();
    let failed = store.done(event, vec![put(3, "three"), put(1, "a secret")]).await.unwrap_err();
    assert_eq!(failed.kind().as_str(), "store");
    assert!(!format!("{failed:?} {failed}").contains("secret"), "{failed:?}");
    assert!(store.done(event, vec![put(3, "three")]).await.unwrap());
    // Nor is it any of a statement's business to end the transaction.
    let event = next();
    for sql in ["COMMIT", "ROLLBACK", "nonsense", "SELECT 1; SELECT 2"] {
        let failed = store.done(event, vec![put(4, "four"), statement(sql, Vec::new())]).await;
        assert_eq!(failed.unwrap_err().kind().as_str(), "store", "{sql}");
    }
    let check = "INSERT INTO effect (id, said) SELECT 9, NULL WHERE (SELECT count(*) FROM effect) = 3";
    assert!(store.done(event, vec![statement(check, Vec::new()), put(10, "ten")]).await.unwrap());
    // Had the check put nothing in, nine would be free.
    let event = next();
    store.done(event, vec![put(9, "nine")]).await.unwrap_err();
    assert!(store.done(event, vec![statement("SELECT said FROM effect", Vec::new())]).await.unwrap());
    assert_eq!(store.counts().await.unwrap().events[3], ("done", 6));
}

pub(crate) async fn an_ack_without_a_lease_runs_nothing(lab: &impl Lab) {
    let store = lab.open().await;
    store.receive(vec![foreign("a", "1"), foreign("b", "1")]).await.unwrap();
    let claimed = claim(&*store).await;
    let make = Statement { sql: "CREATE TABLE effect (id INTEGER)".to_owned(), values: Vec::new() };
    store.unclaim(vec![claimed[0].lease]).await.unwrap();
    assert!(!store.done(claimed[0].lease, vec![make.clone()]).await.unwrap());
    // It is not there yet, so it can be made.
    assert!(store.done(claimed[1].lease, vec![make]).await.unwrap());
}
