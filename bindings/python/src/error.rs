//! Errors of Rust as exceptions of `image_intelligence.errors`.

use std::error::Error as StdError;
use std::panic::AssertUnwindSafe;

use image_intelligence::{Error, ErrorKind};
use pyo3::exceptions::{PyException, PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyTuple};

/// `errors.of_kind`, which knows the class of each kind.
static OF_KIND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception that says what the error says.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).unwrap_or_else(|failed| failed)
}

fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    if error.kind() == ErrorKind::Cancelled {
        // Python has one of its own, which everything that cancels understands.
        let class = py.import("asyncio")?.getattr("CancelledError")?;
        return Ok(PyErr::from_value(class.call1((error.message(),))?));
    }
    ours(py, error)
}

/// The same as a value, such as what is wrong with one picture of many: never the caller's own cancel, which is raised.
pub(crate) fn value(py: Python<'_>, error: &Error) -> Py<PyAny> {
    let named = ours(py, error).and_then(|ours| {
        if error.kind() == ErrorKind::Cancelled {
            ours.value(py).setattr("kind", error.kind().as_str())?;
        }
        Ok(ours)
    });
    named.unwrap_or_else(|failed| failed).into_value(py).into_any()
}

fn ours(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let of_kind = OF_KIND
        .get_or_try_init(py, || Ok::<_, PyErr>(py.import("image_intelligence.errors")?.getattr("of_kind")?.unbind()))?;
    let fields = PyDict::new(py);
    fields.set_item("retryable", error.retryable())?;
    fields.set_item("status", error.status())?;
    fields.set_item("request_id", error.request_id())?;
    fields.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    fields.set_item("body", error.body().map(|body| PyBytes::new(py, body)))?;
    fields.set_item("last_status", error.last_status().map(|status| status.as_str().to_owned()))?;
    fields.set_item("resume_token", error.resume_token())?;
    fields.set_item("custom_id", error.custom_id())?;
    fields.set_item("candidates", PyTuple::new(py, error.candidates())?)?;
    fields.set_item("reason", error.reason())?;
    let class = of_kind.bind(py).call1((error.kind().as_str(),))?;
    let raised = PyErr::from_value(class.call((error.message(),), Some(&fields))?);
    raised.set_cause(py, error.source().map(|source| cause(py, source)));
    Ok(raised)
}

/// What an error came from: one of ours as one of ours, the rest by its words.
fn cause(py: Python<'_>, source: &(dyn StdError + 'static)) -> PyErr {
    if let Some(ours) = source.downcast_ref::<Error>() {
        return raise(py, ours);
    }
    let words = source.to_string();
    let raised = match source.downcast_ref::<std::io::Error>() {
        Some(io) => match io.raw_os_error() {
            // With its number, so that Python makes it a FileNotFoundError and the like.
            Some(number) => PyOSError::new_err((number, words)),
            None => PyOSError::new_err(words),
        },
        None => PyException::new_err(words),
    };
    raised.set_cause(py, source.source().map(|source| cause(py, source)));
    raised
}

/// What a panic becomes: an exception that `except Exception` catches, which pyo3's own is not.
pub(crate) fn broken() -> PyErr {
    PyRuntimeError::new_err("image-intelligence broke: this is a bug in it, please report it")
}

/// Lets no panic through to Python.
pub(crate) fn guarded<T>(run: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_panic| Err(broken()))
}
