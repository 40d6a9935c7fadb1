//! A job as the server keeps it: what was asked, what became of each picture.

mod answer;
mod request;

use std::collections::HashMap;
use std::sync::Arc;

use image_intelligence_core::{Class, DetectedObject, ImageStatus, Kind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::script::{Answer, Found, FoundFace, What};

pub(crate) use answer::JobAnswer;
pub(crate) use request::Request;

/// From this confidence on the service calls itself certain: an object's `verdict`.
pub const VERDICT_FROM: f64 = 0.5;

#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// The client id that made it; nobody else sees it.
    pub(crate) owner: String,
    pub(crate) created_at: Timestamp,
    /// What was asked, without the pictures' bytes.
    pub(crate) request: Arc<Request>,
    /// The id of each picture, as the request orders them.
    pub(crate) pictures: Arc<[String]>,
    /// What became of each picture; `None` while the work goes on.
    pub(crate) outcomes: Option<Arc<[Outcome]>>,
    /// How often it was shown, where the progression counts that.
    pub(crate) shown: u32,
    /// About what the request takes in memory, in bytes, its pictures left out.
    pub(crate) weight: usize,
}

/// Among which jobs one is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Among {
    pub(crate) kind: Kind,
    /// Where the jobs of that kind have one.
    pub(crate) namespace: Option<String>,
}

impl Job {
    pub(crate) fn is_among(&self, among: &Among) -> bool {
        self.request.kind() == among.kind && self.request.namespace() == among.namespace.as_deref()
    }
}

/// What became of one picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    pub(crate) status: ImageStatus,
    /// Of the classes that were asked for, spelt as they were; the surest first.
    #[serde(default)]
    pub(crate) objects: Vec<DetectedObject>,
    /// How sure it is that the picture shows the target, or that the answer for it is yes; `None` where it is not so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) yes: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) faces: Vec<FoundFace>,
    /// When the faces were found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) found_at: Option<Timestamp>,
    /// Whether a person looked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hitl: bool,
}

impl Outcome {
    /// About what it takes in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        192 + self.objects.len() * 160 + self.faces.iter().map(FoundFace::weight).sum::<usize>()
    }

    pub(crate) fn failed(status: ImageStatus) -> Self {
        Self { status, objects: Vec::new(), yes: None, faces: Vec::new(), found_at: None, hitl: false }
    }

    /// What an answer means for what was asked.
    pub(crate) fn of(answer: Answer, request: &Request) -> Self {
        let mut outcome = Self::failed(answer.status);
        outcome.hitl = answer.hitl;
        match (request, answer.what) {
            (Request::Detect(request), What::Objects(found)) => outcome.objects = asked_for(&found, &request.classes),
            (Request::Match(_), What::Match(sure)) | (Request::Ask(_), What::Yes(sure)) => {
                outcome.yes = sure.filter(|sure| sure.is_finite()).map(|sure| sure.clamp(0.0, 1.0));
            }
            (Request::Recognize { .. }, What::Faces(faces)) => outcome.faces = faces,
            // Looked at, and nothing is in it, whatever was asked.
            (_, What::Objects(found)) if found.is_empty() => {}
            // An answer to another question is none.
            _ if outcome.status.is_success() => {
                tracing::warn!(kind = %request.kind(), "a script answered what was not asked");
                return Self::failed(ImageStatus::ModelServiceError);
            }
            _ => {}
        }
        outcome
    }
}

fn asked_for(found: &[Found], asked: &[Class]) -> Vec<DetectedObject> {
    let mut spellings: HashMap<String, &str> = HashMap::new();
    for class in asked {
        spellings.entry(class_key(&class.class)).or_insert(&class.class);
    }
    let mut objects: Vec<_> = found
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
    objects
}

/// Classes are one where they differ only in case or in space around them.
pub(crate) fn class_key(class: &str) -> String {
    class.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use image_intelligence_core::{AskRequest, DetectRequest, ImageRequest};

    use super::*;

    #[test]
    fn an_answer_to_another_question_is_none() {
        let image = || [ImageRequest::url("https://example.com/1")];
        let ask = Request::Ask(AskRequest::new(image(), "Is it open?"));
        let detect = Request::Detect(DetectRequest::new(image(), ["door"]));
        let found = || Answer::found([Found::new("door", 0.9)]);
        assert_eq!(Outcome::of(found(), &ask), Outcome::failed(ImageStatus::ModelServiceError));
        assert_eq!(Outcome::of(Answer::yes(), &detect), Outcome::failed(ImageStatus::ModelServiceError));
        assert_eq!(Outcome::of(found(), &detect).objects.len(), 1);
        assert_eq!(Outcome::of(Answer::yes(), &ask).yes, Some(1.0));
        let nothing = Outcome::of(Answer::nothing(), &ask);
        assert_eq!((nothing.status, nothing.yes), (ImageStatus::CompletedSuccessfully, None));
        let status = Answer::status(ImageStatus::SpiderwebsError);
        assert_eq!(Outcome::of(status, &ask).status, ImageStatus::SpiderwebsError);
    }
}
