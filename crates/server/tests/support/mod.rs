//! What the server's tests share: a caller without any client crate, and waits with a deadline.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod receiver;

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use image_intelligence_server::{Answer, AskedPicture, Delivery, DeliveryState, Script, Server, ServerBuilder};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest that anything may take here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: String,
}

/// reqwest is built without a default TLS provider; tests speak plain http, and still have to name one.
pub(crate) fn tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}

pub(crate) fn http() -> reqwest::Client {
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls());
    builder.no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build().unwrap()
}

pub(crate) async fn start(builder: ServerBuilder) -> (Server, Caller) {
    let server = builder.start().await.unwrap();
    let caller = Caller::of(&server, "local", "local").await;
    (server, caller)
}

impl Caller {
    pub(crate) async fn of(server: &Server, id: &str, secret: &str) -> Self {
        Self::reaching(server.base_url(), id, secret).await
    }

    pub(crate) async fn reaching(base: &str, id: &str, secret: &str) -> Self {
        let (http, base) = (http(), base.to_owned());
        let body = json!({"clientId": id, "clientSecret": secret});
        let answer = http.post(format!("{base}/oauth/token")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        let token = answer["accessToken"].as_str().unwrap().to_owned();
        Self { http, base, token }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        self.request(Method::POST, path).body(body).send().await.unwrap()
    }

    /// Posts what must be taken, and answers the answer.
    pub(crate) async fn took(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body.to_string()).await;
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Posts what must be refused with 400, and answers why.
    pub(crate) async fn refused(&self, path: &str, body: impl Into<reqwest::Body>) -> String {
        let (status, kind, message) = error(self.post(path, body).await).await;
        assert_eq!((status.as_u16(), kind.as_str()), (400, "bad_request"), "{message}");
        message
    }

    /// Reads what must be there.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The status of a read.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    /// Sends a job and waits until it is done.
    pub(crate) async fn ran(&self, path: &str, body: &Value) -> Value {
        let job = self.took(path, body).await;
        self.ended(&format!("{path}/{}", job["id"].as_str().unwrap())).await
    }

    /// Reads a job until it is done.
    pub(crate) async fn ended(&self, path: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let job = self.read(path).await;
            if job["status"] != "IN_PROGRESS" {
                return job;
            }
            assert!(Instant::now() < deadline, "never done: {job}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends a detect job that must be taken.
    pub(crate) async fn detect(&self, body: &Value) -> Value {
        self.took("/detect", body).await
    }

    /// Sends a detect job and waits until it is done.
    pub(crate) async fn detected(&self, body: &Value) -> Value {
        self.ran("/detect", body).await
    }

    /// Reads a detect job until it is done.
    pub(crate) async fn done(&self, id: &str) -> Value {
        self.ended(&format!("/detect/{id}")).await
    }

    /// Adds rules.
    pub(crate) async fn rules(&self, rules: &Value) -> Response {
        let url = self.base.replace("/v2", "/_ii/answers");
        self.http.post(url).body(rules.to_string()).send().await.unwrap()
    }

    /// Searches, and answers the customIds of the jobs found.
    pub(crate) async fn found(&self, query: &str) -> Vec<String> {
        let jobs: Value = self.get(&format!("/detect?{query}")).await.json().await.unwrap();
        let custom_id = |job: &Value| job["customId"].as_str().unwrap_or_default().to_owned();
        jobs.as_array().unwrap_or_else(|| panic!("{jobs}")).iter().map(custom_id).collect()
    }
}

/// Sends these very bytes, and answers whatever comes until the server closes.
pub(crate) async fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A script that blocks on each picture until it is let go, and then finds nothing.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<(Mutex<Hold>, Condvar)>);

#[derive(Default)]
struct Hold {
    open: bool,
    asked: usize,
}

impl Held {
    pub(crate) fn script(&self) -> impl Script {
        let held = self.clone();
        move |_: &AskedPicture<'_>| {
            let (hold, changed) = &*held.0;
            let mut hold = hold.lock().unwrap();
            hold.asked += 1;
            changed.notify_all();
            drop(changed.wait_while(hold, |hold| !hold.open).unwrap());
            Some(Answer::nothing())
        }
    }

    pub(crate) fn let_go(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    pub(crate) fn asked(&self) -> usize {
        self.0.0.lock().unwrap().asked
    }

    /// Waits until so many pictures are being looked at or were.
    pub(crate) async fn until_asked(&self, count: usize) {
        until(|| self.asked() >= count).await;
    }
}

/// Waits for something that is sure to come.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The status, the error's kind and its message.
pub(crate) async fn error(answer: Response) -> (StatusCode, String, String) {
    assert!(answer.headers().contains_key("x-request-id"));
    assert_eq!(answer.headers()["content-type"], "application/json");
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    let text = |key: &str| body[key].as_str().unwrap_or_else(|| panic!("no {key} in {body}")).to_owned();
    (status, text("error"), text("message"))
}

pub(crate) fn blob(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A picture that is sent along.
pub(crate) fn sent(name: &str, bytes: &[u8]) -> Value {
    json!({"blob": blob(bytes), "customId": name})
}

/// A job that looks for a person in these pictures.
pub(crate) fn for_person(images: &[Value]) -> Value {
    json!({"images": images, "classes": [{"class": "person"}]})
}

/// The result of the picture with this customId.
pub(crate) fn image<'a>(job: &'a Value, name: &str) -> &'a Value {
    let images = job["imageResults"].as_array().unwrap();
    images.iter().find(|image| image["customId"] == name).unwrap_or_else(|| panic!("no {name} in {job}"))
}

/// Waits until every webhook is delivered or given up, and answers them, the oldest first.
pub(crate) async fn settled(server: &Server, count: usize) -> Vec<Delivery> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = server.deliveries().await.unwrap();
        if all.len() >= count && all.iter().all(|delivery| delivery.state != DeliveryState::Pending) {
            return all;
        }
        assert!(Instant::now() < deadline, "never settled: {all:#?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
