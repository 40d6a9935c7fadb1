//! Errors: every one crosses as one record, of which each language makes its own classes.

use std::error::Error as _;
use std::fmt;

use image_intelligence_core::{Error, ErrorKind, JobStatus};

/// What a call fails with.
#[derive(Debug, uniffi::Error)]
pub enum Failure {
    /// The one variant: the kind tells them apart.
    Failed {
        /// What is known of it.
        details: Details,
    },
}

/// What is known of an error.
#[derive(Debug, uniffi::Record)]
pub struct Details {
    /// What went wrong, in one word.
    pub kind: ErrorKind,
    /// The word itself, the same in every language.
    pub name: String,
    /// What to do about it, in a line.
    pub message: String,
    /// Whether trying the same again may help.
    pub retryable: bool,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The server's name for the request.
    pub request_id: Option<String>,
    /// How long the server asked to be left alone, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The server's answer, at most 64 KiB of it.
    pub body: Option<Vec<u8>>,
    /// What it came from, in words.
    pub source: Option<String>,
    /// Of a wait that ended: the last status that was seen.
    pub last_status: Option<JobStatus>,
    /// Of a wait that ended: what takes the job up again.
    pub resume_token: Option<String>,
    /// Of a submit with an unknown outcome: the name that the job carries, if it exists.
    pub custom_id: Option<String>,
    /// Of a submit with an unknown outcome: the ids of jobs that may be it.
    pub candidates: Vec<String>,
    /// Of a verification: which fault it was.
    pub reason: Option<String>,
}

impl From<Error> for Details {
    fn from(error: Error) -> Self {
        let millis = |wait: std::time::Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self {
            kind: error.kind(),
            name: error.kind().as_str().to_owned(),
            message: error.message().to_owned(),
            retryable: error.retryable(),
            status: error.status(),
            request_id: error.request_id().map(str::to_owned),
            retry_after_ms: error.retry_after().map(millis),
            body: error.body().map(<[u8]>::to_vec),
            source: error.source().map(ToString::to_string),
            last_status: error.last_status().cloned(),
            resume_token: error.resume_token().map(str::to_owned),
            custom_id: error.custom_id().map(str::to_owned),
            candidates: error.candidates().to_vec(),
            reason: error.reason().map(str::to_owned),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed { details: error.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Failed { details } = self;
        f.write_str(&details.message)
    }
}

impl std::error::Error for Failure {}
