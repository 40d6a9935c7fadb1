//! Answers and webhooks: `wire.json`, `webhook.json`.

use image_intelligence_core::{
    AskJob, DetectImageResult, DetectJob, FaceGroup, FaceImage, Feedback, Hit, Identity, ImageResult, ImageView,
    JobStatus, MatchJob, Raw, RecognizeJob, RecognizedImage, WebhookEvent, check, parse_webhook, read_model,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::{known_kind, run_bodies, said};
use super::deciding::compare;
use super::{Outcome, Refusal, same, text_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCase {
    model: String,
    expect: Option<Value>,
    error: Option<Refusal>,
}

/// What a case says besides: the easy ways through what was read, by their names.
type Ways = Map<String, Value>;

#[test]
fn wire() {
    run_bodies("wire", |body, mut ways: Ways| {
        let told = ["model", "expect", "error"].into_iter().filter_map(|field| ways.remove_entry(field));
        let case: WireCase = serde_json::from_value(told.collect::<Ways>().into()).map_err(text_of)?;
        let read = read_model(&case.model, body);
        let Some(expect) = case.expect else {
            return case.error.ok_or("neither expect nor error")?.check(read);
        };
        let written = read.map_err(text_of)?;
        compare(&serde_json::from_slice(&written).map_err(text_of)?, &expect)?;
        let again = read_model(&case.model, &written).map_err(text_of)?;
        same("read again as it is written", String::from_utf8_lossy(&again), String::from_utf8_lossy(&written))?;
        if ways.is_empty() { Ok(()) } else { compare(&walked(&case.model, body, &ways)?, &ways.into()) }
    });
}

/// What the model says where the ways of a case are gone; what it has no way for is not in it.
fn walked(model: &str, body: &[u8], ways: &Ways) -> Outcome<Value> {
    let keys = |way: &str| ways.get(way).and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let (raw, told): (Raw, Value) = match model {
        "detect_job" => {
            let job = DetectJob::from_json(body).map_err(text_of)?;
            let hits = |class: &String| {
                let found = job.found(class);
                let hit = |hit: Hit<'_>| json!({"image": hit.image.custom_id_or_url(), "confidence": hit.confidence});
                (class.clone(), found.into_iter().map(hit).collect::<Value>())
            };
            let found: Value = keys("found").map(hits).collect();
            let errors = names(job.errors().map(DetectImageResult::view));
            (job.raw.clone(), json!({"found": found, "classes": job.classes(), "errors": errors}))
        }
        "match_job" => {
            let job = MatchJob::from_json(body).map_err(text_of)?;
            let matched = job.matched().map(|image| image.custom_id_or_url());
            (job.raw.clone(), json!({"matched": matched, "errors": names(job.errors().map(ImageResult::view))}))
        }
        "ask_job" => {
            let job = AskJob::from_json(body).map_err(text_of)?;
            let yes = job.yes().map(|image| image.custom_id_or_url());
            (job.raw.clone(), json!({"yes": yes, "errors": names(job.errors().map(ImageResult::view))}))
        }
        "recognize_job" => {
            let job = RecognizeJob::from_json(body).map_err(text_of)?;
            let faces = job.faces().map(|hit| {
                let image = hit.image.custom_id_or_url();
                hit.face
                    .identity_id
                    .as_ref()
                    .map_or(json!({"image": image}), |id| json!({"image": image, "identity": id}))
            });
            let (faces, errors): (Value, _) = (faces.collect(), names(job.errors().map(RecognizedImage::view)));
            (job.raw.clone(), json!({"faces": faces, "errors": errors}))
        }
        "identity" => (Identity::from_json(body).map_err(text_of)?.raw, json!({})),
        "face_image" => (FaceImage::from_json(body).map_err(text_of)?.raw, json!({})),
        "face_group" => (FaceGroup::from_json(body).map_err(text_of)?.raw, json!({})),
        "feedback" => (Feedback::from_json(body).map_err(text_of)?.raw, json!({})),
        other => return Err(format!("there are no ways through {other:?}")),
    };
    let mut told = told;
    told["raw"] = keys("raw").map(|key| (key.clone(), Value::from(raw.field(key)))).collect();
    if let Value::Object(told) = &mut told {
        told.retain(|way, _| ways.contains_key(way));
    }
    Ok(told)
}

#[test]
fn a_way_that_a_model_does_not_have_is_noticed() {
    let told = |way: &str, expected: Value| {
        let ways: Ways = [(way.to_owned(), expected)].into_iter().collect();
        compare(&walked("match_job", br#"{"id": "1", "jobResults": {"image": {"id": "a"}}}"#, &ways)?, &ways.into())
    };
    assert_eq!(told("matched", json!("a")), Ok(()));
    assert!(told("matched", json!(null)).is_err());
    assert!(told("classes", json!([])).is_err());
}

fn names<'a>(images: impl Iterator<Item = ImageView<'a>>) -> Vec<&'a str> {
    images.map(|image| image.custom_id_or_url()).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookCase {
    known_kind: Option<String>,
    event: Option<String>,
    #[serde(rename = "shape")]
    _shape: Option<String>,
    id: Option<String>,
    status: Option<String>,
    event_name: Option<String>,
    #[serde(default, deserialize_with = "said")]
    identity: Option<Value>,
    error: Option<Refusal>,
}

#[test]
fn webhook() {
    run_bodies("webhook", |body, case: WebhookCase| {
        let kind = known_kind(case.known_kind.as_deref())?;
        let read = parse_webhook(body, kind);
        let Some(event) = case.event else { return case.error.ok_or("neither event nor error")?.check(read) };
        let read = read.map_err(text_of)?;
        same("judged", check(body, kind).map_err(text_of)?.event, read.kind())?;
        let raw = read.raw().as_str().ok_or("the body is not kept")?;
        same("raw", raw.as_bytes(), body)?;
        same("event", read.kind().as_str(), event.as_str())?;
        let id = case.id.as_deref().or(read.kind().job().map(|_| "1"));
        same("id", read.job_id(), id)?;
        if let Some(status) = case.status {
            same("status", read.job_status().map(JobStatus::as_str), Some(status.as_str()))?;
        }
        if let WebhookEvent::Event(event) = read {
            same("event_name", Some(event.event.as_str()), case.event_name.as_deref())?;
            let expected = case.identity.ok_or("an event, and nothing said of its identity")?;
            return same("identity", Value::from(event.identity.map(|identity| identity.id)), expected);
        }
        let silent = case.event_name.is_none() && case.identity.is_none();
        if silent { Ok(()) } else { Err("event_name and identity are of events alone".to_owned()) }
    });
}
