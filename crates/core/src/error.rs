//! The one error shape of every layer and every language.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::JobStatus;

/// `Result` with our [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! error_kinds {
    ($( $(#[$meta:meta])* $variant:ident = $text:literal, retryable $retryable:literal, exit $exit:literal; )+) => {
        /// What went wrong, in one word that is the same in every language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
        #[non_exhaustive]
        pub enum ErrorKind { $( $(#[$meta])* $variant, )+ }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The frozen name: in logs, in `--json`, in every language.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Whether trying the same again may help. An [`Error`] may know better: ask [`Error::retryable`].
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)+ }
            }

            /// The exit code of the command line.
            pub const fn exit_code(self) -> u8 {
                match self { $(Self::$variant => $exit,)+ }
            }
        }
    };
}

error_kinds! {
    /// Missing credentials, a bad base URL, a bad option.
    Config = "config", retryable false, exit 2;
    /// Refused here, before anything was sent: the message names the field, the limit and what was given.
    InvalidRequest = "invalid_request", retryable false, exit 2;
    /// The API answered 400.
    BadRequest = "bad_request", retryable false, exit 5;
    /// Wrong credentials, or 401 after one refresh.
    Authentication = "authentication", retryable false, exit 5;
    /// The API answered 403.
    PermissionDenied = "permission_denied", retryable false, exit 5;
    /// The API answered 404.
    NotFound = "not_found", retryable false, exit 5;
    /// The API answered 413, or a local size limit was passed.
    TooLarge = "too_large", retryable false, exit 5;
    /// The API answered 429 to the last of our tries.
    RateLimited = "rate_limited", retryable true, exit 5;
    /// The API answered 5xx to the last of our tries.
    ServerError = "server_error", retryable true, exit 5;
    /// DNS, connect, TLS or a connection that was reset.
    Connection = "connection", retryable true, exit 5;
    /// One request outlived its limit.
    RequestTimeout = "request_timeout", retryable true, exit 5;
    /// An answer that cannot be read.
    InvalidResponse = "invalid_response", retryable false, exit 5;
    /// A submit whose answer was lost and that could not be proven either way; it was not sent again.
    OutcomeUnknown = "outcome_unknown", retryable false, exit 6;
    /// The deadline of a wait; the job may still finish, and the resume token waits on.
    WaitTimeout = "wait_timeout", retryable true, exit 4;
    /// The job no longer exists, or never ended within its life.
    JobLost = "job_lost", retryable false, exit 5;
    /// The caller's own cancel.
    Cancelled = "cancelled", retryable false, exit 130;
    /// A body that is no JSON object, too deep, too large, or not UTF-8.
    InvalidWebhook = "invalid_webhook", retryable false, exit 5;
    /// A signature or callback token that is missing, malformed, wrong or expired.
    WebhookVerification = "webhook_verification", retryable false, exit 5;
    /// A resume token that is malformed, of a newer version or of another API.
    ResumeToken = "resume_token", retryable false, exit 2;
    /// The inbox's database refused or failed.
    Store = "store", retryable false, exit 1;
    /// Used after close, or in a forked child.
    Closed = "closed", retryable false, exit 1;
}

impl ErrorKind {
    /// The kind of an HTTP status that is no success.
    pub const fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            403 => Self::PermissionDenied,
            404 => Self::NotFound,
            408 => Self::RequestTimeout,
            413 => Self::TooLarge,
            429 => Self::RateLimited,
            400..=499 => Self::BadRequest,
            500..=599 => Self::ServerError,
            _ => Self::InvalidResponse,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What went wrong, and what to do next.
///
/// `Display` is one line of advice and never holds a body, a token or a secret. Cheap to clone.
///
/// ```
/// use image_intelligence_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::NotFound, "no detect job f9d73f87; was it made with other credentials?")
///     .with_status(404);
/// assert_eq!(error.kind().as_str(), "not_found");
/// assert!(!error.retryable());
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    retryable: bool,
    status: Option<u16>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    body: Option<Arc<[u8]>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    last_status: Option<JobStatus>,
    resume_token: Option<String>,
    custom_id: Option<String>,
    candidates: Vec<String>,
    reason: Option<&'static str>,
}

impl Error {
    /// How much of a body an error keeps, in bytes.
    pub const MAX_BODY: usize = 64 * 1024;

    /// An error of a kind, with a line of advice.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            retryable: kind.retryable(),
            status: None,
            request_id: None,
            retry_after: None,
            body: None,
            source: None,
            last_status: None,
            resume_token: None,
            custom_id: None,
            candidates: Vec::new(),
            reason: None,
        }))
    }

    /// A request that was refused here: `field` in the wire's names (`images[3].url`), then what is wrong with it.
    pub fn invalid_request(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidRequest, format!("{field}: {problem}"))
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Says the HTTP status.
    pub fn with_status(self, status: u16) -> Self {
        self.change(|inner| inner.status = Some(status))
    }

    /// Says the server's name for the request.
    pub fn with_request_id(self, id: Option<String>) -> Self {
        self.change(|inner| inner.request_id = id)
    }

    /// Says how long the server asked to be left alone.
    pub fn with_retry_after(self, wait: Option<Duration>) -> Self {
        self.change(|inner| inner.retry_after = wait)
    }

    /// Keeps the first 64 KiB of the server's answer.
    pub fn with_body(self, body: &[u8]) -> Self {
        self.change(|inner| inner.body = Some(body[..body.len().min(Self::MAX_BODY)].into()))
    }

    /// Lets the server's answer go, where it may hold a secret.
    pub(crate) fn without_body(self) -> Self {
        self.change(|inner| inner.body = None)
    }

    /// Says what it came from.
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.change(|inner| inner.source = Some(Arc::new(source)))
    }

    /// Says that trying again may help, or not, where the kind alone does not tell.
    pub fn with_retryable(self, retryable: bool) -> Self {
        self.change(|inner| inner.retryable = retryable)
    }

    /// Puts a sentence before the message.
    pub fn with_context(self, context: impl fmt::Display) -> Self {
        self.change(|inner| inner.message = format!("{context}: {}", inner.message))
    }

    /// Says that something was not found, where the status says less.
    pub(crate) fn into_not_found(self) -> Self {
        self.change(|inner| {
            inner.kind = ErrorKind::NotFound;
            inner.retryable = ErrorKind::NotFound.retryable();
            inner.message.push_str("; for an unknown id this API answers 400, so it is read as not found");
        })
    }

    /// Blots out a secret that a server may have repeated in its answer: in the message, the body and the request id.
    pub fn without_secret(self, secret: &crate::Secret) -> Self {
        const BLOT: &str = "[secret]";
        let secret = secret.expose();
        // Something so short is no secret, and would blot out words that merely contain it.
        if secret.len() < 8 {
            return self;
        }
        // In a body of JSON it stands as JSON writes it.
        let written = serde_json::to_string(secret).unwrap_or_default();
        let written = written.get(1..written.len().saturating_sub(1)).unwrap_or(secret);
        let forms = [Some(secret), Some(written).filter(|written| *written != secret)];
        self.change(|inner| {
            for secret in forms.into_iter().flatten() {
                if inner.message.contains(secret) {
                    inner.message = inner.message.replace(secret, BLOT);
                }
                if let Some(id) = &mut inner.request_id
                    && id.contains(secret)
                {
                    *id = id.replace(secret, BLOT);
                }
                if let Some(body) = &inner.body {
                    let text = String::from_utf8_lossy(body);
                    if text.contains(secret) {
                        inner.body = Some(text.replace(secret, BLOT).into_bytes().into());
                    }
                }
            }
        })
    }

    /// For a wait that ran out: what the job was last seen doing, and the token with which to wait on.
    pub fn with_job(self, last_status: Option<JobStatus>, resume_token: impl Into<String>) -> Self {
        self.change(|inner| {
            inner.last_status = last_status;
            inner.resume_token = Some(resume_token.into());
        })
    }

    /// For a submit with an unknown outcome: the job's customId, and the ids of jobs that may be it.
    pub fn with_candidates(self, custom_id: impl Into<String>, candidates: Vec<String>) -> Self {
        self.change(|inner| {
            inner.custom_id = Some(custom_id.into());
            inner.candidates = candidates;
        })
    }

    /// For a `webhook_verification`: which fault it was, in one word that never changes.
    pub fn with_reason(self, reason: &'static str) -> Self {
        self.change(|inner| inner.reason = Some(reason))
    }

    /// What went wrong, in one word.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The advice alone.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether trying the same again may help.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The server's name for the request, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The server's answer as it came, at most 64 KiB. May hold what the caller sent: do not log it.
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// Of a `wait_timeout` or `job_lost`: the last status that was seen.
    pub fn last_status(&self) -> Option<&JobStatus> {
        self.0.last_status.as_ref()
    }

    /// Of a `wait_timeout` or `job_lost`: what `client.resume(..)` takes.
    pub fn resume_token(&self) -> Option<&str> {
        self.0.resume_token.as_deref()
    }

    /// Of an `outcome_unknown`: the customId that the job carries, if it exists.
    pub fn custom_id(&self) -> Option<&str> {
        self.0.custom_id.as_deref()
    }

    /// Of an `outcome_unknown`: the ids of jobs that may be the one, none proven.
    pub fn candidates(&self) -> &[String] {
        &self.0.candidates
    }

    /// Of a `webhook_verification`: which fault it was. Of a signature `missing`, `doubled`, `malformed` or `mismatch`; of a
    /// callback token `malformed`, `unknown_version`, `unknown_key`, `mismatch` or `expired`.
    pub fn reason(&self) -> Option<&'static str> {
        self.0.reason
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// For people: it is what a program shows whose `main` returns the error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        write!(f, "{} [{}", inner.message, inner.kind)?;
        if let Some(status) = inner.status {
            write!(f, ", status {status}")?;
        }
        if let Some(id) = &inner.request_id {
            write!(f, ", request {id}")?;
        }
        if let Some(wait) = inner.retry_after {
            write!(f, ", retry after {wait:?}")?;
        }
        if let Some(body) = &inner.body {
            write!(f, ", body of {} bytes", body.len())?;
        }
        f.write_str("]")?;
        // Its `Display` only: the `Debug` of many an error prints the bytes that it choked on.
        inner.source.as_ref().map_or(Ok(()), |source| write!(f, ", caused by: {source}"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
