//! What became of one picture of a run, and how far a run has come.

use std::fmt;
use std::time::Duration;

use image_intelligence_core::{Error, Input};

use crate::kind::JobKind;

/// What became of one picture.
#[non_exhaustive]
pub struct Item<K: JobKind> {
    /// Its place among the inputs, from 0.
    pub index: usize,
    /// What was passed in: a URL, a path, or `images[i]` for bytes.
    pub source: String,
    /// The name that it was given.
    pub custom_id: Option<String>,
    /// The job that it was in, where there is one.
    pub job_id: Option<String>,
    /// What the service says of it.
    pub result: Option<K::Image>,
    /// Why there is no result, or what the result says went wrong.
    pub error: Option<Error>,
    /// Whether its job names it as the answer: the picture that shows the target, or for which it is yes; of a detect job,
    /// the picture chosen for a class. A job names one picture, so with many pictures a job others may show the same.
    pub chosen: bool,
}

impl<K: JobKind> Item<K> {
    /// Whether the picture was looked at.
    pub fn ok(&self) -> bool {
        self.error.is_none() && self.result.is_some()
    }

    /// The result, or why there is none.
    pub fn outcome(&self) -> Result<&K::Image, &Error> {
        match (&self.result, &self.error) {
            (_, Some(error)) => Err(error),
            (Some(result), None) => Ok(result),
            // Whoever makes an item gives it one of the two.
            (None, None) => Err(&NOTHING),
        }
    }

    pub(crate) fn new(meta: Meta, job_id: Option<String>, outcome: Outcome<K>) -> Self {
        let Meta { index, source, custom_id } = meta;
        let Outcome { mut result, error, chosen } = outcome;
        if let Some(image) = &mut result {
            *K::input(image) = Some(Input::new(index, &source));
        }
        let error = error.or_else(|| K::status(result.as_ref()?)?.error(&source));
        Self { index, source, custom_id, job_id, result, error, chosen }
    }
}

static NOTHING: std::sync::LazyLock<Error> = std::sync::LazyLock::new(|| {
    Error::new(image_intelligence_core::ErrorKind::InvalidResponse, "there is no result of this picture")
});

impl<K: JobKind> Clone for Item<K> {
    fn clone(&self) -> Self {
        Self {
            index: self.index,
            source: self.source.clone(),
            custom_id: self.custom_id.clone(),
            job_id: self.job_id.clone(),
            result: self.result.clone(),
            error: self.error.clone(),
            chosen: self.chosen,
        }
    }
}

impl<K: JobKind> fmt::Debug for Item<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("index", &self.index)
            .field("source", &self.source)
            .field("custom_id", &self.custom_id)
            .field("job_id", &self.job_id)
            .field("result", &self.result)
            .field("error", &self.error)
            .field("chosen", &self.chosen)
            .finish()
    }
}

/// Which picture it is.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    pub(crate) index: usize,
    pub(crate) source: String,
    pub(crate) custom_id: Option<String>,
}

/// What a job says of a picture.
pub(crate) struct Outcome<K: JobKind> {
    pub(crate) result: Option<K::Image>,
    pub(crate) error: Option<Error>,
    pub(crate) chosen: bool,
}

impl<K: JobKind> Outcome<K> {
    pub(crate) fn nothing() -> Self {
        Self { result: None, error: None, chosen: false }
    }

    pub(crate) fn failed(error: Error) -> Self {
        Self { error: Some(error), ..Self::nothing() }
    }
}

/// How far a run has come, in pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// How many there are, where the source says it.
    pub total: Option<usize>,
    /// Those that have a result.
    pub done: usize,
    /// Those that have an error.
    pub failed: usize,
    /// Those that were submitted and have neither yet.
    pub in_flight: usize,
    /// The jobs that were submitted, or taken up again.
    pub jobs: usize,
    /// How long the run has lasted.
    pub elapsed: Duration,
}
