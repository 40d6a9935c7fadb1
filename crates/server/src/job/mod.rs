//! A job as the server keeps it, and the answer that it makes of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use image_intelligence_core::{
    Class, DetectImageResult, DetectJob, DetectJobImage, DetectJobResult, DetectRequest, DetectedObject, ImageStatus,
    JobStatus, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::script::Answer;

/// From this confidence on the service calls itself certain: an object's `verdict`.
pub const VERDICT_FROM: f64 = 0.5;

#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// The client id that made it; nobody else sees it.
    pub(crate) owner: String,
    pub(crate) created_at: Timestamp,
    /// What was asked, without the pictures' bytes.
    pub(crate) request: Arc<DetectRequest>,
    /// The id of each picture, as the request orders them.
    pub(crate) pictures: Arc<[String]>,
    /// What became of each picture; `None` while the work goes on.
    pub(crate) outcomes: Option<Arc<[Outcome]>>,
    /// How often it was shown, where the progression counts that.
    pub(crate) shown: u32,
    /// About what the request takes in memory, in bytes, its pictures left out.
    pub(crate) weight: usize,
}

/// What became of one picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    pub(crate) status: ImageStatus,
    /// Of the classes that were asked for, spelt as they were; the surest first.
    pub(crate) objects: Vec<DetectedObject>,
}

impl Outcome {
    /// About what it takes in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        128 + self.objects.len() * 160
    }

    pub(crate) fn failed(status: ImageStatus) -> Self {
        Self { status, objects: Vec::new() }
    }

    /// What an answer means for the classes that were asked for.
    pub(crate) fn of(answer: Answer, asked: &[Class]) -> Self {
        let mut spellings: HashMap<String, &str> = HashMap::new();
        for class in asked {
            spellings.entry(class_key(&class.class)).or_insert(&class.class);
        }
        let mut objects: Vec<_> = answer
            .found
            .iter()
            .filter(|found| found.confidence.is_finite())
            .filter_map(|found| {
                let confidence = found.confidence.clamp(0.0, 1.0);
                let mut object = DetectedObject::new(*spellings.get(&class_key(&found.class))?, confidence);
                object.verdict = Some(confidence >= VERDICT_FROM);
                object.bounding_box = found.bounding_box;
                Some(object)
            })
            .collect();
        objects.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        Self { status: answer.status, objects }
    }
}

/// Classes are one where they differ only in case or in space around them.
pub(crate) fn class_key(class: &str) -> String {
    class.trim().to_lowercase()
}

impl Job {
    pub(crate) fn custom_id(&self) -> Option<&str> {
        self.request.options.custom_id.as_deref()
    }

    pub(crate) fn feed_id(&self) -> Option<&str> {
        self.request.options.feed_id.as_deref()
    }

    /// The job as the API answers it, `done` or still in progress. `origin` is where this server is reached, such as
    /// `http://127.0.0.1:8080`.
    pub(crate) fn answer(&self, origin: &str, done: bool) -> DetectJob {
        let outcomes = self.outcomes.as_deref().filter(|_| done);
        let mut job = DetectJob::default();
        job.id.clone_from(&self.id);
        job.created_at = Some(self.created_at);
        job.status = outcomes.map_or(JobStatus::InProgress, job_status);
        job.custom_id.clone_from(&self.request.options.custom_id);
        job.feed_id.clone_from(&self.request.options.feed_id);
        job.webhook_url.clone_from(&self.request.options.webhook_url);
        job.image_results = (0..self.pictures.len())
            .map(|index| self.image_result(index, origin, outcomes.and_then(|outcomes| outcomes.get(index))))
            .collect();
        if let Some(outcomes) = outcomes {
            job.job_results = self.job_results(&job.image_results, outcomes);
        }
        job
    }

    fn image_result(&self, index: usize, origin: &str, outcome: Option<&Outcome>) -> DetectImageResult {
        let mut image = DetectImageResult::default();
        let id = self.pictures.get(index).cloned().unwrap_or_default();
        image.proxy_url = Some(format!("{origin}/images/{id}"));
        image.id = Some(id);
        if let Some(asked) = self.request.images.get(index) {
            image.url.clone_from(&asked.url);
            image.custom_id.clone_from(&asked.custom_id);
        }
        image.status = outcome.map_or(ImageStatus::InProgress, |outcome| outcome.status.clone());
        image.objects = outcome.map(|outcome| outcome.objects.clone()).unwrap_or_default();
        if !self.request.bounding_box {
            image.objects.iter_mut().for_each(|object| object.bounding_box = None);
        }
        image
    }

    /// One for each class, once even where it was asked for twice, with the picture that shows it best.
    fn job_results(&self, images: &[DetectImageResult], outcomes: &[Outcome]) -> Vec<DetectJobResult> {
        let mut best: HashMap<&str, (f64, &DetectImageResult)> = HashMap::new();
        for (image, outcome) in images.iter().zip(outcomes) {
            for object in &outcome.objects {
                let chosen = best.entry(&object.class).or_insert((object.confidence, image));
                if object.confidence > chosen.0 {
                    *chosen = (object.confidence, image);
                }
            }
        }
        let mut answered = HashSet::new();
        let first = self.request.classes.iter().filter(|asked| answered.insert(class_key(&asked.class)));
        first
            .map(|asked| {
                let mut result = DetectJobResult::default();
                result.class.clone_from(&asked.class);
                result.hitl = Some(false);
                result.image = best.get(asked.class.as_str()).map(|&(confidence, image)| chosen(image, confidence));
                result
            })
            .collect()
    }
}

fn chosen(image: &DetectImageResult, confidence: f64) -> DetectJobImage {
    let mut chosen = DetectJobImage::default();
    chosen.id.clone_from(&image.id);
    chosen.url.clone_from(&image.url);
    chosen.proxy_url.clone_from(&image.proxy_url);
    chosen.custom_id.clone_from(&image.custom_id);
    chosen.confidence = Some(confidence);
    chosen
}

fn job_status(outcomes: &[Outcome]) -> JobStatus {
    let well = outcomes.iter().filter(|outcome| outcome.status.is_success()).count();
    match well {
        _ if well == outcomes.len() => JobStatus::CompletedSuccessfully,
        0 => JobStatus::CompletedAllError,
        _ => JobStatus::CompletedPartialError,
    }
}
