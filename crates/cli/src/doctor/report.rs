//! What a check saw, told as soon as it is known, or as one document at the end.

use std::process::ExitCode;

use console::{StyledObject, style, user_attended};
use image_intelligence::ErrorKind;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::output::{Format, json_line, print, printable, remark};
use crate::waiting::Bar;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl Status {
    fn word(self) -> StyledObject<&'static str> {
        match self {
            Self::Ok => style("ok").green(),
            Self::Warning => style("warning").yellow(),
            Self::Failed => style("failed").red().bold(),
            Self::Skipped => style("skipped").dim(),
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    #[serde(rename = "check")]
    pub(crate) name: &'static str,
    pub(crate) status: Status,
    pub(crate) message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// Of a failure, as everywhere.
    #[serde(skip)]
    pub(crate) kind: Option<ErrorKind>,
    /// What a program may want of it.
    #[serde(flatten)]
    details: Map<String, Value>,
}

impl Check {
    fn new(name: &'static str, status: Status, message: impl Into<String>) -> Self {
        Self { name, status, message: message.into(), next: None, kind: None, details: Map::new() }
    }

    pub(crate) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, message)
    }

    pub(crate) fn warning(name: &'static str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..Self::new(name, Status::Warning, message) }
    }

    pub(crate) fn failed(name: &'static str, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind: Some(kind), ..Self::new(name, Status::Failed, message).with("kind", kind.as_str()) }
    }

    pub(crate) fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self::new(name, Status::Skipped, why)
    }

    /// A failure that says itself what to do.
    pub(crate) fn of(name: &'static str, failure: &Failure) -> Self {
        let mut failed = Self::failed(name, failure.kind(), failure.error().message());
        failed.next = failure.advice().map(str::to_owned);
        failed
    }

    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn is_failed(&self) -> bool {
        self.status == Status::Failed
    }
}

/// Every check so far.
pub(crate) struct Report {
    format: Format,
    checks: Vec<Check>,
    bar: Option<Bar>,
}

#[derive(Serialize)]
struct Document<'a> {
    ok: usize,
    warnings: usize,
    failed: usize,
    skipped: usize,
    checks: &'a [Check],
}

impl Report {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, checks: Vec::new(), bar: None }
    }

    /// Says what is being looked at, until the next check is taken down.
    pub(crate) fn doing(&mut self, what: impl Into<String>) {
        self.bar = Some(Bar::start(what));
    }

    /// Takes a check down, and says whether others may build on it.
    pub(crate) fn add(&mut self, check: Check) -> Result<bool, Failure> {
        self.bar = None;
        if self.format == Format::Text {
            print(&line(&check))?;
        }
        let good = matches!(check.status, Status::Ok | Status::Warning);
        self.checks.push(check);
        Ok(good)
    }

    fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// Says how it all went.
    pub(crate) fn end(self) -> Result<ExitCode, Failure> {
        let (warnings, failed) = (self.count(Status::Warning), self.count(Status::Failed));
        if self.format == Format::Text {
            remark(&match (failed, warnings) {
                (0, 0) => "all is in place\n".to_owned(),
                (0, 1) => "nothing failed; 1 warning\n".to_owned(),
                (0, _) => format!("nothing failed; {warnings} warnings\n"),
                (_, 0) => format!("{failed} failed\n"),
                (_, 1) => format!("{failed} failed; 1 warning\n"),
                _ => format!("{failed} failed; {warnings} warnings\n"),
            });
        } else {
            let (ok, skipped) = (self.count(Status::Ok), self.count(Status::Skipped));
            print(&json_line(&Document { ok, warnings, failed, skipped, checks: &self.checks }))?;
        }
        let first = self.checks.iter().find(|check| check.is_failed());
        let code = first.map(|check| check.kind.unwrap_or(ErrorKind::Config).exit_code());
        Ok(code.map_or(ExitCode::SUCCESS, ExitCode::from))
    }
}

fn line(check: &Check) -> String {
    let (word, message) = (check.status.word(), printable(&check.message));
    let next = check.next.as_deref().map(printable);
    if !user_attended() {
        let word = console::strip_ansi_codes(&word.to_string()).into_owned();
        return format!("{word}\t{}\t{message}\t{}\n", check.name, next.unwrap_or_default());
    }
    let next = next.map(|next| format!("{:25}{} {next}\n", "", style("->").cyan())).unwrap_or_default();
    format!("{word:8} {:15} {message}\n{next}", check.name)
}
