//! Each fault of webhooks, all of them together, and none delivered at all.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use image_intelligence_server::{FaultRule, Faults};
use image_intelligence_webhooks::Inbox;
use tokio::sync::Mutex;

use crate::cluster::Cluster;
use crate::oracle::{Oracle, is_true};
use crate::world::{Side, inbox_in, server};

const SEED: u64 = 7;

fn jobs() -> usize {
    if std::env::var_os("II_TEST_FULL").is_some() { 400 } else { 60 }
}

/// Every fault that a webhook can have, but for a drop.
fn each() -> Vec<FaultRule> {
    vec![
        FaultRule::webhook_duplicate(3),
        FaultRule::webhook_delay(Duration::from_millis(100)),
        FaultRule::webhook_reorder(),
        FaultRule::webhook_early(),
        FaultRule::webhook_bad_signature(),
        FaultRule::webhook_oversize(),
        FaultRule::webhook_slow(Duration::from_millis(200)),
        FaultRule::webhook_cut(),
        FaultRule::webhook_cut().after(),
    ]
}

/// Sends jobs under these faults, handles what comes, and asks the oracle.
async fn play(rules: Vec<FaultRule>, jobs: usize) {
    let folder = tempfile::tempdir().unwrap();
    play_in(&inbox_in(folder.path()), rules, jobs).await;
}

async fn play_in(inbox: &str, rules: Vec<FaultRule>, jobs: usize) {
    let names = format!("{rules:?}");
    let mut faults = Faults::new().seed(SEED);
    for rule in rules {
        faults = faults.rule(rule);
    }
    let server = server(faults).start().await.unwrap();
    let side = Arc::new(Side::open(inbox, "127.0.0.1:0", server.base_url()).await.unwrap());

    let handled = Arc::new(Mutex::new(HashSet::new()));
    let handler = tokio::spawn({
        let (inbox, handled) = (side.inbox.clone(), Arc::clone(&handled));
        async move {
            while let Some(delivery) = inbox.next().await.unwrap() {
                is_true(delivery.event()).unwrap();
                handled.lock().await.insert(delivery.rid().unwrap().to_string());
                delivery.ack().await.unwrap();
            }
        }
    });
    let sent = futures_util::stream::iter(0..jobs).map(|number| side.submit(number)).buffer_unordered(8);
    let sent: Vec<_> = sent.collect().await;
    assert!(sent.iter().all(Result::is_ok), "{names}: {sent:?}");

    let all = async {
        loop {
            if handled.lock().await.len() == jobs {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_mins(2), all).await;
    let oracle = Oracle::ask(&server, &side.client, &side.inbox).await;
    assert!(
        in_time.is_ok(),
        "{names}: {} of {jobs} were handled; without an end: {:?}",
        handled.lock().await.len(),
        oracle.open()
    );
    assert_eq!(oracle.accepted.len(), jobs);
    oracle.check();
    side.receiver.shutdown().await;
    handler.await.unwrap();
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_alone_loses_nothing() {
    for rule in each() {
        play(vec![rule.probability(0.3)], jobs() / 3).await;
    }
}

fn all() -> Vec<FaultRule> {
    each().into_iter().chain([FaultRule::webhook_drop()]).map(|rule| rule.probability(0.3)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_together_lose_nothing() {
    play(all(), jobs()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_together_lose_nothing_in_postgres() {
    let cluster = Cluster::start();
    play_in(&cluster.database().await, all(), jobs()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_single_webhook_every_result_comes() {
    play(vec![FaultRule::webhook_drop()], jobs()).await;
}

/// Its connection is closed as soon as the body is out, at every attempt: no answer ever reaches it, and what it brought is
/// kept all the same. Nobody asks for the jobs meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_never_waits_for_the_answer_loses_nothing() {
    let jobs = jobs();
    let server = server(Faults::new().rule(FaultRule::webhook_cut().after().attempts(100))).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(inbox_in(folder.path())).await.unwrap();
    let side = Side::with(inbox, "127.0.0.1:0", server.base_url(), |receiver| receiver).await.unwrap();
    for number in 0..jobs {
        side.submit(number).await.unwrap();
    }
    for _ in 0..jobs {
        let next = tokio::time::timeout(Duration::from_mins(1), side.inbox.next()).await;
        let delivery = next.expect("an event for each job").unwrap().unwrap();
        is_true(delivery.event()).unwrap();
        delivery.ack().await.unwrap();
    }
    let oracle = Oracle::ask(&server, &side.client, &side.inbox).await;
    assert_eq!((oracle.accepted.len(), oracle.answered.len()), (jobs, 0), "no answer was waited for");
    oracle.check();
    let brought = oracle.ended.values().flatten().filter(|entry| entry.deliveries > 0).count();
    assert_eq!(brought, jobs, "webhooks brought them, and nobody who looked");
    side.receiver.shutdown().await;
    server.shutdown().await;
}
