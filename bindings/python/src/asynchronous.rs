//! Calls that an event loop awaits: the answer is put into a future of the loop, by the loop's own thread.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use image_intelligence::Result;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio::sync::oneshot;

use crate::error::{broken, guarded, raise};
use crate::owned::Owned;
use crate::runtime::Process;

/// Turns an outcome into what the awaiting coroutine gets.
type Convert = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// What the courier brings to an event loop.
pub(crate) struct Answer {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
    /// `None` where the caller has cancelled: there is nothing to bring, but what is Python's must be dropped by Python.
    convert: Option<Convert>,
}

/// A call under way. It is cancelled by `cancel`, and when it is dropped.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Call(Mutex<Option<Owned<oneshot::Sender<()>>>>);

#[pymethods]
impl Call {
    /// Drops the request and closes its connection; does nothing once the answer is there.
    fn cancel(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// An event loop, and its future that a call shall fulfil.
#[derive(FromPyObject)]
pub(crate) struct Promise(Py<PyAny>, Py<PyAny>);

/// Starts the work, and has its outcome brought to the promised future.
pub(crate) fn start<T, W, C>(py: Python<'_>, promise: Promise, work: W, convert: C) -> PyResult<Call>
where
    T: Send + 'static,
    W: Future<Output = Result<T>> + Send + 'static,
    C: FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
{
    let process = Process::current(py)?;
    let (alive, cancelled) = oneshot::channel::<()>();
    process.runtime().spawn(async move {
        let work = AssertUnwindSafe(work).catch_unwind();
        let ended = tokio::select! {
            biased;
            _ = cancelled => None,
            ended = work => Some(ended),
        };
        let convert = ended.map(|ended| -> Convert {
            Box::new(move |py| match ended {
                Ok(Ok(value)) => convert(py, value),
                Ok(Err(error)) => Err(raise(py, &error)),
                Err(_panic) => Err(broken()),
            })
        });
        let Promise(event_loop, future) = promise;
        process.send(Answer { event_loop, future, convert });
    });
    Ok(Call(Mutex::new(Some(Owned::new(alive)))))
}

/// Hands each answer to its event loop, all of one loop in one call.
pub(crate) fn deliver(py: Python<'_>, answers: Vec<Answer>) {
    let mut batches: Vec<(Py<PyAny>, Bound<'_, PyList>)> = Vec::new();
    for Answer { event_loop, future, convert } in answers {
        let Some(convert) = convert else { continue };
        // An exception travels as a value: set as one, it would be complained of wherever the task was cancelled meanwhile.
        let value = guarded(|| convert(py)).unwrap_or_else(|error| error.into_value(py).into_any());
        let item = (future, value);
        let appended = match batches.iter().find(|(known, _)| known.is(&event_loop)) {
            Some((_, batch)) => batch.append(item),
            None => PyList::new(py, [item]).map(|batch| batches.push((event_loop, batch))),
        };
        // Only for want of memory; the coroutine's own error is then the least of the troubles.
        drop(appended);
    }
    for (event_loop, batch) in batches {
        // A loop that was closed meanwhile has nobody left who waits.
        let _ = settle(py, &event_loop, batch);
    }
}

fn settle(py: Python<'_>, event_loop: &Py<PyAny>, batch: Bound<'_, PyList>) -> PyResult<()> {
    let settle = py.import(intern!(py, "image_intelligence._async_client"))?.getattr(intern!(py, "settle"))?;
    event_loop.call_method1(py, intern!(py, "call_soon_threadsafe"), (settle, batch))?;
    Ok(())
}
