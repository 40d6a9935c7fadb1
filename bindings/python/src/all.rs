//! Any number of pictures: pulled by the facade from its caller's iterator, as many as are wanted.

use std::path::PathBuf;
use std::sync::Arc;

use image_intelligence::{AllOptions, AllStep, AnyAll, Error, ErrorKind, Image, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::answer;
use crate::convert::{Picture, duration};
use crate::error::{guarded, raise, value};
use crate::owned::Owned;

/// The settings of a run, as the facade hands them over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    batch_size: usize,
    concurrency: usize,
    ordered: bool,
    manifest: Option<PathBuf>,
    timeout: f64,
    total: Option<usize>,
    deliver: bool,
}

impl From<Settings> for AllOptions {
    fn from(given: Settings) -> Self {
        Self {
            batch_size: Some(given.batch_size),
            concurrency: Some(given.concurrency),
            in_order: given.ordered,
            manifest: given.manifest,
            wait: Some(duration(given.timeout)),
            total: given.total,
            deliver: Some(given.deliver),
        }
    }
}

/// What the runs of the facade stand on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct All(Owned<Arc<AnyAll>>);

/// How many there are in all, are done, have failed and are in flight; the jobs; the seconds that it took.
type Progress = (Option<usize>, usize, usize, usize, usize, f64);

async fn next(run: Arc<AnyAll>) -> Result<Option<AllStep>> {
    Ok(run.next_or_progress().await)
}

/// What comes next: results, how many pictures are wanted, whether that was all. None of it: there is progress alone.
fn step(py: Python<'_>, step: Option<AllStep>) -> PyResult<Py<PyAny>> {
    let (mut items, mut wanted, mut over) = (Vec::new(), 0, false);
    match step {
        Some(AllStep::Items(some)) => items = some,
        Some(AllStep::Want(room)) => wanted = room,
        Some(AllStep::End) => over = true,
        None => {}
    }
    let items: Vec<_> = items
        .into_iter()
        .map(|item| {
            let result = item.result.map(|image| PyBytes::new(py, &image.json.unwrap_or(image.raw)));
            let error = item.error.map(|error| value(py, &error));
            (item.index, item.custom_id, item.job_id, result, error, item.chosen)
        })
        .collect();
    Ok((items, wanted, over).into_pyobject(py)?.into_any().unbind())
}

impl All {
    pub(crate) fn new(run: AnyAll) -> Self {
        Self(Owned::new(Arc::new(run)))
    }

    fn here(&self, py: Python<'_>) -> PyResult<&Arc<AnyAll>> {
        self.0.here().ok_or_else(|| {
            let problem = "this run is of the process that forked this one; begin one anew";
            raise(py, &Error::new(ErrorKind::Closed, problem))
        })
    }
}

#[pymethods]
impl All {
    fn feed(&self, py: Python<'_>, images: Vec<Picture<'_>>) -> PyResult<()> {
        guarded(|| {
            let images = images.into_iter().map(Picture::into_image).collect::<PyResult<Vec<Image>>>()?;
            self.here(py)?.feed(images);
            Ok(())
        })
    }

    fn end(&self, py: Python<'_>) -> PyResult<()> {
        guarded(|| self.here(py).map(|run| run.end()))
    }

    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, next(Arc::clone(self.here(py)?)), step))
    }

    fn start_next(&self, py: Python<'_>, promise: Promise) -> PyResult<Call> {
        guarded(|| start(py, promise, next(Arc::clone(self.here(py)?)), step))
    }

    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        guarded(|| self.here(py).map(|run| run.stop()))
    }

    /// Sends and waits no more. Of its parent's run a child leaves all as it is.
    fn leave(&self) -> PyResult<()> {
        guarded(|| {
            if let Some(run) = self.0.here() {
                run.leave();
            }
            Ok(())
        })
    }

    fn progress(&self, py: Python<'_>) -> PyResult<Progress> {
        guarded(|| {
            let now = self.here(py)?.progress();
            Ok((now.total, now.done, now.failed, now.in_flight, now.jobs, now.elapsed.as_secs_f64()))
        })
    }

    fn in_flight(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        guarded(|| self.here(py).map(|run| run.in_flight()))
    }
}
