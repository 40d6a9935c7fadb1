//! Ways through a job's results. They stand in core; here they are lent to both languages.

use image_intelligence_core as core;
use image_intelligence_core::{
    AskJob, BoundingBox, DetectImageResult, DetectJob, Face, ImageResult, ImageStatus, Input, JobStatus, MatchJob,
    RecognizeJob, RecognizedImage, RegisteredEvent,
};

use crate::job::Told;

/// An object of a class in a picture.
#[derive(Debug, uniffi::Record)]
pub struct Hit {
    /// The picture.
    pub image: ImageRef,
    /// How sure the service is, 0 to 1; 0 where it does not say.
    pub confidence: f64,
    /// Whether the service is certain.
    pub verdict: Option<bool>,
    /// Where in the picture it is.
    pub bounding_box: Option<BoundingBox>,
}

/// A face in a picture.
#[derive(Debug, uniffi::Record)]
pub struct FaceHit {
    /// The picture.
    pub image: ImageRef,
    /// The face.
    pub face: Face,
}

/// Which picture a result speaks of.
#[derive(Debug, uniffi::Record)]
pub struct ImageRef {
    /// The service's name for it.
    pub id: Option<String>,
    /// Where it was fetched.
    pub url: Option<String>,
    /// Where the service keeps it.
    pub proxy_url: Option<String>,
    /// The caller's name for it.
    pub custom_id: Option<String>,
    /// Which of the caller's pictures it is, where that is certain.
    pub input: Option<Input>,
    /// What says most to a person: the customId, else the URL or file that was passed in, else the service's id.
    pub name: String,
}

impl From<core::ImageView<'_>> for ImageRef {
    fn from(view: core::ImageView<'_>) -> Self {
        Self {
            id: view.id.map(str::to_owned),
            url: view.url.map(str::to_owned),
            proxy_url: view.proxy_url.map(str::to_owned),
            custom_id: view.custom_id.map(str::to_owned),
            input: view.input.cloned(),
            name: view.custom_id_or_url().to_owned(),
        }
    }
}

/// Every picture in which the class was found, the surest first.
#[uniffi::export]
pub fn found(job: &DetectJob, name: &str) -> Vec<Hit> {
    let hit = |hit: core::Hit<'_>| Hit {
        image: hit.image.into(),
        confidence: hit.confidence,
        verdict: hit.verdict,
        bounding_box: hit.bounding_box,
    };
    job.found(name).into_iter().map(hit).collect()
}

/// Every class that was found in some picture, in alphabetical order.
#[uniffi::export]
pub fn classes(job: &DetectJob) -> Vec<String> {
    job.classes().into_iter().map(str::to_owned).collect()
}

/// Every class that was found in a picture, in alphabetical order.
#[uniffi::export]
pub fn classes_of(result: &DetectImageResult) -> Vec<String> {
    result.classes().into_iter().map(str::to_owned).collect()
}

/// The picture that shows the target, where one does.
#[uniffi::export]
pub fn matched(job: &MatchJob) -> Option<ImageRef> {
    job.matched().map(ImageRef::from)
}

/// A picture for which the answer is yes, where there is one.
#[uniffi::export]
pub fn yes(job: &AskJob) -> Option<ImageRef> {
    job.yes().map(ImageRef::from)
}

/// Every face that was found, with its picture.
#[uniffi::export]
pub fn faces(job: &RecognizeJob) -> Vec<FaceHit> {
    job.faces().map(|hit| FaceHit { image: hit.image.into(), face: hit.face.clone() }).collect()
}

/// Which picture a result speaks of.
#[uniffi::export]
pub fn image_of(result: &DetectImageResult) -> ImageRef {
    result.view().into()
}

/// The same of a match or ask job.
#[uniffi::export]
pub fn image_of_result(result: &ImageResult) -> ImageRef {
    result.view().into()
}

/// The same of a recognize job.
#[uniffi::export]
pub fn image_of_recognized(result: &RecognizedImage) -> ImageRef {
    result.view().into()
}

/// Whether nothing more will come.
#[uniffi::export]
pub fn is_done(status: &JobStatus) -> bool {
    status.is_done()
}

/// Whether something went wrong.
#[uniffi::export]
pub fn is_error(status: &ImageStatus) -> bool {
    status.is_error()
}

/// What to do about an error, in a line.
#[uniffi::export]
pub fn advice(status: &ImageStatus) -> Option<String> {
    status.advice().map(str::to_owned)
}

/// The job as JSON: what is understood of it, in the API's own names.
#[uniffi::export]
pub fn job_json(job: Told) -> String {
    let json = match job {
        Told::Detect { job } => job.to_json(),
        Told::Match { job } => job.to_json(),
        Told::Ask { job } => job.to_json(),
        Told::Recognize { job } => job.to_json(),
    };
    String::from_utf8_lossy(&json).into_owned()
}

/// An event as JSON, in the same way.
#[uniffi::export]
pub fn event_json(event: &RegisteredEvent) -> String {
    String::from_utf8_lossy(&event.to_json()).into_owned()
}
