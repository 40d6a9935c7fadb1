//! A job of a kind that only its value tells.

use crate::{AskJob, DetectJob, Inputs, JobStatus, Kind, MatchJob, Raw, RecognizeJob, Result, Timestamp, WebhookEvent};

/// A job of any kind, as the API says it.
///
/// ```
/// use image_intelligence_core::{AnyJob, Kind};
///
/// let job = AnyJob::from_json(Kind::Ask, br#"{"id": "f9d73f87", "status": "IN_PROGRESS"}"#)?;
/// assert_eq!((job.kind(), job.id(), job.status().is_done()), (Kind::Ask, "f9d73f87", false));
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AnyJob {
    /// Finds objects.
    Detect(DetectJob),
    /// Finds a target.
    Match(MatchJob),
    /// Answers a question.
    Ask(AskJob),
    /// Finds faces.
    Recognize(RecognizeJob),
}

macro_rules! each {
    ($any:expr, $one:ident => $do:expr) => {
        match $any {
            AnyJob::Detect($one) => $do,
            AnyJob::Match($one) => $do,
            AnyJob::Ask($one) => $do,
            AnyJob::Recognize($one) => $do,
        }
    };
}

impl AnyJob {
    /// Reads a job of that kind. Fails with `invalid_response` where it is no JSON object, or has no `id`.
    pub fn from_json(kind: Kind, json: &[u8]) -> Result<Self> {
        Ok(match kind {
            Kind::Detect => Self::Detect(DetectJob::from_json(json)?),
            Kind::Match => Self::Match(MatchJob::from_json(json)?),
            Kind::Ask => Self::Ask(AskJob::from_json(json)?),
            Kind::Recognize => Self::Recognize(RecognizeJob::from_json(json)?),
        })
    }

    /// What it does.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Detect(_) => Kind::Detect,
            Self::Match(_) => Kind::Match,
            Self::Ask(_) => Kind::Ask,
            Self::Recognize(_) => Kind::Recognize,
        }
    }

    /// The service's name for it.
    pub fn id(&self) -> &str {
        each!(self, job => &job.id)
    }

    /// How far it has come.
    pub fn status(&self) -> &JobStatus {
        each!(self, job => &job.status)
    }

    /// When it was made, by the service's clock.
    pub fn created_at(&self) -> Option<Timestamp> {
        each!(self, job => job.created_at)
    }

    /// The name that it was given when it was made.
    pub fn custom_id(&self) -> Option<&str> {
        each!(self, job => job.custom_id.as_deref())
    }

    /// Where the service posts it when it is done.
    pub fn webhook_url(&self) -> Option<&str> {
        each!(self, job => job.webhook_url.as_deref())
    }

    /// The job as it came.
    pub fn raw(&self) -> &Raw {
        each!(self, job => &job.raw)
    }

    /// The job as canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        each!(self, job => job.to_json())
    }

    /// Ties each picture of the answer to the caller's, and hides what the caller did not write: the customIds that were stamped on
    /// the way out, and the callback URL that was minted, which is a secret.
    pub fn tie(&mut self, inputs: &Inputs) {
        each!(self, job => job.tie(inputs));
    }
}

macro_rules! from {
    ($($model:ident => $kind:ident;)+) => {$(
        impl From<$model> for AnyJob {
            fn from(job: $model) -> Self {
                Self::$kind(job)
            }
        }
    )+};
}
from! { DetectJob => Detect; MatchJob => Match; AskJob => Ask; RecognizeJob => Recognize; }

impl From<AnyJob> for WebhookEvent {
    fn from(job: AnyJob) -> Self {
        match job {
            AnyJob::Detect(job) => Self::Detect(job),
            AnyJob::Match(job) => Self::Match(job),
            AnyJob::Ask(job) => Self::Ask(job),
            AnyJob::Recognize(job) => Self::Recognize(job),
        }
    }
}
