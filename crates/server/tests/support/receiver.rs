//! Somebody who is called: a real HTTP server on a free port that writes down what comes and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::until;

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// `None` where the sender broke off.
    pub(crate) body: Option<Vec<u8>>,
    /// On which connection.
    pub(crate) from: SocketAddr,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body.as_ref().unwrap()).unwrap()
    }
}

/// How it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Status(u16),
    /// To another place of the same server.
    Redirect,
    /// Never.
    Hang,
    /// 200, but not at once.
    Late(Duration),
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Answers the n-th request, from 0, with what `reply` says.
    pub(crate) async fn start(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, seen, reply) =
            (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Seen>>>::default(), Arc::new(reply));
        let kept = Arc::clone(&seen);
        let take = async move |ConnectInfo(from): ConnectInfo<SocketAddr>, request: Request| {
            let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.ok().map(Vec::from);
            assert_eq!(parts.method, "POST");
            let number = {
                let mut kept = kept.lock().unwrap();
                kept.push(Seen { path: parts.uri.path().to_owned(), headers: parts.headers, body, from });
                kept.len() - 1
            };
            answer(reply(number)).await
        };
        let service = Router::new().fallback(take).into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { address, seen, serving }
    }

    /// Always answers 200.
    pub(crate) async fn willing() -> Self {
        Self::start(|_| Reply::Status(200)).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap()
    }

    /// Waits until so many requests came, and answers them.
    pub(crate) async fn until_seen(&self, count: usize) -> Vec<Seen> {
        until(|| self.seen().len() >= count).await;
        self.seen().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(reply: Reply) -> Response<Body> {
    match reply {
        Reply::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Reply::Redirect => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        Reply::Hang => std::future::pending().await,
        Reply::Late(wait) => {
            tokio::time::sleep(wait).await;
            StatusCode::OK.into_response()
        }
    }
}
