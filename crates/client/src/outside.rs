//! What the client takes from outside: answers to its requests, the time of day, and chance. Everything else is a matter of
//! its own logic and tokio's clock, so a test that stands in for this can replay a run exactly.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Method};
use image_intelligence_core::{Error, ErrorKind, Failure, Later, Result, Rid, Timestamp};

use crate::http::{Failed, closed, unsent};

/// What the client takes from outside.
#[doc(hidden)]
pub trait Outside: Send + Sync {
    /// Sends a request once, and gives the head of its answer.
    fn send(&self, request: Outgoing) -> Later<'_, Result<Head, Lost>>;
    /// The time of day.
    fn now(&self) -> Timestamp;
    /// Random bytes.
    fn fill(&self, bytes: &mut [u8]) -> Result<()>;
    /// Lets the connections go, and refuses further requests.
    fn close(&self);
}

/// A request as it leaves.
#[doc(hidden)]
#[derive(Debug)]
#[non_exhaustive]
pub struct Outgoing {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Option<Outbody>,
}

impl Outgoing {
    pub(crate) fn new(method: Method, url: String, headers: HeaderMap, body: Option<Outbody>) -> Self {
        Self { method, url, headers, body }
    }
}

/// A body, and what must be done before its last bytes leave.
#[doc(hidden)]
#[non_exhaustive]
pub struct Outbody {
    pub bytes: Bytes,
    /// Awaited before the last bytes leave: until then no server can have read the request. Where it fails, they do not.
    pub before_last: Option<BeforeLast>,
}

/// Something to do before the last bytes of a body leave. Where it fails, they do not.
#[doc(hidden)]
pub type BeforeLast = Arc<dyn Fn() -> Later<'static, Result<()>> + Send + Sync>;

impl std::fmt::Debug for Outbody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbody").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// The head of an answer, and what is to come of its body.
#[doc(hidden)]
pub struct Head {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Box<dyn Chunks>,
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The body of an answer, piece by piece.
#[doc(hidden)]
pub trait Chunks: Send {
    /// The next piece; `None` after the last.
    fn next(&mut self) -> Later<'_, Result<Option<Bytes>, Lost>>;
}

/// A request that brought no answer, or not the whole of it. What it says is for people, but for the two marks.
#[doc(hidden)]
#[derive(Debug)]
pub struct Lost {
    pub error: Error,
    pub failure: Failure,
}

impl From<Lost> for Failed {
    fn from(lost: Lost) -> Self {
        Self { error: lost.error, failure: lost.failure }
    }
}

impl dyn Outside + '_ {
    /// A name for a job, which no other job has.
    pub(crate) fn rid(&self) -> Result<Rid> {
        let mut bytes = [0; 16];
        self.fill(&mut bytes)?;
        Ok(Rid::from_bytes(bytes))
    }

    /// A number from 0 to 1. Without randomness the pauses are merely less spread.
    pub(crate) fn jitter(&self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes).map_or(0.5, |()| f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
    }
}

/// The network, this machine's clock and its random numbers.
pub(crate) struct Real {
    /// None once it is closed.
    client: Mutex<Option<reqwest::Client>>,
}

impl Real {
    pub(crate) fn new(builder: reqwest::ClientBuilder) -> Result<Self> {
        let client = builder.build().map_err(|error| {
            Error::new(ErrorKind::Config, format!("the HTTP client could not be made: {error}")).with_source(error)
        })?;
        Ok(Self { client: Mutex::new(Some(client)) })
    }
}

impl Outside for Real {
    fn send(&self, request: Outgoing) -> Later<'_, Result<Head, Lost>> {
        Box::pin(async move {
            let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let client = client.ok_or_else(|| Lost { error: closed(), failure: Failure::Withheld })?;
            let Outgoing { method, url, headers, body } = request;
            let mut sent = client.request(method, url).headers(headers);
            let mut refused = None;
            match body {
                Some(Outbody { bytes, before_last: Some(before_last) }) => {
                    let length = bytes.len();
                    let (body, error) = held_back(bytes, before_last);
                    refused = Some(error);
                    sent = sent.header(CONTENT_LENGTH, HeaderValue::from(length)).body(body);
                }
                Some(Outbody { bytes, before_last: None }) => sent = sent.body(bytes),
                None => {}
            }
            let answer = match sent.send().await {
                Ok(answer) => answer,
                Err(error) => {
                    let refused =
                        refused.and_then(|refused| refused.lock().unwrap_or_else(PoisonError::into_inner).take());
                    return Err(match refused {
                        // The last bytes never left.
                        Some(error) => Lost { error, failure: Failure::Withheld },
                        None => unsent(error),
                    });
                }
            };
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Ok(Head { status, headers, body: Box::new(Answered(answer)) })
        })
    }

    fn now(&self) -> Timestamp {
        crate::http::now()
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes)
            .map_err(|error| Error::new(ErrorKind::Config, format!("the system gives no random numbers: {error}")))
    }

    fn close(&self) {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Why the last bytes of a body did not leave.
type Refused = Arc<Mutex<Option<Error>>>;

/// A body whose last byte waits until something is done.
fn held_back(mut bytes: Bytes, before_last: BeforeLast) -> (reqwest::Body, Refused) {
    let refused = Refused::default();
    let note = Arc::clone(&refused);
    let last = bytes.split_off(bytes.len().saturating_sub(1));
    let first = futures_util::stream::iter([Ok(bytes)]);
    let last = futures_util::stream::once(async move {
        before_last().await.map_err(|error| {
            *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            std::io::Error::other(error)
        })?;
        Ok::<_, std::io::Error>(last)
    });
    (reqwest::Body::wrap_stream(first.chain(last)), refused)
}

struct Answered(reqwest::Response);

impl Chunks for Answered {
    fn next(&mut self) -> Later<'_, Result<Option<Bytes>, Lost>> {
        Box::pin(async { self.0.chunk().await.map_err(unsent) })
    }
}
