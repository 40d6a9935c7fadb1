//! Results as JSON: the job in the API's own shape, and with each picture which of the caller's it is.

use std::borrow::Cow;

use image_intelligence::{AskExamples, DetectJobImage, Job, Kind, MatchTarget, Timestamp};
use serde::Serialize;

use crate::failure::{ErrorDocument, Failure};
use crate::kinds::{Picture, Told};
use crate::output::json_line;
use crate::output::shown::{Given, Shown};

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
    picture: Tied<Picture>,
    /// Of a job that gives one answer for all its pictures: whether this is the picture that it named.
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<bool>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    examples: Option<&'a AskExamples>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_results: Option<Answers<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_results: Option<Vec<Tied<&'a Picture>>>,
    /// What the pictures of a recognize job stand under.
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<Tied<&'a Picture>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<InputDocument>,
}

/// A list of a detect job's, one of match and ask.
#[derive(Serialize)]
#[serde(untagged)]
enum Answers<'a> {
    Each(Vec<AnswerDocument<'a>>),
    One(Option<AnswerDocument<'a>>),
}

#[derive(Serialize)]
struct AnswerDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a MatchTarget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Tied<&'a DetectJobImage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hitl: Option<bool>,
}

/// A picture of which the answer says nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MissingLine<'a> {
    job_id: &'a str,
    input: InputDocument,
    missing: bool,
}

/// A picture of many jobs of which there is no result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<&'a str>,
    input: InputDocument,
    error: ErrorDocument<'a>,
}

fn input(shown: &Shown, index: Option<usize>) -> Option<InputDocument> {
    let index = index?;
    let given = shown.pictures.get(&index);
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

/// The whole job as one document.
pub(crate) fn json_document(shown: &Shown) -> String {
    let job = &shown.job;
    let mut answers = shown.chosen.iter().map(|(index, answer)| AnswerDocument {
        class: answer.class.as_deref(),
        target: answer.target.as_ref(),
        image: answer.image.as_ref().map(|image| tied(shown, *index, image)),
        hitl: answer.hitl,
    });
    let images = shown.images.iter().map(|(index, image)| tied(shown, *index, image)).collect();
    let (image_results, images) =
        if shown.kind == Kind::Recognize { (None, Some(images)) } else { (Some(images), None) };
    let document = JobDocument {
        id: &job.id,
        status: job.status.as_str(),
        created_at: job.created_at.map(Timestamp::as_millis),
        custom_id: job.custom_id.as_deref(),
        feed_id: job.feed_id.as_deref(),
        webhook_url: job.webhook_url.as_deref(),
        resume_token: shown.resume_token.as_deref(),
        question: shown.question.as_deref(),
        examples: shown.examples.as_ref(),
        job_results: match shown.kind {
            Kind::Recognize => None,
            Kind::Match | Kind::Ask => Some(Answers::One(answers.next())),
            _ => Some(Answers::Each(answers.collect())),
        },
        image_results,
        images,
        missing: missing(shown).collect(),
    };
    json_line(&document)
}

/// One line a picture, in the caller's order.
pub(crate) fn json_lines(shown: &Shown) -> String {
    let job_id = &shown.job.id;
    let line = |(index, result): (_, Picture)| {
        let advice = result.status().and_then(|status| shown.advice(index, status)).map(Cow::into_owned);
        let told = shown.has_one_answer() && shown.job.status.is_done();
        let chosen = told.then(|| shown.findings(index, &result).iter().any(|finding| finding.hit));
        json_line(&Line { job_id, picture: tied(shown, index, result), chosen, advice })
    };
    let missing = missing(shown).map(|input| json_line(&MissingLine { job_id, input, missing: true }));
    shown.completed().into_iter().map(line).chain(missing).collect()
}

/// A line for a picture of which there is no result.
pub(crate) fn json_error(job_id: Option<&str>, index: usize, given: &Given, failure: &Failure) -> String {
    let input = InputDocument { index, source: Some(given.name.clone()), sent: Some(given.sent) };
    json_line(&ErrorLine { job_id, input, error: failure.document() })
}

/// All the pictures of many jobs as one document, of their lines.
pub(crate) fn json_of_many(lines: &[String], done: usize, failed: usize, jobs: usize) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    format!("{{\"images\":[{}],\"done\":{done},\"failed\":{failed},\"jobs\":{jobs}}}\n", lines.join(","))
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
    pub(crate) fn new<K: Told>(job: &'a Job<K>) -> Self {
        Self {
            id: job.id(),
            status: "IN_PROGRESS",
            created_at: job.created_at().as_millis(),
            custom_id: job.custom_id(),
            resume_token: job.resume_token(),
        }
    }

    pub(crate) fn to_json(&self) -> String {
        json_line(self)
    }
}
