//! The client, and the handles of its jobs.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence::{AnyHandle, AnyRows, Client as Native, Dialect, Error, ErrorKind, Image, SchedulePolicy};
use napi::bindgen_prelude::{Function, Uint8Array};
use napi::{Env, Result};
use napi_derive::napi;
use tokio::sync::Mutex;

use crate::calls::{Calls, Deliveries, Outcome};
use crate::receiver::Receiver;
use crate::{failure, kind_of};

/// How a client is set up.
#[napi(object)]
pub struct Settings {
    pub base_url: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    /// In milliseconds.
    pub request_timeout: Option<f64>,
    pub requests_per_second: Option<f64>,
    pub journal: Option<String>,
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

/// What `ImageIntelligence` stands on.
#[napi]
pub struct Client {
    /// None once it is closed.
    open: Option<Native>,
    pub(crate) calls: Calls,
    base_url: String,
}

#[napi]
impl Client {
    /// `deliver` gets the outcomes of calls.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        settings: Settings,
        deliver: Function<'_, Deliveries, ()>,
        webhooks: Option<&Receiver>,
    ) -> Result<Self> {
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
        if let Some(rate) = settings.requests_per_second {
            let mut schedule = SchedulePolicy::default();
            schedule.requests_per_second = rate;
            builder = builder.schedule(schedule);
        }
        if let Some(path) = settings.journal {
            builder = builder.journal(path);
        }
        if let Some(receiver) = webhooks {
            builder = builder.webhooks(&receiver.0);
        }
        let client = builder.build().map_err(|error| failure::thrown(env, &error))?;
        let base_url = client.base_url().to_string();
        Ok(Self { open: Some(client), calls: Calls::new(&deliver)?, base_url })
    }

    #[napi(getter, catch_unwind)]
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// Submits a job of a kind: `request` is its JSON, without the pictures. The outcome is a handle.
    #[napi(catch_unwind)]
    pub fn job(
        &mut self,
        env: Env,
        kind: String,
        namespace: Option<String>,
        request: String,
        pictures: Vec<Picture>,
        deliver: Option<bool>,
    ) -> Result<u32> {
        let client = self.open(env)?;
        let job = kind_of(&kind).and_then(|kind| client.any_job(kind, namespace, pictures, request.as_bytes()));
        let job = job.map_err(|error| failure::thrown(env, &error))?.deliver(deliver.unwrap_or(true));
        self.calls.start(env, async move { Outcome::of(job.send().await, Outcome::handle) })
    }

    /// Makes the call of that name, with its arguments as JSON. What there is to call is the client's to say.
    #[napi(catch_unwind)]
    pub fn call(&mut self, env: Env, name: String, arguments: String) -> Result<u32> {
        let client = self.open(env)?.clone();
        let call = async move { client.call(&name, arguments.as_bytes()).await };
        self.calls.start(env, async move { Outcome::of(call.await, Outcome::answer) })
    }

    /// Every row of a search, of which nothing is fetched yet.
    #[napi(catch_unwind)]
    pub fn rows(&self, env: Env, room: String, arguments: String) -> Result<Rows> {
        let rows = self.open(env)?.rows(&room, arguments.as_bytes()).map_err(|error| failure::thrown(env, &error))?;
        Ok(Rows(Arc::new(Mutex::new(rows))))
    }

    /// Fetches the next rows, as many as one request brings. The outcome is a list, or nothing after the last.
    #[napi(catch_unwind)]
    pub fn page(&mut self, env: Env, rows: &Rows) -> Result<u32> {
        self.open(env)?;
        let rows = Arc::clone(&rows.0);
        let page = async move { rows.lock().await.next_page().await };
        self.calls.start(env, async move { Outcome::of(page.await, |page| page.map_or(Outcome::Done, Outcome::many)) })
    }

    #[napi(catch_unwind)]
    pub fn resume(&self, env: Env, token: String) -> Result<JobHandle> {
        self.open(env)?.resume_any(&token).map(JobHandle).map_err(|error| failure::thrown(env, &error))
    }

    /// Reads the job of a handle.
    #[napi(catch_unwind)]
    pub fn look(&mut self, env: Env, handle: &JobHandle) -> Result<u32> {
        self.open(env)?;
        let job = handle.0.clone();
        self.calls.start(env, async move { Outcome::of(job.get().await, Outcome::one) })
    }

    /// Waits for the job of a handle, at most so many milliseconds.
    #[napi(catch_unwind)]
    pub fn wait(&mut self, env: Env, handle: &JobHandle, limit: f64) -> Result<u32> {
        self.open(env)?;
        let job = handle.0.clone();
        self.calls.start(env, async move { Outcome::of(job.wait_for(milliseconds(limit)).await, Outcome::one) })
    }

    /// Drops a call.
    #[napi(catch_unwind)]
    pub fn cancel(&self, env: Env, call: u32) {
        self.calls.cancel(env, call);
    }

    /// Drops every call, and the connections, whoever still holds a handle.
    #[napi(catch_unwind)]
    pub fn close(&mut self, env: Env) {
        self.calls.close(env);
        if let Some(client) = self.open.take() {
            client.close();
        }
    }
}

impl Client {
    pub(crate) fn open(&self, env: Env) -> Result<&Native> {
        let closed = || Error::new(ErrorKind::Closed, "this client was closed; make a new ImageIntelligence");
        self.open.as_ref().ok_or_else(|| failure::thrown(env, &closed()))
    }
}

/// Rows that are fetched page by page.
#[napi]
pub struct Rows(Arc<Mutex<AnyRows>>);

/// A job that was submitted.
#[napi]
pub struct JobHandle(pub(crate) AnyHandle);

#[napi]
impl JobHandle {
    #[napi(getter, catch_unwind)]
    pub fn kind(&self) -> &'static str {
        self.0.kind().as_str()
    }

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
pub(crate) fn milliseconds(given: f64) -> Duration {
    Duration::try_from_secs_f64(given / 1000.0).unwrap_or(Duration::MAX)
}
