//! The error that a case describes: `errors`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{bytes, error_kind, odd};
use crate::{Error, JobStatus, Result, Timestamp};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorCase {
    answer: Option<AnswerOf>,
    made: Option<MadeOf>,
    #[serde(rename = "expect")]
    _expect: Value,
}

/// An answer of the API that is no success.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerOf {
    what: String,
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    now_ms: i64,
    /// Whether it was asked for where a 400 says that the id is unknown.
    #[serde(default)]
    unknown_is_400: bool,
    json: Option<Value>,
    text: Option<Value>,
    base64: Option<String>,
}

/// An error that is made by its constructor.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MadeOf {
    kind: String,
    message: String,
    reason: Option<String>,
    retryable: Option<bool>,
    status: Option<u16>,
    request_id: Option<String>,
    retry_after_ms: Option<u64>,
    last_status: Option<String>,
    resume_token: Option<String>,
    custom_id: Option<String>,
    #[serde(default)]
    candidates: Vec<String>,
}

pub(super) fn error(case: ErrorCase) -> Result<Error> {
    const REASONS: [&str; 7] =
        ["missing", "doubled", "malformed", "mismatch", "unknown_version", "unknown_key", "expired"];
    let made = match (case.answer, case.made) {
        (Some(answer), None) => {
            let body = bytes(answer.json.as_ref(), answer.text.as_ref(), answer.base64.as_deref())?;
            let headers = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
            let error = Error::from_answer(&answer.what, answer.status, &body)
                .with_answer_headers(headers, Timestamp::from_millis(answer.now_ms));
            return Ok(if answer.unknown_is_400 { error.read_as_not_found() } else { error });
        }
        (None, Some(made)) => made,
        _ => return Err(odd("exactly one of answer and made is wanted")),
    };
    let mut error = Error::new(error_kind(&made.kind)?, made.message)
        .with_request_id(made.request_id)
        .with_retry_after(made.retry_after_ms.map(Duration::from_millis));
    if let Some(status) = made.status {
        error = error.with_status(status);
    }
    if let Some(retryable) = made.retryable {
        error = error.with_retryable(retryable);
    }
    if let Some(reason) = made.reason {
        let known = REASONS.into_iter().find(|known| *known == reason);
        error = error.with_reason(known.ok_or_else(|| odd(format_args!("no reason {reason:?}")))?);
    }
    if let Some(token) = made.resume_token {
        error = error.with_job(made.last_status.as_deref().map(JobStatus::from), token);
    }
    if let Some(custom_id) = made.custom_id {
        error = error.with_candidates(custom_id, made.candidates);
    }
    Ok(error)
}
