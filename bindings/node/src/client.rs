//! The client, and the handles of its jobs.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use image_intelligence::{
    Client as Native, ClientBuilder, Detect, DetectJob, DetectRequest, Dialect, Error, ErrorKind, Image, Job, RawJson,
};
use napi::bindgen_prelude::{Function, Uint8Array};
use napi::{Env, Result};
use napi_derive::napi;

use crate::calls::{Calls, Delivery, Outcome};
use crate::failure;

/// How a client is set up.
#[napi(object)]
pub struct Settings {
    pub base_url: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    /// In milliseconds.
    pub request_timeout: Option<f64>,
    pub allow_plain_http: bool,
}

/// A picture: exactly one of the three.
#[napi(object)]
pub struct Picture {
    pub url: Option<String>,
    pub path: Option<String>,
    pub data: Option<Uint8Array>,
    pub custom_id: Option<String>,
}

impl From<Picture> for Image {
    fn from(picture: Picture) -> Self {
        let image = match (picture.url, picture.path) {
            (Some(url), _) => Self::url(url),
            (None, Some(path)) => Self::file(path),
            // Copied, as JavaScript may write into it while the request is on its way.
            (None, None) => Self::bytes(picture.data.map(|data| data.to_vec()).unwrap_or_default()),
        };
        match picture.custom_id {
            Some(id) => image.custom_id(id),
            None => image,
        }
    }
}

/// A client that never connects, for handles: those that outlive `close` must keep no connection open.
#[derive(Clone)]
struct Idle {
    builder: ClientBuilder,
    built: Arc<OnceLock<Native>>,
}

impl Idle {
    fn handle(&self, job: &Job<Detect>) -> image_intelligence::Result<DetectHandle> {
        let client = if let Some(client) = self.built.get() {
            client
        } else {
            let client = self.builder.clone().build()?;
            self.built.get_or_init(|| client)
        };
        Ok(DetectHandle(job.through(client)))
    }
}

/// What `ImageIntelligence` stands on.
#[napi]
pub struct Client {
    /// None once it is closed.
    open: Option<Native>,
    idle: Idle,
    calls: Calls,
    base_url: String,
}

#[napi]
impl Client {
    /// `deliver` gets the outcomes of calls.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, settings: Settings, deliver: Function<'_, Delivery, ()>) -> Result<Self> {
        let mut builder = Native::builder()
            .dialect(Dialect::Node)
            .user_agent(concat!("image-intelligence-node/", env!("CARGO_PKG_VERSION")))
            .allow_plain_http(settings.allow_plain_http);
        if let Some(url) = settings.base_url {
            builder = builder.base_url(url);
        }
        if let Some(id) = settings.client_id {
            builder = builder.client_id(id);
        }
        if let Some(secret) = settings.client_secret {
            builder = builder.client_secret(secret);
        }
        if let Some(limit) = settings.request_timeout {
            builder = builder.request_timeout(milliseconds(limit));
        }
        let client = builder.clone().build().map_err(|error| failure::thrown(env, &error))?;
        let base_url = client.base_url().to_string();
        let idle = Idle { builder, built: Arc::default() };
        Ok(Self { open: Some(client), idle, calls: Calls::new(&deliver)?, base_url })
    }

    #[napi(getter, catch_unwind)]
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// Submits a job: `request` is its JSON, without the pictures. The outcome is a handle.
    #[napi(catch_unwind)]
    pub fn detect(&mut self, env: Env, request: String, pictures: Vec<Picture>) -> Result<u32> {
        let request = DetectRequest::from_json(request.as_bytes()).map_err(|error| failure::thrown(env, &error))?;
        let submit = self.open(env)?.detect(pictures).request(request);
        let idle = self.idle.clone();
        self.calls.start(env, async move {
            submit.send().await.and_then(|job| idle.handle(&job)).map_or_else(Outcome::Failed, Outcome::Handle)
        })
    }

    /// Reads a job by its id.
    #[napi(catch_unwind)]
    pub fn get_detect_job(&mut self, env: Env, id: String) -> Result<u32> {
        let jobs = self.open(env)?.jobs::<Detect>();
        self.calls.start(env, async move { jobs.get_raw(&id).await.map_or_else(Outcome::Failed, as_it_came) })
    }

    #[napi(catch_unwind)]
    pub fn resume(&self, env: Env, token: String) -> Result<DetectHandle> {
        let job = self.open(env)?.resume(&token);
        job.and_then(|job| self.idle.handle(&job)).map_err(|error| failure::thrown(env, &error))
    }

    /// Reads the job of a handle.
    #[napi(catch_unwind)]
    pub fn look(&mut self, env: Env, handle: &DetectHandle) -> Result<u32> {
        let job = handle.0.through(self.open(env)?);
        self.calls.start(env, async move { tied(job.get().await) })
    }

    /// Waits for the job of a handle, at most so many milliseconds.
    #[napi(catch_unwind)]
    pub fn wait(&mut self, env: Env, handle: &DetectHandle, limit: f64) -> Result<u32> {
        let job = handle.0.through(self.open(env)?);
        self.calls.start(env, async move { tied(job.wait_for(milliseconds(limit)).await) })
    }

    /// Drops a call.
    #[napi(catch_unwind)]
    pub fn cancel(&self, env: Env, call: u32) {
        self.calls.cancel(env, call);
    }

    /// Drops every call, and the connections.
    #[napi(catch_unwind)]
    pub fn close(&mut self, env: Env) {
        self.calls.close(env);
        self.open = None;
    }
}

impl Client {
    fn open(&self, env: Env) -> Result<&Native> {
        let closed = || Error::new(ErrorKind::Closed, "this client was closed; make a new ImageIntelligence");
        self.open.as_ref().ok_or_else(|| failure::thrown(env, &closed()))
    }
}

/// A job that was submitted.
#[napi]
pub struct DetectHandle(Job<Detect>);

#[napi]
impl DetectHandle {
    #[napi(getter, catch_unwind)]
    pub fn id(&self) -> String {
        self.0.id().to_owned()
    }

    #[napi(getter, catch_unwind)]
    pub fn custom_id(&self) -> Option<String> {
        self.0.custom_id().map(str::to_owned)
    }

    /// UNIX time in milliseconds.
    #[napi(getter, catch_unwind)]
    pub fn created_at(&self) -> f64 {
        self.0.created_at().as_millis() as f64
    }

    #[napi(getter, catch_unwind)]
    pub fn resume_token(&self) -> String {
        self.0.resume_token()
    }
}

/// The facade lets no time through that is negative or no number.
fn milliseconds(given: f64) -> Duration {
    Duration::try_from_secs_f64(given / 1000.0).unwrap_or(Duration::MAX)
}

/// An answer of the API: its very text, where JavaScript may parse that.
fn as_it_came(job: RawJson) -> Outcome {
    let RawJson { raw, json, ascii, .. } = job;
    match json {
        None => Outcome::Json { json: raw, ascii, raw: None },
        Some(json) => Outcome::Json { json, ascii, raw: Some(String::from_utf8_lossy(&raw).into_owned()) },
    }
}

/// A job whose pictures are tied to the caller's.
fn tied(job: image_intelligence::Result<DetectJob>) -> Outcome {
    match job {
        Ok(job) => {
            let json = job.to_json();
            Outcome::Json { ascii: json.is_ascii(), json, raw: job.raw.as_str().map(str::to_owned) }
        }
        Err(error) => Outcome::Failed(error),
    }
}
