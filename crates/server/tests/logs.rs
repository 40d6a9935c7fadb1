//! The server's promise: the log says what happened, and never a token, a secret, a body or a query.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use image_intelligence_server::{Account, Answers, Credentials, Server};
use reqwest::Method;
use serde_json::json;
use support::receiver::Receiver;
use support::{Caller, for_person, sent};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn says_enough_and_nothing_secret() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let credentials = Credentials::new([Account::new("camera", "SECRET-of-camera")]).unwrap();
    let server =
        Server::builder().credentials(credentials).scripted(Answers::new().found(b"x", [])).start().await.unwrap();
    let caller = Caller::of(&server, "camera", "SECRET-of-camera").await;
    let body = json!({"clientId": "camera", "clientSecret": "SECRET-but-wrong"});
    assert_eq!(caller.post("/oauth/token", body.to_string()).await.status(), 401);
    let mut request = for_person(&[
        sent("SECRET-name", b"SECRET-bytes"),
        json!({"url": "http://user:SECRET-password@169.254.169.254/SECRET-path?sig=SECRET-signature"}),
        json!({"url": "http://127.0.0.1:9/SECRET-path?sig=SECRET-signature"}),
    ]);
    request["webhookUrl"] = json!("https://example.com/SECRET-hook");
    let job = caller.detected(&request).await;
    caller.found("customId=SECRET-query").await;
    caller.post("/detect", r#"{"images": "SECRET-body"}"#).await;
    caller.get("/detect/SECRET-id").await;
    let hook = json!({"url": "https://example.com/SECRET-hook", "secretKey": "SECRET-of-the-hook"});
    assert_eq!(caller.took("/webhooks", &hook).await["secretKey"], "SECRET-of-the-hook");
    caller.refused("/webhooks", hook.to_string()).await;
    caller.took("/recognition/identities/SECRET-namespace", &json!({"customId": "SECRET-person"})).await;
    caller.took("/ask", &json!({"images": [sent("SECRET-name", b"x")], "question": "SECRET-question?"})).await;
    caller.rules(&json!({"kind": "ask", "image": "SECRET-name", "answer": "yes"})).await;
    let receiver = Receiver::willing().await;
    for (url, fault) in [
        (receiver.url("/SECRET-hook?SECRET"), "fault=webhook.early"),
        ("http://user:SECRET-password@127.0.0.1:9/SECRET-hook".to_owned(), "fault=webhook.early,fault=webhook.cut"),
        ("http://10.0.0.1/SECRET-hook".to_owned(), "fault=webhook.early"),
    ] {
        request["webhookUrl"] = json!(url);
        let submit = caller.request(Method::POST, "/detect").header("II-Emulate", fault).body(request.to_string());
        assert_eq!(submit.send().await.unwrap().status(), 200);
    }
    server.shutdown().await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // The test's own client logs too; only what the server says counts.
    let ours: Vec<&str> = log.lines().filter(|line| line.contains("image_intelligence_server")).collect();
    for line in &ours {
        assert!(!line.contains("SECRET") && !line.contains(&caller.token), "{line}");
    }
    let said = |parts: &[&str]| ours.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(said(&["INFO", "answered", "method=POST", "/v2/detect", "status=200", "millis="]), "{log}");
    assert!(said(&["/v2/detect/{id}", "status=404"]), "{log}");
    let host = format!("http://{}", receiver.address);
    assert!(said(&["INFO", "webhook delivered", &host, "status=200", "ms="]), "{log}");
    assert!(said(&["WARN", "webhook not delivered", "http://127.0.0.1:9", "refused", "webhook.cut"]), "{log}");
    assert!(said(&["WARN", "webhook given up", "http://10.0.0.1", "attempts=1"]), "{log}");
    let id = job["id"].as_str().unwrap();
    assert!(said(&["WARN", id, "cannot be fetched", "169.254.169.254 is link-local"]), "{log}");
    assert!(said(&["WARN", id, "cannot be fetched", "127.0.0.1", "refused"]), "{log}");
}
