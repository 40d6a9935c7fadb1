//! Results as JSON: the job in the API's own shape, and with each picture which of the caller's it is.

use std::borrow::Cow;

use image_intelligence::{Detect, DetectImageResult, DetectJob, DetectJobImage, Job};
use serde::Serialize;

use crate::output::report::Shown;

/// Which of the caller's pictures a result speaks of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputDocument {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<&'static str>,
}

#[derive(Serialize)]
struct Tied<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<InputDocument>,
    #[serde(flatten)]
    result: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "notAnnotated")]
    not_annotated: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    job_id: &'a str,
    #[serde(flatten)]
    picture: Tied<DetectImageResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobDocument<'a> {
    id: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume_token: Option<&'a str>,
    job_results: Vec<ChosenDocument<'a>>,
    image_results: Vec<Tied<DetectImageResult>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<InputDocument>,
}

/// A picture of which the answer says nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MissingLine<'a> {
    job_id: &'a str,
    input: InputDocument,
    missing: bool,
}

#[derive(Serialize)]
struct ChosenDocument<'a> {
    class: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Tied<DetectJobImage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hitl: Option<bool>,
}

fn input(shown: &Shown, index: Option<usize>) -> Option<InputDocument> {
    let index = index?;
    let given = shown.pictures.get(index);
    Some(InputDocument { index, source: given.map(|given| given.name.clone()), sent: given.map(|given| given.sent) })
}

fn tied<T>(shown: &Shown, index: Option<usize>, result: T) -> Tied<T> {
    let copy = index.and_then(|index| shown.copies.get(&index));
    Tied {
        input: input(shown, index),
        result,
        annotated: copy.and_then(|copy| copy.as_ref().ok()).map(|path| path.display().to_string()),
        not_annotated: copy.and_then(|copy| copy.as_ref().err()).cloned(),
    }
}

/// The result alone: which picture it is of is told at greater length beside it.
fn without_input(result: &DetectImageResult) -> DetectImageResult {
    let mut result = result.clone();
    result.input = None;
    result
}

/// The whole job as one document.
pub(crate) fn json_document(shown: &Shown) -> String {
    let job: &DetectJob = &shown.job;
    let document = JobDocument {
        id: &job.id,
        status: job.status.as_str(),
        created_at: job.created_at.map(image_intelligence::Timestamp::as_millis),
        custom_id: job.custom_id.as_deref(),
        feed_id: job.feed_id.as_deref(),
        webhook_url: job.webhook_url.as_deref(),
        resume_token: shown.resume_token.as_deref(),
        job_results: shown
            .chosen()
            .map(|(index, result)| ChosenDocument {
                class: &result.class,
                image: result.image.clone().map(|mut image| {
                    image.input = None; // told at greater length beside it
                    tied(shown, index, image)
                }),
                hitl: result.hitl,
            })
            .collect(),
        image_results: shown.images().map(|(index, result)| tied(shown, index, without_input(result))).collect(),
        missing: missing(shown).collect(),
    };
    text(&document)
}

/// One line a picture, in the caller's order.
pub(crate) fn json_lines(shown: &Shown) -> String {
    let job_id = &shown.job.id;
    let line = |(index, result): (_, DetectImageResult)| {
        let advice = shown.advice(index, &result.status).map(Cow::into_owned);
        text(&Line { job_id, picture: tied(shown, index, without_input(&result)), advice })
    };
    let missing = missing(shown).map(|input| text(&MissingLine { job_id, input, missing: true }));
    shown.completed().into_iter().map(line).chain(missing).collect()
}

fn missing(shown: &Shown) -> impl Iterator<Item = InputDocument> {
    shown.missing().into_iter().filter_map(|index| input(shown, Some(index)))
}

/// A job that was submitted and is not waited for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Submitted<'a> {
    id: &'a str,
    status: &'static str,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<&'a str>,
    resume_token: String,
}

impl<'a> Submitted<'a> {
    pub(crate) fn new(job: &'a Job<Detect>) -> Self {
        Self {
            id: job.id(),
            status: "IN_PROGRESS",
            created_at: job.created_at().as_millis(),
            custom_id: job.custom_id(),
            resume_token: job.resume_token(),
        }
    }

    pub(crate) fn to_json(&self) -> String {
        text(self)
    }
}

fn text(document: &impl Serialize) -> String {
    // Strings, numbers and lists: there is nothing in them that JSON cannot say.
    serde_json::to_string(document).map(|text| text + "\n").unwrap_or_default()
}
