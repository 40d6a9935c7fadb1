//! A job that was sent.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence::{Detect, Job};
use image_intelligence_core::{DetectJob, Timestamp};

use crate::cancel::{Cancel, Flag};
use crate::failure::Failure;
use crate::run::{closed_error, run};

/// A detect job that was sent.
#[derive(uniffi::Object)]
pub struct NativeJob {
    job: Job<Detect>,
    closed: Flag,
}

impl NativeJob {
    pub(crate) fn new(job: Job<Detect>, closed: Flag) -> Arc<Self> {
        Arc::new(Self { job, closed })
    }
}

#[uniffi::export]
impl NativeJob {
    /// The service's name for it.
    pub fn id(&self) -> String {
        self.job.id().to_owned()
    }

    /// The name that it was given.
    pub fn custom_id(&self) -> Option<String> {
        self.job.custom_id().map(str::to_owned)
    }

    /// When it was made.
    pub fn created_at(&self) -> Timestamp {
        self.job.created_at()
    }

    /// What takes it up again.
    pub fn resume_token(&self) -> String {
        self.job.resume_token()
    }

    /// The job as it is now.
    pub async fn get(&self, cancel: Option<Arc<Cancel>>) -> Result<DetectJob, Failure> {
        if self.closed.is_raised() {
            return Err(closed_error().into());
        }
        let job = self.job.clone();
        Ok(run(self.closed.clone(), cancel, async move { job.get().await }).await?)
    }

    /// Waits until the job is done: at most so long, or for 15 minutes.
    pub async fn wait(&self, limit_ms: Option<u64>, cancel: Option<Arc<Cancel>>) -> Result<DetectJob, Failure> {
        if self.closed.is_raised() {
            return Err(closed_error().into());
        }
        let job = self.job.clone();
        let wait = async move {
            match limit_ms {
                Some(limit) => job.wait_for(Duration::from_millis(limit)).await,
                None => job.wait().await,
            }
        };
        Ok(run(self.closed.clone(), cancel, wait).await?)
    }
}
