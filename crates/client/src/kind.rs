//! What the kinds of job have in common, so that waiting and searching are written once.

use image_intelligence_core::{DetectJob, Inputs, JobStatus, Kind, Result, Timestamp};

use crate::detect::Detect;

/// A kind of job: [`Detect`].
///
/// Sealed: the kinds are the API's.
pub trait JobKind: sealed::Sealed + Send + Sync + 'static {
    /// The job as the API answers it.
    type Job: Clone + std::fmt::Debug + Send + Sync + 'static;
    /// Its name on the wire.
    const KIND: Kind;

    /// For spans: the path of submits and searches.
    #[doc(hidden)]
    const ALL: &'static str;
    /// For spans: the path of one job.
    #[doc(hidden)]
    const ONE: &'static str;
    #[doc(hidden)]
    fn read(json: &[u8]) -> Result<Self::Job>;
    #[doc(hidden)]
    fn read_list(json: &[u8]) -> Result<Vec<Self::Job>>;
    #[doc(hidden)]
    fn facts(job: &Self::Job) -> Facts<'_>;
    #[doc(hidden)]
    fn tie(job: &mut Self::Job, inputs: &Inputs);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Detect {}
}

/// What every job says of itself.
#[doc(hidden)]
#[derive(Debug)]
pub struct Facts<'a> {
    pub(crate) id: &'a str,
    pub(crate) status: &'a JobStatus,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) custom_id: Option<&'a str>,
    pub(crate) image_custom_ids: Vec<&'a str>,
}

impl JobKind for Detect {
    type Job = DetectJob;
    const KIND: Kind = Kind::Detect;
    const ALL: &'static str = "/detect";
    const ONE: &'static str = "/detect/{id}";

    fn read(json: &[u8]) -> Result<DetectJob> {
        DetectJob::from_json(json)
    }

    fn read_list(json: &[u8]) -> Result<Vec<DetectJob>> {
        DetectJob::list_from_json(json)
    }

    fn facts(job: &DetectJob) -> Facts<'_> {
        Facts {
            id: &job.id,
            status: &job.status,
            created_at: job.created_at,
            custom_id: job.custom_id.as_deref(),
            image_custom_ids: job.image_results.iter().filter_map(|image| image.custom_id.as_deref()).collect(),
        }
    }

    fn tie(job: &mut DetectJob, inputs: &Inputs) {
        job.tie(inputs);
    }
}
