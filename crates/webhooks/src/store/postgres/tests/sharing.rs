//! Several stores on one database, and a database that goes away under them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use image_intelligence_core::{ErrorKind, EventKind};

use super::cluster::{Cluster, client, shared};
use super::open;
use crate::event_key::EventKey;
use crate::store::postgres::{PostgresOptions, PostgresStore};
use crate::store::{Incoming, Origin, Query, Receipt, Statement, Store, Value};

const LEASE: Duration = Duration::from_mins(1);

/// A webhook of a job that somebody else sent.
fn foreign(id: &str, body: &str) -> Incoming {
    Incoming {
        key: EventKey::foreign(id),
        origin: Origin::Foreign { id: id.to_owned() },
        label: EventKind::Detect,
        body: Bytes::copy_from_slice(body.as_bytes()),
        signed: false,
        confirm: false,
    }
}

fn number(body: &Bytes) -> String {
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_that_claim_at_once_get_each_event_once() {
    const EVENTS: usize = 500;
    let url = shared().database().await;
    let stores = [open(&url).await.unwrap(), open(&url).await.unwrap()];
    let batch = (0..EVENTS).map(|n| foreign(&format!("job-{n}"), &n.to_string())).collect();
    stores[0].receive(batch).await.unwrap();

    let claimers = stores.iter().flat_map(|store| (0..4).map(move |_| store)).map(|store| async move {
        let mut mine = Vec::new();
        loop {
            let claimed = store.claim(7, LEASE, 12).await.unwrap();
            if claimed.is_empty() {
                return mine;
            }
            for one in claimed {
                assert!(store.done(one.lease, Vec::new()).await.unwrap());
                mine.push(number(&one.body));
            }
        }
    });
    let all = join_all(claimers).await.concat();
    assert_eq!(all.len(), EVENTS);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), EVENTS);
    assert!(stores[1].counts().await.unwrap().events.contains(&("done", EVENTS as u64)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receivers_that_are_brought_the_same_webhooks_keep_each_once() {
    let url = shared().database().await;
    let stores = [open(&url).await.unwrap(), open(&url).await.unwrap()];
    let stores = &stores;
    // Each brings them in an order of its own, which without sorting would end in deadlocks.
    let calls = (0..40).flat_map(|call: usize| {
        stores.iter().enumerate().map(move |(at, store)| {
            let mut batch = (0..25).map(|n| foreign(&format!("job-{n}"), "{}")).collect::<Vec<_>>();
            batch.rotate_left((call * 7 + at * 3) % 25);
            if at == 1 {
                batch.reverse();
            }
            store.receive(batch)
        })
    });
    let receipts = join_all(calls).await.into_iter().map(Result::unwrap).collect::<Vec<_>>().concat();
    assert_eq!(receipts.len(), 2000);
    assert_eq!(receipts.iter().filter(|receipt| **receipt == Receipt::New).count(), 25);
    let entries = stores[0].list(Query { most: 100, ..Query::default() }).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.deliveries).collect::<Vec<_>>(), [80; 25]);
}

#[tokio::test]
async fn calls_that_come_together_share_a_commit() {
    let url = shared().database().await;
    let store = open(&url).await.unwrap();
    let receipts = join_all((0..640).map(|n| store.receive(vec![foreign(&n.to_string(), "{}")]))).await;
    assert!(receipts.into_iter().all(|receipt| receipt.unwrap() == [Receipt::New]));
    // Rows of one commit have one writer's number.
    let rows = client(&url).await.query("SELECT DISTINCT xmin::text FROM image_intelligence.event", &[]).await.unwrap();
    assert!((10..=20).contains(&rows.len()), "{} commits", rows.len());
}

#[tokio::test]
async fn one_odd_row_sinks_no_other() {
    let url = shared().database().await;
    let store = open(&url).await.unwrap();
    let owner = client(&url).await;
    owner.batch_execute("ALTER TABLE image_intelligence.event ADD CHECK (body <> 'odd')").await.unwrap();
    let bodies = ["a", "odd", "b", "odd", "c"];
    let verdicts = join_all(bodies.iter().enumerate().map(|(n, body)| {
        // The ids are such as Postgres cannot hold as they are.
        store.receive(vec![foreign(&format!("nul\0and\\{n}{}", "x".repeat(5000)), body)])
    }))
    .await;
    for (body, verdict) in bodies.iter().zip(verdicts) {
        match verdict {
            Ok(receipts) => assert_eq!((*body, &receipts[..]), (*body, &[Receipt::New][..])),
            Err(error) => {
                assert_eq!((*body, error.kind(), error.retryable()), ("odd", ErrorKind::Store, false));
                assert!(!format!("{error:?}").contains("Failing row"), "{error:?}");
            }
        }
    }
    let kept = store.list(Query { most: 9, ..Query::default() }).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept[0].job_id.as_deref().unwrap().starts_with("nul\0and\\4xxx"));
    let same = Query { job: kept[0].job_id.clone(), most: 9, ..Query::default() };
    assert_eq!(store.list(same).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_done_with_an_event_is_kept_with_it_or_not_at_all() {
    let url = shared().database().await;
    let store = open(&url).await.unwrap();
    let owner = client(&url).await;
    owner.batch_execute("CREATE TABLE effect (id uuid, n int2, price numeric, raw bytea, seen bool, at timestamptz, x float8, t text)").await.unwrap();
    store.receive(vec![foreign("a", "{}")]).await.unwrap();
    let lease = store.claim(1, LEASE, 12).await.unwrap()[0].lease;
    let insert = Statement {
        sql: "INSERT INTO effect VALUES ($1, $2, $3, $4, $5, $6, $7, $8)".to_owned(),
        values: vec![
            Value::Text("00000000-0000-0000-0000-00000000002a".to_owned()),
            Value::Integer(7),
            Value::Real(1.25),
            Value::Bytes(vec![0, 255]),
            Value::Bool(true),
            Value::Text("2026-01-02T03:04:05Z".to_owned()),
            Value::Real(f64::NEG_INFINITY),
            Value::Null,
        ],
    };
    let broken = Statement { sql: "INSERT INTO nowhere VALUES (1)".to_owned(), values: Vec::new() };
    let error = store.done(lease, vec![insert.clone(), broken]).await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false));
    assert!(error.message().contains("nowhere"), "{error}");
    let nul = Statement { values: vec![Value::Text("a\0b".to_owned()); 8], ..insert.clone() };
    assert!(store.done(lease, vec![nul]).await.is_err());
    let few = Statement { values: vec![Value::Null], ..insert.clone() };
    assert!(store.done(lease, vec![few]).await.is_err());
    let count = || async { owner.query_one("SELECT count(*) FROM effect", &[]).await.unwrap().get::<_, i64>(0) };
    assert_eq!(count().await, 0);

    assert!(store.done(lease, vec![insert.clone()]).await.unwrap());
    assert_eq!(count().await, 1);
    // Whoever did not hear the answer may ask again.
    assert!(!store.done(lease, vec![insert]).await.unwrap());
    assert_eq!(count().await, 1);
    let row = owner
        .query_one("SELECT n, raw, seen, x, t IS NULL, price::text, at = '2026-01-02 03:04:05+00' FROM effect", &[]);
    let row = row.await.unwrap();
    assert_eq!((row.get::<_, i16>(0), row.get::<_, &[u8]>(1), row.get::<_, bool>(2)), (7, &[0, 255][..], true));
    assert_eq!((row.get::<_, f64>(3), row.get::<_, bool>(4), row.get::<_, &str>(5)), (f64::NEG_INFINITY, true, "1.25"));
    assert!(row.get::<_, bool>(6));
}

#[tokio::test]
async fn another_store_is_woken_by_notify_alone() {
    let url = shared().database().await;
    // Longer than any test takes: only word from the other can wake it.
    let waiting = {
        let options = PostgresOptions { poll: Duration::from_hours(1), ..PostgresOptions::default() };
        PostgresStore::open(&url, options).await.unwrap()
    };
    let other = open(&url).await.unwrap();
    // It resolves at first as it begins to listen.
    waiting.changed().await;
    let changed = waiting.changed();
    other.receive(vec![foreign("a", "{}")]).await.unwrap();
    changed.await;
    assert_eq!(waiting.claim(1, LEASE, 12).await.unwrap().len(), 1);

    // The connection that listens ends: another takes its place, which says so.
    let changed = waiting.changed();
    let owner = client(&url).await;
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    assert_eq!(owner.query(ended, &[]).await.unwrap().len(), 1);
    changed.await;
    let changed = waiting.changed();
    other.receive(vec![foreign("b", "{}")]).await.unwrap();
    changed.await;
    assert_eq!(waiting.claim(1, LEASE, 12).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_begun_happens_though_nobody_waits_and_close_waits_for_it() {
    let url = shared().database().await;
    let store = open(&url).await.unwrap();
    drop(store.receive(vec![foreign("a", "{}")]));
    drop(store.masters([1; 32]));
    store.close().await;
    assert_eq!(store.receive(vec![foreign("b", "{}")]).await.unwrap_err().kind(), ErrorKind::Closed);
    let owner = client(&url).await;
    let sql =
        "SELECT (SELECT count(*) FROM image_intelligence.event), (SELECT count(*) FROM image_intelligence.master)";
    let row = owner.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1));
}

/// The oracle: every receipt that was given is of a row, every row is there once, and nobody has to open anything anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_in_mid_commit_loses_nothing_that_was_acknowledged() {
    let cluster = Arc::new(Cluster::start());
    let url = cluster.database().await;
    let stores = [open(&url).await.unwrap(), open(&url).await.unwrap()];
    let over = Arc::new(AtomicBool::new(false));
    let given = Arc::new(AtomicU32::new(0));

    // Each sender brings one event after another, each until it is acknowledged, and each to both receivers at once.
    let senders = (0..16).map(|sender| {
        let (stores, over, given) = (stores.clone(), Arc::clone(&over), Arc::clone(&given));
        tokio::spawn(async move {
            let (mut acknowledged, mut failures) = (Vec::new(), 0);
            for n in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let id = format!("{sender}-{n}");
                loop {
                    let both = stores.each_ref().map(|store| store.receive(vec![foreign(&id, &id)]));
                    let both = join_all(both).await;
                    for error in both.iter().filter_map(|one| one.as_ref().err()) {
                        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, true), "{error}");
                        failures += 1;
                    }
                    if both.iter().any(Result::is_ok) {
                        break;
                    }
                    // A sender comes again later, and leaves the machine to the database meanwhile.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                acknowledged.push(id);
                given.fetch_add(1, Ordering::SeqCst);
            }
            (acknowledged, failures)
        })
    });
    let senders = senders.collect::<Vec<_>>();
    let reached = |many: u32| {
        let given = Arc::clone(&given);
        async move {
            while given.load(Ordering::SeqCst) < many {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    for crash in 1..=2 {
        reached(crash * 300).await;
        let cluster = Arc::clone(&cluster);
        tokio::task::spawn_blocking(move || cluster.crash()).await.unwrap();
    }
    reached(given.load(Ordering::SeqCst) + 100).await;
    over.store(true, Ordering::SeqCst);
    let senders = join_all(senders).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert!(senders.iter().map(|(_, failures)| failures).sum::<u32>() > 0, "no call was under way in a crash");

    let rows = client(&url).await.query("SELECT body FROM image_intelligence.event", &[]).await.unwrap();
    let mut times = HashMap::<String, u32>::new();
    for row in rows {
        *times.entry(String::from_utf8(row.get(0)).unwrap()).or_default() += 1;
    }
    assert!(times.values().all(|times| *times == 1));
    for id in senders.into_iter().flat_map(|(acknowledged, _)| acknowledged) {
        assert!(times.contains_key(&id), "{id} was acknowledged and is not there");
    }
}
