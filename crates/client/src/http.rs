//! One request and its answer: no retries, no credentials of its own, bounded memory, and errors that never name a secret.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use image_intelligence_core::{Error, ErrorKind, Failure, Result, Secret, Timestamp};
use reqwest::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use tracing::Instrument as _;

/// What a body may take to travel, on top of the request's limit.
const SLOWEST_UPLOAD_BYTES_PER_SECOND: f64 = 256.0 * 1024.0;

/// No answer is larger, in bytes; one that is has no end, or wants narrowing.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

pub(crate) struct Http {
    /// None once it is closed.
    client: Mutex<Option<reqwest::Client>>,
    request_timeout: Duration,
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the client is closed; make a new one")
}

/// A duration as people say it: tenths where there are few seconds.
pub(crate) fn in_seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let tenths = seconds < 10.0 && (seconds.fract() > 0.05 && seconds.fract() < 0.95);
    if tenths { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}

/// A request, the same each time it is sent.
#[doc(hidden)]
pub struct Request {
    /// For messages: `GET /detect/f9d73f87`.
    pub(crate) what: String,
    /// For spans: the path with ids left out.
    pub(crate) template: &'static str,
    pub(crate) method: reqwest::Method,
    pub(crate) url: String,
    pub(crate) body: Option<Bytes>,
    pub(crate) wanted: Wanted,
}

/// What an answer is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Json,
    /// A picture of at most so many bytes, or where there is one.
    Picture(usize),
}

/// A success.
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    /// Where a picture is instead.
    pub(crate) location: Option<String>,
}

impl Request {
    pub(crate) fn get(what: String, template: &'static str, url: String) -> Self {
        Self { what, template, method: reqwest::Method::GET, url, body: None, wanted: Wanted::Json }
    }

    pub(crate) fn post(what: String, template: &'static str, url: String, body: Bytes) -> Self {
        Self { method: reqwest::Method::POST, body: Some(body), ..Self::get(what, template, url) }
    }

    pub(crate) fn patch(what: String, template: &'static str, url: String, body: Bytes) -> Self {
        Self { method: reqwest::Method::PATCH, body: Some(body), ..Self::get(what, template, url) }
    }

    pub(crate) fn delete(what: String, template: &'static str, url: String) -> Self {
        Self { method: reqwest::Method::DELETE, ..Self::get(what, template, url) }
    }

    pub(crate) fn picture(self, largest: usize) -> Self {
        Self { wanted: Wanted::Picture(largest), ..self }
    }
}

/// Without its body, in which a secret may travel.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("what", &self.what).finish_non_exhaustive()
    }
}

/// Why a request failed: for the caller, and for the rules of sending it again.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) failure: Failure,
}

impl Http {
    pub(crate) fn new(builder: reqwest::ClientBuilder, request_timeout: Duration) -> Result<Self> {
        let client = builder.build().map_err(|error| {
            Error::new(ErrorKind::Config, format!("the HTTP client could not be made: {error}")).with_source(error)
        })?;
        Ok(Self { client: Mutex::new(Some(client)), request_timeout })
    }

    /// Lets the connections go, and refuses further requests.
    pub(crate) fn close(&self) {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Sends the request once, and gives a success.
    pub(crate) async fn send(&self, request: &Request, bearer: Option<&Secret>) -> Result<Answer, Failed> {
        let span = tracing::info_span!(
            "HTTP",
            otel.name = format!("{} {}", request.method, request.template),
            otel.kind = "client",
            http.request.method = %request.method,
            url.template = request.template,
            http.response.status_code = tracing::field::Empty,
            error.type = tracing::field::Empty,
        );
        let answer = self.exchange(request, bearer).instrument(span.clone()).await;
        if let Err(failed) = &answer {
            span.record("error.type", failed.error.kind().as_str());
        }
        answer
    }

    async fn exchange(&self, request: &Request, bearer: Option<&Secret>) -> Result<Answer, Failed> {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(client) = client else {
            // Nothing was sent, and trying again is no cure.
            return Err(Failed { error: closed(), failure: Failure::Status(401) });
        };
        let mut sent = client.request(request.method.clone(), &request.url);
        sent = sent.header(
            ACCEPT,
            HeaderValue::from_static(match request.wanted {
                Wanted::Json => "application/json",
                Wanted::Picture(_) => "image/jpeg",
            }),
        );
        if let Some(bearer) = bearer {
            sent = sent.header(AUTHORIZATION, authorization(bearer)?);
        }
        let mut limit = self.request_timeout;
        if let Some(body) = &request.body {
            limit += Duration::from_secs_f64(body.len() as f64 / SLOWEST_UPLOAD_BYTES_PER_SECOND);
            sent = sent.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body.clone());
        } else {
            // A cache on the way would show a job that is under way for ever.
            sent = sent.header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        match tokio::time::timeout(limit, self.answer(request, sent)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failed {
                error: Error::new(
                    ErrorKind::RequestTimeout,
                    format!("{}: no answer within {} s; try again, or allow more", request.what, in_seconds(limit)),
                ),
                failure: Failure::Lost,
            }),
        }
    }

    async fn answer(&self, request: &Request, sent: reqwest::RequestBuilder) -> Result<Answer, Failed> {
        let what = &request.what;
        let mut answer = sent.send().await.map_err(|error| unsent(what, error))?;
        let status = answer.status().as_u16();
        tracing::Span::current().record("http.response.status_code", status);
        let location = answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection());
        if matches!(request.wanted, Wanted::Picture(_))
            && let Some(location) = location.and_then(|location| location.to_str().ok())
        {
            return Ok(Answer { body: Bytes::new(), location: Some(location.to_owned()) });
        }
        let success = answer.status().is_success();
        let most = match request.wanted {
            _ if !success => Error::MAX_BODY,
            Wanted::Json => LARGEST_ANSWER,
            Wanted::Picture(largest) => largest,
        };
        let said = answer.content_length().unwrap_or_default();
        if success && request.wanted != Wanted::Json && said > most as u64 {
            return Err(too_large(what, most));
        }
        let mut body = Body::default();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= most => body.push(chunk),
                Ok(Some(_)) if success && request.wanted != Wanted::Json => return Err(too_large(what, most)),
                Ok(Some(_)) if success => {
                    return Err(Failed {
                        error: Error::new(
                            ErrorKind::InvalidResponse,
                            format!("{what}: an answer of more than {most} bytes came; narrow the search"),
                        )
                        .with_answer_headers(pairs(answer.headers()), now()),
                        failure: Failure::Unreadable,
                    });
                }
                // Enough of an error's body, or all of it, or it broke off: its status has said the most.
                Ok(_) => break,
                Err(_) if !success => break,
                Err(error) => {
                    return Err(Failed {
                        error: Error::new(
                            ErrorKind::Connection,
                            format!("{what}: the connection broke after {} bytes of the answer; try again", body.len()),
                        )
                        .with_answer_headers(pairs(answer.headers()), now())
                        .with_source(error.without_url()),
                        failure: Failure::Lost,
                    });
                }
            }
        }
        let body = body.whole();
        if success {
            return Ok(Answer { body, location: None });
        }
        let error = Error::from_answer(what, status, &body).with_answer_headers(pairs(answer.headers()), now());
        Err(Failed { error, failure: Failure::Status(status) })
    }
}

/// The body of an answer as it comes. Most come in one piece, which is then not copied.
#[derive(Default)]
struct Body {
    first: Bytes,
    all: BytesMut,
}

impl Body {
    fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    fn push(&mut self, chunk: Bytes) {
        if self.len() == 0 {
            self.first = chunk;
            return;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&chunk);
    }

    fn whole(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.freeze() }
    }
}

fn authorization(bearer: &Secret) -> Result<HeaderValue, Failed> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", bearer.expose())).map_err(|_| Failed {
        error: Error::new(ErrorKind::Authentication, "the access token has characters that no HTTP header can carry"),
        failure: Failure::Connect,
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The error of a request that brought no answer at all.
pub(crate) fn unsent(what: &str, error: reqwest::Error) -> Failed {
    // The URL may carry a customId, and says nothing that `what` does not.
    let error = error.without_url();
    let cause = innermost(&error);
    let (kind, message, failure) = if error.is_connect() {
        let message = format!("{what}: no connection ({cause}); is the base URL right, and the network there?");
        (ErrorKind::Connection, message, Failure::Connect)
    } else if error.is_timeout() {
        (ErrorKind::RequestTimeout, format!("{what}: no answer in time; try again, or allow more"), Failure::Lost)
    } else if error.is_builder() {
        (ErrorKind::Config, format!("{what}: the request could not be made ({cause})"), Failure::Connect)
    } else {
        (ErrorKind::Connection, format!("{what}: the connection broke ({cause}); try again"), Failure::Lost)
    };
    Failed { error: Error::new(kind, message).with_source(error), failure }
}

/// A picture of more bytes than the caller wants of one. A second try would not shrink it.
pub(crate) fn too_large(what: &str, most: usize) -> Failed {
    let message = format!(
        "{what}: larger than {most} bytes, the most that this client takes; fetch it from its URL by other means"
    );
    Failed { error: Error::new(ErrorKind::TooLarge, message), failure: Failure::Status(413) }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Headers as core reads them.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// Now, by this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
