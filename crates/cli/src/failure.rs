//! How a command fails: an error, a hint at the way out, and how both are told to a person or a program.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use console::style;
use image_intelligence::{Error, ErrorKind};
use serde::Serialize;

use crate::interrupt::Signal;
use crate::kinds::Where;
use crate::output::{Format, printable};

/// An error, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Error,
    hint: Option<String>,
    signal: Option<Signal>,
    /// Of many jobs that go on.
    tokens: Vec<String>,
}

impl Failure {
    /// A request that is refused before anything is sent.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidRequest, message).into()
    }

    /// A setting, an option or a file that will not do.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Config, message).into()
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says of what it is an error, where there are many.
    pub(crate) fn within(mut self, context: impl std::fmt::Display) -> Self {
        self.error = self.error.with_context(context);
        self
    }

    /// A signal ended it, which the exit code tells.
    pub(crate) fn by(mut self, signal: Signal) -> Self {
        self.signal = Some(signal);
        self
    }

    /// There are jobs that go on, each with its resume token.
    pub(crate) fn with_tokens(mut self, tokens: Vec<String>) -> Self {
        self.tokens = tokens;
        self
    }

    pub(crate) fn error(&self) -> &Error {
        &self.error
    }

    /// What to do about it, where that is known.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Without a way on, where the job ends with the command.
    pub(crate) fn for_good(self) -> Self {
        let error = Error::new(self.error.kind(), self.error.message());
        Self { error, hint: None, signal: self.signal, tokens: Vec::new() }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.signal.map_or_else(|| self.error.kind().exit_code(), |signal| signal as u8))
    }

    /// Says it on stderr.
    pub(crate) fn report(&self, format: Format) {
        let mut out = std::io::stderr().lock();
        // Where stderr is closed there is nobody left to tell.
        let _ = match format {
            Format::Text => {
                let mut text =
                    format!("{} {}\n", style("error:").red().bold().for_stderr(), printable(self.error.message()));
                if let Some(hint) = &self.hint {
                    let _ = writeln!(text, "{} {}", style(" hint:").cyan().for_stderr(), printable(hint));
                }
                if !self.tokens.is_empty() {
                    let jobs = self.tokens.join(" ");
                    let _ =
                        writeln!(text, "{} these jobs go on: ii jobs wait {jobs}", style(" hint:").cyan().for_stderr());
                }
                out.write_all(text.as_bytes())
            }
            Format::Json | Format::Ndjson => {
                let document = serde_json::to_string(&Document { error: self.document() }).unwrap_or_default();
                out.write_all(format!("{document}\n").as_bytes())
            }
        };
    }

    pub(crate) fn document(&self) -> ErrorDocument<'_> {
        ErrorDocument {
            kind: self.error.kind().as_str(),
            message: self.error.message(),
            retryable: self.error.retryable(),
            hint: self.hint.as_deref(),
            status: self.error.status(),
            request_id: self.error.request_id(),
            retry_after: self.error.retry_after().map(|wait| wait.as_secs_f64()),
            last_status: self.error.last_status().map(image_intelligence::JobStatus::as_str),
            resume_token: self.error.resume_token(),
            custom_id: self.error.custom_id(),
            candidates: (self.error.kind() == ErrorKind::OutcomeUnknown).then(|| self.error.candidates()),
            resume_tokens: &self.tokens,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match error.kind() {
            ErrorKind::WaitTimeout => error.resume_token().map(|token| format!("to wait on: ii jobs wait {token}")),
            ErrorKind::RateLimited => {
                error.retry_after().map(|wait| format!("try again in {} s", wait.as_secs().max(1)))
            }
            _ => None,
        };
        Self { error, hint, signal: None, tokens: Vec::new() }
    }
}

impl Failure {
    /// Of a submit: one whose outcome is unknown can be looked for.
    pub(crate) fn of_submit(error: Error, place: &Where) -> Self {
        let hint = error.custom_id().filter(|_| error.kind() == ErrorKind::OutcomeUnknown).map(|name| {
            let find = find_command(name, place);
            match error.candidates().first() {
                Some(id) => {
                    let options = place.options();
                    format!("it may be this one: ii jobs get {}{options}; to look for it again: {find}", quoted(id))
                }
                None => format!("to look for it: {find}"),
            }
        });
        let failure = Self::from(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// Of another call that is sent once: where its answer is lost, `look` is the command that tells.
    pub(crate) fn of_create(error: Error, look: &str) -> Self {
        let lost = error.kind() == ErrorKind::OutcomeUnknown;
        let failure = Self::from(error);
        if lost { failure.hint(format!("to see what became of it: {look}")) } else { failure }
    }
}

/// The command that looks for a job by its customId, to be pasted into a shell.
pub(crate) fn find_command(custom_id: &str, place: &Where) -> String {
    format!("ii jobs find --custom-id {}{}", quoted(custom_id), place.options())
}

/// A word as a shell takes it for one word.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@');
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

#[derive(Serialize)]
struct Document<'a> {
    error: ErrorDocument<'a>,
}

/// An error as JSON tells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorDocument<'a> {
    kind: &'a str,
    message: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<&'a [String]>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    resume_tokens: &'a [String],
}
