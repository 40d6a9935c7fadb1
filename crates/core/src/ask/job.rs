//! An ask job as the API answers it.

use crate::job::job;
use crate::model::model;
use crate::picture::tie_all;
use crate::read::read_as_one;
use crate::{ImageResult, ImageView, Inputs, JobImage, JobStatus, Raw, Timestamp};

model! {
    /// An ask job: under way, or with its answer.
    ///
    /// ```
    /// use image_intelligence_core::AskJob;
    ///
    /// let job = AskJob::from_json(br#"{
    ///     "id": "5d689c71", "status": "COMPLETED_SUCCESSFULLY", "question": "Is the door open?",
    ///     "jobResults": {"image": {"customId": "door-7"}}, "imageResults": []
    /// }"#)?;
    /// assert_eq!(job.yes().unwrap().custom_id_or_url(), "door-7");
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub struct AskJob {
        /// The service's name for the job.
        "id" => pub id: String,
        /// What was asked.
        "question" => pub question: String,
        /// Pictures for which the answer is known, where some were given.
        "examples" => pub examples: Option<AskExamples>,
        /// The answer; empty until the job is done.
        "jobResults" => pub job_results: AskJobResult,
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
    /// The answer of an ask job.
    pub struct AskJobResult {
        /// A picture for which the answer is yes; absent where it is no for all of them.
        "image" => pub image: Option<JobImage>,
    }
}

model! {
    /// Pictures for which the answer to a question is known.
    pub struct AskExamples {
        /// URLs of pictures for which it is yes.
        "yes" => pub yes: Option<Vec<String>>,
        /// URLs of pictures for which it is no.
        "no" => pub no: Option<Vec<String>>,
    }
}

read_as_one!(AskJobResult);

job!(AskJob is Ask, of body {
    question: body.question.value,
    examples: body.examples,
    job_results: body.job_results.value.into_iter().next().unwrap_or_default().into(),
    image_results: body.image_results.value.plain(),
});

impl AskJob {
    /// A picture for which the answer is yes, where there is one.
    pub fn yes(&self) -> Option<ImageView<'_>> {
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
