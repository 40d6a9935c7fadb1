//! The receiver in somebody else's server.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::fake::Fake;
use super::sender::{Sender, post, send};
use super::{builder, done, path_of, rid, soon, until};
use crate::receiver::{Answer, Receiver};

async fn serve(app: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn router() -> axum::Router {
    axum::Router::new().route("/health", axum::routing::get(|| async { "fine" }))
}

async fn mounted(store: &Arc<Fake>) -> Receiver {
    builder(store).build().await.unwrap()
}

#[tokio::test]
async fn axum_takes_it_as_a_fallback_and_nested() {
    for nested in [false, true] {
        let store = Arc::new(Fake::default());
        let receiver = mounted(&store).await;
        let app = if nested {
            router().nest_service("/ii", receiver.service())
        } else {
            router().fallback_service(receiver.service())
        };
        let address = serve(app).await;
        assert_eq!(send(address, "GET", "/health", &[], b"").await.body, "fine");
        assert!(post(address, &path_of(3), &done("x")).await.is_ok());
        assert_eq!(store.only().body, done("x"));
        assert_eq!(post(address, "/ii/cb/x", &done("x")).await.status, 404);
        assert_eq!(send(address, "GET", "/ii", &[], b"").await.status, 200);
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_in_axum_too() {
    let store = Arc::new(Fake::default());
    let receiver = mounted(&store).await;
    let address = serve(router().fallback_service(receiver.service())).await;
    let mut large = done("x");
    large.resize((4 << 20) + 1, b' ');
    let mut head =
        format!("POST {} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", path_of(7)).into_bytes();
    head.extend([format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat());
    let mut sender = Sender::to(address).await;
    sender.write(&head).await;
    assert_eq!(soon(sender.reply()).await.unwrap().status, 413);
    until(|| *store.looked.lock().unwrap() == [rid(7)]).await;
}

#[tokio::test]
async fn a_server_of_any_make_passes_what_it_has() {
    let store = Arc::new(Fake::default());
    let receiver = mounted(&store).await;
    let path = path_of(3);
    let headers = [("Content-Type", &b"application/json"[..])];
    assert_eq!(receiver.handle("POST", &path, headers, done("x").into()).await, Answer::OK);
    assert_eq!((Answer::OK.status, Answer::OK.body), (200, "ok"));
    assert_eq!(receiver.handle("POST", "/ii/cb/x", headers, done("x").into()).await, Answer::NOT_FOUND);
    assert_eq!(receiver.handle("HEAD", "/ii", [], Bytes::new()).await.body, "");
    assert_eq!(receiver.handle("GET", "/ii", [], Bytes::new()).await.status, 200);
}

#[tokio::test]
async fn a_body_may_come_in_pieces() {
    let store = Arc::new(Fake::default());
    let receiver = mounted(&store).await;
    let mut admitted = receiver.admit("POST", &path_of(3), []).unwrap();
    for piece in done("x").chunks(7) {
        admitted.push(Bytes::copy_from_slice(piece)).unwrap();
    }
    assert!(admitted.deadline() > std::time::Instant::now());
    assert_eq!(admitted.finish().await, Answer::OK);
    assert_eq!(store.only().body, done("x"));

    let mut endless = receiver.admit("POST", &path_of(4), []).unwrap();
    let piece = Bytes::from(vec![b' '; 1 << 20]);
    (0..4).for_each(|_| endless.push(piece.clone()).unwrap());
    assert_eq!(endless.push(piece.clone()), Err(Answer::TOO_LARGE));
    // However often it is asked.
    assert_eq!(endless.push(Bytes::new()), Err(Answer::TOO_LARGE));
    assert_eq!(endless.finish().await, Answer::TOO_LARGE);
    until(|| *store.looked.lock().unwrap() == [rid(4)]).await;
    let late = receiver.admit("POST", &path_of(5), []).unwrap();
    assert_eq!(late.late(), Answer::LATE_BODY);
    let length = [("CONTENT-LENGTH", &b"4194305"[..])];
    assert_eq!(receiver.admit("POST", &path_of(6), length).unwrap_err(), Answer::TOO_LARGE);
    store.only();
}

/// Whoever has no runtime on the thread at hand may admit all the same.
#[test]
fn a_request_is_judged_on_any_thread() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = Arc::new(Fake::default());
    let receiver = runtime.block_on(mounted(&store));
    let length = [("content-length", &b"9999999"[..])];
    assert_eq!(receiver.admit("POST", &path_of(6), length).unwrap_err(), Answer::TOO_LARGE);
    runtime.block_on(until(|| *store.looked.lock().unwrap() == [rid(6)]));
}
