//! Decisions in time: `poll.json`, `retry.json`, `retry_after.json`.

use std::time::Duration;

use image_intelligence_core::{
    Error, ErrorKind, Failure, JobStatus, PollPolicy, Repeat, Seen, Step, Timestamp, Wait, parse_retry_after,
};
use serde::Deserialize;

use super::{Outcome, run, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PollCase {
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
    again_ms: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PollStep {
    at_ms: u64,
    jitter: f64,
    seen: SeenOf,
    expect: StepOf,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SeenOf {
    Status(String),
    Error { kind: String, status: Option<u16>, retry_after_ms: Option<u64> },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepOf {
    AgainMs(f64),
    Finish,
    Fail,
    Lost,
    TimeOut,
}

/// To the microsecond, as the tables are written in milliseconds and floats round where they will.
fn same_time(what: &str, found: Duration, millis: f64) -> Outcome {
    let apart = (found.as_secs_f64() * 1000.0 - millis).abs();
    if apart < 0.001 { Ok(()) } else { Err(format!("{what}: {found:?} instead of {millis} ms")) }
}

#[test]
fn poll() {
    run("poll", |case: PollCase| {
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
            same_time("first", wait.first(first.jitter), first.again_ms)?;
        }
        for (index, step) in case.steps.iter().enumerate() {
            let (status, error);
            let seen = match &step.seen {
                SeenOf::Status(text) => {
                    status = JobStatus::from(text.as_str());
                    Seen::Status(&status)
                }
                SeenOf::Error { kind, status, retry_after_ms } => {
                    let kind = ErrorKind::ALL.iter().find(|known| known.as_str() == kind).ok_or("no such kind")?;
                    let bare = Error::new(*kind, "").with_retry_after(retry_after_ms.map(Duration::from_millis));
                    error = status.map_or(bare.clone(), |status| bare.with_status(status));
                    Seen::Failed(&error)
                }
            };
            let what = format!("step {index}");
            let found = wait.step(Duration::from_millis(step.at_ms), seen, step.jitter);
            match (&step.expect, found) {
                (StepOf::AgainMs(millis), Step::Again(pause)) => same_time(&what, pause, *millis)?,
                (StepOf::Finish, found) => same(&what, found, Step::Finish)?,
                (StepOf::Fail, found) => same(&what, found, Step::Fail)?,
                (StepOf::Lost, found) => same(&what, found, Step::Lost)?,
                (StepOf::TimeOut, found) => same(&what, found, Step::TimeOut)?,
                (StepOf::AgainMs(millis), found) => return Err(format!("{what}: {found:?} instead of {millis} ms")),
            }
        }
        if case.steps.is_empty() { Err("no steps".to_owned()) } else { Ok(()) }
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryAfterCase {
    value: String,
    now_ms: i64,
    wait_ms: Option<u64>,
}

#[test]
fn retry_after() {
    run("retry_after", |case: RetryAfterCase| {
        let found = parse_retry_after(&case.value, Timestamp::from_millis(case.now_ms));
        same("wait", found, case.wait_ms.map(Duration::from_millis))
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryCase {
    failure: FailureOf,
    may_repeat_read: bool,
    may_repeat_create: bool,
    may_have_created: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FailureOf {
    Connect,
    Lost,
    Unreadable,
    Status(u16),
}

#[test]
fn retry() {
    run("retry", |case: RetryCase| {
        let failure = match case.failure {
            FailureOf::Connect => Failure::Connect,
            FailureOf::Lost => Failure::Lost,
            FailureOf::Unreadable => Failure::Unreadable,
            FailureOf::Status(status) => Failure::Status(status),
        };
        same("may repeat a read", failure.may_repeat(Repeat::Harmless), case.may_repeat_read)?;
        same("may repeat a create", failure.may_repeat(Repeat::Creates), case.may_repeat_create)?;
        same("may have created", failure.may_have_created(), case.may_have_created)
    });
}
