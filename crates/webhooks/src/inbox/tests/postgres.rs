//! Handlers on many machines.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{receive_ours, seconds};
use crate::inbox::{Inbox, Statement};
use crate::store::postgres::tests::cluster::{Cluster, client};

/// Handles what comes, with an effect in the same database, until the inbox is shut down.
async fn handle(inbox: Inbox) {
    while let Some(delivery) = inbox.next().await.unwrap() {
        let effect = Statement::new("INSERT INTO handled VALUES ($1)").bind(delivery.idempotency_key());
        // What fails on the way comes again.
        let _ = delivery.ack_with([effect]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_of_two_inboxes_live_through_a_crash_of_postgres_and_each_effect_happens_once() {
    let cluster = Cluster::start();
    let url = cluster.database().await;
    client(&url).await.batch_execute("CREATE TABLE handled (key TEXT)").await.unwrap();
    let open = || Inbox::builder(url.as_str()).retry_pause(Duration::from_millis(1)).attempts(1000).open();
    let (one, two) = (open().await.unwrap(), open().await.unwrap());
    let handlers: Vec<_> =
        [&one, &two, &one, &two].into_iter().map(|inbox| tokio::spawn(handle(inbox.clone()))).collect();
    receive_ours(&one, 0..100).await;
    while one.counts().await.unwrap().events.done < 10 {}
    let cluster = tokio::task::spawn_blocking(move || {
        cluster.crash();
        cluster
    });
    let _cluster = cluster.await.unwrap();
    // The store is reached again as soon as it can be; the answers to some claims were lost, and those leases lapse.
    loop {
        match two.counts().await {
            Ok(counts) if counts.events.done == 100 => break,
            Ok(counts) if counts.events.ready == 0 => {
                one.hub.store.skip(seconds(61));
                two.hub.store.skip(seconds(61));
            }
            Ok(_) => {}
            Err(error) => assert!(error.retryable(), "{error}"),
        }
        tokio::task::yield_now().await;
    }
    one.shutdown().await;
    two.shutdown().await;
    for handler in handlers {
        handler.await.unwrap();
    }
    let rows = client(&url).await.query("SELECT key FROM handled", &[]).await.unwrap();
    let keys: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!((rows.len(), keys.len()), (100, 100));
}
