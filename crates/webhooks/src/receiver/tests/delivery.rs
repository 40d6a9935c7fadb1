//! 200 means that it is on the disk, and nothing else does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;
use http_body_util::Full;
use tower_service::Service as _;

use super::fake::Fake;
use super::sender::{Sender, post, request};
use super::{builder, done, path_of, receiver, soon, until};
use crate::receiver::{Answer, ReceiverLimits};

fn in_time(answer_timeout: Duration) -> ReceiverLimits {
    ReceiverLimits { answer_timeout, ..ReceiverLimits::default() }
}

#[tokio::test]
async fn a_thousand_at_once_of_one_event_are_one_row_and_a_thousand_times_200() {
    let store = Arc::new(Fake::held());
    let (_receiver, address) = receiver(&store, |b| b).await;
    let path = path_of(1);
    let senders = (0..1_000).map(|number| {
        let path = path.clone();
        tokio::spawn(async move { post(address, &path, &done(&format!("job-{number}"))).await })
    });
    let senders: Vec<_> = senders.collect();
    // All of them are under way before the first is written.
    until(|| store.begun.load(Ordering::SeqCst) == 1_000).await;
    store.leave.add_permits(1_000);
    let replies = soon(join_all(senders)).await;
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().is_ok()));
    store.only();
    assert_eq!(store.doubles.load(Ordering::SeqCst), 999);
}

#[tokio::test]
async fn no_answer_comes_before_the_commit() {
    let store = Arc::new(Fake::held());
    let (receiver, address) = receiver(&store, |b| b.confirm(false)).await;
    let mut ready = std::pin::pin!(receiver.desk.hub.ready.notified());
    let mut ended = receiver.desk.hub.ends.watch(super::rid(1));
    let mut sender = Sender::to(address).await;
    sender.write(request("POST", &path_of(1), &[], &done("x"))).await;
    until(|| store.begun.load(Ordering::SeqCst) == 1).await;
    let early = tokio::time::timeout(Duration::from_millis(50), sender.reply()).await;
    assert!(early.is_err(), "{early:?}");
    assert!(futures_util::poll!(ready.as_mut()).is_pending());
    store.leave.add_permits(1);
    assert!(soon(sender.reply()).await.unwrap().is_ok());
    soon(ready).await;
    soon(ended.wait_for(|ended| *ended)).await.unwrap();
}

#[tokio::test]
async fn a_sender_that_hangs_up_takes_nothing_back() {
    let store = Arc::new(Fake::held());
    let (receiver, address) = receiver(&store, |b| b.confirm(false)).await;
    let mut sender = Sender::to(address).await;
    sender.write(request("POST", &path_of(1), &[], &done("x"))).await;
    until(|| store.begun.load(Ordering::SeqCst) == 1).await;
    drop(sender);

    // As other servers do it: they drop the request.
    let mut answer =
        receiver.service().call(Request::post(path_of(2)).body(Full::new(Bytes::from(done("y")))).unwrap());
    assert!(futures_util::poll!(&mut answer).is_pending());
    assert_eq!(store.begun.load(Ordering::SeqCst), 2);
    drop(answer);

    store.leave.add_permits(2);
    until(|| store.all().len() == 2).await;
    soon(receiver.desk.hub.ready.notified()).await;
}

#[tokio::test]
async fn what_is_late_is_answered_503_and_kept_all_the_same() {
    let store = Arc::new(Fake::held());
    let (_receiver, address) = receiver(&store, |b| b.limits(in_time(Duration::from_millis(50)))).await;
    let reply = soon(post(address, &path_of(1), &done("x"))).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
    assert!(store.all().is_empty());
    store.leave.add_permits(2);
    until(|| store.all().len() == 1).await;
    assert!(post(address, &path_of(1), &done("x")).await.is_ok());
    assert_eq!(store.doubles.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_full_queue_is_answered_503_and_later_200() {
    let store = Arc::new(Fake { most_begun: 1, ..Fake::held() });
    let (_receiver, address) = receiver(&store, |b| b).await;
    let first = tokio::spawn(async move { post(address, &path_of(1), &done("x")).await });
    until(|| store.begun.load(Ordering::SeqCst) == 1).await;
    let reply = post(address, &path_of(2), &done("y")).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
    store.leave.add_permits(2);
    assert!(first.await.unwrap().is_ok());
    assert!(post(address, &path_of(2), &done("y")).await.is_ok());
    assert_eq!(store.all().len(), 2);
}

#[tokio::test]
async fn a_store_that_fails_is_answered_503() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    store.fails.store(true, Ordering::SeqCst);
    assert_eq!(post(address, &path_of(1), &done("x")).await.status, 503);
    store.fails.store(false, Ordering::SeqCst);
    assert!(post(address, &path_of(1), &done("x")).await.is_ok());
}

#[tokio::test]
async fn all_bodies_together_take_no_more_than_their_room() {
    let store = Arc::new(Fake::held());
    let limits = ReceiverLimits { max_body: 1_000, in_flight: 1_500, ..ReceiverLimits::default() };
    let receiver = builder(&store).limits(limits).build().await.unwrap();
    let mut first = receiver.admit("POST", &path_of(1), []).unwrap();
    first.push(Bytes::from(vec![b' '; 1_000])).unwrap();
    let second = receiver.handle("POST", &path_of(2), [], Bytes::from(vec![b' '; 501])).await;
    assert_eq!(second, Answer::NOT_NOW);
    // What was turned away has let go.
    let mut third = receiver.admit("POST", &path_of(3), []).unwrap();
    third.push(Bytes::from(vec![b' '; 500])).unwrap();
    drop((first, third));
    assert_eq!(receiver.desk.room.available_permits(), 1_500);
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_under_way_and_for_itself() {
    let store = Arc::new(Fake::held());
    let (receiver, address) = receiver(&store, |b| b).await;
    let mut idle = Sender::to(address).await;
    idle.write(request("GET", "/ii", &[], b"")).await;
    assert_eq!(idle.reply().await.unwrap().status, 200);
    let under_way = tokio::spawn(async move { post(address, &path_of(1), &done("x")).await });
    until(|| store.begun.load(Ordering::SeqCst) == 1).await;
    let mut elsewhere =
        receiver.service().call(Request::post(path_of(2)).body(Full::new(Bytes::from(done("y")))).unwrap());
    assert!(futures_util::poll!(&mut elsewhere).is_pending());
    drop(elsewhere);

    let downs =
        [receiver.clone(), receiver.clone()].map(|receiver| tokio::spawn(async move { receiver.shutdown().await }));
    soon(idle.closed()).await;
    until(|| std::net::TcpStream::connect(address).is_err()).await;
    assert!(downs.iter().all(|down| !down.is_finished()));
    store.leave.add_permits(2);
    assert!(soon(under_way).await.unwrap().is_ok());
    for down in downs {
        soon(down).await.unwrap();
    }
    assert_eq!((store.all().len(), store.closed.load(Ordering::SeqCst)), (2, 1));
    assert_eq!(receiver.handle("POST", &path_of(3), [], Bytes::from(done("z"))).await, Answer::NOT_NOW);
    soon(receiver.shutdown()).await;
}
