//! Many jobs that were submitted, each told of when it ends.

use std::sync::Arc;

use image_intelligence::{AnyCompleted, Error, ErrorKind, RawJson, Result};
use pyo3::prelude::*;

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::answer;
use crate::convert::read;
use crate::error::{guarded, raise, value};
use crate::owned::Owned;

/// What `as_completed` and `track` of the facade stand on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Completed(Owned<Arc<AnyCompleted>>);

type End = Option<(usize, Result<RawJson>)>;

async fn next(jobs: Arc<AnyCompleted>) -> Result<End> {
    Ok(jobs.next().await)
}

/// Which of the jobs ended, with `(json, raw)` or an exception; `None` after the last.
fn end(py: Python<'_>, end: End) -> PyResult<Py<PyAny>> {
    let Some((place, result)) = end else { return Ok(py.None()) };
    let result = match result {
        Ok(job) => read(py, job)?,
        Err(error) => value(py, &error),
    };
    Ok((place, result).into_pyobject(py)?.into_any().unbind())
}

impl Completed {
    pub(crate) fn new(jobs: AnyCompleted) -> Self {
        Self(Owned::new(Arc::new(jobs)))
    }

    fn here(&self, py: Python<'_>) -> PyResult<Arc<AnyCompleted>> {
        self.0.here().cloned().ok_or_else(|| {
            let problem = "this wait is of the process that forked this one; begin one anew";
            raise(py, &Error::new(ErrorKind::Closed, problem))
        })
    }
}

#[pymethods]
impl Completed {
    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, next(self.here(py)?), end))
    }

    fn start_next(&self, py: Python<'_>, promise: Promise) -> PyResult<Call> {
        guarded(|| start(py, promise, next(self.here(py)?), end))
    }
}
