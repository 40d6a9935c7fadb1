//! What goes to stdout: a table, lines for other programs, or JSON.

mod document;
mod list;
mod remarks;
mod report;
mod shown;
mod table;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};

pub(crate) use document::{Submitted, json_document, json_error, json_lines, json_of_many};
pub(crate) use list::{List, moment, or_nothing, show_record};
pub(crate) use remarks::{errors, uncopied};
pub(crate) use report::{Growing, lines, show, table, text};
pub(crate) use shown::{Given, One, Shown};

use crate::failure::Failure;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For a person: a table on a terminal, tab-separated lines in a pipe.
    Text,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    pub(crate) fn from_flags(json: bool, ndjson: bool) -> Self {
        match (json, ndjson) {
            (true, _) => Self::Json,
            (_, true) => Self::Ndjson,
            _ => Self::Text,
        }
    }
}

/// Writes to stdout. A reader that has seen enough (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match deliver(text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::config(format!("the result cannot be written to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes to stdout what must not be lost: here a reader that has gone is an error too.
pub(crate) fn deliver(text: &str) -> std::io::Result<()> {
    deliver_bytes(text.as_bytes())
}

/// The same, of what is no text.
pub(crate) fn deliver_bytes(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush())
}

/// A document on a line of its own.
pub(crate) fn json_line(document: &impl serde::Serialize) -> String {
    // Strings, numbers and lists: there is nothing in them that JSON cannot say.
    serde_json::to_string(document).map(|text| text + "\n").unwrap_or_default()
}

/// Says which jobs' results nobody has read, as stdout was closed before they came.
pub(crate) fn unread(tokens: &[String], format: Format) {
    if tokens.is_empty() {
        return;
    }
    remark(&match format {
        Format::Text => format!("stdout was closed before these jobs were done: ii jobs wait {}\n", tokens.join(" ")),
        Format::Json | Format::Ndjson => json_line(&serde_json::json!({ "resumeTokens": tokens })),
    });
}

/// Writes a remark to stderr.
pub(crate) fn remark(text: &str) {
    // Where stderr is closed there is nobody left to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The text without control characters: a server's words must not steer the terminal.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    text.chars()
        .fold(String::new(), |mut out, character| {
            let _ = if character.is_control() {
                write!(out, "{}", character.escape_default())
            } else {
                write!(out, "{character}")
            };
            out
        })
        .into()
}
