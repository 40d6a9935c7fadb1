//! The client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence::{Client, Detect};
use image_intelligence_core::{Class, DetectJob, Dialect, Result};

use crate::cancel::{Cancel, Flag};
use crate::failure::Failure;
use crate::image::Picture;
use crate::job::NativeJob;
use crate::run::{closed_error, run};

/// The language on the other side.
#[derive(Debug, Clone, Copy, uniffi::Enum)]
pub enum Host {
    /// Kotlin, on a phone or a JVM.
    Kotlin,
    /// Swift.
    Swift,
}

/// A client, until it is shut down.
#[derive(uniffi::Object)]
pub struct NativeClient {
    client: Mutex<Option<Client>>,
    closed: Flag,
}

#[uniffi::export]
impl NativeClient {
    /// A client with what is passed, and else with what the environment says.
    #[uniffi::constructor]
    pub fn new(
        host: Host,
        client_id: Option<String>,
        client_secret: Option<String>,
        base_url: Option<String>,
        request_timeout_ms: Option<u64>,
        allow_plain_http: bool,
    ) -> Result<Arc<Self>, Failure> {
        let (dialect, agent) = match host {
            Host::Kotlin => (Dialect::Kotlin, concat!("image-intelligence-kotlin/", env!("CARGO_PKG_VERSION"))),
            Host::Swift => (Dialect::Swift, concat!("image-intelligence-swift/", env!("CARGO_PKG_VERSION"))),
        };
        let mut builder = Client::builder().from_env().dialect(dialect).user_agent(agent);
        if let Some(id) = client_id {
            builder = builder.client_id(id);
        }
        if let Some(secret) = client_secret {
            builder = builder.client_secret(secret);
        }
        if let Some(url) = base_url {
            builder = builder.base_url(url);
        }
        if let Some(limit) = request_timeout_ms {
            builder = builder.request_timeout(Duration::from_millis(limit));
        }
        let client = builder.allow_plain_http(allow_plain_http).build()?;
        Ok(Arc::new(Self { client: Mutex::new(Some(client)), closed: Flag::default() }))
    }

    /// Where the API is.
    pub fn base_url(&self) -> Result<String, Failure> {
        Ok(self.client()?.base_url().to_string())
    }

    /// Sends a detect job.
    pub async fn detect(
        &self,
        images: Vec<Picture>,
        classes: Vec<Class>,
        custom_id: Option<String>,
        feed_id: Option<String>,
        webhook_url: Option<String>,
        bounding_boxes: bool,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Arc<NativeJob>, Failure> {
        let mut job = self.client()?.detect(images).classes(classes).bounding_boxes(bounding_boxes);
        if let Some(id) = custom_id {
            job = job.custom_id(id);
        }
        if let Some(id) = feed_id {
            job = job.feed_id(id);
        }
        if let Some(url) = webhook_url {
            job = job.webhook_url(url);
        }
        let job = run(self.closed.clone(), cancel, job.send()).await?;
        Ok(NativeJob::new(job, self.closed.clone()))
    }

    /// A detect job as it is now.
    pub async fn detect_job(&self, id: String, cancel: Option<Arc<Cancel>>) -> Result<DetectJob, Failure> {
        let jobs = self.client()?.jobs::<Detect>();
        Ok(run(self.closed.clone(), cancel, async move { jobs.get(&id).await }).await?)
    }

    /// Takes up a job again.
    pub fn resume(&self, token: String) -> Result<Arc<NativeJob>, Failure> {
        Ok(NativeJob::new(self.client()?.resume(&token)?, self.closed.clone()))
    }

    /// Ends every call under way, of the client and of its jobs, and refuses others. Again: nothing.
    pub fn shut_down(&self) {
        self.closed.raise();
        self.client.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl NativeClient {
    fn client(&self) -> Result<Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed_error)
    }
}
