//! Many jobs at once, each given when it ends.

use std::sync::Arc;

use image_intelligence::AnyCompleted;
use image_intelligence_core::{AnyJob, Error, ErrorKind, Result};

use crate::cancel::Cancel;
use crate::failure::{Details, Failure};
use crate::job::Told;
use crate::run::run;

/// A job that has ended, or whose wait has.
#[derive(uniffi::Record)]
pub struct Ended {
    /// Its place among the jobs.
    pub place: u64,
    /// What came of it.
    pub job: Option<Told>,
    /// Why nothing did.
    pub error: Option<Details>,
}

/// The jobs that are waited for.
#[derive(uniffi::Object)]
pub struct NativeCompleted(Arc<AnyCompleted>);

#[uniffi::export]
impl NativeCompleted {
    /// The next that ends; none after the last.
    pub async fn next(&self, cancel: Option<Arc<Cancel>>) -> Result<Option<Ended>, Failure> {
        let jobs = Arc::clone(&self.0);
        let ended = run(cancel, async move { Ok(jobs.next_job().await) }).await?;
        Ok(ended.map(|(place, result)| {
            let (job, error) = match result.and_then(told) {
                Ok(job) => (Some(job), None),
                Err(error) => (None, Some(Details::from(error))),
            };
            Ended { place: place as u64, job, error }
        }))
    }
}

impl NativeCompleted {
    pub(crate) fn new(jobs: AnyCompleted) -> Arc<Self> {
        Arc::new(Self(Arc::new(jobs)))
    }
}

fn told(job: AnyJob) -> Result<Told> {
    Ok(match job {
        AnyJob::Detect(job) => job.into(),
        AnyJob::Match(job) => job.into(),
        AnyJob::Ask(job) => job.into(),
        AnyJob::Recognize(job) => job.into(),
        _ => return Err(Error::new(ErrorKind::InvalidResponse, "a job of a kind that this version cannot name")),
    })
}
