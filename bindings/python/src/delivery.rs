//! An event in a handler's hands.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use image_intelligence::{Error, ErrorKind, EventKind, Result};
use image_intelligence_webhooks::{Delivery as Native, Judged, SqlValue, Statement};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyString};

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::answer;
use crate::convert::duration;
use crate::error::{guarded, raise};
use crate::inbox::elsewhere;
use crate::owned::Owned;

/// What the deliveries of the facade stand on. One that is dropped with nothing said of it is handed out again.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Delivery {
    process: u32,
    /// `None` once something was said. Locked only by threads that hold the interpreter, as `runtime::PROCESS` is.
    native: Mutex<Option<Owned<Native>>>,
}

/// An event, judged off the interpreter. Dropped before a handler has it, it goes back uncounted.
pub(crate) struct Came {
    native: Native,
    judged: Judged,
}

impl Came {
    pub(crate) fn new(mut native: Native) -> Self {
        native.set_seen(false);
        Self { judged: native.judged(), native }
    }
}

/// The delivery, what it is in a word, what to decode, the body as it came, and the rest that is known of it; `None` where
/// the inbox is closed.
pub(crate) fn hand_over(py: Python<'_>, came: Option<Came>) -> PyResult<Py<PyAny>> {
    let Some(Came { native, judged: Judged { kind, json, .. } }) = came else { return Ok(py.None()) };
    let raw = PyBytes::new(py, native.raw());
    let json = match (kind, json) {
        (EventKind::Unknown, _) => None,
        (_, None) => Some(raw.clone()),
        (_, Some(json)) => Some(PyBytes::new(py, &json)),
    };
    let facts = (
        kind.as_str(),
        json,
        raw,
        native.idempotency_key(),
        native.rid().map(|rid| rid.to_string()),
        native.attempt(),
        native.received_at().as_millis(),
        native.is_signed(),
        native.seq(),
    )
        .into_pyobject(py)?
        .unbind();
    let delivery = Delivery { process: std::process::id(), native: Mutex::new(Some(Owned::new(native))) };
    Ok((delivery, facts).into_pyobject(py)?.into_any().unbind())
}

/// What is said of a delivery.
enum Word {
    Ack(Option<Statement>),
    Nack(String, Option<Duration>),
    Bury(String),
}

/// The same as the facade hands it over: the word, why, in how many seconds again, and a statement with its values.
#[derive(FromPyObject)]
pub(crate) struct Spoken<'py>(String, String, Option<f64>, Option<(String, Vec<Bound<'py, PyAny>>)>);

impl Spoken<'_> {
    fn into_word(self, py: Python<'_>) -> PyResult<Word> {
        let Self(word, why, pause, statement) = self;
        let statement = statement.map(|(sql, values)| bound(py, sql, &values)).transpose()?;
        Ok(match word.as_str() {
            "ack" => Word::Ack(statement),
            "nack" => Word::Nack(why, pause.map(duration)),
            _ => Word::Bury(why),
        })
    }
}

fn bound(py: Python<'_>, sql: String, values: &[Bound<'_, PyAny>]) -> PyResult<Statement> {
    values.iter().enumerate().try_fold(Statement::new(sql), |statement, (place, value)| {
        let value = sql_value(value).map_err(|_| {
            let problem = "None, a bool, a float, a str, bytes, or an int of at most 64 bits wanted";
            raise(py, &Error::invalid_request(&format!("params[{place}]"), problem))
        })?;
        Ok(statement.bind(value))
    })
}

fn sql_value(value: &Bound<'_, PyAny>) -> PyResult<SqlValue> {
    if value.is_none() {
        return Ok(SqlValue::NULL);
    }
    // A bool is an int too.
    if value.is_instance_of::<PyBool>() {
        return Ok(value.extract::<bool>()?.into());
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(value.extract::<i64>()?.into());
    }
    if value.is_instance_of::<PyFloat>() {
        return Ok(value.extract::<f64>()?.into());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.into());
    }
    Ok(value.cast::<PyBytes>()?.as_bytes().into())
}

async fn settle(delivery: Native, word: Word) -> Result<()> {
    match word {
        Word::Ack(statement) => delivery.ack_with(statement).await,
        Word::Nack(why, None) => delivery.nack(why).await,
        Word::Nack(why, Some(pause)) => delivery.nack_after(why, pause).await,
        Word::Bury(why) => delivery.bury(why).await,
    }
}

impl Delivery {
    fn take(&self, py: Python<'_>) -> PyResult<Native> {
        if self.process != std::process::id() {
            return Err(raise(py, &elsewhere("the inbox", self.process)));
        }
        let taken = self.native.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.and_then(Owned::into_here).ok_or_else(|| {
            let problem = "it was acked, nacked or buried before; say one word of each delivery";
            raise(py, &Error::new(ErrorKind::InvalidRequest, format!("delivery: {problem}")))
        })
    }
}

#[pymethods]
impl Delivery {
    #[getter]
    fn is_settled(&self) -> bool {
        self.native.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    #[getter]
    fn is_held(&self) -> bool {
        let slot = self.native.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().and_then(Owned::here).is_some_and(Native::is_held)
    }

    /// A handler has it: the facade made its delivery.
    fn seen(&self) {
        let mut slot = self.native.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(native) = slot.as_mut().and_then(Owned::here_mut) {
            native.set_seen(true);
        }
    }

    fn settle(&self, py: Python<'_>, spoken: Spoken<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| {
            let word = spoken.into_word(py)?;
            answer(py, settle(self.take(py)?, word), |py, ()| Ok(py.None()))
        })
    }

    fn start_settle(&self, py: Python<'_>, promise: Promise, spoken: Spoken<'_>) -> PyResult<Call> {
        guarded(|| {
            let word = spoken.into_word(py)?;
            start(py, promise, settle(self.take(py)?, word), |py, ()| Ok(py.None()))
        })
    }
}
