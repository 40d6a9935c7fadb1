//! What a journal has of earlier processes.

use image_intelligence::{Recovered as Submit, SubmitOutcome as Became};
use image_intelligence_core::{Error, Kind, Timestamp};

/// A submit of an earlier process that nobody saw the end of.
#[derive(Debug, uniffi::Record)]
pub struct Recovered {
    /// Our own name for the job, 32 hex digits.
    pub rid: String,
    /// What the job does.
    pub kind: Kind,
    /// The namespace of a recognize job.
    pub namespace: Option<String>,
    /// The name that the job carries, if it exists: yours, or else ours.
    pub custom_id: String,
    /// How many pictures it has.
    pub images: i32,
    /// When it was sent or was about to be, by the clock of the machine that did.
    pub sent_at: Timestamp,
    /// What became of it.
    pub outcome: SubmitOutcome,
    /// With which to resume the job, where it exists.
    pub resume_token: Option<String>,
    /// The ids of jobs that may be the one, where that is not known; none is proven.
    pub candidates: Vec<String>,
    /// What to do, where it is not known whether the job exists.
    pub message: Option<String>,
}

/// What became of a submit.
#[derive(Debug, uniffi::Enum)]
pub enum SubmitOutcome {
    /// It certainly never left as a whole: there is no job, and it may be sent again.
    NotSent,
    /// The job exists, and its resume token takes it up.
    Accepted,
    /// It left, and no job that is provably it was found.
    Unknown,
}

impl From<Submit> for Recovered {
    fn from(submit: Submit) -> Self {
        Self {
            outcome: match submit.outcome {
                Became::NotSent => SubmitOutcome::NotSent,
                Became::Accepted(_) => SubmitOutcome::Accepted,
                _ => SubmitOutcome::Unknown,
            },
            resume_token: submit.resume_token().map(str::to_owned),
            candidates: submit.candidates().to_vec(),
            message: submit.error().map(Error::message).map(str::to_owned),
            rid: submit.rid.to_string(),
            kind: submit.kind,
            namespace: submit.namespace,
            custom_id: submit.custom_id,
            images: i32::try_from(submit.images).unwrap_or(i32::MAX),
            sent_at: submit.sent_at,
        }
    }
}
