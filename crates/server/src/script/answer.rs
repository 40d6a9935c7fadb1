//! What is said about a picture: objects, a match, a yes or no, faces, or what went wrong.

use image_intelligence_core::{BoundingBox, ImageStatus};
use serde::{Deserialize, Serialize};

/// What is in a picture, or what went wrong with it.
///
/// ```
/// use image_intelligence_server::{Answer, Found, FoundFace};
///
/// let detect = Answer::found([Found::new("person", 0.97)]);
/// let matching = Answer::matches(0.9);
/// let ask = Answer::yes().by_a_person();
/// let recognize = Answer::faces([FoundFace::new(0.95).identity_custom_id("ann")]);
/// # assert_ne!(detect, matching);
/// # assert_ne!(ask, recognize);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub(crate) status: ImageStatus,
    pub(crate) what: What,
    pub(crate) hitl: bool,
}

/// The answers to the four kinds of question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Objects(Vec<Found>),
    /// How sure it is that the picture shows the target.
    Match(Option<f64>),
    /// How sure it is that the answer is yes.
    Yes(Option<f64>),
    Faces(Vec<FoundFace>),
}

impl Answer {
    fn of(what: What) -> Self {
        Self { status: ImageStatus::CompletedSuccessfully, what, hitl: false }
    }

    /// These objects, in answer to a detect job. Those of classes that were not asked for are left out of the job.
    pub fn found(objects: impl IntoIterator<Item = Found>) -> Self {
        Self::of(What::Objects(objects.into_iter().collect()))
    }

    /// The picture was looked at, and there is nothing in it: no object, no match, no yes, no face.
    pub fn nothing() -> Self {
        Self::found([])
    }

    /// The picture shows the target of a match job, `confidence` from 0 to 1: the surest is the job's answer.
    pub fn matches(confidence: f64) -> Self {
        Self::of(What::Match(Some(confidence)))
    }

    /// The picture does not show the target of a match job.
    pub fn no_match() -> Self {
        Self::of(What::Match(None))
    }

    /// The answer to an ask job's question is yes.
    pub fn yes() -> Self {
        Self::of(What::Yes(Some(1.0)))
    }

    /// The answer to an ask job's question is no.
    pub fn no() -> Self {
        Self::of(What::Yes(None))
    }

    /// These faces, in answer to a recognize job.
    pub fn faces(faces: impl IntoIterator<Item = FoundFace>) -> Self {
        Self::of(What::Faces(faces.into_iter().map(FoundFace::bounded).collect()))
    }

    /// The picture ends with this status and without results.
    pub fn status(status: ImageStatus) -> Self {
        Self { status, ..Self::nothing() }
    }

    /// Says that a person looked: the `hitl` of the job's result. Without it, nobody did.
    pub fn by_a_person(mut self) -> Self {
        self.hitl = true;
        self
    }

    /// Says how sure a match or a yes is.
    pub(crate) fn sure(mut self, confidence: Option<f64>) -> Self {
        if let (What::Match(Some(sure)) | What::Yes(Some(sure)), Some(confidence)) = (&mut self.what, confidence) {
            *sure = confidence;
        }
        self
    }
}

/// One object.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Found {
    pub(crate) class: String,
    pub(crate) confidence: f64,
    pub(crate) bounding_box: Option<BoundingBox>,
}

impl Found {
    /// An object of a class, `confidence` from 0 to 1.
    pub fn new(class: impl Into<String>, confidence: f64) -> Self {
        Self { class: class.into(), confidence, bounding_box: None }
    }

    /// Says where it is, in pixels from the top left.
    pub fn bounding_box(mut self, place: BoundingBox) -> Self {
        self.bounding_box = Some(place);
        self
    }
}

/// One face, and what is known of it. What is not said here stays unsaid.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FoundFace {
    pub(crate) confidence: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity_custom_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bounding_box: Option<BoundingBox>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bounding_box_confidence: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) is_frontal: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sharpness: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) width: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) height: Option<f64>,
}

impl FoundFace {
    /// A face, `confidence` from 0 to 1.
    pub fn new(confidence: f64) -> Self {
        Self { confidence, ..Self::default() }
    }

    /// Says whose it is, by the identity's id. Where the job's namespace has no such identity, it is nobody's.
    pub fn identity(mut self, id: impl Into<String>) -> Self {
        self.identity_id = Some(id.into());
        self
    }

    /// Says whose it is, by the identity's customId. Where the job's namespace has no such identity, it is nobody's.
    pub fn identity_custom_id(mut self, id: impl Into<String>) -> Self {
        self.identity_custom_id = Some(id.into());
        self
    }

    /// Puts it into one group with the job's other faces of this key. Faces of one identity are one group anyway.
    pub fn group(mut self, key: impl Into<String>) -> Self {
        self.group = Some(key.into());
        self
    }

    /// Says where it is, in pixels from the top left.
    pub fn bounding_box(mut self, place: BoundingBox) -> Self {
        self.bounding_box = Some(place);
        self
    }

    /// Says how sure it is that the face is there, 0 to 1.
    pub fn bounding_box_confidence(mut self, confidence: f64) -> Self {
        self.bounding_box_confidence = Some(confidence);
        self
    }

    /// Says whether it is seen from the front.
    pub fn frontal(mut self, frontal: bool) -> Self {
        self.is_frontal = Some(frontal);
        self
    }

    /// Says how sharp it is.
    pub fn sharpness(mut self, sharpness: f64) -> Self {
        self.sharpness = Some(sharpness);
        self
    }

    /// Says how large it is, in pixels; otherwise its bounding box does.
    pub fn size(mut self, width: f64, height: f64) -> Self {
        (self.width, self.height) = (Some(width), Some(height));
        self
    }

    /// With numbers that JSON can say, and a confidence from 0 to 1.
    fn bounded(mut self) -> Self {
        self.confidence = if self.confidence.is_finite() { self.confidence.clamp(0.0, 1.0) } else { 0.0 };
        for fact in [&mut self.bounding_box_confidence, &mut self.sharpness, &mut self.width, &mut self.height] {
            fact.take_if(|number| !number.is_finite());
        }
        self
    }

    /// About what it takes in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let texts = [&self.identity_id, &self.identity_custom_id, &self.group];
        256 + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}
