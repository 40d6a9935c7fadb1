//! What makes a rule possible: every option in its bounds, and none that its fault does not take.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::MOST_SEED;
use super::name::FaultName;
use super::paths::is_exempt;
use super::rule::FaultRule;
use super::webhook::WebhookFault;

/// The longest delay; clients have given up long before.
const MOST_MS: u64 = 600_000;
/// The most copies of a webhook, and the most attempts at one that a fault is for.
const MOST_COPIES: u64 = 100;
/// How long a webhook waits to be overtaken, and an answer for its webhook, where nobody says, in milliseconds.
const REORDER_MS: u64 = 5_000;
const EARLY_MS: u64 = 10_000;
/// The longest `Retry-After`: a day.
const MOST_RETRY_AFTER: u64 = 86_400;
/// The longest pattern.
const MOST_PATH: usize = 512;

/// Whether a fault comes before the request is processed, or once it took effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    #[default]
    Before,
    After,
}

/// The two forms of `Retry-After`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    #[default]
    Seconds,
    Date,
}

/// What a rule does to a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Slow(Duration, When),
    Instead(Answer, When),
    Truncate,
    Rows(Rows),
    Webhook(WebhookFault),
}

/// What comes in place of the API's answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Status { code: StatusCode, retry_after: Option<(Duration, Form)> },
    Html,
    Reset,
}

/// Which rows of a search are answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rows {
    Newest(usize),
    Without(usize),
    EachWithout(f64),
}

/// Checks a seed of a scenario or a rule.
pub(super) fn seed(seed: Option<u64>) -> Result<(), String> {
    match seed {
        Some(seed) if seed > MOST_SEED => Err(format!("seed: {seed} given; at most {MOST_SEED}")),
        _ => Ok(()),
    }
}

impl FaultRule {
    /// What it does, or what is wrong with it, beginning with the field.
    pub(crate) fn check(&self) -> Result<Effect, String> {
        let name = self.fault;
        self.check_options()?;
        self.check_common()?;
        let when = self.when.unwrap_or_default();
        Ok(match name {
            FaultName::Slow => Effect::Slow(Duration::from_millis(self.needed_ms()?), when),
            FaultName::Status => {
                let code = self.code.unwrap_or(503);
                let known = u16::try_from(code).ok().filter(|code| (400..=599).contains(code));
                let code = known.and_then(|code| StatusCode::from_u16(code).ok());
                let code =
                    code.ok_or_else(|| format!("code: {} given; an error is 400 to 599", self.code.unwrap_or(0)))?;
                if self.form.is_some() && self.retry_after.is_none() {
                    return Err("form: given without retryAfter, whose form it is; give both".into());
                }
                Effect::Instead(Answer::Status { code, retry_after: self.wait() }, when)
            }
            FaultName::RateLimit => {
                let retry_after = self.wait().or(Some((Duration::from_secs(1), self.form.unwrap_or_default())));
                Effect::Instead(Answer::Status { code: StatusCode::TOO_MANY_REQUESTS, retry_after }, when)
            }
            FaultName::Html => Effect::Instead(Answer::Html, when),
            FaultName::Reset => Effect::Instead(Answer::Reset, when),
            FaultName::Truncate => Effect::Truncate,
            FaultName::SearchCap => {
                Effect::Rows(Rows::Newest(self.rows.ok_or("rows: missing; search_cap needs it")? as usize))
            }
            FaultName::SearchOmit => match (self.rows, self.row_probability) {
                (Some(rows), None) => Effect::Rows(Rows::Without(rows as usize)),
                (None, Some(probability)) => Effect::Rows(Rows::EachWithout(probability)),
                _ => return Err("rows: search_omit needs either rows or rowProbability".into()),
            },
            FaultName::WebhookDrop => Effect::Webhook(WebhookFault::Drop),
            FaultName::WebhookDuplicate => Effect::Webhook(WebhookFault::Duplicate { copies: self.checked_copies()? }),
            FaultName::WebhookDelay => Effect::Webhook(WebhookFault::Delay { ms: self.needed_ms()? }),
            FaultName::WebhookReorder => {
                Effect::Webhook(WebhookFault::Reorder { ms: self.checked_ms()?.unwrap_or(REORDER_MS) })
            }
            FaultName::WebhookEarly => {
                Effect::Webhook(WebhookFault::Early { ms: self.checked_ms()?.unwrap_or(EARLY_MS) })
            }
            FaultName::WebhookBadSignature => {
                Effect::Webhook(WebhookFault::BadSignature { attempts: self.checked_attempts()? })
            }
            FaultName::WebhookOversize => {
                Effect::Webhook(WebhookFault::Oversize { attempts: self.checked_attempts()? })
            }
            FaultName::WebhookSlow => {
                Effect::Webhook(WebhookFault::Slow { ms: self.needed_ms()?, attempts: self.checked_attempts()? })
            }
            FaultName::WebhookCut => Effect::Webhook(WebhookFault::Cut { when, attempts: self.checked_attempts()? }),
        })
    }

    fn checked_ms(&self) -> Result<Option<u64>, String> {
        match self.ms {
            Some(ms) if !(1..=MOST_MS).contains(&ms) => {
                Err(format!("ms: {ms} given; milliseconds from 1 to {MOST_MS}"))
            }
            ms => Ok(ms),
        }
    }

    fn needed_ms(&self) -> Result<u64, String> {
        let missing = || format!("ms: missing; {} needs it, as milliseconds from 1 to {MOST_MS}", self.fault.as_str());
        self.checked_ms()?.ok_or_else(missing)
    }

    /// How often a webhook is sent.
    fn checked_copies(&self) -> Result<u64, String> {
        match self.n.unwrap_or(2) {
            copies if (2..=MOST_COPIES).contains(&copies) => Ok(copies),
            other => Err(format!(
                "n: {other} given; for webhook.duplicate it is the number of copies, from 2 to {MOST_COPIES}"
            )),
        }
    }

    /// How many attempts at a webhook suffer it.
    fn checked_attempts(&self) -> Result<u64, String> {
        match self.attempts.unwrap_or(1) {
            attempts if (1..=MOST_COPIES).contains(&attempts) => Ok(attempts),
            other => Err(format!("attempts: {other} given; from 1 to {MOST_COPIES}")),
        }
    }

    fn wait(&self) -> Option<(Duration, Form)> {
        self.retry_after.map(|seconds| (Duration::from_secs(seconds), self.form.unwrap_or_default()))
    }

    /// An option that does nothing would be a test that tests nothing.
    fn check_options(&self) -> Result<(), String> {
        let given = [
            ("code", self.code.is_some()),
            ("retryAfter", self.retry_after.is_some()),
            ("form", self.form.is_some()),
            ("when", self.when.is_some()),
            ("ms", self.ms.is_some()),
            ("rows", self.rows.is_some()),
            ("rowProbability", self.row_probability.is_some()),
            ("times", self.times.is_some()),
            ("attempts", self.attempts.is_some()),
        ];
        let (name, takes) = (self.fault.as_str(), self.fault.options());
        for (option, given) in given {
            if given && !takes.contains(&option) {
                let own = if takes.is_empty() { "no options of its own".into() } else { takes.join(", ") };
                return Err(format!("{option}: {name} does not take it; it takes {own}"));
            }
        }
        Ok(())
    }

    fn check_common(&self) -> Result<(), String> {
        if let Some(seconds) = self.retry_after.filter(|&seconds| seconds > MOST_RETRY_AFTER) {
            return Err(format!("retryAfter: {seconds} given; seconds, at most {MOST_RETRY_AFTER}"));
        }
        for (field, probability) in [("probability", self.probability), ("rowProbability", self.row_probability)] {
            if let Some(given) = probability.filter(|given| !(0.0..=1.0).contains(given)) {
                return Err(format!("{field}: {given} given; from 0 to 1"));
            }
        }
        for (field, count) in [("n", self.n), ("times", self.times)] {
            if count == Some(0) {
                return Err(format!("{field}: 0 given; at least 1, or leave it out for always"));
            }
        }
        seed(self.seed)?;
        let Some(only) = &self.only else { return Ok(()) };
        if let Some(method) = &only.method {
            // Any word is a method to HTTP; one that nobody sends is a slip of the pen.
            let known =
                [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];
            if !known.iter().any(|known| known.as_str().eq_ignore_ascii_case(method)) {
                return Err("match.method: not a method; one is GET, POST, PATCH or DELETE".into());
            }
        }
        if let Some(path) = &only.path {
            if path.len() > MOST_PATH {
                return Err(format!("match.path: {} bytes given, at most {MOST_PATH}", path.len()));
            }
            if !path.starts_with(['/', '*']) {
                return Err("match.path: must begin with / or *, such as /v2/detect*".into());
            }
            if is_exempt(path) {
                return Err("match.path: no fault ever comes to /_ii and /healthz; name another path".into());
            }
        }
        Ok(())
    }
}
