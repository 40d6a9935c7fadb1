//! Senders without any: slow, endless, wrapped, torn.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::fake::Fake;
use super::secrecy::Heard;
use super::sender::{Sender, post, request, send};
use super::{done, path_of, receiver, rid, soon, until};
use crate::receiver::ReceiverLimits;

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn half_a_head_is_not_waited_for() {
    let store = Arc::new(Fake::default());
    let limits = ReceiverLimits { head_timeout: SHORT, ..ReceiverLimits::default() };
    let (_receiver, address) = receiver(&store, |b| b.limits(limits)).await;
    for half in ["", "P", "POST /ii/cb/x HTTP/1.1\r\nhost: x\r\ncontent-le"] {
        let mut sender = Sender::to(address).await;
        sender.write(half).await;
        soon(sender.closed()).await;
    }
    // Nor is the next request of a connection.
    let mut sender = Sender::to(address).await;
    sender.write(request("POST", &path_of(1), &[], &done("x"))).await;
    assert!(sender.reply().await.unwrap().is_ok());
    soon(sender.closed()).await;
}

#[tokio::test]
async fn half_a_body_is_not_waited_for() {
    let (store, heard) = (Arc::new(Fake::default()), Heard::listen());
    let limits = ReceiverLimits { body_timeout: SHORT, ..ReceiverLimits::default() };
    let (receiver, address) = receiver(&store, |b| b.limits(limits)).await;
    let whole = request("POST", &path_of(1), &[], &done("x"));
    for silent in [true, false] {
        let mut sender = Sender::to(address).await;
        sender.write(&whole[..whole.len() - 10]).await;
        if silent {
            assert_eq!(soon(sender.reply()).await.unwrap().status, 408);
        } else {
            sender.stream.shutdown().await.unwrap();
            assert_eq!(soon(sender.reply()).await.unwrap().status, 400);
        }
        soon(sender.closed()).await;
    }
    assert!(store.all().is_empty());
    assert_eq!(receiver.desk.room.available_permits(), receiver.desk.limits.in_flight);
    assert!(heard.text().contains("reason=\"body_late\""), "{}", heard.text());
}

#[tokio::test]
async fn a_sender_that_closes_its_side_is_answered() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    let mut sender = Sender::to(address).await;
    sender.write(request("POST", &path_of(1), &[], &done("x"))).await;
    sender.stream.shutdown().await.unwrap();
    assert!(soon(sender.reply()).await.unwrap().is_ok());
}

/// 1 GiB, if it were let.
#[tokio::test]
async fn an_endless_body_is_cut_and_its_job_looked_at() {
    let store = Arc::new(Fake::default());
    let (receiver, address) = receiver(&store, |b| b).await;
    let mut sender = Sender::to(address).await;
    let head = format!("POST {} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", path_of(7));
    sender.write(head).await;
    let chunk = [b"10000\r\n", &vec![b' '; 65_536][..], b"\r\n"].concat();
    let (least, mut sent, mut in_flight) = (receiver.desk.limits.in_flight, 0, 0);
    while sent < 1 << 30 && sender.stream.write_all(&chunk).await.is_ok() {
        sent += chunk.len();
        in_flight = in_flight.max(least - receiver.desk.room.available_permits());
    }
    // Beyond the 4 MiB: what was thrown away, and what the system itself holds.
    assert!((4 << 20..64 << 20).contains(&sent), "{sent} bytes were sent");
    assert!(in_flight <= 4 << 20, "{in_flight} bytes were kept");
    let reply = soon(sender.reply()).await.unwrap();
    assert_eq!((reply.status, reply.header("connection")), (413, Some("close")));
    soon(sender.closed()).await;
    until(|| *store.looked.lock().unwrap() == [rid(7)]).await;
    assert!(store.all().is_empty());
    assert_eq!(receiver.desk.room.available_permits(), least);
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_at_once() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    let mut sender = Sender::to(address).await;
    sender.write(format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 4194305\r\n\r\n", path_of(7))).await;
    assert_eq!(soon(sender.reply()).await.unwrap().status, 413);
    until(|| *store.looked.lock().unwrap() == [rid(7)]).await;
    // The largest that is taken.
    let mut largest = done("x");
    largest.resize(4 << 20, b' ');
    assert!(post(address, &path_of(8), &largest).await.is_ok());
    assert_eq!(store.only().body, largest);
}

#[tokio::test]
async fn bodies_come_as_they_are() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    for encoding in ["gzip", "br", "identity, gzip", "x"] {
        let reply = send(address, "POST", &path_of(1), &[("content-encoding", encoding)], &done("x")).await;
        assert_eq!(reply.status, 415, "{encoding}");
    }
    assert!(store.all().is_empty());
    assert!(send(address, "POST", &path_of(1), &[("Content-Encoding", "Identity")], &done("x")).await.is_ok());
}

#[tokio::test]
async fn heads_are_bounded() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    let long = "x".repeat(17 << 10);
    assert_eq!(send(address, "POST", &path_of(1), &[("x-long", &long)], b"{}").await.status, 431);
    // Beside host and content-length.
    let names: Vec<String> = (0..63).map(|number| format!("x-{number}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "y")).collect();
    assert_eq!(send(address, "POST", &path_of(1), &headers, b"{}").await.status, 431);
    assert!(send(address, "POST", &path_of(1), &headers[..62], b"{}").await.is_ok());
    let mut sender = Sender::to(address).await;
    sender.write("nonsense\r\n\r\n").await;
    assert_eq!(sender.reply().await.unwrap().status, 400);
}

#[tokio::test]
async fn one_connection_takes_many_requests() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b).await;
    let mut sender = Sender::to(address).await;
    // All at once, as some do.
    let all: Vec<u8> = (0..20).flat_map(|number| request("POST", &path_of(number), &[], &done("x"))).collect();
    sender.write(&all).await;
    for _ in 0..20 {
        assert!(soon(sender.reply()).await.unwrap().is_ok());
    }
    assert_eq!(store.all().len(), 20);
}

/// They would each be waited for a minute, and there is room for few: whoever sends a whole request must get in.
#[tokio::test]
async fn slow_connections_keep_nobody_out() {
    let store = Arc::new(Fake::default());
    let minute = Duration::from_mins(1);
    let limits =
        ReceiverLimits { connections: 16, head_timeout: minute, body_timeout: minute, ..ReceiverLimits::default() };
    let (_receiver, address) = receiver(&store, |b| b.limits(limits)).await;
    let mut slow = Vec::new();
    for number in 0..64 {
        let mut sender = Sender::to(address).await;
        let whole = request("POST", &path_of(number), &[], &done("x"));
        // Some stop in the head, some in the body.
        sender.write(if number % 2 == 0 { &whole[..30] } else { &whole[..whole.len() - 1] }).await;
        slow.push(sender);
    }
    for number in 100..150 {
        assert!(soon(post(address, &path_of(number), &done("x"))).await.is_ok());
    }
    assert_eq!(store.all().len(), 50);
}
