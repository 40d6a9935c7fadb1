//! The client: settings, what was made of them in this process, and the calls.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use image_intelligence::{
    AnyJobBuilder, Client as Native, ClientBuilder, Dialect, Error, ErrorKind, Image, RawAnswer, Result, SchedulePolicy,
};
use image_intelligence_webhooks::Receiver;
use pyo3::prelude::*;

use crate::all::{All, Settings};
use crate::asynchronous::{Call, Promise, start};
use crate::blocking;
use crate::completed::Completed;
use crate::convert::{Picture, answer, duration, known_kind};
use crate::error::{guarded, raise};
use crate::inbox::elsewhere;
use crate::job::Job;
use crate::log;
use crate::owned::Owned;
use crate::rows::Rows;

/// What the synchronous and the asynchronous client of the facade stand on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Client {
    shared: Arc<Shared>,
}

/// What a client and its handles share.
pub(crate) struct Shared {
    settings: ClientBuilder,
    /// What each job's webhook comes to.
    webhooks: Option<Owned<Receiver>>,
    /// Where the API is.
    pub(crate) base_url: String,
    /// `None` once it is closed. Locked only by threads that hold the interpreter, as `runtime::PROCESS` is.
    native: Mutex<Option<Owned<Native>>>,
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Option<Owned<Native>>> {
        self.native.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of this process. In a forked child the parent's is leaked, and one is made anew: new connections, a new
    /// token.
    pub(crate) fn native(&self, py: Python<'_>) -> Result<Native> {
        log::listen_in_a_child(py);
        let mut slot = self.slot();
        let Some(held) = slot.as_ref() else {
            return Err(Error::new(ErrorKind::Closed, "the client is closed; make a new Client"));
        };
        if let Some(native) = held.here() {
            return Ok(native.clone());
        }
        if let Some(receiver) = &self.webhooks {
            return Err(elsewhere("the client's receiver", receiver.process()));
        }
        let native = self.settings.clone().build()?;
        *slot = Some(Owned::new(native.clone()));
        Ok(native)
    }
}

/// Makes the call of that name; owned, so that it may outlive whoever asked.
async fn call(client: Native, name: String, arguments: Vec<u8>) -> Result<RawAnswer> {
    client.call(&name, &arguments).await
}

impl Client {
    fn native(&self, py: Python<'_>) -> PyResult<Native> {
        self.shared.native(py).map_err(|error| raise(py, &error))
    }

    fn prepare(
        &self,
        py: Python<'_>,
        (kind, namespace): (&str, Option<String>),
        images: Vec<Picture<'_>>,
        request: &[u8],
        deliver: bool,
    ) -> PyResult<AnyJobBuilder> {
        let native = self.native(py)?;
        let images = images.into_iter().map(Picture::into_image).collect::<PyResult<Vec<Image>>>()?;
        known_kind(kind)
            .and_then(|kind| native.any_job(kind, namespace, images, request))
            .map(|job| job.deliver(deliver))
            .map_err(|error| raise(py, &error))
    }
}

#[pymethods]
impl Client {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "no person calls it: the facade does, which has checked each")]
    fn new(
        py: Python<'_>,
        client_id: Option<String>,
        client_secret: Option<String>,
        base_url: Option<String>,
        request_timeout: Option<f64>,
        allow_plain_http: bool,
        requests_per_second: Option<f64>,
        journal: Option<PathBuf>,
        webhooks: Option<&crate::receiver::Receiver>,
    ) -> PyResult<Self> {
        guarded(|| {
            log::listen(py)?;
            let agent = concat!("image-intelligence-python/", env!("CARGO_PKG_VERSION"));
            let mut settings = Native::builder()
                .from_env()
                .dialect(Dialect::Python)
                .user_agent(agent)
                .allow_plain_http(allow_plain_http);
            if let Some(id) = client_id {
                settings = settings.client_id(id);
            }
            if let Some(secret) = client_secret {
                settings = settings.client_secret(secret);
            }
            if let Some(url) = base_url {
                settings = settings.base_url(url);
            }
            if let Some(seconds) = request_timeout {
                settings = settings.request_timeout(duration(seconds));
            }
            if let Some(number) = requests_per_second {
                let mut schedule = SchedulePolicy::default();
                schedule.requests_per_second = number;
                settings = settings.schedule(schedule);
            }
            if let Some(path) = journal {
                settings = settings.journal(path);
            }
            let webhooks = webhooks.map(|receiver| receiver.here(py).cloned()).transpose()?;
            let attached = match &webhooks {
                Some(receiver) => settings.clone().webhooks(receiver),
                None => settings.clone(),
            };
            let native = attached.build().map_err(|error| raise(py, &error))?;
            let base_url = native.base_url().to_string();
            let native = Mutex::new(Some(Owned::new(native)));
            Ok(Self { shared: Arc::new(Shared { settings, webhooks: webhooks.map(Owned::new), base_url, native }) })
        })
    }

    /// Where the API is.
    #[getter]
    fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    fn close(&self) -> PyResult<()> {
        guarded(|| {
            // A child leaves its parent's calls alone.
            let held = self.shared.slot().take();
            if let Some(native) = held.as_ref().and_then(Owned::here) {
                native.close();
            }
            Ok(())
        })
    }

    /// Sends a job of a kind (and namespace), its request in JSON without the pictures.
    fn submit(
        &self,
        py: Python<'_>,
        kind: (&str, Option<String>),
        images: Vec<Picture<'_>>,
        request: &[u8],
        deliver: bool,
    ) -> PyResult<Job> {
        guarded(|| {
            let sent = self.prepare(py, kind, images, request, deliver)?.send();
            blocking::answer(py, sent, |_, job| Ok(Job::new(Arc::clone(&self.shared), job)))
        })
    }

    fn start_submit(
        &self,
        py: Python<'_>,
        promise: Promise,
        kind: (&str, Option<String>),
        images: Vec<Picture<'_>>,
        request: &[u8],
        deliver: bool,
    ) -> PyResult<Call> {
        guarded(|| {
            let sent = self.prepare(py, kind, images, request, deliver)?.send();
            let shared = Arc::clone(&self.shared);
            start(py, promise, sent, |py, job| Ok(Py::new(py, Job::new(shared, job))?.into_any()))
        })
    }

    /// Any number of pictures, to be fed as they are wanted. Nothing is sent yet.
    fn all(&self, py: Python<'_>, kind: (&str, Option<String>), request: &[u8], settings: Settings) -> PyResult<All> {
        guarded(|| {
            let (native, (kind, namespace)) = (self.native(py)?, kind);
            // Off the interpreter, for a manifest is read.
            let run = py.detach(|| native.any_all(known_kind(kind)?, namespace, request, settings.into()));
            run.map(All::new).map_err(|error| raise(py, &error))
        })
    }

    /// Waits for many jobs at once, at most so many seconds.
    fn as_completed(&self, py: Python<'_>, jobs: Vec<PyRef<'_, Job>>, seconds: f64) -> PyResult<Completed> {
        guarded(|| {
            let native = self.native(py)?;
            let jobs = jobs.into_iter().map(|job| job.through(&native)).collect::<PyResult<Vec<_>>>()?;
            Ok(Completed::new(native.any_as_completed(jobs, Some(duration(seconds)))))
        })
    }

    fn resume(&self, py: Python<'_>, token: &str) -> PyResult<Job> {
        guarded(|| {
            let job = self.native(py)?.resume_any(token).map_err(|error| raise(py, &error))?;
            Ok(Job::new(Arc::clone(&self.shared), job))
        })
    }

    /// Makes any other call, by its name and with its arguments in JSON.
    fn call(&self, py: Python<'_>, name: String, arguments: &[u8]) -> PyResult<Py<PyAny>> {
        guarded(|| {
            let called = call(self.native(py)?, name, arguments.to_vec());
            blocking::answer(py, called, answer)
        })
    }

    fn start_call(&self, py: Python<'_>, promise: Promise, name: String, arguments: &[u8]) -> PyResult<Call> {
        guarded(|| {
            let called = call(self.native(py)?, name, arguments.to_vec());
            start(py, promise, called, answer)
        })
    }

    /// Every row of a search. Nothing is sent yet.
    fn rows(&self, py: Python<'_>, room: &str, arguments: &[u8]) -> PyResult<Rows> {
        guarded(|| self.native(py)?.rows(room, arguments).map(Rows::new).map_err(|error| raise(py, &error)))
    }
}
