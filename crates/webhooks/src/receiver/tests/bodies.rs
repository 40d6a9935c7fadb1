//! What becomes of a body, by what it is and where it came.

use std::sync::Arc;

use image_intelligence_core::{Callbacks as _, EventKind, Kind};

use super::fake::Fake;
use super::sender::post;
use super::{done, path_of, receiver, rid, soon};
use crate::store::Origin;

const RAW: (Origin, EventKind) = (Origin::Raw, EventKind::Unknown);

/// Bodies that are no job's end, whatever URL they come to.
fn unreadable() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        b"not JSON".to_vec(),
        b"\xff\xfe".to_vec(),
        b"<html>".to_vec(),
        b"null".to_vec(),
        b"{\"id\": \"1\"".to_vec(),
        [vec![b'['; 100_000], vec![b']'; 100_000]].concat(),
        [&br#"{"id": "1", "status": "COMPLETED_SUCCESSFULLY", "x": "#[..], &vec![b'['; 100_000]].concat(),
    ]
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_uses_up_no_job() {
    for body in unreadable() {
        for confirm in [false, true] {
            let store = Arc::new(Fake::default());
            let (receiver, address) = receiver(&store, |b| b.accept_foreign(true).confirm(confirm)).await;
            assert!(post(address, &path_of(3), &body).await.is_ok());
            let row = store.only();
            assert_eq!((row.origin, row.label, row.confirm), (RAW.0, RAW.1, false));
            assert_eq!(row.body, body);
            for path in ["/jobs", "/events"] {
                assert!(post(address, path, &body).await.is_ok());
            }
            assert_eq!(store.only().label, EventKind::Unknown);
            // The job is there still, and worth a look.
            soon(receiver.shutdown()).await;
            assert_eq!(*store.looked.lock().unwrap(), [rid(3)]);
        }
    }
}

#[tokio::test]
async fn a_job_under_way_is_no_result() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b.accept_foreign(true)).await;
    let body = br#"{"id": "1", "status": "IN_PROGRESS", "jobResults": [], "imageResults": []}"#;
    for path in [path_of(3).as_str(), "/jobs"] {
        assert!(post(address, path, body).await.is_ok());
    }
    assert!(store.all().is_empty());
}

#[tokio::test]
async fn what_is_no_finished_job_leaves_the_job_expected() {
    for body in [
        &br#"{"id": "1", "status": "PAUSED", "jobResults": []}"#[..],
        br#"{"id": "1", "jobResults": []}"#,
        br#"{"status": "COMPLETED_SUCCESSFULLY", "jobResults": []}"#,
        br#"{"id": "", "status": "COMPLETED_SUCCESSFULLY"}"#,
        br#"{"event": "IDENTITY_CREATED"}"#,
    ] {
        let store = Arc::new(Fake::default());
        let (_receiver, address) = receiver(&store, |b| b).await;
        assert!(post(address, &path_of(3), body).await.is_ok());
        let row = store.only();
        assert_eq!((row.origin, row.label), RAW);
        assert!(post(address, &path_of(3), &done("job-3")).await.is_ok());
        assert_eq!(store.all().len(), 2);
    }
}

#[tokio::test]
async fn a_job_that_others_sent_is_taken_only_where_asked_for() {
    let store = Arc::new(Fake::default());
    let (_receiver, closed) = receiver(&store, |b| b).await;
    for path in ["/ii/jobs", "/ii/events"] {
        assert_eq!(post(closed, path, &done("f")).await.status, 404);
    }
    let (_receiver, open) = receiver(&store, |b| b.accept_foreign(true).confirm(true)).await;
    let ask = br#"{"id": "f", "status": "COMPLETED_ALL_ERROR", "question": "Is it open?", "jobResults": {}}"#;
    assert!(post(open, "/ii/jobs", ask).await.is_ok());
    let row = store.only();
    assert_eq!(row.origin, Origin::Foreign { id: "f".to_owned() });
    assert_eq!((row.label, row.signed, row.confirm), (EventKind::Ask, false, true));
    // Only the API can say whether a status that nobody has heard of is true.
    let odd = br#"{"id": "g", "status": "FROBNICATED", "question": "Is it open?", "jobResults": {}}"#;
    assert!(post(open, "/ii/jobs", odd).await.is_ok());
    assert!(store.all().iter().any(|row| row.origin == Origin::Foreign { id: "g".to_owned() } && row.confirm));
    // It is no way round the signature of events.
    assert!(post(open, "/ii/jobs", br#"{"event": "IDENTITY_CREATED"}"#).await.is_ok());
    assert!(store.all().iter().any(|row| (&row.origin, row.label) == (&Origin::Raw, EventKind::Unknown)));
    assert!(store.all().iter().all(|row| row.label != EventKind::Event));
}

/// Two of one identity are two events, and one that comes twice is one.
#[tokio::test]
async fn events_are_told_apart_by_their_bytes() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b.accept_foreign(true)).await;
    for created in [1, 2, 2] {
        let body = format!(r#"{{"event": "IDENTITY_UPDATED", "createdAt": {created}, "identity": {{"id": "i"}}}}"#);
        assert!(post(address, "/ii/events", body.as_bytes()).await.is_ok());
    }
    assert_eq!(store.all().len(), 2);
    assert!(store.all().iter().all(|row| row.label == EventKind::Event && !row.confirm));
}

#[tokio::test]
async fn the_token_says_what_kind_of_job_it_is() {
    let store = Arc::new(Fake::default());
    let (receiver, address) = receiver(&store, |b| b.confirm(false)).await;
    for (number, kind) in (10..).zip(Kind::ALL) {
        let url = receiver.mint(kind, rid(number), super::now()).unwrap().unwrap();
        let path = url.strip_prefix("https://hooks.example.com").unwrap();
        assert!(post(address, path, &done("x")).await.is_ok());
        let row = store.all().into_iter().find(|row| row.label == kind.into()).unwrap();
        assert_eq!(row.origin, Origin::Ours { rid: rid(number), kind, hint: Some("x".to_owned()) });
        assert!(!row.confirm);
    }
}
