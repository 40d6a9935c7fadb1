//! A server that answers as a test says, well or badly, and remembers what it was asked.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence::{Client, ClientBuilder, PollPolicy, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub const SECRET: &str = "s3cr3t-of-the-client";
pub const TOKEN: &str = "t0k3n-of-the-server";

#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub head: String,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.split('?').next() == Some(path)
    }
}

#[derive(Debug, Clone)]
pub enum Reply {
    Json(u16, String),
    With(u16, Vec<(&'static str, String)>, String),
    /// These bytes as they are, and then the connection is closed.
    Raw(Vec<u8>),
    /// The connection is closed without a word.
    Close,
    /// Nothing, for ever.
    Hang,
}

pub fn ok(body: impl Into<String>) -> Reply {
    Reply::Json(200, body.into())
}

pub fn job(id: &str, status: &str) -> String {
    format!(r#"{{"id":"{id}","status":"{status}","createdAt":1487648348000,"jobResults":[],"imageResults":[]}}"#)
}

pub struct Scripted {
    pub base_url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scripted {
    /// Hands out tokens, and answers everything else as `answer` says: what was asked, and how often before.
    pub async fn start(answer: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let but_tokens = move |asked: &Asked, nth: usize| {
            if asked.path == "/v2/oauth/token" { Some(token_answer()) } else { answer(asked, nth) }
        };
        Self::start_without_tokens(but_tokens).await
    }

    /// Answers everything as `answer` says.
    pub async fn start_without_tokens(answer: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let log = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&answer)));
            }
        });
        Self { base_url, asked, task }
    }

    /// What was asked so far, tokens left out.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.path != "/v2/oauth/token").cloned().collect()
    }

    pub fn count(&self, method: &str, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.is(method, path)).count()
    }

    /// A client of this server that hurries.
    pub fn builder(&self) -> ClientBuilder {
        let mut poll = PollPolicy::default();
        poll.shortest = Duration::from_millis(5);
        let mut retry = RetryPolicy::default();
        retry.base = Duration::from_millis(2);
        Client::builder()
            .base_url(&self.base_url)
            .credentials("me", SECRET)
            .poll(poll)
            .retry(retry)
            .recover_for(Duration::from_millis(500))
    }

    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }
}

pub fn token_answer() -> Reply {
    let (from, to) = (1_487_648_348_000_i64, 1_487_734_748_000_i64);
    ok(format!(r#"{{"accessToken":"{TOKEN}","issuedAt":{from},"expiresAt":{to},"scope":"detect:read detect:create"}}"#))
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static>,
) {
    let mut buffer = Vec::new();
    while let Some(asked) = read(&mut stream, &mut buffer).await {
        // The n-th request of this method and path, from 0.
        let nth = {
            let mut log = log.lock().unwrap();
            let path = asked.path.split('?').next().unwrap();
            let nth = log.iter().filter(|before| before.is(&asked.method, path)).count();
            log.push(asked.clone());
            nth
        };
        let reply = match answer(&asked, nth) {
            Some(reply) => reply,
            None => Reply::Json(404, r#"{"error":"not_found","message":"nothing there"}"#.into()),
        };
        let bytes = match reply {
            Reply::Json(status, body) => response(status, &[], &body),
            Reply::With(status, headers, body) => response(status, &headers, &body),
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Reply::Close => return,
            Reply::Hang => std::future::pending().await,
        };
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

pub fn response(status: u16, headers: &[(&str, String)], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    format!("{head}\r\n{body}").into_bytes()
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Asked> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap_or(0);
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let rest = buffer.split_off(end + length);
    let body = buffer.split_off(end);
    *buffer = rest;
    let mut words = head.split(' ');
    Some(Asked { method: words.next()?.into(), path: words.next()?.into(), head, body })
}

/// Chance from a seed (splitmix64), so that a failure can be had again.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `most`, and not `most` itself.
    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}
