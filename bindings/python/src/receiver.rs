//! The receiver: its listener is Rust's, and so answers whatever Python does meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use image_intelligence::{Dialect, Error, ErrorKind, Result};
use image_intelligence_webhooks::{Admitted as NativeAdmitted, Answer, Receiver as Native, ReceiverLimits};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::answer;
use crate::convert::duration;
use crate::error::{guarded, raise};
use crate::inbox::{Inbox, elsewhere};
use crate::log;
use crate::owned::Owned;
use crate::webhook::{Header, read_headers};

/// What the receivers of the facade stand on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Receiver(Owned<Native>);

/// The settings of a receiver, as the facade hands them over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Settings {
    public_url: Option<String>,
    listen: Option<String>,
    former_urls: Vec<String>,
    secrets: Vec<String>,
    allow_sha1: bool,
    accept_foreign: bool,
    confirm: Option<bool>,
    limits: Limits,
}

/// Its limits; durations in seconds.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Limits {
    max_body: Option<usize>,
    body_timeout: Option<f64>,
    in_flight: Option<usize>,
    answer_timeout: Option<f64>,
    connections: Option<usize>,
}

impl Limits {
    fn read(self) -> ReceiverLimits {
        let mut limits = ReceiverLimits::default();
        let sizes = [
            (self.max_body, &mut limits.max_body),
            (self.in_flight, &mut limits.in_flight),
            (self.connections, &mut limits.connections),
        ];
        for (given, size) in sizes {
            *size = given.unwrap_or(*size);
        }
        let times = [(self.body_timeout, &mut limits.body_timeout), (self.answer_timeout, &mut limits.answer_timeout)];
        for (given, time) in times {
            *time = given.map_or(*time, duration);
        }
        limits
    }
}

async fn open(inbox: image_intelligence_webhooks::Inbox, settings: Settings) -> Result<Native> {
    let mut builder = Native::builder(&inbox)
        .former_urls(settings.former_urls)
        .secrets(settings.secrets)
        .allow_sha1(settings.allow_sha1)
        .accept_foreign(settings.accept_foreign)
        .limits(settings.limits.read())
        .dialect(Dialect::Python);
    if let Some(url) = settings.public_url {
        builder = builder.public_url(url);
    }
    if let Some(confirm) = settings.confirm {
        builder = builder.confirm(confirm);
    }
    match settings.listen {
        Some(address) => builder.listen(address).await,
        None => builder.build().await,
    }
}

async fn shut_down(receiver: Native) -> Result<()> {
    receiver.shutdown().await;
    Ok(())
}

impl Receiver {
    pub(crate) fn here(&self, py: Python<'_>) -> PyResult<&Native> {
        self.0.here().ok_or_else(|| raise(py, &elsewhere("the receiver", self.0.process())))
    }
}

#[pymethods]
impl Receiver {
    #[new]
    fn new(py: Python<'_>, inbox: &Inbox, settings: Settings) -> PyResult<Self> {
        guarded(|| {
            log::listen(py)?;
            answer(py, open(inbox.here(py)?, settings), |_, receiver| Ok(Self(Owned::new(receiver))))
        })
    }

    #[getter]
    fn public_url(&self, py: Python<'_>) -> PyResult<String> {
        guarded(|| Ok(self.here(py)?.public_url().to_owned()))
    }

    /// The host and the port on which it listens.
    #[getter]
    fn address(&self, py: Python<'_>) -> PyResult<Option<(String, u16)>> {
        guarded(|| Ok(self.here(py)?.local_addr().map(|address| (address.ip().to_string(), address.port()))))
    }

    /// The descriptor of the socket that listens, which a forked child has, too.
    fn descriptor(&self) -> PyResult<Option<i32>> {
        guarded(|| Ok(self.0.even_a_parents().and_then(Native::descriptor)))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guarded(|| answer(py, shut_down(self.here(py)?.clone()), |_, ()| Ok(())))
    }

    fn start_close(&self, py: Python<'_>, promise: Promise) -> PyResult<Call> {
        guarded(|| start(py, promise, shut_down(self.here(py)?.clone()), |py, ()| Ok(py.None())))
    }

    /// Judges a request before its body is read: gives what takes the body, or an answer.
    fn admit(&self, py: Python<'_>, method: &str, path: &str, headers: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        guarded(|| {
            let headers = read_headers(headers)?;
            let headers = headers.iter().map(Header::as_pair).collect::<PyResult<Vec<_>>>()?;
            match self.here(py)?.admit(method, path, headers) {
                Ok(admitted) => {
                    let admitted = Admitted(Mutex::new(Some(Owned::new(admitted))));
                    Ok(Py::new(py, admitted)?.into_any())
                }
                Err(refusal) => plain(py, refusal),
            }
        })
    }
}

/// The status, the headers and the body.
fn plain(py: Python<'_>, answer: Answer) -> PyResult<Py<PyAny>> {
    let bytes = |text: &str| PyBytes::new(py, text.as_bytes());
    let headers: Vec<_> = answer.headers.iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
    Ok((answer.status, headers, bytes(answer.body)).into_pyobject(py)?.into_any().unbind())
}

/// A request that was let in; over with the first answer.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Admitted(Mutex<Option<Owned<NativeAdmitted>>>);

async fn finish(admitted: NativeAdmitted) -> Result<Answer> {
    Ok(admitted.finish().await)
}

impl Admitted {
    fn take(&self, py: Python<'_>) -> PyResult<NativeAdmitted> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.and_then(Owned::into_here).ok_or_else(|| raise(py, &over()))
    }
}

fn over() -> Error {
    Error::new(ErrorKind::Closed, "the request was answered")
}

#[pymethods]
impl Admitted {
    /// In how many seconds the body must be there.
    fn seconds_left(&self, py: Python<'_>) -> PyResult<f64> {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = slot.as_ref().and_then(Owned::here).ok_or_else(|| raise(py, &over()))?;
        Ok(admitted.deadline().saturating_duration_since(Instant::now()).as_secs_f64())
    }

    /// Adds a piece of the body; gives an answer where nothing more of it need be read.
    fn push(&self, py: Python<'_>, piece: &[u8]) -> PyResult<Option<Py<PyAny>>> {
        guarded(|| {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let admitted = slot.as_mut().and_then(Owned::here_mut).ok_or_else(|| raise(py, &over()))?;
            match admitted.push(Bytes::copy_from_slice(piece)) {
                Ok(()) => Ok(None),
                Err(refusal) => plain(py, refusal).map(Some),
            }
        })
    }

    fn late(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| plain(py, self.take(py)?.late()))
    }

    fn broken_off(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| plain(py, self.take(py)?.broken_off()))
    }

    fn finish(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, finish(self.take(py)?), plain))
    }

    fn start_finish(&self, py: Python<'_>, promise: Promise) -> PyResult<Call> {
        guarded(|| start(py, promise, finish(self.take(py)?), plain))
    }
}
