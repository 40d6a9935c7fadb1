//! The client: settings, what was made of them in this process, and the calls.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use image_intelligence::{
    Client as Native, ClientBuilder, Detect, DetectRequest, Dialect, Error, ErrorKind, JobBuilder, RawJson, Result,
};
use pyo3::prelude::*;

use crate::asynchronous::{Call, Promise, start};
use crate::blocking::wait;
use crate::convert::{Picture, Read, duration};
use crate::error::{guarded, raise};
use crate::job::Job;
use crate::owned::Owned;

/// What the synchronous and the asynchronous client of the facade stand on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct Client {
    shared: Arc<Shared>,
    /// Where the API is.
    #[pyo3(get)]
    base_url: String,
}

/// What a client and its handles share.
pub(crate) struct Shared {
    settings: ClientBuilder,
    /// `None` once it is closed. Locked only by threads that hold the interpreter, as `runtime::PROCESS` is.
    native: Mutex<Option<Owned<Native>>>,
    /// A client that never connects.
    idle: OnceLock<Native>,
}

impl Shared {
    /// What handles hold on to. Set by threads that hold the interpreter only.
    pub(crate) fn idle(&self) -> Result<&Native> {
        if let Some(idle) = self.idle.get() {
            return Ok(idle);
        }
        let made = self.settings.clone().build()?;
        Ok(self.idle.get_or_init(|| made))
    }

    fn slot(&self) -> MutexGuard<'_, Option<Owned<Native>>> {
        self.native.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of this process. In a forked child the parent's is leaked, and one is made anew: new connections, a new
    /// token.
    pub(crate) fn native(&self, _attached: Python<'_>) -> Result<Native> {
        let mut slot = self.slot();
        let Some(held) = slot.as_ref() else {
            return Err(Error::new(ErrorKind::Closed, "the client is closed; make a new Client"));
        };
        if let Some(native) = held.here() {
            return Ok(native.clone());
        }
        let native = self.settings.clone().build()?;
        *slot = Some(Owned::new(native.clone()));
        Ok(native)
    }
}

/// Reads a job by its id: the bytes that came, judged by core.
async fn read(client: Native, id: String) -> Result<Read> {
    let RawJson { json, raw, .. } = client.jobs::<Detect>().get_raw(&id).await?;
    Ok(Read { json, raw })
}

impl Client {
    fn prepare(&self, py: Python<'_>, images: Vec<Picture<'_>>, request: &[u8]) -> PyResult<JobBuilder<Detect>> {
        let native = self.shared.native(py).map_err(|error| raise(py, &error))?;
        let images = images.into_iter().map(Picture::into_image).collect::<PyResult<Vec<_>>>()?;
        let request = DetectRequest::from_json(request).map_err(|error| raise(py, &error))?;
        Ok(native.detect(images).request(request))
    }
}

#[pymethods]
impl Client {
    #[new]
    fn new(
        py: Python<'_>,
        client_id: Option<String>,
        client_secret: Option<String>,
        base_url: Option<String>,
        request_timeout: Option<f64>,
        allow_plain_http: bool,
    ) -> PyResult<Self> {
        guarded(|| {
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
            let native = settings.clone().build().map_err(|error| raise(py, &error))?;
            let base_url = native.base_url().to_string();
            let native = Mutex::new(Some(Owned::new(native)));
            Ok(Self { shared: Arc::new(Shared { settings, native, idle: OnceLock::new() }), base_url })
        })
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

    fn detect(&self, py: Python<'_>, images: Vec<Picture<'_>>, request: &[u8]) -> PyResult<Job> {
        guarded(|| {
            let sent = self.prepare(py, images, request)?.send();
            let job = wait(py, sent)?.map_err(|error| raise(py, &error))?;
            Job::new(Arc::clone(&self.shared), &job).map_err(|error| raise(py, &error))
        })
    }

    fn start_detect(
        &self,
        py: Python<'_>,
        event_loop: Py<PyAny>,
        future: Py<PyAny>,
        images: Vec<Picture<'_>>,
        request: &[u8],
    ) -> PyResult<Call> {
        guarded(|| {
            let sent = self.prepare(py, images, request)?.send();
            let shared = Arc::clone(&self.shared);
            start(py, Promise { event_loop, future }, sent, |py, job| {
                let job = Job::new(shared, &job).map_err(|error| raise(py, &error))?;
                Ok(Py::new(py, job)?.into_any())
            })
        })
    }

    fn get(&self, py: Python<'_>, id: String) -> PyResult<Py<PyAny>> {
        guarded(|| {
            let native = self.shared.native(py).map_err(|error| raise(py, &error))?;
            wait(py, read(native, id))?.map_err(|error| raise(py, &error))?.into_python(py)
        })
    }

    fn start_get(&self, py: Python<'_>, event_loop: Py<PyAny>, future: Py<PyAny>, id: String) -> PyResult<Call> {
        guarded(|| {
            let native = self.shared.native(py).map_err(|error| raise(py, &error))?;
            start(py, Promise { event_loop, future }, read(native, id), |py, read| read.into_python(py))
        })
    }

    fn resume(&self, py: Python<'_>, token: &str) -> PyResult<Job> {
        guarded(|| {
            let native = self.shared.native(py).map_err(|error| raise(py, &error))?;
            let job = native.resume::<Detect>(token).map_err(|error| raise(py, &error))?;
            Job::new(Arc::clone(&self.shared), &job).map_err(|error| raise(py, &error))
        })
    }
}
