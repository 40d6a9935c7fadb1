//! What to do next, and when: `poll`, `retry`, `retry_after`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{error_kind, millis};
use crate::{Error, Failure, JobStatus, PollPolicy, Repeat, Result, Seen, Step, Timestamp, Wait, parse_retry_after};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PollCase {
    age_ms: u64,
    limit_ms: u64,
    policy: Option<PolicyOf>,
    first: Option<First>,
    steps: Vec<PollStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyOf {
    share_of_age: f64,
    shortest_ms: u64,
    longest_ms: u64,
    spread: f64,
    not_found_grace_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    jitter: f64,
    #[serde(rename = "again_ms")]
    _again_ms: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PollStep {
    at_ms: u64,
    jitter: f64,
    seen: SeenOf,
    #[serde(rename = "expect")]
    _expect: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SeenOf {
    Status(String),
    Error { kind: String, status: Option<u16>, retry_after_ms: Option<u64> },
}

pub(super) fn poll(case: PollCase, answer: &mut Map<String, Value>) -> Result<()> {
    let mut policy = PollPolicy::default();
    if let Some(own) = case.policy {
        policy.share_of_age = own.share_of_age;
        policy.shortest = Duration::from_millis(own.shortest_ms);
        policy.longest = Duration::from_millis(own.longest_ms);
        policy.spread = own.spread;
        policy.not_found_grace = Duration::from_millis(own.not_found_grace_ms);
    }
    let wait = Wait::new(policy, Duration::from_millis(case.age_ms), Duration::from_millis(case.limit_ms));
    if let Some(first) = case.first {
        answer["first"]["again_ms"] = millis(wait.first(first.jitter)).into();
    }
    for (index, step) in case.steps.into_iter().enumerate() {
        let (status, error);
        let seen = match step.seen {
            SeenOf::Status(text) => {
                status = JobStatus::from(text.as_str());
                Seen::Status(&status)
            }
            SeenOf::Error { kind, status, retry_after_ms } => {
                let bare =
                    Error::new(error_kind(&kind)?, "").with_retry_after(retry_after_ms.map(Duration::from_millis));
                error = status.map_or(bare.clone(), |status| bare.with_status(status));
                Seen::Failed(&error)
            }
        };
        answer["steps"][index]["expect"] = match wait.step(Duration::from_millis(step.at_ms), seen, step.jitter) {
            Step::Again(pause) => json!({"again_ms": millis(pause)}),
            Step::Finish => "finish".into(),
            Step::Fail => "fail".into(),
            Step::Lost => "lost".into(),
            Step::TimeOut => "time_out".into(),
        };
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryCase {
    failure: FailureOf,
    #[serde(rename = "may_repeat_read")]
    _may_repeat_read: bool,
    #[serde(rename = "may_repeat_create")]
    _may_repeat_create: bool,
    #[serde(rename = "may_have_created")]
    _may_have_created: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FailureOf {
    Connect,
    Lost,
    Unreadable,
    Status(u16),
}

pub(super) fn retry(case: &RetryCase, answer: &mut Map<String, Value>) {
    let failure = match case.failure {
        FailureOf::Connect => Failure::Connect,
        FailureOf::Lost => Failure::Lost,
        FailureOf::Unreadable => Failure::Unreadable,
        FailureOf::Status(status) => Failure::Status(status),
    };
    answer.insert("may_repeat_read".to_owned(), failure.may_repeat(Repeat::Harmless).into());
    answer.insert("may_repeat_create".to_owned(), failure.may_repeat(Repeat::Creates).into());
    answer.insert("may_have_created".to_owned(), failure.may_have_created().into());
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryAfterCase {
    value: String,
    now_ms: i64,
    #[serde(rename = "wait_ms")]
    _wait_ms: Option<u64>,
}

pub(super) fn retry_after(case: &RetryAfterCase, answer: &mut Map<String, Value>) {
    let wait = parse_retry_after(&case.value, Timestamp::from_millis(case.now_ms));
    answer.insert("wait_ms".to_owned(), wait.map(millis).into());
}
