//! A job that was submitted, of any kind.

use std::sync::Arc;

use image_intelligence::{AnyHandle, Client, RawJson, Result};
use pyo3::prelude::*;

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::answer;
use crate::client::Shared;
use crate::convert::{duration, read};
use crate::error::{broken, guarded, raise};
use crate::owned::Owned;

/// What the handles of the facade stand on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Job {
    client: Arc<Shared>,
    native: Owned<AnyHandle>,
    /// What it does.
    #[pyo3(get)]
    kind: &'static str,
    #[pyo3(get)]
    id: String,
    #[pyo3(get)]
    custom_id: Option<String>,
    #[pyo3(get)]
    created_at: i64,
    #[pyo3(get)]
    resume_token: String,
}

async fn end(job: AnyHandle, seconds: f64) -> Result<RawJson> {
    job.wait_for(duration(seconds)).await
}

async fn look(job: AnyHandle) -> Result<RawJson> {
    job.get().await
}

impl Job {
    pub(crate) fn new(client: Arc<Shared>, native: AnyHandle) -> Self {
        Self {
            kind: native.kind().as_str(),
            id: native.id().to_owned(),
            custom_id: native.custom_id().map(str::to_owned),
            created_at: native.created_at().as_millis(),
            resume_token: native.resume_token(),
            native: Owned::new(native),
            client,
        }
    }

    /// The job through the client of this process, which may be another than the one that submitted it.
    fn native(&self, py: Python<'_>) -> PyResult<AnyHandle> {
        self.through(&self.client.native(py).map_err(|error| raise(py, &error))?)
    }

    pub(crate) fn through(&self, client: &Client) -> PyResult<AnyHandle> {
        self.native.even_a_parents().map(|job| job.through(client)).ok_or_else(broken)
    }
}

#[pymethods]
impl Job {
    fn get(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, look(self.native(py)?), read))
    }

    fn start_get(&self, py: Python<'_>, promise: Promise) -> PyResult<Call> {
        guarded(|| start(py, promise, look(self.native(py)?), read))
    }

    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, end(self.native(py)?, seconds), read))
    }

    fn start_wait(&self, py: Python<'_>, promise: Promise, seconds: f64) -> PyResult<Call> {
        guarded(|| start(py, promise, end(self.native(py)?, seconds), read))
    }
}
