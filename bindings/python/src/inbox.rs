//! The inbox: opened, asked for events, and looked into.

use std::path::PathBuf;

use bytes::Bytes;
use image_intelligence::{Dialect, Error, ErrorKind, Result};
use image_intelligence_webhooks::{Filter, Inbox as Native, InboxBuilder, Target};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::answer;
use crate::callback::CallbackKeys;
use crate::convert::duration;
use crate::delivery::{self, Came};
use crate::error::{guarded, raise};
use crate::log;
use crate::owned::Owned;

/// What the synchronous and the asynchronous inbox of the facade stand on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Inbox(Owned<Native>);

/// The settings of an inbox, as the facade hands them over; durations in seconds.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Settings {
    lease: Option<f64>,
    handler_timeout: Option<f64>,
    attempts: Option<u32>,
    retry_pause: Option<f64>,
    longest_retry_pause: Option<f64>,
    prune_bodies_after: Option<f64>,
    prune_keys_after: Option<f64>,
    prefetch: Option<usize>,
    shutdown_timeout: Option<f64>,
    callback_keys: Option<Py<CallbackKeys>>,
    existing: bool,
}

impl Settings {
    fn of(self, target: Target) -> InboxBuilder {
        type Take = fn(InboxBuilder, std::time::Duration) -> InboxBuilder;
        let durations: [(Option<f64>, Take); 7] = [
            (self.lease, InboxBuilder::lease),
            (self.handler_timeout, InboxBuilder::handler_timeout),
            (self.retry_pause, InboxBuilder::retry_pause),
            (self.longest_retry_pause, InboxBuilder::longest_retry_pause),
            (self.prune_bodies_after, InboxBuilder::prune_bodies_after),
            (self.prune_keys_after, InboxBuilder::prune_keys_after),
            (self.shutdown_timeout, InboxBuilder::shutdown_timeout),
        ];
        let mut builder = Native::builder(target).existing(self.existing).dialect(Dialect::Python);
        for (seconds, take) in durations {
            if let Some(seconds) = seconds {
                builder = take(builder, duration(seconds));
            }
        }
        if let Some(attempts) = self.attempts {
            builder = builder.attempts(attempts);
        }
        if let Some(events) = self.prefetch {
            builder = builder.prefetch(events);
        }
        match self.callback_keys {
            Some(keys) => builder.callback_keys(keys.get().native()),
            None => builder,
        }
    }
}

/// Which events are wanted, as the facade hands it over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Wanted {
    state: Option<String>,
    kind: Option<String>,
    job: Option<String>,
    before: Option<i64>,
    limit: usize,
}

impl Wanted {
    fn into_filter(self) -> Result<Filter> {
        let mut filter = Filter::named(self.state.as_deref(), self.kind.as_deref())?.limit(self.limit);
        filter.job = self.job;
        filter.before = self.before;
        Ok(filter)
    }
}

/// What an inbox is asked besides its events.
#[derive(FromPyObject)]
pub(crate) struct Question(String, Vec<i64>);

/// What it says to that.
enum Said {
    Entries(Vec<(Vec<u8>, Option<Bytes>)>),
    Json(Vec<u8>),
    Number(u64),
    Nothing,
}

async fn say(inbox: Native, Question(what, seqs): Question) -> Result<Said> {
    Ok(match (what.as_str(), seqs.as_slice()) {
        ("entry", [seq]) => {
            let found = inbox.entry(*seq).await?;
            Said::Entries(found.into_iter().map(image_intelligence_webhooks::Entry::into_json).collect())
        }
        ("replay", _) => Said::Number(inbox.replay(seqs).await?),
        ("replay_dead", _) => Said::Number(inbox.replay_dead().await?),
        ("prune", _) => Said::Json(inbox.prune().await?.to_json()),
        ("counts", _) => Said::Json(inbox.counts().await?.to_json()),
        ("add_key", _) => Said::Number(inbox.add_key().await?.into()),
        ("close", _) => {
            inbox.shutdown().await;
            Said::Nothing
        }
        _ => return Err(Error::new(ErrorKind::InvalidRequest, format!("{what:?} is nothing that an inbox is asked"))),
    })
}

async fn list(inbox: Native, wanted: Result<Filter>) -> Result<Said> {
    let found = inbox.list(wanted?).await?;
    Ok(Said::Entries(found.into_iter().map(image_intelligence_webhooks::Entry::into_json).collect()))
}

async fn next(inbox: Native) -> Result<Option<Came>> {
    Ok(inbox.next().await?.map(Came::new))
}

fn said(py: Python<'_>, said: Said) -> PyResult<Py<PyAny>> {
    let bytes = |bytes: &[u8]| PyBytes::new(py, bytes);
    Ok(match said {
        Said::Entries(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(json, body)| (bytes(json), body.as_deref().map(bytes))).collect();
            entries.into_pyobject(py)?.into_any().unbind()
        }
        Said::Json(json) => bytes(&json).into_any().unbind(),
        Said::Number(number) => number.into_pyobject(py)?.into_any().unbind(),
        Said::Nothing => py.None(),
    })
}

impl Inbox {
    pub(crate) fn here(&self, py: Python<'_>) -> PyResult<Native> {
        self.0.here().cloned().ok_or_else(|| raise(py, &elsewhere("the inbox", self.0.process())))
    }
}

/// What is said of the things of a parent.
pub(crate) fn elsewhere(what: &str, process: u32) -> Error {
    Error::new(ErrorKind::Closed, format!("{what} was opened in process {process}; open it again after fork"))
}

#[pymethods]
impl Inbox {
    #[new]
    fn new(py: Python<'_>, target: &Bound<'_, PyAny>, settings: Settings) -> PyResult<Self> {
        guarded(|| {
            log::listen(py)?;
            let target = match target.cast::<PyString>() {
                Ok(text) => Target::from(text.to_str()?),
                Err(_) => Target::from(target.extract::<PathBuf>()?),
            };
            answer(py, settings.of(target).open(), |_, inbox| Ok(Self(Owned::new(inbox))))
        })
    }

    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, next(self.here(py)?), delivery::hand_over))
    }

    fn start_next(&self, py: Python<'_>, promise: Promise) -> PyResult<Call> {
        guarded(|| start(py, promise, next(self.here(py)?), delivery::hand_over))
    }

    fn list(&self, py: Python<'_>, wanted: Wanted) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, list(self.here(py)?, wanted.into_filter()), said))
    }

    fn start_list(&self, py: Python<'_>, promise: Promise, wanted: Wanted) -> PyResult<Call> {
        guarded(|| start(py, promise, list(self.here(py)?, wanted.into_filter()), said))
    }

    fn ask(&self, py: Python<'_>, question: Question) -> PyResult<Py<PyAny>> {
        guarded(|| answer(py, say(self.here(py)?, question), said))
    }

    fn start_ask(&self, py: Python<'_>, promise: Promise, question: Question) -> PyResult<Call> {
        guarded(|| start(py, promise, say(self.here(py)?, question), said))
    }
}
