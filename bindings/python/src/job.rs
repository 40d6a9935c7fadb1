//! A job that was submitted.

use std::sync::Arc;

use image_intelligence::{Detect, Job as Native, Result};
use pyo3::prelude::*;

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::wait;
use crate::client::Shared;
use crate::convert::{Read, duration};
use crate::error::{guarded, raise};

/// What the handles of the facade stand on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Job {
    client: Arc<Shared>,
    /// Through a client that never connects, so that a handle keeps no connection open, nor one of another process.
    native: Native<Detect>,
    #[pyo3(get)]
    id: String,
    #[pyo3(get)]
    custom_id: Option<String>,
    #[pyo3(get)]
    created_at: i64,
    #[pyo3(get)]
    resume_token: String,
}

async fn look(job: Native<Detect>) -> Result<Read> {
    job.get().await.map(|job| Read::of(&job))
}

async fn end(job: Native<Detect>, seconds: f64) -> Result<Read> {
    job.wait_for(duration(seconds)).await.map(|job| Read::of(&job))
}

impl Job {
    pub(crate) fn new(client: Arc<Shared>, native: &Native<Detect>) -> Result<Self> {
        Ok(Self {
            id: native.id().to_owned(),
            custom_id: native.custom_id().map(str::to_owned),
            created_at: native.created_at().as_millis(),
            resume_token: native.resume_token(),
            native: native.through(client.idle()?),
            client,
        })
    }

    /// The job through the client of this process, which may be another than the one that submitted it.
    fn native(&self, py: Python<'_>) -> PyResult<Native<Detect>> {
        let client = self.client.native(py).map_err(|error| raise(py, &error))?;
        Ok(self.native.through(&client))
    }
}

#[pymethods]
impl Job {
    fn get(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| wait(py, look(self.native(py)?))?.map_err(|error| raise(py, &error))?.into_python(py))
    }

    fn start_get(&self, py: Python<'_>, event_loop: Py<PyAny>, future: Py<PyAny>) -> PyResult<Call> {
        guarded(|| start(py, Promise { event_loop, future }, look(self.native(py)?), |py, read| read.into_python(py)))
    }

    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<Py<PyAny>> {
        guarded(|| wait(py, end(self.native(py)?, seconds))?.map_err(|error| raise(py, &error))?.into_python(py))
    }

    fn start_wait(&self, py: Python<'_>, event_loop: Py<PyAny>, future: Py<PyAny>, seconds: f64) -> PyResult<Call> {
        guarded(|| {
            let ended = end(self.native(py)?, seconds);
            start(py, Promise { event_loop, future }, ended, |py, read| read.into_python(py))
        })
    }
}
