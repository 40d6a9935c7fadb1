//! Waiting for a job whose webhook comes: whichever is first.

use std::time::Duration;

use image_intelligence_server::{FaultRule, Faults, Progression};

use crate::oracle::{Oracle, is_true};
use crate::world::{Side, found, inbox_in, server};

async fn wait_once(faults: Faults) {
    let server = server(faults).progression(Progression::Time(Duration::from_millis(100))).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let side = Side::open(&inbox_in(folder.path()), "127.0.0.1:0", server.base_url()).await.unwrap();
    let job = side.submit(7).await.unwrap();
    let result = job.wait_for(Duration::from_secs(30)).await.unwrap();
    let hits = result.found("person");
    assert!((hits[0].confidence - found(7)).abs() < 1e-9, "{result:?}");

    // To wait is to look on: the handler has its event all the same, once.
    let delivery = side.inbox.next().await.unwrap().unwrap();
    is_true(delivery.event()).unwrap();
    delivery.ack().await.unwrap();
    Oracle::ask(&server, &side.client, &side.inbox).await.check();
    side.receiver.shutdown().await;
    assert!(side.inbox.next().await.unwrap().is_none());
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_takes_the_webhook() {
    wait_once(Faults::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_does_without_the_webhook() {
    wait_once(Faults::new().rule(FaultRule::webhook_drop())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_nobody_handles_is_born_done() {
    let server = server(Faults::new()).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let side = Side::open(&inbox_in(folder.path()), "127.0.0.1:0", server.base_url()).await.unwrap();
    let image = image_intelligence::Image::bytes(b"..".to_vec()).custom_id("street-1");
    let job = side.client.detect([image]).class("person").deliver(false).send().await.unwrap();
    job.wait_for(Duration::from_secs(30)).await.unwrap();
    side.submit(2).await.unwrap();
    let delivery = side.inbox.next().await.unwrap().unwrap();
    assert_ne!(delivery.job_id(), Some(job.id()), "it was not to be handled");
    delivery.ack().await.unwrap();
    Oracle::ask(&server, &side.client, &side.inbox).await.check();
    side.receiver.shutdown().await;
    server.shutdown().await;
}
