//! A match job as the API answers it.

use crate::job::job;
use crate::model::model;
use crate::picture::tie_all;
use crate::read::read_as_one;
use crate::{ImageResult, ImageView, Inputs, JobImage, JobStatus, Raw, Timestamp};

model! {
    /// A match job: under way, or with its result.
    ///
    /// ```
    /// use image_intelligence_core::MatchJob;
    ///
    /// let job = MatchJob::from_json(br#"{
    ///     "id": "5d689c71", "status": "COMPLETED_SUCCESSFULLY",
    ///     "jobResults": {"target": {"class": "dog", "images": ["https://example.com/rex.jpg"]},
    ///                    "image": {"customId": "door"}, "hitl": true},
    ///     "imageResults": [{"customId": "door", "status": "COMPLETED_SUCCESSFULLY"}]
    /// }"#)?;
    /// assert_eq!(job.matched().unwrap().custom_id_or_url(), "door");
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub struct MatchJob {
        /// The service's name for the job.
        "id" => pub id: String,
        /// What was found; empty until the job is done.
        "jobResults" => pub job_results: MatchJobResult,
        /// One for each picture, in no promised order.
        "imageResults" => pub image_results: Vec<ImageResult>,
        /// When the job was made, by the service's clock.
        "createdAt" => pub created_at: Option<Timestamp>,
        /// How far it has come.
        "status" => pub status: JobStatus,
        /// The name that the job was given when it was made, by the caller or else by us.
        "customId" => pub custom_id: Option<String>,
        /// Which camera or source the pictures came from.
        "feedId" => pub feed_id: Option<String>,
        /// Where the service posts the finished job.
        "webhookUrl" => pub webhook_url: Option<String>,
    }
    beside {
        /// The job as it came, with every field that this version does not know.
        pub raw: Raw,
    }
}

model! {
    /// The target of a match job, and the picture that shows it.
    pub struct MatchJobResult {
        /// What was looked for.
        "target" => pub target: Option<MatchTarget>,
        /// The picture; absent where none shows the target.
        "image" => pub image: Option<JobImage>,
        /// Whether a human checked it.
        "hitl" => pub hitl: Option<bool>,
    }
}

model! {
    /// What a match job looked for.
    pub struct MatchTarget {
        /// What sort of thing it is, such as `dog`.
        "class" => pub class: String,
        /// The caller's name for it.
        "customId" => pub custom_id: Option<String>,
        /// The pictures that show it, as URLs.
        "images" => pub images: Vec<String>,
    }
}

read_as_one!(MatchJobResult);

job!(MatchJob is Match, of body {
    job_results: body.job_results.value.into_iter().next().unwrap_or_default().into(),
    image_results: body.image_results.value.plain(),
});

impl MatchJob {
    /// The picture that shows the target, where one does.
    pub fn matched(&self) -> Option<ImageView<'_>> {
        self.job_results.image.as_ref().map(JobImage::view)
    }

    /// The pictures that could not be looked at.
    pub fn errors(&self) -> impl Iterator<Item = &ImageResult> {
        self.image_results.iter().filter(|image| image.status.is_error())
    }

    /// Ties each picture of the answer to the caller's, and hides what the caller did not write: the customIds that were stamped on
    /// the way out, and the callback URL that was minted, which is a secret.
    pub fn tie(&mut self, inputs: &Inputs) {
        inputs.hide_minted(&mut self.webhook_url);
        tie_all(&mut self.image_results, inputs);
        tie_all(&mut self.job_results.image, inputs);
    }
}
