//! The end of a job that will have no result.

use crate::answer;
use crate::model::model;
use crate::open_enum::open_enum;
use crate::{Kind, Raw, Result, Rid, Timestamp};

open_enum! {
    /// Why a job will have no result.
    pub enum GaveUpReason {
        /// The API does not know the job any more.
        JobLost = "job_lost",
        /// It was not done within 30 days.
        NeverEnded = "never_ended",
    }
}

impl Default for GaveUpReason {
    /// What an end without a reason reads as.
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

model! {
    /// The end of one of our own jobs that will have no result: an inbox says so in its place, once.
    pub struct GaveUp {
        /// Our own name for the job, 32 hex digits.
        "rid" => pub rid: String,
        /// What the job does: `detect`, `match`, `ask` or `recognize`.
        "kind" => pub kind: String,
        /// The namespace of a recognize job.
        "namespace" => pub namespace: Option<String>,
        /// The service's name for the job, where it was ever known.
        "id" => pub id: Option<String>,
        /// The customId that the job carried.
        "customId" => pub custom_id: Option<String>,
        /// Why.
        "reason" => pub reason: GaveUpReason,
        /// When the job was sent, by the inbox's clock.
        "submittedAt" => pub submitted_at: Option<Timestamp>,
        /// When it was given up, by the inbox's clock.
        "gaveUpAt" => pub gave_up_at: Option<Timestamp>,
    }
    beside {
        /// The JSON that it was read from.
        pub raw: Raw,
    }
}

impl GaveUp {
    /// The end of the job of that name.
    ///
    /// ```
    /// use image_intelligence_core::{GaveUp, GaveUpReason, Kind, Rid, Timestamp};
    ///
    /// let end = GaveUp::new(Rid::from_bytes([7; 16]), Kind::Detect, GaveUpReason::JobLost, Timestamp::from_millis(1_700_000_000_000));
    /// let read = GaveUp::from_json(&end.to_json())?;
    /// assert_eq!(read, end);
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn new(rid: Rid, kind: Kind, reason: GaveUpReason, at: Timestamp) -> Self {
        Self { rid: rid.to_string(), kind: kind.as_str().to_owned(), reason, gave_up_at: Some(at), ..Self::default() }
    }

    /// Reads what [`to_json`](Self::to_json) wrote. Fails with `invalid_response` where it is no JSON object.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let (mut read, raw) = answer::from_json::<Self>("the end of a job", json)?;
        read.raw = raw;
        Ok(read)
    }

    /// As canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        crate::job::to_json(self)
    }
}
