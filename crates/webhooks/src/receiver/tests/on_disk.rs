//! The receiver before a real inbox.

use futures_util::future::join_all;
use image_intelligence_core::{CallbackKeys, EventKind};

use super::sender::post;
use super::{BASE, MASTER, done, path_of, rid, soon};
use crate::inbox::Inbox;
use crate::receiver::Receiver;

#[tokio::test]
async fn what_was_answered_200_is_there_for_a_handler_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    let open = || async {
        let keys = CallbackKeys::new([(1, MASTER)]).unwrap();
        let inbox = Inbox::builder(path.clone()).callback_keys(keys).open().await.unwrap();
        let receiver =
            Receiver::builder(&inbox).public_url(BASE).confirm(false).accept_foreign(true).listen("127.0.0.1:0");
        (inbox, receiver.await.unwrap())
    };
    let (inbox, receiver) = open().await;
    let address = receiver.local_addr().unwrap();
    let path_of_1 = path_of(1);
    let replies = (0..200).map(|number| {
        let path = path_of_1.clone();
        tokio::spawn(async move { post(address, &path, &done(&format!("job-{number}"))).await })
    });
    assert!(soon(join_all(replies)).await.into_iter().all(|reply| reply.unwrap().is_ok()));
    let delivery = soon(inbox.next()).await.unwrap().unwrap();
    assert_eq!((delivery.event().kind(), delivery.attempt()), (EventKind::Detect, 1));
    delivery.ack().await.unwrap();
    assert!(post(address, "/ii/jobs", b"not JSON").await.is_ok());
    soon(receiver.shutdown()).await;
    assert!(inbox.next().await.unwrap().is_none());

    let (inbox, receiver) = open().await;
    let address = receiver.local_addr().unwrap();
    assert!(post(address, &path_of_1, &done("job-1")).await.is_ok());
    assert!(post(address, &path_of(2), &done("job-2")).await.is_ok());
    let mut left = Vec::new();
    for _ in 0..2 {
        let delivery = soon(inbox.next()).await.unwrap().unwrap();
        left.push((delivery.event().kind(), delivery.idempotency_key().to_string()));
        delivery.ack().await.unwrap();
    }
    assert_eq!(left[0].0, EventKind::Unknown);
    assert_eq!(left[1], (EventKind::Detect, rid(2).to_string()));
    // And nothing more.
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), inbox.next()).await.is_err());
    soon(receiver.shutdown()).await;
}
