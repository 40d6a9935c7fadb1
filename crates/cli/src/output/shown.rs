//! A job of any kind as it is shown: its pictures in the caller's order, what was found in each, and what is known of them
//! beyond the API's answer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use image_intelligence::{
    AskExamples, BoundingBox, DetectImageResult, DetectJobImage, DetectedObject, ImageResult, ImageStatus, ImageView,
    Input, JobStatus, Kind, Rid,
};

use crate::kinds::{Answer, Head, Parts, Picture, Told};
use crate::pictures;

/// One of the caller's pictures, as results name it.
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) sent: &'static str,
}

/// A job to show, and what is known about it beyond the API's answer.
pub(crate) struct Shown {
    pub(crate) kind: Kind,
    pub(crate) job: Head,
    pub(crate) question: Option<String>,
    pub(crate) examples: Option<AskExamples>,
    /// By their indices.
    pub(crate) pictures: BTreeMap<usize, Given>,
    /// By the index of the picture: its copy with boxes, or why there is none.
    pub(crate) copies: BTreeMap<usize, Result<PathBuf, String>>,
    /// By the index of the picture: why it was refused, where more is known than the API says.
    pub(crate) reasons: BTreeMap<usize, String>,
    pub(crate) resume_token: Option<String>,
    pub(crate) boxes: bool,
    /// The results, in the caller's order as far as it is known, each with which of the caller's pictures it speaks of.
    pub(crate) images: Vec<(Option<usize>, Picture)>,
    /// What was chosen: a picture for each class, or the one that shows a target or answers a question.
    pub(crate) chosen: Vec<(Option<usize>, Answer)>,
    /// Whether the job may have chosen a picture that is not among these.
    pub(crate) has_others: bool,
}

/// A picture of many jobs, with its result.
pub(crate) struct One {
    pub(crate) kind: Kind,
    pub(crate) job_id: String,
    pub(crate) index: usize,
    pub(crate) given: Given,
    pub(crate) image: Picture,
    /// Whether its job names it as the answer.
    pub(crate) chosen: bool,
    /// Whether it had a job for itself.
    pub(crate) alone: bool,
}

/// Something that a picture shows, for a person or a pipe.
pub(crate) struct Finding {
    pub(crate) what: String,
    /// Whether it is what was asked for.
    pub(crate) hit: bool,
    pub(crate) confidence: f64,
    pub(crate) place: Option<BoundingBox>,
}

impl Shown {
    pub(crate) fn new<K: Told>(job: K::Job) -> Self {
        let Parts { kind, head, question, examples, answers, images } = K::parts(job);
        // A job that was found by its id is not tied to any input, but our own stamps number its pictures.
        let rid = head.custom_id.as_deref().and_then(Rid::from_hex);
        let index = |input: Option<Input>, custom_id: &mut Option<String>| {
            let stamped = custom_id.as_deref().and_then(|id| rid?.stamped(id));
            if stamped.is_some() {
                *custom_id = None;
            }
            input.map(|input| input.index).or(stamped)
        };
        // Which picture a result is of is told at greater length beside it, so its own `input` goes.
        let mut images: Vec<_> =
            images.into_iter().map(|mut image| (index(image.input().take(), image.custom_id()), image)).collect();
        images.sort_by_key(|(index, _)| index.unwrap_or(usize::MAX));
        let chosen = answers.into_iter().map(|mut answer| {
            let place = answer.image.as_mut().and_then(|image| index(image.input.take(), &mut image.custom_id));
            (place, answer)
        });
        let boxes = images.iter().any(|(_, image)| match image {
            Picture::Objects(image) => image.objects.iter().any(|object| object.bounding_box.is_some()),
            Picture::Faces(image) => image.objects.iter().any(|face| face.bounding_box.is_some()),
            Picture::Plain(_) => false,
        });
        Self {
            kind,
            job: head,
            question,
            examples,
            pictures: BTreeMap::new(),
            copies: BTreeMap::new(),
            reasons: BTreeMap::new(),
            resume_token: None,
            boxes,
            chosen: chosen.collect(),
            images,
            has_others: false,
        }
    }

    /// One picture of a job that is done, as if it were all of it.
    pub(crate) fn one(picture: One) -> Self {
        let One { kind, job_id, index, given, mut image, chosen, alone } = picture;
        *image.input() = None;
        let job = Head {
            id: job_id,
            status: JobStatus::CompletedSuccessfully,
            created_at: None,
            custom_id: None,
            feed_id: None,
            webhook_url: None,
        };
        let has_one_answer = matches!(kind, Kind::Match | Kind::Ask);
        let answer = || Answer { class: None, target: None, image: Some(DetectJobImage::default()), hitl: None };
        Self {
            kind,
            job,
            question: None,
            examples: None,
            pictures: BTreeMap::from([(index, given)]),
            copies: BTreeMap::new(),
            reasons: BTreeMap::new(),
            resume_token: None,
            boxes: kind == Kind::Recognize,
            images: vec![(Some(index), image)],
            chosen: (has_one_answer && chosen).then(|| (Some(index), answer())).into_iter().collect(),
            has_others: !alone,
        }
    }

    pub(crate) fn pictures(mut self, pictures: &[pictures::Picture]) -> Self {
        let given = |picture: &pictures::Picture| Given { name: picture.name(), sent: picture.sent_as() };
        self.pictures = pictures.iter().map(given).enumerate().collect();
        self
    }

    /// 0, or 3 for a job that ended with errors: a result, but one that a script should notice.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.has_errors() { 3 } else { 0 })
    }

    /// Whether the job ended with errors.
    pub(crate) fn has_errors(&self) -> bool {
        use JobStatus::{CompletedAllError, CompletedPartialError};
        matches!(self.job.status, CompletedPartialError | CompletedAllError)
    }

    /// Whether the job gives one answer about all its pictures.
    pub(crate) fn has_one_answer(&self) -> bool {
        matches!(self.kind, Kind::Match | Kind::Ask)
    }

    /// The results, and with them what the API says only of a picture that it chose: some servers leave out the objects of
    /// each picture, or the pictures altogether.
    pub(crate) fn completed(&self) -> Vec<(Option<usize>, Picture)> {
        let mut images = self.images.clone();
        for (index, answer) in &self.chosen {
            let Some(image) = &answer.image else { continue };
            let there = images.iter_mut().find(|(known, result)| same(*known, &result.view(), *index, &image.view()));
            let object = answer
                .class
                .as_ref()
                .map(|class| (class.as_str(), DetectedObject::new(class, image.confidence.unwrap_or_default())));
            match (there, object) {
                (Some((_, Picture::Objects(result))), Some((class, object))) => {
                    if !result.objects.iter().any(|object| object.class == class) {
                        result.objects.push(object);
                    }
                }
                (Some(_), _) => {}
                (None, Some((_, object))) => {
                    let mut result = DetectImageResult::default();
                    (result.id, result.url, result.proxy_url) =
                        (image.id.clone(), image.url.clone(), image.proxy_url.clone());
                    result.custom_id.clone_from(&image.custom_id);
                    result.status = ImageStatus::CompletedSuccessfully;
                    result.objects.push(object);
                    images.push((*index, Picture::Objects(result)));
                }
                (None, None) => {
                    let mut result = ImageResult::default();
                    (result.id, result.url, result.proxy_url) =
                        (image.id.clone(), image.url.clone(), image.proxy_url.clone());
                    result.custom_id.clone_from(&image.custom_id);
                    result.status = ImageStatus::CompletedSuccessfully;
                    images.push((*index, Picture::Plain(result)));
                }
            }
        }
        images
    }

    /// What a picture that was looked at shows, the surest first; an answer of yes or no is one finding.
    pub(crate) fn findings(&self, index: Option<usize>, image: &Picture) -> Vec<Finding> {
        let mut found: Vec<_> = match image {
            Picture::Objects(image) => image
                .objects
                .iter()
                .map(|object| Finding {
                    what: object.class.clone(),
                    hit: true,
                    confidence: object.confidence,
                    place: object.bounding_box,
                })
                .collect(),
            Picture::Faces(image) => image
                .objects
                .iter()
                .map(|face| Finding {
                    what: face.identity_id.clone().unwrap_or_else(|| "?".to_owned()),
                    hit: face.identity_id.is_some(),
                    confidence: face.confidence,
                    place: face.bounding_box,
                })
                .collect(),
            Picture::Plain(_) => {
                let hit = self.is_chosen(index, &image.view());
                let word = match hit {
                    true => "yes",
                    false if !self.job.status.is_done() || self.has_others => "-",
                    false if self.chosen.iter().any(|(_, answer)| answer.image.is_some()) => "-",
                    false => "no",
                };
                vec![Finding { what: word.to_owned(), hit, confidence: 1.0, place: None }]
            }
        };
        found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        found
    }

    fn is_chosen(&self, index: Option<usize>, view: &ImageView<'_>) -> bool {
        self.chosen.iter().any(|(chosen, answer)| {
            let Some(image) = &answer.image else { return false };
            same(index, view, *chosen, &image.view())
        })
    }

    /// Whether a picture was looked at. Not every kind of job says so of each; the end of the job does.
    pub(crate) fn is_looked_at(&self, image: &Picture) -> bool {
        image.status().map_or_else(|| self.job.status.is_done(), ImageStatus::is_success)
    }

    pub(crate) fn name(&self, index: Option<usize>, image: &ImageView<'_>) -> String {
        let given = index.and_then(|index| self.pictures.get(&index)).map(|given| given.name.clone());
        let numbered = || index.map(|index| format!("picture {}", index + 1));
        let owned = |text: Option<&str>| text.map(str::to_owned);
        given
            .or_else(|| owned(image.url))
            .or_else(|| owned(image.custom_id))
            .or_else(numbered)
            .or_else(|| owned(image.id))
            .unwrap_or_default()
    }

    pub(crate) fn sent(&self, index: Option<usize>) -> &'static str {
        index.and_then(|index| self.pictures.get(&index)).map_or("-", |given| given.sent)
    }

    /// The caller's pictures of which the answer says nothing. Unknown, and so none, where it has results that nobody can
    /// tell whose they are; and where it leaves all of them out but has one answer for all.
    pub(crate) fn missing(&self) -> Vec<usize> {
        let silent = self.has_one_answer() && self.images.is_empty();
        if silent || self.images.iter().any(|(index, _)| index.is_none()) {
            return Vec::new();
        }
        let told = |index: &usize| {
            let is = |known: Option<usize>| known == Some(*index);
            self.images.iter().any(|(known, _)| is(*known)) || self.chosen.iter().any(|(known, _)| is(*known))
        };
        self.pictures.keys().copied().filter(|index| !told(index)).collect()
    }
}

/// Whether a chosen picture is this one of the results: by id or by place among the caller's; else by the first name that
/// both have.
fn same(index: Option<usize>, view: &ImageView<'_>, chosen: Option<usize>, image: &ImageView<'_>) -> bool {
    fn equal<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<bool> {
        Some(one? == other?)
    }
    let (ids, places) = (equal(view.id, image.id), equal(index, chosen));
    if ids.is_some() || places.is_some() {
        return ids == Some(true) || places == Some(true);
    }
    equal(view.custom_id, image.custom_id).or_else(|| equal(view.url, image.url)).unwrap_or(false)
}
