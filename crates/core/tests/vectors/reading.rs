//! Answers and webhooks: `wire.json`, `webhook.json`.

use std::collections::BTreeMap;

use base64::Engine as _;
use image_intelligence_core::{DetectJob, Kind, WebhookEvent, parse_webhook};
use serde::Deserialize;
use serde_json::Value;

use super::{Outcome, Refusal, folder, run, same, text_of};

/// A body in one of four forms.
#[derive(Default)]
pub(super) struct Body<'a> {
    pub(super) json: Option<&'a Value>,
    pub(super) text: Option<&'a str>,
    pub(super) base64: Option<&'a str>,
    pub(super) file: Option<&'a str>,
}

impl Body<'_> {
    pub(super) fn bytes(self) -> Outcome<Vec<u8>> {
        match self {
            Self { json: Some(json), text: None, base64: None, file: None } => Ok(json.to_string().into_bytes()),
            Self { json: None, text: Some(text), base64: None, file: None } => Ok(text.into()),
            Self { json: None, text: None, base64: Some(text), file: None } => {
                base64::engine::general_purpose::STANDARD.decode(text).map_err(text_of)
            }
            Self { json: None, text: None, base64: None, file: Some(name) } => {
                std::fs::read(folder().join("files").join(name)).map_err(text_of)
            }
            _ => Err("exactly one of json, text, base64 and file is wanted".to_owned()),
        }
    }
}

/// The kind of job that a case says is known.
pub(super) fn known_kind(name: Option<&str>) -> Outcome<Option<Kind>> {
    name.map(|name| Kind::from_name(name).ok_or_else(|| format!("no kind {name:?}"))).transpose()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCase {
    model: String,
    json: Option<Value>,
    text: Option<String>,
    base64: Option<String>,
    file: Option<String>,
    expect: Option<Value>,
    error: Option<Refusal>,
    found: Option<BTreeMap<String, Vec<FoundIn>>>,
    classes: Option<Vec<String>>,
    errors: Option<Vec<String>>,
    raw: Option<BTreeMap<String, String>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct FoundIn {
    image: String,
    confidence: f64,
}

#[test]
fn wire() {
    run("wire", |case: WireCase| {
        let body = Body {
            json: case.json.as_ref(),
            text: case.text.as_deref(),
            base64: case.base64.as_deref(),
            file: case.file.as_deref(),
        }
        .bytes()?;
        let read = match case.model.as_str() {
            "detect_job" => DetectJob::from_json(&body).map(|job| vec![job]),
            "detect_jobs" => DetectJob::list_from_json(&body),
            other => return Err(format!("no model {other:?}")),
        };
        let Some(expect) = case.expect else {
            return case.error.ok_or("neither expect nor error")?.check(read);
        };
        let mut jobs = read.map_err(text_of)?;
        let understood = match case.model.as_str() {
            "detect_job" => serde_json::to_value(jobs.first()),
            _ => serde_json::to_value(&jobs),
        };
        same("understood", &understood.map_err(text_of)?, &expect)?;
        let Some(job) = jobs.pop() else { return Ok(()) };
        let written = serde_json::to_vec(&job).map_err(text_of)?;
        same("read again as it is written", DetectJob::from_json(&written).map_err(text_of)?, job.clone())?;
        for (class, expected) in case.found.unwrap_or_default() {
            let found = job.found(&class);
            let found = found
                .iter()
                .map(|hit| FoundIn { image: hit.image.custom_id_or_url().to_owned(), confidence: hit.confidence });
            same(&format!("found {class}"), found.collect::<Vec<_>>(), expected)?;
        }
        if let Some(classes) = case.classes {
            same("classes", job.classes(), classes.iter().map(String::as_str).collect())?;
        }
        if let Some(errors) = case.errors {
            let found: Vec<_> = job.errors().map(|image| image.view().custom_id_or_url()).collect();
            same("errors", found, errors.iter().map(String::as_str).collect())?;
        }
        case.raw
            .unwrap_or_default()
            .iter()
            .try_for_each(|(key, text)| same(&format!("raw {key}"), job.raw.field(key).as_deref(), Some(text.as_str())))
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookCase {
    known_kind: Option<String>,
    json: Option<Value>,
    text: Option<String>,
    base64: Option<String>,
    file: Option<String>,
    event: Option<String>,
    #[serde(rename = "shape")]
    _shape: Option<String>,
    id: Option<String>,
    status: Option<String>,
    error: Option<Refusal>,
}

#[test]
fn webhook() {
    run("webhook", |case: WebhookCase| {
        let body = Body {
            json: case.json.as_ref(),
            text: case.text.as_deref(),
            base64: case.base64.as_deref(),
            file: case.file.as_deref(),
        }
        .bytes()?;
        let kind = known_kind(case.known_kind.as_deref())?;
        let read = parse_webhook(&body, kind);
        let Some(event) = case.event else { return case.error.ok_or("neither event nor error")?.check(read) };
        let read = read.map_err(text_of)?;
        let raw = read.raw().as_str().ok_or("the body is not kept")?;
        same("raw", raw.as_bytes(), &body)?;
        match (event.as_str(), read) {
            ("detect", WebhookEvent::Detect(job)) => {
                same("id", Some(job.id), case.id.or(Some("1".to_owned())))?;
                case.status.map_or(Ok(()), |status| same("status", job.status.as_str(), &status))
            }
            // Kinds without a model of their own yet; that they are told apart is tested beside `Body::shape`.
            ("match" | "ask" | "recognize" | "event" | "unknown", WebhookEvent::Unknown(_)) => Ok(()),
            (expected, found) => Err(format!("{found:?} instead of {expected}")),
        }
    });
}
