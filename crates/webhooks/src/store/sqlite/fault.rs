//! What can go wrong in the database, and what it means for those who wait.

use image_intelligence_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// Why an operation failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database said so.
    Database(rusqlite::Error),
    /// We say so: what was asked for cannot be done.
    Said(Error),
}

pub(super) type Ruled<T> = Result<T, Fault>;

/// Whom a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The operation alone; others may go through.
    One,
    /// Everybody now; it may pass.
    All,
    /// Everybody from now on: nobody knows any more what is on the disk.
    Forever,
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl Fault {
    /// Something that stands in the database and that this program cannot read.
    pub(super) fn unreadable(what: &str) -> Self {
        Self::Said(store(format!("the database holds {what} that this program does not know; use a newer program")))
    }

    pub(super) fn reach(&self) -> Reach {
        let Self::Database(error) = self else { return Reach::One };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) => Reach::All,
            // What was not synced may or may not be there, and a second try that says it worked would prove nothing.
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly,
            ) => Reach::Forever,
            // A full disk too: it is rolled back cleanly, what needs no room goes through, and room may be made.
            _ => Reach::One,
        }
    }

    /// What the caller is told.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Said(error) => error,
            Self::Database(error) => told(&error),
        }
    }
}

/// An error of this store that trying again does not help.
pub(super) fn store(problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::Store, problem)
}

/// What an error of the database is called.
pub(super) fn told(error: &rusqlite::Error) -> Error {
    let said = plain(error);
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => store("the disk is full; make room").with_retryable(true),
        Some(ErrorCode::DatabaseBusy) => store("another process holds the database; try again").with_retryable(true),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            store(format!("the disk failed ({said}); look after it, then reopen the inbox"))
        }
        Some(ErrorCode::ReadOnly) => {
            store("the file cannot be written; give this user the right to, then reopen the inbox")
        }
        Some(ErrorCode::NotADatabase) => store("it is no inbox; name another file"),
        Some(ErrorCode::DatabaseCorrupt) => {
            store(format!("the file is damaged ({said}); put a copy of it back, or name another file"))
        }
        _ => store(said),
    }
}

/// What the database said, without the statement: values may stand in there.
pub(super) fn plain(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
