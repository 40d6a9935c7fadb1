//! Tokens and routes, which are judged before a byte of the body is read.

use std::sync::Arc;

use image_intelligence_core::{CallbackKeys, EventKind, Kind, PublicBase, Timestamp};

use super::fake::Fake;
use super::sender::{post, send};
use super::{BASE, MASTER, builder, done, keys, now, path_of, receiver, rid};
use crate::store::Origin;

#[tokio::test]
async fn a_body_to_a_jobs_own_url_is_kept_under_its_rid() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    assert!(post(address, &path_of(3), &done("job-3")).await.is_ok());
    let row = store.only();
    assert_eq!(row.origin, Origin::Ours { rid: rid(3), kind: Kind::Detect, hint: Some("job-3".to_owned()) });
    assert_eq!((row.label, row.signed, row.confirm), (EventKind::Detect, false, true));
    assert_eq!(row.body, done("job-3"));
}

#[tokio::test]
async fn whatever_stands_before_or_behind_the_token_does_not_count() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    let path = path_of(3);
    let token = path.rsplit_once('/').unwrap().1;
    for path in [format!("/cb/{token}"), format!("/added/by/a/proxy{path}?and=more")] {
        assert!(post(address, &path, &done("job-3")).await.is_ok(), "{path}");
    }
    store.only();
}

#[tokio::test]
async fn a_token_of_a_former_address_is_good() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) =
        receiver(&store, |b| b.public_url("https://new.example.com").former_urls(["https://old.example.com", BASE]))
            .await;
    assert!(post(address, &path_of(3), &done("job-3")).await.is_ok());
}

/// Whatever is wrong with it: a sender must not learn how near it came.
#[tokio::test]
async fn every_bad_token_gets_the_very_same_404() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    let good = path_of(3);
    let (front, token) = good.rsplit_once('/').unwrap();
    let (base, hour) = (PublicBase::parse(BASE).unwrap(), Timestamp::from_millis(now().as_millis() + 3_600_000));
    let of_keys = |keys: &CallbackKeys, base: &PublicBase, expires| keys.mint(Kind::Detect, expires, rid(3), base);
    let mut bad = vec![
        String::new(),
        "x".to_owned(),
        format!("{token}="),
        format!("{token}A"),
        token[..51].to_owned(),
        token[..50].to_owned(),
        format!("%{:02X}{}", token.as_bytes()[0], &token[1..]),
        format!("{}+{}", &token[..20], &token[21..]),
        token.to_ascii_lowercase(),
        format!("{token}/"),
        of_keys(&keys(), &base, Timestamp::from_millis(now().as_millis() - 1_000)),
        of_keys(&keys(), &PublicBase::parse("https://other.example.com/ii").unwrap(), hour),
        of_keys(&CallbackKeys::new([(1, [8; 32])]).unwrap(), &base, hour),
        of_keys(&CallbackKeys::new([(2, MASTER)]).unwrap(), &base, hour),
    ];
    // Each character of it another one.
    bad.extend((0..token.len()).map(|at| {
        let other = if token.as_bytes()[at] == b'A' { 'B' } else { 'A' };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    }));
    let first = post(address, &format!("{front}/{}", bad[0]), b"{}").await;
    assert_eq!((first.status, first.body.as_str()), (404, "not found\n"));
    for token in &bad {
        for method in ["POST", "GET", "DELETE", "OPTIONS"] {
            let reply = send(address, method, &format!("{front}/{token}"), &[], &done("x")).await;
            assert_eq!(reply, first, "{method} {token}");
        }
    }
    assert_eq!(post(address, "/ii/nothing/here", &done("x")).await, first);
    assert!(store.all().is_empty());
}

/// It says at once that it does not want it: nobody is invited to send, and nobody waits.
#[tokio::test]
async fn a_bad_token_is_refused_before_the_body() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    let mut sender = super::sender::Sender::to(address).await;
    sender.write("POST /ii/cb/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n").await;
    let reply = super::soon(sender.reply()).await.unwrap();
    assert_eq!((reply.status, reply.header("connection")), (404, Some("close")));
    super::soon(sender.closed()).await;
}

#[tokio::test]
async fn who_looks_is_told_that_somebody_is_there() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    for path in ["/ii", "/ii/", "/", "/proxied/ii?x"] {
        let reply = send(address, "GET", path, &[], b"").await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "Image Intelligence webhooks are received here.\n"));
        let reply = send(address, "POST", path, &[], &done("x")).await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
    }
    let mut sender = super::sender::Sender::to(address).await;
    sender.write("HEAD /ii HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!(sender.reply().await.unwrap().status, 200);
    assert!(store.all().is_empty());
}

#[tokio::test]
async fn another_method_on_a_good_token_is_told_which_one_is_wanted() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b.secret("hunter2hunter2")).await;
    for path in [path_of(3).as_str(), "/ii/events"] {
        let reply = send(address, "PUT", path, &[], &done("x")).await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{path}");
    }
}

#[tokio::test]
async fn a_key_that_another_receiver_added_is_learnt() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    store.masters.lock().unwrap().push([9; 32]);
    let ring = CallbackKeys::new([(1, MASTER), (2, [9; 32])]).unwrap();
    let hour = Timestamp::from_millis(now().as_millis() + 3_600_000);
    let path = format!("/cb/{}", ring.mint(Kind::Ask, hour, rid(4), &PublicBase::parse(BASE).unwrap()));
    assert_eq!(post(address, &path, &done("x")).await.status, 404);
    // The sender comes again.
    super::soon(async { while !post(address, &path, &done("x")).await.is_ok() {} }).await;
    assert_eq!(store.only().origin, Origin::Ours { rid: rid(4), kind: Kind::Ask, hint: Some("x".to_owned()) });
}

#[tokio::test]
async fn an_address_of_which_nothing_can_come_is_refused() {
    let store = Arc::new(Fake::default());
    for (builder, says) in [
        (builder(&store).public_url("ftp://x"), "public base"),
        (builder(&store).former_urls(["nonsense"]), "former_urls"),
        (builder(&store).former_urls([BASE; 4]), "former_urls: 4 given, at most 3"),
        (builder(&store).secrets(["a"; 5]), "more than four"),
        (builder(&store).secret(""), "an empty one"),
    ] {
        let error = builder.build().await.unwrap_err();
        assert_eq!(error.kind().as_str(), "config");
        assert!(error.message().contains(says), "{error}");
    }
    let bare = || super::Receiver::builder(&super::inbox(&store));
    for error in [bare().build().await.unwrap_err(), bare().listen("0.0.0.0:0").await.unwrap_err()] {
        assert!(error.message().contains("say .public_url("), "{error}");
    }
    let receiver = bare().listen("127.0.0.1:0").await.unwrap();
    assert_eq!(receiver.public_url(), format!("http://{}", receiver.local_addr().unwrap()));
    let taken = receiver.local_addr().unwrap().to_string();
    for (address, way_out) in [
        (taken.as_str(), "choose another port, or 0 for a free one"),
        ("8080", "such as 127.0.0.1:8787"),
        ("192.0.2.1:0", "0.0.0.0 stands for all that are"),
    ] {
        let error = bare().listen(address).await.unwrap_err();
        assert_eq!(error.kind().as_str(), "config");
        assert!(error.message().starts_with("the receiver cannot listen: "), "{error}");
        assert!(error.message().ends_with(way_out), "{error}");
    }
}
