//! A server in the same process, on a paused clock: what takes half a minute takes no time.
#![allow(dead_code, reason = "each test that has it uses its own part")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use image_intelligence::{
    BeforeLast, Chunks, Client, ClientBuilder, Error, ErrorKind, Head, Later, Lost, Outgoing, Outside, Result,
    Timestamp,
};
use image_intelligence_core::Failure;
use tokio::time::Instant;

use crate::scripted::{Asked, Random, Reply, token_answer};

type Answer = dyn Fn(&Asked, Instant) -> Reply + Send + Sync;

/// Answers as a test says: by what was asked, and when. Each answer takes 10 ms.
pub(crate) struct Inside {
    answer: Box<Answer>,
    began: Instant,
    asked: Mutex<Vec<(Instant, Asked)>>,
    random: Mutex<Random>,
}

const EPOCH: i64 = 1_487_648_348_000;

impl Inside {
    pub(crate) fn start(answer: impl Fn(&Asked, Instant) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        let (asked, random) = (Mutex::default(), Mutex::new(Random(7)));
        Arc::new(Self { answer: Box::new(answer), began: Instant::now(), asked, random })
    }

    pub(crate) fn builder(self: &Arc<Self>) -> ClientBuilder {
        let builder = Client::builder().base_url("https://inside.example/v2").credentials("me", "secret");
        builder.outside(Arc::clone(self) as Arc<dyn Outside>)
    }

    pub(crate) fn client(self: &Arc<Self>) -> Client {
        self.builder().build().unwrap()
    }

    /// How long it has been there.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// What was asked so far, tokens left out, and how long after the beginning.
    pub(crate) fn asked(&self) -> Vec<(Duration, Asked)> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(at, asked)| (at.duration_since(self.began), asked.clone())).collect()
    }

    /// When searches for a customId were asked.
    pub(crate) fn searches(&self, custom_id: &str) -> Vec<Instant> {
        let asked = self.asked.lock().unwrap();
        let named = asked.iter().filter(|(_, asked)| asked.path.ends_with(&format!("customId={custom_id}")));
        named.map(|(at, _)| *at).collect()
    }

    async fn exchange(&self, asked: Asked, before_last: Option<BeforeLast>) -> Result<Head, Lost> {
        if let Some(before_last) = before_last {
            before_last().await.map_err(|error| Lost { error, failure: Failure::Withheld })?;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        let reply = if asked.path == "/v2/oauth/token" {
            token_answer()
        } else {
            self.asked.lock().unwrap().push((Instant::now(), asked.clone()));
            (self.answer)(&asked, Instant::now())
        };
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (status, body) = match reply {
            Reply::Json(status, body) | Reply::With(status, _, body) => (status, body),
            Reply::Hang => std::future::pending().await,
            Reply::Close | Reply::Raw(_) => return Err(lost()),
        };
        Ok(Head { status, headers: http::HeaderMap::new(), body: Box::new(Whole(Some(body.into()))) })
    }
}

fn lost() -> Lost {
    Lost { error: Error::new(ErrorKind::Connection, "the connection broke"), failure: Failure::Lost }
}

impl Outside for Inside {
    fn send(&self, request: Outgoing) -> Later<'_, Result<Head, Lost>> {
        let (body, before_last) = request.body.map(|body| (body.bytes, body.before_last)).unwrap_or_default();
        let path = request.url.trim_start_matches("https://inside.example").to_owned();
        let asked = Asked { method: request.method.to_string(), path, head: String::new(), body: body.to_vec() };
        Box::pin(self.exchange(asked, before_last))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(EPOCH + i64::try_from(self.began.elapsed().as_millis()).unwrap())
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        let mut random = self.random.lock().unwrap();
        bytes.fill_with(|| random.next().to_le_bytes()[0]);
        Ok(())
    }

    fn close(&self) {}
}

struct Whole(Option<Bytes>);

impl Chunks for Whole {
    fn next(&mut self) -> Later<'_, Result<Option<Bytes>, Lost>> {
        Box::pin(std::future::ready(Ok(self.0.take())))
    }
}
