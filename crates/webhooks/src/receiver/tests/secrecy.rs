//! What is said about requests, and what is not.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use image_intelligence_core::sign;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::fake::Fake;
use super::sender::{post, send};
use super::{BASE, builder, done, path_of, receiver};

/// Everything that is logged on this thread, from the finest level on.
pub(crate) struct Heard {
    text: Text,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Heard {
    pub(crate) fn listen() -> Self {
        let text = Text::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(text.clone())
            .finish();
        Self { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.text.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Text {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_token_secret_or_body_is_ever_said() {
    let (store, heard) = (Arc::new(Fake::default()), Heard::listen());
    let secret = "hunter2hunter2";
    let (receiver, address) = receiver(&store, |b| b.secret(secret).accept_foreign(true)).await;
    let good = path_of(3);
    let token = good.rsplit_once('/').unwrap().1;
    let (body, mut forged) = (br#"{"event": "IDENTITY_CREATED", "x": "body-text"}"#, token.to_owned());
    forged.replace_range(40..41, if &token[40..41] == "A" { "B" } else { "A" });
    let signature = sign(body, &secret.into());
    for path in
        [&good, &format!("/cb/{forged}"), "/ii/cb/short-one", "/ii/events", "/ii/jobs", "/ii/elsewhere?key=in-query"]
    {
        for method in ["POST", "GET", "BREW"] {
            send(address, method, path, &[("x-niro-signature", &signature), ("authorization", "Bearer bear")], body)
                .await;
            send(address, method, path, &[("content-encoding", "gzip")], body).await;
        }
    }
    assert!(post(address, &good, &done("job-name")).await.is_ok());
    store.fails.store(true, std::sync::atomic::Ordering::SeqCst);
    post(address, &good, &done("job-name")).await;
    let admitted = receiver.admit("POST", &good, []).unwrap();
    tracing::info!(?receiver, ?admitted, builder = ?builder(&store).secret(secret), service = ?receiver.service());
    receiver.handle("POST", &good, [], Bytes::from_static(b"body-text")).await;
    receiver.shutdown().await;

    let text = heard.text();
    for said in ["http.route=\"/cb/{token}\"", "http.request.method=\"POST\"", "http.response.status_code=404", BASE] {
        assert!(text.contains(said), "{said} is missing in {text}");
    }
    let digits = signature.split_once('=').unwrap().1;
    for hidden in
        [&token[..16], &forged[30..], "short-one", secret, digits, "bear", "in-query", "body-text", "job-name", "BREW"]
    {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}
