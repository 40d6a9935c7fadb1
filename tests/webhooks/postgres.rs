//! One inbox in Postgres, two receivers, and a database that crashes under both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use image_intelligence::ErrorKind;
use image_intelligence_server::{FaultRule, Faults};
use image_intelligence_webhooks::{Inbox, Statement};

use crate::cluster::{Cluster, client};
use crate::oracle::{Oracle, is_true};
use crate::world::{Side, server};

/// How often it crashes.
const CRASHES: usize = 3;

/// Handles what comes, with an effect in the same database, until the inbox is shut down.
async fn handle(inbox: Inbox) {
    while let Some(delivery) = inbox.next().await.unwrap() {
        is_true(delivery.event()).unwrap();
        let effect = Statement::new("INSERT INTO handled VALUES ($1)").bind(delivery.idempotency_key());
        // What fails on the way comes again.
        let _ = delivery.ack_with([effect]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_receivers_on_one_database_that_crashes_handle_each_event_once() {
    let cluster = Cluster::start();
    let url = cluster.database().await;
    client(&url).await.batch_execute("CREATE TABLE handled (key TEXT)").await.unwrap();
    let faults = Faults::new().seed(7);
    let server = server(faults.rule(FaultRule::webhook_duplicate(4).probability(0.5))).start().await.unwrap();
    let open = async || {
        let second = Duration::from_secs(1);
        let inbox = Inbox::builder(url.as_str()).lease(second).handler_timeout(10 * second).attempts(1000);
        let inbox = inbox.retry_pause(Duration::from_millis(20)).open().await.unwrap();
        Side::with(inbox, "127.0.0.1:0", server.base_url(), |receiver| receiver.hurried(0.005)).await.unwrap()
    };
    let sides = [open().await, open().await];
    let handlers: Vec<_> = sides.iter().map(|side| tokio::spawn(handle(side.inbox.clone()))).collect();

    // Both submit all the while; what cannot be written down is not sent.
    let (over, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let submit = async |first: usize| {
        let side = &sides[first % 2];
        for number in (first..).step_by(4) {
            if over.load(Ordering::SeqCst) {
                break;
            }
            match side.submit(number).await {
                Ok(_) => _ = sent.fetch_add(1, Ordering::SeqCst),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Store, "{error:?}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    };
    let crashes = async {
        let mut cluster = cluster;
        for crash in 1..=CRASHES {
            while sent.load(Ordering::SeqCst) < crash * 40 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            cluster = tokio::task::spawn_blocking(move || {
                cluster.crash();
                cluster
            })
            .await
            .unwrap();
        }
        let enough = sent.load(Ordering::SeqCst) + 40;
        while sent.load(Ordering::SeqCst) < enough {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        over.store(true, Ordering::SeqCst);
        cluster
    };
    let all = async { tokio::join!(submit(0), submit(1), submit(2), submit(3), crashes).4 };
    let _cluster = tokio::time::timeout(Duration::from_mins(2), all).await.expect("submits go on after each crash");

    let effects = async || {
        let rows = client(&url).await.query("SELECT key FROM handled", &[]).await.unwrap();
        rows.iter().fold(BTreeMap::<String, usize>::new(), |mut times, row| {
            *times.entry(row.get(0)).or_default() += 1;
            times
        })
    };
    let [one, two] = &sides;
    let all = async {
        loop {
            let oracle = Oracle::ask(&server, &one.client, &one.inbox).await;
            let effects = effects().await;
            if oracle.open().is_empty() && oracle.ended.keys().all(|rid| effects.contains_key(rid)) {
                return (oracle, effects);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let Ok((oracle, effects)) = tokio::time::timeout(Duration::from_mins(1), all).await else {
        let oracle = Oracle::ask(&server, &one.client, &one.inbox).await;
        panic!("without an end: {:?}; {:?}", oracle.open(), one.inbox.counts().await)
    };
    oracle.check();
    assert!(oracle.accepted.len() >= sent.load(Ordering::SeqCst));
    assert_eq!(effects.keys().collect::<BTreeSet<_>>(), oracle.accepted.keys().collect::<BTreeSet<_>>());
    let twice: Vec<_> = effects.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "handled more than once: {twice:?}");
    // Each was a receiver: of both, webhooks were answered.
    for side in [one, two] {
        let base = side.receiver.public_url().to_owned();
        let deliveries = server.deliveries().await.unwrap();
        assert!(deliveries.iter().any(|one| one.url.starts_with(&base) && one.was_answered_200()), "{base}");
        side.receiver.shutdown().await;
    }
    for handler in handlers {
        handler.await.unwrap();
    }
    server.shutdown().await;
}
