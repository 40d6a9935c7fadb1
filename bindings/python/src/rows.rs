//! The rows of a search, a page at a time.

use std::sync::Arc;

use image_intelligence::{AnyRows, Error, ErrorKind, RawJson, Result};
use pyo3::prelude::*;
use tokio::sync::Mutex;

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::answer;
use crate::convert::reads;
use crate::error::{guarded, raise};
use crate::owned::Owned;

/// What the iterators of the facade stand on. Where a call is cancelled the next one asks for the same page.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Rows(Owned<Arc<Mutex<AnyRows>>>);

type Page = Option<Vec<RawJson>>;

async fn next(rows: Arc<Mutex<AnyRows>>) -> Result<Page> {
    rows.lock().await.next_page().await
}

fn page(py: Python<'_>, page: Page) -> PyResult<Py<PyAny>> {
    page.map_or_else(|| Ok(py.None()), |rows| reads(py, rows))
}

impl Rows {
    pub(crate) fn new(rows: AnyRows) -> Self {
        Self(Owned::new(Arc::new(Mutex::new(rows))))
    }

    fn here(&self, py: Python<'_>) -> PyResult<Arc<Mutex<AnyRows>>> {
        self.0.here().cloned().ok_or_else(|| {
            let problem = "these rows are of the process that forked this one; ask for them anew";
            raise(py, &Error::new(ErrorKind::Closed, problem))
        })
    }
}

#[pymethods]
impl Rows {
    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, next(self.here(py)?), page))
    }

    fn start_next(&self, py: Python<'_>, promise: Promise) -> PyResult<Call> {
        guarded(|| start(py, promise, next(self.here(py)?), page))
    }
}
