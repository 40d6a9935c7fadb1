//! Nothing secret is printed. A program of its own: what tracing writes is the whole process's business.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use std::sync::{Arc, Mutex};

use image_intelligence::{Detect, ErrorKind, WebhookRequest};
use scripted::{Reply, SECRET, Scripted, TOKEN};

/// Everything that tracing would write, at the finest level.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_repeats_no_secret_either() {
    let server =
        Scripted::start(|_, _| Some(scripted::ok(format!("<html>you sent {TOKEN} and {SECRET}</html>")))).await;
    let error = server.client().jobs::<Detect>().get("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    let body = String::from_utf8_lossy(error.body().unwrap()).into_owned();
    assert_eq!(body, "<html>you sent [secret] and [secret]</html>");
    assert!(!format!("{error:?}").contains(TOKEN));
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    // A server that repeats every secret it was told, in every place it can.
    let server = Scripted::start_without_tokens(|asked, _| {
        if asked.path == "/v2/oauth/token" {
            return asked.json()["clientSecret"].as_str().map(|_| scripted::token_answer());
        }
        let sent = String::from_utf8_lossy(&asked.body).replace('"', "'");
        let echo = format!(r#"{{"message":"bad {TOKEN} {SECRET} {sent}","echo":"{TOKEN} {SECRET} {sent}"}}"#);
        Some(Reply::With(403, vec![("X-Request-Id", format!("r-1 {TOKEN}"))], echo))
    })
    .await;
    let written = Written::default();
    let sink = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || sink.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let client = server.client();
    let error = client.jobs::<Detect>().get("1").await.unwrap_err();

    assert_eq!((error.kind(), error.request_id()), (ErrorKind::PermissionDenied, Some("r-1 [secret]")));
    // The secret of a registered webhook travels in a body, and comes back in one.
    let key = "k3y-of-the-webhook";
    let refused =
        client.register_webhook(WebhookRequest::new("https://example.com/").secret_key(key)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    assert!(!format!("{refused:?} {}", String::from_utf8_lossy(refused.body().unwrap())).contains(key));

    let logged = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("/detect/{id}"), "the spans must be there, else this test sees nothing: {logged}");
    let shown = format!("{client:?} {error:?} {error} {} {logged}", String::from_utf8_lossy(error.body().unwrap()));
    assert!(!shown.contains(TOKEN) && !shown.contains(SECRET) && !shown.contains(key), "{shown}");
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = source {
        assert!(!format!("{error:?}").contains(TOKEN));
        source = error.source();
    }
}
