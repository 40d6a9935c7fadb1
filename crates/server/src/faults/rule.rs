//! One rule: a fault, for which requests, and how often. Written in Rust, as JSON, or as the text of a header.

use std::str::FromStr;
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::check::{Form, When};
use super::name::FaultName;

/// One fault: what goes wrong, for which requests, and how often.
///
/// The same rule in JSON, for `POST /_ii/faults` and scenario files, and as text, for the header `II-Emulate` and
/// [`str::parse`]:
///
/// ```
/// use image_intelligence_server::FaultRule;
///
/// // {"fault": "status", "code": 503, "n": 3}
/// assert_eq!("fault=status;code=503;n=3".parse::<FaultRule>()?, FaultRule::status(503).times(3));
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
///
/// | `fault` | what happens | its own options |
/// |---|---|---|
/// | `status` | a 4xx or 5xx with the JSON of an error | `code` (503), `retryAfter` (seconds), `form`, `when` |
/// | `reset` | the TCP connection is reset before an answer (over HTTP/2, with every request on it) | `when` |
/// | `truncate` | the answer breaks off half way, though `Content-Length` says more | |
/// | `slow` | a delay, in real time | `ms` (1 to 600000), `when` |
/// | `html` | a 200 with an HTML page | `when` |
/// | `rate_limit` | a 429 with `Retry-After` | `retryAfter` (1 second), `form`: `seconds` or `date` |
/// | `search_cap` | a search answers the newest rows only | `rows` |
/// | `search_omit` | a search leaves rows out, by chance | `rows` or `rowProbability` |
///
/// Faults of webhooks happen to the delivery that a request brings about, a job with a `webhookUrl` or a change of an
/// identity; `match.path` is that request's. Spans are real time.
///
/// | `fault` | what happens | its own options |
/// |---|---|---|
/// | `webhook.drop` | it is never sent, and counts as delivered: lost for good | |
/// | `webhook.duplicate` | it is sent `n` times, 2 to 100: half of them at once, then the rest at once | `n` (2), `times` |
/// | `webhook.delay` | it is held back | `ms` |
/// | `webhook.reorder` | it is held back until a later one has gone | `ms` at most (5000) |
/// | `webhook.early` | the answer to the request waits until it was sent | `ms` at most (10000) |
/// | `webhook.bad_signature` | its signature is wrong; one that has none gets one | `attempts` (1) |
/// | `webhook.oversize` | its body is padded to more than 4 MiB, and signed so | `attempts` (1) |
/// | `webhook.slow` | its body comes in pieces over so long | `ms`, `attempts` (1) |
/// | `webhook.cut` | its connection is closed half way through the body; with `when=after` once the body is sent | `when`, `attempts` (1) |
///
/// `attempts` is how many attempts at it suffer, from the first; those that follow are as they should be.
///
/// `when` is `before` the request is processed (the default) or `after`: then it took effect, and its answer is lost.
///
/// Every fault takes `n` (how many times it happens; without it, always; for `webhook.duplicate` that is `times`), `skip` (how many requests it lets pass first),
/// `probability` (how likely it happens to each of the rest), `seed` (of its chances alone), and, in a rule,
/// `match: {method, path}`, where `*` in the path stands for any characters.
///
/// No fault ever comes to `/_ii` and `/healthz`, and one comes to `/v2/oauth/token` only where `match.path` names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    pub(crate) fault: FaultName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) form: Option<Form>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) row_probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) n: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) skip: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<u64>,
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub(super) only: Option<Match>,
}

/// Which requests a rule is for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Match {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
}

impl FaultRule {
    fn new(fault: FaultName) -> Self {
        Self {
            fault,
            code: None,
            retry_after: None,
            form: None,
            when: None,
            ms: None,
            rows: None,
            row_probability: None,
            n: None,
            times: None,
            attempts: None,
            skip: None,
            probability: None,
            seed: None,
            only: None,
        }
    }

    /// Answers this status, from 400 to 599, with the JSON of an error.
    pub fn status(code: u16) -> Self {
        Self { code: Some(code.into()), ..Self::new(FaultName::Status) }
    }

    /// Resets the connection before an answer.
    pub fn reset() -> Self {
        Self::new(FaultName::Reset)
    }

    /// Breaks the answer off half way.
    pub fn truncate() -> Self {
        Self::new(FaultName::Truncate)
    }

    /// Lets the request wait, in whole milliseconds of real time, at most ten minutes.
    pub fn slow(delay: Duration) -> Self {
        Self { ms: Some(millis(delay)), ..Self::new(FaultName::Slow) }
    }

    /// Answers 200 with an HTML page, as a proxy in the way would.
    pub fn html() -> Self {
        Self::new(FaultName::Html)
    }

    /// Answers 429, and to come back in so many seconds.
    pub fn rate_limit(retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(FaultName::RateLimit) }
    }

    /// Has searches answer the newest of their rows, at most so many.
    pub fn search_cap(rows: u64) -> Self {
        Self { rows: Some(rows), ..Self::new(FaultName::SearchCap) }
    }

    /// Has searches leave out so many of their rows, any of them.
    pub fn search_omit(rows: u64) -> Self {
        Self { rows: Some(rows), ..Self::new(FaultName::SearchOmit) }
    }

    /// Has searches leave out each of their rows with this probability.
    pub fn search_omit_each(probability: f64) -> Self {
        Self { row_probability: Some(probability), ..Self::new(FaultName::SearchOmit) }
    }

    /// Never sends the webhook, and counts it as delivered.
    pub fn webhook_drop() -> Self {
        Self::new(FaultName::WebhookDrop)
    }

    /// Sends the webhook so many times, 2 to 100: half of them at once, then the rest at once.
    pub fn webhook_duplicate(copies: u64) -> Self {
        Self { n: Some(copies), ..Self::new(FaultName::WebhookDuplicate) }
    }

    /// Holds the webhook back, in whole milliseconds of real time, at most ten minutes.
    pub fn webhook_delay(delay: Duration) -> Self {
        Self { ms: Some(millis(delay)), ..Self::new(FaultName::WebhookDelay) }
    }

    /// Holds the webhook back until a later one has gone, 5 seconds at most.
    pub fn webhook_reorder() -> Self {
        Self::new(FaultName::WebhookReorder)
    }

    /// Answers the request only once its webhook was sent, or after 10 seconds.
    pub fn webhook_early() -> Self {
        Self::new(FaultName::WebhookEarly)
    }

    /// Sends the first attempt with a wrong signature, or with one where none belongs.
    pub fn webhook_bad_signature() -> Self {
        Self::new(FaultName::WebhookBadSignature)
    }

    /// Sends the first attempt with a body of more than 4 MiB.
    pub fn webhook_oversize() -> Self {
        Self::new(FaultName::WebhookOversize)
    }

    /// Sends the body of the first attempt in pieces over so long, in whole milliseconds of real time.
    pub fn webhook_slow(over: Duration) -> Self {
        Self { ms: Some(millis(over)), ..Self::new(FaultName::WebhookSlow) }
    }

    /// Closes the connection of the first attempt half way through the body; with [`after`](Self::after), once the body is
    /// sent and before it is answered.
    pub fn webhook_cut() -> Self {
        Self::new(FaultName::WebhookCut)
    }

    /// Spoils so many attempts at a webhook, 1 to 100, and not only the first. For `webhook_bad_signature`,
    /// `webhook_oversize`, `webhook_slow` and `webhook_cut`.
    pub fn attempts(mut self, attempts: u64) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Makes the fault once the request took effect: the job is made, and only the answer suffers. For `status`, `reset`,
    /// `slow`, `html` and `webhook_cut`.
    pub fn after(mut self) -> Self {
        self.when = Some(When::After);
        self
    }

    /// Sends `Retry-After` with a `status`, in seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Writes `Retry-After` as a date, the other of its two forms.
    pub fn as_date(mut self) -> Self {
        self.form = Some(Form::Date);
        self
    }

    /// Happens so many times, and then never again. Without this, always.
    pub fn times(mut self, n: u64) -> Self {
        *if self.fault == FaultName::WebhookDuplicate { &mut self.times } else { &mut self.n } = Some(n);
        self
    }

    /// How many times it happens; `None` for always.
    pub(super) fn most(&self) -> Option<u64> {
        if self.fault == FaultName::WebhookDuplicate { self.times } else { self.n }
    }

    /// Lets so many requests that it is for pass first.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = Some(requests);
        self
    }

    /// Happens to each request with this probability, from 0 to 1.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Draws its chances from a seed of its own, and not from the server's.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Only for requests with this method.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.only.get_or_insert_default().method = Some(method.into());
        self
    }

    /// Only for requests with this path, such as `/v2/detect/*`; each `*` stands for any characters.
    pub fn path(mut self, pattern: impl Into<String>) -> Self {
        self.only.get_or_insert_default().path = Some(pattern.into());
        self
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl FromStr for FaultRule {
    type Err = Error;

    /// Reads one fault as the header `II-Emulate` has it, such as `fault=slow;ms=200;when=after`.
    fn from_str(text: &str) -> Result<Self, Error> {
        super::header::read(text).map_err(|problem| Error::new(ErrorKind::Config, problem))
    }
}
