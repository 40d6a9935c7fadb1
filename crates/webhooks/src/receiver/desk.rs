//! The desk at which every request is judged, before and after its body: the order of it is law.
//!
//! First the token or the route, before a byte of the body is read; then how large the body is and how it comes; then its
//! signature, where there is a secret; then what it is; and only when it is on the disk, 200.

use std::sync::Arc;

use image_intelligence_core::{CallbackToken, Error, Rid, Secret, SignatureOptions};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::Span;

use super::admitted::Admitted;
use super::answer::Answer;
use super::limits::ReceiverLimits;
use super::route::{Map, Place};
use crate::follow::Follow;
use crate::hub::Hub;

/// What all ways in share.
pub(crate) struct Desk {
    pub(crate) hub: Arc<Hub>,
    pub(crate) follow: Arc<Follow>,
    pub(crate) map: Map,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) signature: SignatureOptions,
    /// Whether jobs are taken that others sent.
    pub(crate) foreign: bool,
    pub(crate) limits: ReceiverLimits,
    /// What bodies in flight may take, in bytes.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) runtime: Handle,
}

/// Where an admitted body goes.
#[derive(Debug)]
pub(crate) enum Route {
    Callback(CallbackToken),
    Events,
    Jobs,
}

/// Why a request gets no further.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) answer: Answer,
    /// One word for the log and the metrics, that never changes.
    pub(crate) reason: &'static str,
}

/// What the headers say of a body.
#[derive(Default)]
struct Head {
    length: Option<u64>,
    encoded: bool,
    /// Whatever may be a signature.
    signatures: Vec<(String, Vec<u8>)>,
}

impl Desk {
    /// Judges what can be judged without the body.
    pub(crate) fn admit<'h>(
        self: &Arc<Self>,
        method: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Admitted, Answer> {
        let began = Instant::now();
        let place = self.map.place(path);
        let span = tracing::info_span!(
            "HTTP",
            otel.name = place.template(),
            otel.kind = "server",
            http.request.method = known_method(method),
            http.route = place.template(),
            http.response.status_code = tracing::field::Empty,
        );
        let entered = span.enter();
        let route = self.route(method, place).map_err(|refusal| self.refuse(&span, refusal))?;
        let head = Head::read(headers, matches!(route, Route::Events) && !self.secrets.is_empty());
        let refusal = if head.length.is_some_and(|length| length > self.limits.max_body as u64) {
            Refusal::TOO_LARGE
        } else if head.encoded {
            Refusal::ENCODED
        } else {
            drop(entered);
            let expected = head.length.unwrap_or_default() as usize;
            return Ok(Admitted::new(Arc::clone(self), route, head.signatures, expected, began, span));
        };
        Err(self.refuse_body(&span, refusal, &route))
    }

    fn route(&self, method: &str, place: Place<'_>) -> Result<Route, Refusal> {
        let route = match place {
            Place::Callback(token) => {
                Route::Callback(self.follow.verify(token).map_err(|error| Refusal::no_token(&error))?)
            }
            // Without a secret anybody could tell of events, so somebody must have asked for that.
            Place::Events if self.foreign || !self.secrets.is_empty() => Route::Events,
            Place::Jobs if self.foreign => Route::Jobs,
            Place::Base => {
                return Err(match method {
                    "GET" => Refusal { answer: Answer::HERE, reason: Refusal::NONE },
                    "HEAD" => Refusal { answer: Answer::HERE_TO_HEAD, reason: Refusal::NONE },
                    _ => Refusal { answer: Answer::ONLY_GET, reason: "method" },
                });
            }
            Place::Events => return Err(Refusal { answer: Answer::NOT_FOUND, reason: "no_secret" }),
            Place::Jobs | Place::Nowhere => return Err(Refusal { answer: Answer::NOT_FOUND, reason: "no_route" }),
        };
        if method == "POST" { Ok(route) } else { Err(Refusal { answer: Answer::ONLY_POST, reason: "method" }) }
    }

    /// Has a job looked at that is done, as far as its webhook tells, and whose result did not get in that way.
    pub(crate) fn look_at(&self, rid: Rid) {
        let follow = Arc::clone(&self.follow);
        // So that a shutdown waits for it. Where there is no room for a byte it is done all the same.
        let room = Arc::clone(&self.room).try_acquire_owned();
        self.runtime.spawn(async move {
            let _room = room;
            // Else it is overdue one day, and then looked at.
            if let Err(error) = follow.look_now(rid).await {
                tracing::warn!(%error, "a job cannot be marked to be looked at now");
            }
        });
    }

    /// Turns away a body. Where it came to a job's own URL that job is looked at, as its result will not come in this way.
    pub(crate) fn refuse_body(&self, span: &Span, refusal: Refusal, route: &Route) -> Answer {
        if let (Refusal { answer: Answer { status: 413, .. }, .. }, Route::Callback(token)) = (refusal, route) {
            self.look_at(token.rid);
        }
        self.refuse(span, refusal)
    }

    /// Notes why, and gives the answer.
    #[expect(clippy::unused_self, reason = "to be asked where all else is")]
    pub(crate) fn refuse(&self, span: &Span, Refusal { answer, reason }: Refusal) -> Answer {
        let status = answer.status;
        span.record("http.response.status_code", status);
        if reason != Refusal::NONE {
            metrics::counter!("ii.webhook.rejects", "reason" => reason).increment(1);
            let _entered = span.enter();
            // What every scanner of the net tries is nobody's concern.
            if matches!(reason, "no_route" | "token_malformed" | "method") {
                tracing::debug!(status, reason, "a request was turned away");
            } else {
                tracing::warn!(status, reason, "a webhook was turned away");
            }
        }
        answer
    }
}

impl Refusal {
    /// Nothing was refused, but there is nothing to take either.
    const NONE: &'static str = "";
    pub(crate) const TOO_LARGE: Self = Self { answer: Answer::TOO_LARGE, reason: "too_large" };
    pub(crate) const ENCODED: Self = Self { answer: Answer::ENCODED, reason: "encoded" };
    pub(crate) const LATE_BODY: Self = Self { answer: Answer::LATE_BODY, reason: "body_late" };
    pub(crate) const BROKEN_OFF: Self = Self { answer: Answer::BROKEN_OFF, reason: "body_broken_off" };
    /// All bodies together take too much.
    pub(crate) const FULL: Self = Self { answer: Answer::NOT_NOW, reason: "full" };
    pub(crate) const CLOSING: Self = Self { answer: Answer::NOT_NOW, reason: "closing" };
    /// It was not on the disk in time.
    pub(crate) const LATE: Self = Self { answer: Answer::NOT_NOW, reason: "late" };
    pub(crate) const STORE: Self = Self { answer: Answer::NOT_NOW, reason: "store" };

    /// Whatever is wrong with a token, the sender hears the same.
    fn no_token(error: &Error) -> Self {
        let reason = match error.reason() {
            Some("expired") => "token_expired",
            Some("mismatch") => "token_mismatch",
            Some("unknown_version") => "token_unknown_version",
            Some("unknown_key") => "token_unknown_key",
            _ => "token_malformed",
        };
        Self { answer: Answer::NOT_FOUND, reason }
    }

    pub(crate) fn unsigned(error: &Error) -> Self {
        let reason = match error.reason() {
            Some("missing") => "signature_missing",
            Some("doubled") => "signature_doubled",
            Some("malformed") => "signature_malformed",
            _ => "signature_mismatch",
        };
        Self { answer: Answer::UNSIGNED, reason }
    }
}

impl Head {
    fn read<'h>(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>, signatures: bool) -> Self {
        let mut head = Self::default();
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("content-length") {
                head.length = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
            } else if name.eq_ignore_ascii_case("content-encoding") {
                head.encoded |= !value.trim_ascii().eq_ignore_ascii_case(b"identity") && !value.trim_ascii().is_empty();
            } else if signatures && ends_in_signature(name) {
                head.signatures.push((name.to_owned(), value.to_vec()));
            }
        }
        head
    }
}

/// Which names count is core's to say; none that ends otherwise is one.
fn ends_in_signature(name: &str) -> bool {
    const END: &str = "-signature";
    name.len().checked_sub(END.len()).and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(END))
}

/// The method as OpenTelemetry has it: what is none of HTTP's own goes by one name.
fn known_method(method: &str) -> &'static str {
    ["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("_OTHER")
}
