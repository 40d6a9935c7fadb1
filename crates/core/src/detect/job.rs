//! A detect job as the API answers it, and easy ways through its results.

use crate::inputs::{Input, Inputs};
use crate::job::job;
use crate::model::model;
use crate::picture::{pictured, tie_all};
use crate::read::{deserialize_from_text, from_text};
use crate::{BoundingBox, ImageStatus, ImageView, JobStatus, Raw, Timestamp};

model! {
    /// A detect job: under way, or with its results.
    ///
    /// ```
    /// use image_intelligence_core::DetectJob;
    ///
    /// let job = DetectJob::from_json(br#"{
    ///     "id": "5d689c71", "status": "COMPLETED_SUCCESSFULLY", "createdAt": 1487648348000,
    ///     "jobResults": [],
    ///     "imageResults": [{"customId": "door", "status": "COMPLETED_SUCCESSFULLY",
    ///                       "objects": [{"class": "person", "confidence": 0.99, "verdict": true}]}]
    /// }"#)?;
    /// for hit in job.found("person") {
    ///     assert_eq!((hit.image.custom_id_or_url(), hit.confidence), ("door", 0.99));
    /// }
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub struct DetectJob {
        /// The service's name for the job.
        "id" => pub id: String,
        /// One for each class that was asked for; empty until the job is done.
        "jobResults" => pub job_results: Vec<DetectJobResult>,
        /// One for each picture, in no promised order.
        "imageResults" => pub image_results: Vec<DetectImageResult>,
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
    /// The picture that was chosen for a class.
    pub struct DetectJobResult {
        /// The class.
        "class" => pub class: String,
        /// The picture; absent where the class was found in none.
        "image" => pub image: Option<DetectJobImage>,
        /// Whether a human checked it.
        "hitl" => pub hitl: Option<bool>,
    }
}

model! {
    /// A picture that was chosen for a class.
    pub struct DetectJobImage {
        /// The service's name for the picture.
        "id" => pub id: Option<String>,
        /// Where it was fetched; absent for one that was sent along.
        "url" (not_empty) => pub url: Option<String>,
        /// Where the service keeps it.
        "proxyUrl" (not_empty) => pub proxy_url: Option<String>,
        /// The caller's name for it.
        "customId" => pub custom_id: Option<String>,
        /// How sure the service is, 0 to 1.
        "confidence" => pub confidence: Option<f64>,
        /// Which of the caller's pictures it is, where that is certain.
        "input" (ours) => pub input: Option<Input>,
    }
}

model! {
    /// What became of one picture.
    pub struct DetectImageResult {
        /// The service's name for the picture.
        "id" => pub id: Option<String>,
        /// Where it was fetched; absent for one that was sent along.
        "url" (not_empty) => pub url: Option<String>,
        /// Where the service keeps it.
        "proxyUrl" (not_empty) => pub proxy_url: Option<String>,
        /// The caller's name for it.
        "customId" => pub custom_id: Option<String>,
        /// What was found in it.
        "objects" => pub objects: Vec<DetectedObject>,
        /// What became of it.
        "status" => pub status: ImageStatus,
        /// Which of the caller's pictures it is, where that is certain.
        "input" (ours) => pub input: Option<Input>,
    }
}

model! {
    /// One object in one picture.
    pub struct DetectedObject {
        /// What it is.
        "class" => pub class: String,
        /// How sure the service is, 0 to 1.
        "confidence" => pub confidence: f64,
        /// Whether the service is certain.
        "verdict" => pub verdict: Option<bool>,
        /// Where in the picture it is, where that was asked for and the server says it.
        "boundingBox" => pub bounding_box: Option<BoundingBox>,
    }
}

deserialize_from_text!(DetectedObject, |text| from_text::<Option<DetectedObject>>(text)
    .ok()
    .flatten()
    .ok_or("expected an object with class and confidence"));

impl DetectJobResult {
    pub(crate) const CLASS: usize = 0;
}

impl DetectImageResult {
    pub(crate) const OBJECTS: usize = 4;

    /// Every class that was found in it, in alphabetical order.
    pub fn classes(&self) -> Vec<&str> {
        let mut classes: Vec<_> = self.objects.iter().map(|object| object.class.as_str()).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}

impl DetectedObject {
    /// An object of a class, `confidence` from 0 to 1.
    pub fn new(class: impl Into<String>, confidence: f64) -> Self {
        Self { class: class.into(), confidence, ..Self::default() }
    }
}

job!(DetectJob is Detect, of body {
    job_results: body.job_results.value.into_iter().map(Into::into).collect(),
    image_results: body.image_results.value.items,
});

impl DetectJob {
    // The numbers of fields that tell bodies apart, for those who look into them for more than their own sake.
    pub(crate) const JOB_RESULTS: usize = 1;
    pub(crate) const IMAGE_RESULTS: usize = 2;
    pub(crate) const STATUS: usize = 4;

    /// Every picture in which the class was found, the surest first.
    pub fn found<'a>(&'a self, class: &str) -> Vec<Hit<'a>> {
        let mut hits = Vec::new();
        for image in &self.image_results {
            hits.extend(image.objects.iter().filter(|object| object.class == class).map(|object| Hit {
                image: image.view(),
                confidence: object.confidence,
                verdict: object.verdict,
                bounding_box: object.bounding_box,
            }));
        }
        // A server may leave out the objects of each picture and name only the one it chose.
        for chosen in self.job_results.iter().filter(|result| result.class == class) {
            let Some(image) = &chosen.image else { continue };
            let view = image.view();
            if !hits.iter().any(|hit: &Hit<'_>| hit.image.may_be(&view)) {
                let confidence = image.confidence.unwrap_or_default();
                hits.push(Hit { image: view, confidence, verdict: None, bounding_box: None });
            }
        }
        hits.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        hits
    }

    /// Every class that was found in some picture, in alphabetical order.
    pub fn classes(&self) -> Vec<&str> {
        let objects = self.image_results.iter().flat_map(|image| &image.objects).map(|object| object.class.as_str());
        let chosen =
            self.job_results.iter().filter(|result| result.image.is_some()).map(|result| result.class.as_str());
        let mut classes: Vec<_> = objects.chain(chosen).filter(|class| !class.is_empty()).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    /// The pictures that could not be looked at.
    pub fn errors(&self) -> impl Iterator<Item = &DetectImageResult> {
        self.image_results.iter().filter(|image| image.status.is_error())
    }

    /// Ties each picture of the answer to the caller's, and hides what the caller did not write: the customIds that were stamped on
    /// the way out, and the callback URL that was minted, which is a secret.
    pub fn tie(&mut self, inputs: &Inputs) {
        inputs.hide_minted(&mut self.webhook_url);
        tie_all(&mut self.image_results, inputs);
        tie_all(self.job_results.iter_mut().filter_map(|result| result.image.as_mut()), inputs);
    }
}

/// An object of a class in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Hit<'a> {
    /// The picture.
    pub image: ImageView<'a>,
    /// How sure the service is, 0 to 1; 0 where it does not say.
    pub confidence: f64,
    /// Whether the service is certain.
    pub verdict: Option<bool>,
    /// Where in the picture it is.
    pub bounding_box: Option<BoundingBox>,
}

pictured!(DetectImageResult, DetectJobImage);
