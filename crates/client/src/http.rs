//! One request and its answer: no retries, no credentials of its own, bounded memory, and errors that never name a secret.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use image_intelligence_core::{Error, ErrorKind, Failure, Result, Secret, Timestamp};
use tracing::Instrument as _;

use crate::outside::{Lost, Outbody, Outgoing, Outside};
use crate::told::Leash;

/// What a body may take to travel, on top of the request's limit.
const SLOWEST_UPLOAD_BYTES_PER_SECOND: f64 = 256.0 * 1024.0;

/// No answer is larger, in bytes; one that is has no end, or wants narrowing.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

pub(crate) struct Http {
    pub(crate) outside: Arc<dyn Outside>,
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
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) body: Option<Bytes>,
    /// Who is told whenever the last bytes of the body are about to leave, and may keep them.
    pub(crate) told: Option<Leash>,
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
        Self { what, template, method: Method::GET, url, body: None, told: None, wanted: Wanted::Json }
    }

    pub(crate) fn post(what: String, template: &'static str, url: String, body: Bytes) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(what, template, url) }
    }

    pub(crate) fn patch(what: String, template: &'static str, url: String, body: Bytes) -> Self {
        Self { method: Method::PATCH, body: Some(body), ..Self::get(what, template, url) }
    }

    pub(crate) fn delete(what: String, template: &'static str, url: String) -> Self {
        Self { method: Method::DELETE, ..Self::get(what, template, url) }
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

/// Takes the body of a success, piece by piece.
pub(crate) trait Sink: Send {
    /// A new answer begins.
    fn begin(&mut self);
    /// The next piece. What it refuses ends the answer.
    fn take(&mut self, what: &str, piece: Bytes) -> Result<(), Failed>;
}

impl Http {
    pub(crate) fn new(outside: Arc<dyn Outside>, request_timeout: Duration) -> Self {
        Self { outside, request_timeout }
    }

    /// Lets the connections go, and refuses further requests.
    pub(crate) fn close(&self) {
        self.outside.close();
    }

    /// Sends the request once, and gives a success.
    pub(crate) async fn send(&self, request: &Request, bearer: Option<&Secret>) -> Result<Answer, Failed> {
        let mut body = Body::new(request.wanted);
        let location = self.send_into(request, bearer, &mut body).await?;
        Ok(Answer { body: body.whole(), location })
    }

    /// Sends the request once, and passes a success on piece by piece. Says where a picture is instead.
    pub(crate) async fn send_into(
        &self,
        request: &Request,
        bearer: Option<&Secret>,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>, Failed> {
        let span = tracing::info_span!(
            "HTTP",
            otel.name = format!("{} {}", request.method, request.template),
            otel.kind = "client",
            http.request.method = %request.method,
            url.template = request.template,
            http.response.status_code = tracing::field::Empty,
            error.type = tracing::field::Empty,
        );
        let answer = self.exchange(request, bearer, sink).instrument(span.clone()).await;
        if let Err(failed) = &answer {
            span.record("error.type", failed.error.kind().as_str());
        }
        answer
    }

    async fn exchange(
        &self,
        request: &Request,
        bearer: Option<&Secret>,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>, Failed> {
        let mut headers = HeaderMap::new();
        let wanted = match request.wanted {
            Wanted::Json => "application/json",
            Wanted::Picture(_) => "image/jpeg",
        };
        headers.insert(ACCEPT, HeaderValue::from_static(wanted));
        if let Some(bearer) = bearer {
            headers.insert(AUTHORIZATION, authorization(bearer)?);
        }
        let mut limit = self.request_timeout;
        let body = request.body.as_ref().map(|body| {
            limit += Duration::from_secs_f64(body.len() as f64 / SLOWEST_UPLOAD_BYTES_PER_SECOND);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Outbody { bytes: body.clone(), before_last: request.told.as_ref().map(Leash::before_last) }
        });
        if body.is_none() {
            // A cache on the way would show a job that is under way for ever.
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        let sent = Outgoing::new(request.method.clone(), request.url.clone(), headers, body);
        match tokio::time::timeout(limit, self.answer(request, sent, sink)).await {
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

    async fn answer(&self, request: &Request, sent: Outgoing, sink: &mut dyn Sink) -> Result<Option<String>, Failed> {
        let what = &request.what;
        let mut answer = self.outside.send(sent).await.map_err(|lost| lost.of(what))?;
        let status = answer.status;
        tracing::Span::current().record("http.response.status_code", status);
        let code = StatusCode::from_u16(status).unwrap_or_default();
        let location = answer.headers.get(LOCATION).filter(|_| code.is_redirection());
        if matches!(request.wanted, Wanted::Picture(_))
            && let Some(location) = location.and_then(|location| location.to_str().ok())
        {
            return Ok(Some(location.to_owned()));
        }
        if !code.is_success() {
            let mut body = BytesMut::new();
            // Enough of an error's body, or all of it, or it broke off: its status has said the most.
            while let Ok(Some(chunk)) = answer.body.next().await {
                if body.len() + chunk.len() > Error::MAX_BODY {
                    break;
                }
                body.extend_from_slice(&chunk);
            }
            let error =
                Error::from_answer(what, status, &body).with_answer_headers(pairs(&answer.headers), self.outside.now());
            return Err(Failed { error, failure: Failure::Status(status) });
        }
        if let Wanted::Picture(most) = request.wanted
            && said_length(&answer.headers) > most as u64
        {
            return Err(too_large(what, most));
        }
        sink.begin();
        let mut came = 0;
        let with_headers = |error: Error| error.with_answer_headers(pairs(&answer.headers), self.outside.now());
        loop {
            match answer.body.next().await {
                Ok(Some(chunk)) => {
                    came += chunk.len();
                    sink.take(what, chunk)
                        .map_err(|failed| Failed { error: with_headers(failed.error), failure: failed.failure })?;
                }
                Ok(None) => return Ok(None),
                Err(lost) => {
                    let message = format!("{what}: the connection broke after {came} bytes of the answer; try again");
                    let error = with_headers(Error::new(ErrorKind::Connection, message)).with_source(lost.error);
                    return Err(Failed { error, failure: Failure::Lost });
                }
            }
        }
    }
}

/// How long an answer says it is.
fn said_length(headers: &HeaderMap) -> u64 {
    let length = headers.get(http::header::CONTENT_LENGTH);
    length.and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok()).unwrap_or_default()
}

/// The body of an answer, in memory. Most come in one piece, which is then not copied.
pub(crate) struct Body {
    wanted: Wanted,
    first: Bytes,
    all: BytesMut,
}

impl Body {
    fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    pub(crate) fn new(wanted: Wanted) -> Self {
        Self { wanted, first: Bytes::new(), all: BytesMut::new() }
    }

    pub(crate) fn whole(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.freeze() }
    }
}

impl Sink for Body {
    fn begin(&mut self) {
        self.first.clear();
        self.all.clear();
    }

    fn take(&mut self, what: &str, piece: Bytes) -> Result<(), Failed> {
        let len = self.len() + piece.len();
        match self.wanted {
            Wanted::Json if len > LARGEST_ANSWER => return Err(endless(what, LARGEST_ANSWER)),
            Wanted::Picture(most) if len > most => return Err(too_large(what, most)),
            _ => {}
        }
        if self.len() == 0 {
            self.first = piece;
            return Ok(());
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&piece);
        Ok(())
    }
}

/// An answer larger than anybody can want.
pub(crate) fn endless(what: &str, most: usize) -> Failed {
    let message = format!("{what}: an answer of more than {most} bytes came; narrow the search");
    Failed { error: Error::new(ErrorKind::InvalidResponse, message), failure: Failure::Unreadable }
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
pub(crate) fn unsent(error: reqwest::Error) -> Lost {
    // The URL may carry a customId, and says nothing that the name of the call does not.
    let error = error.without_url();
    let cause = innermost(&error);
    let (kind, message, failure) = if error.is_connect() {
        let message = format!("no connection ({cause}); is the base URL right, and the network there?");
        (ErrorKind::Connection, message, Failure::Connect)
    } else if error.is_timeout() {
        (ErrorKind::RequestTimeout, "no answer in time; try again, or allow more".to_owned(), Failure::Lost)
    } else if error.is_builder() {
        (ErrorKind::Config, format!("the request could not be made ({cause})"), Failure::Connect)
    } else {
        (ErrorKind::Connection, format!("the connection broke ({cause}); try again"), Failure::Lost)
    };
    Lost { error: Error::new(kind, message).with_source(error), failure }
}

impl Lost {
    /// Says which call it was.
    pub(crate) fn of(self, what: &str) -> Failed {
        let error = match self.error.kind() {
            ErrorKind::Closed | ErrorKind::Store => self.error,
            _ => self.error.with_context(what),
        };
        Failed { error, failure: self.failure }
    }
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
