//! A job as the API answers it.

use std::collections::{HashMap, HashSet};

use image_intelligence_core::{
    AskExamples, AskJob, AskRequest, DetectImageResult, DetectJob, DetectJobImage, DetectJobResult, DetectRequest,
    Face, ImageResult, ImageStatus, JobImage, JobStatus, MatchJob, MatchRequest, MatchTarget, RecognizeJob,
    RecognizedImage,
};
use serde::Serialize;

use super::{Job, Outcome, Request, class_key};

/// The answer to a read, a search or a POST.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum JobAnswer {
    Detect(DetectJob),
    Match(MatchJob),
    Ask(AskJob),
    Recognize(RecognizeJob),
}

/// What all kinds of job say of themselves, into a model that has these fields.
macro_rules! about {
    ($model:ident of $job:expr, $outcomes:expr) => {{
        let (job, mut answer) = ($job, $model::default());
        answer.id.clone_from(&job.id);
        answer.created_at = Some(job.created_at);
        answer.status = $outcomes.map_or(JobStatus::InProgress, job_status);
        let options = job.request.options();
        answer.custom_id.clone_from(&options.custom_id);
        answer.feed_id.clone_from(&options.feed_id);
        answer.webhook_url.clone_from(&options.webhook_url);
        answer
    }};
}

/// Which picture a result is of, into a model that has these fields.
macro_rules! picture {
    ($model:ident of $picture:expr) => {{
        let (picture, mut image) = ($picture, $model::default());
        image.id.clone_from(&picture.id);
        image.url.clone_from(&picture.url);
        image.proxy_url.clone_from(&picture.proxy_url);
        image.custom_id.clone_from(&picture.custom_id);
        image
    }};
}

impl Job {
    /// The job as the API answers it, `done` or still in progress. `origin` is where this server is reached, such as
    /// `http://127.0.0.1:8080`.
    pub(crate) fn answer(&self, origin: &str, done: bool) -> JobAnswer {
        let outcomes = self.outcomes.as_deref().filter(|_| done);
        match &*self.request {
            Request::Detect(request) => JobAnswer::Detect(self.detected(request, origin, outcomes)),
            Request::Match(request) => JobAnswer::Match(self.matched(request, origin, outcomes)),
            Request::Ask(request) => JobAnswer::Ask(self.asked(request, origin, outcomes)),
            Request::Recognize { .. } => JobAnswer::Recognize(self.recognized(origin, outcomes)),
        }
    }

    fn detected(&self, request: &DetectRequest, origin: &str, outcomes: Option<&[Outcome]>) -> DetectJob {
        let mut job = about!(DetectJob of self, outcomes);
        job.image_results = self
            .pictures(origin, outcomes)
            .map(|(picture, outcome)| {
                let mut image = picture!(DetectImageResult of &picture);
                image.status = picture.status;
                image.objects = outcome.map(|outcome| outcome.objects.clone()).unwrap_or_default();
                if !request.bounding_box {
                    image.objects.iter_mut().for_each(|object| object.bounding_box = None);
                }
                image
            })
            .collect();
        if let Some(outcomes) = outcomes {
            job.job_results = detect_results(request, &job.image_results, outcomes);
        }
        job
    }

    fn matched(&self, request: &MatchRequest, origin: &str, outcomes: Option<&[Outcome]>) -> MatchJob {
        let mut job = about!(MatchJob of self, outcomes);
        let mut target = MatchTarget::default();
        target.class.clone_from(&request.target.class);
        target.custom_id.clone_from(&request.target.custom_id);
        target.images.clone_from(&request.target.images);
        // While the work goes on too: by it a match job is told from others.
        job.job_results.target = Some(target);
        job.image_results = self.pictures(origin, outcomes).map(|(picture, _)| picture).collect();
        if let Some(outcomes) = outcomes {
            let chosen = surest(outcomes);
            job.job_results.image = chosen.and_then(|index| chosen_image(&job.image_results, index));
            job.job_results.hitl = Some(checked(outcomes, chosen));
        }
        job
    }

    fn asked(&self, request: &AskRequest, origin: &str, outcomes: Option<&[Outcome]>) -> AskJob {
        let mut job = about!(AskJob of self, outcomes);
        job.question.clone_from(&request.question);
        job.examples = request.examples.as_ref().map(|given| {
            let mut examples = AskExamples::default();
            examples.yes.clone_from(&given.yes);
            examples.no.clone_from(&given.no);
            examples
        });
        job.image_results = self.pictures(origin, outcomes).map(|(picture, _)| picture).collect();
        let chosen = outcomes.and_then(surest);
        job.job_results.image = chosen.and_then(|index| chosen_image(&job.image_results, index));
        job
    }

    fn recognized(&self, origin: &str, outcomes: Option<&[Outcome]>) -> RecognizeJob {
        let mut job = about!(RecognizeJob of self, outcomes);
        job.images = self
            .pictures(origin, outcomes)
            .map(|(picture, outcome)| {
                let mut image = picture!(RecognizedImage of &picture);
                image.status = Some(picture.status);
                image.objects = outcome.map(faces).unwrap_or_default();
                image
            })
            .collect();
        job
    }

    /// Each picture with what became of it.
    fn pictures<'a>(
        &'a self,
        origin: &'a str,
        outcomes: Option<&'a [Outcome]>,
    ) -> impl Iterator<Item = (ImageResult, Option<&'a Outcome>)> {
        self.pictures.iter().enumerate().map(move |(index, id)| {
            let outcome = outcomes.and_then(|outcomes| outcomes.get(index));
            let mut picture = ImageResult::default();
            picture.proxy_url = Some(format!("{origin}/images/{id}"));
            picture.id = Some(id.clone());
            if let Some(asked) = self.request.images().get(index) {
                picture.url.clone_from(&asked.url);
                picture.custom_id.clone_from(&asked.custom_id);
            }
            picture.status = outcome.map_or(ImageStatus::InProgress, |outcome| outcome.status.clone());
            (picture, outcome)
        })
    }
}

/// One for each class, once even where it was asked for twice, with the picture that shows it best.
fn detect_results(request: &DetectRequest, images: &[DetectImageResult], outcomes: &[Outcome]) -> Vec<DetectJobResult> {
    let mut best: HashMap<&str, (f64, usize)> = HashMap::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        for object in &outcome.objects {
            let chosen = best.entry(&object.class).or_insert((object.confidence, index));
            if object.confidence > chosen.0 {
                *chosen = (object.confidence, index);
            }
        }
    }
    let mut answered = HashSet::new();
    let first = request.classes.iter().filter(|asked| answered.insert(class_key(&asked.class)));
    first
        .map(|asked| {
            let best = best.get(asked.class.as_str()).copied();
            let mut result = DetectJobResult::default();
            result.class.clone_from(&asked.class);
            result.hitl = Some(checked(outcomes, best.map(|(_, index)| index)));
            result.image = best.and_then(|(confidence, index)| {
                let mut chosen = picture!(DetectJobImage of images.get(index)?);
                chosen.confidence = Some(confidence);
                Some(chosen)
            });
            result
        })
        .collect()
}

/// The picture with the surest yes, the first of several.
fn surest(outcomes: &[Outcome]) -> Option<usize> {
    let mut surest: Option<(f64, usize)> = None;
    for (index, outcome) in outcomes.iter().enumerate().filter(|(_, outcome)| outcome.status.is_success()) {
        if let Some(sure) = outcome.yes
            && surest.is_none_or(|(best, _)| sure > best)
        {
            surest = Some((sure, index));
        }
    }
    surest.map(|(_, index)| index)
}

/// Whether a person looked: at the chosen picture, or at all of them where none was chosen.
fn checked(outcomes: &[Outcome], chosen: Option<usize>) -> bool {
    match chosen {
        Some(index) => outcomes.get(index).is_some_and(|outcome| outcome.hitl),
        None => !outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.hitl),
    }
}

fn chosen_image(images: &[ImageResult], index: usize) -> Option<JobImage> {
    images.get(index).map(|image| picture!(JobImage of image))
}

fn faces(outcome: &Outcome) -> Vec<Face> {
    let face = |found: &crate::script::FoundFace| {
        let mut face = Face::default();
        face.identity_id.clone_from(&found.identity_id);
        face.confidence = found.confidence;
        face.bounding_box = found.bounding_box;
        face.created_at = outcome.found_at;
        face
    };
    outcome.faces.iter().map(face).collect()
}

fn job_status(outcomes: &[Outcome]) -> JobStatus {
    let well = outcomes.iter().filter(|outcome| outcome.status.is_success()).count();
    match well {
        _ if well == outcomes.len() => JobStatus::CompletedSuccessfully,
        0 => JobStatus::CompletedAllError,
        _ => JobStatus::CompletedPartialError,
    }
}
