//! What may be decoded as it stands, and what it is rewritten to: `canonical.json`.

use std::borrow::Cow;

use image_intelligence_core::{EventKind, Judged, Kind, WebhookEvent, canonicalise, check, judge, parse_webhook};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::deciding::compare;
use super::reading::{Body, known_kind};
use super::{Outcome, Refusal, run, same, text_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CanonicalCase {
    json: Option<Value>,
    text: Option<String>,
    base64: Option<String>,
    file: Option<String>,
    known_kind: Option<String>,
    event: Option<String>,
    canonical: Option<bool>,
    expect: Option<Value>,
    error: Option<Refusal>,
}

#[test]
fn canonical() {
    run("canonical", |case: CanonicalCase| {
        let body = Body {
            json: case.json.as_ref(),
            text: case.text.as_deref(),
            base64: case.base64.as_deref(),
            file: case.file.as_deref(),
        }
        .bytes()?;
        let kind = known_kind(case.known_kind.as_deref())?;
        let (Some(event), Some(canonical)) = (case.event, case.canonical) else {
            let error = case.error.ok_or("neither event and canonical nor error")?;
            error.check(check(&body, kind))?;
            error.check(canonicalise(&body, kind))?;
            return error.check(judge(&body, kind));
        };
        let checked = check(&body, kind).map_err(text_of)?;
        same("event", checked.event.as_str(), event.as_str())?;
        same("canonical", checked.canonical, canonical)?;
        let judged = judge(&body, kind).map_err(text_of)?;
        same("judged event", judged.event, checked.event)?;
        same("judged canonical", judged.canonical, canonical)?;
        same("ascii", judged.ascii, judged.json.is_ascii())?;
        same("the very bytes", matches!(judged.json, Cow::Borrowed(_)) && *judged.json == body, canonical)?;
        if checked.event == EventKind::Unknown {
            let unmarked = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
            return same("as it came", &*judged.json, unmarked);
        }
        let expect = case.expect.ok_or("a job and no expect")?;
        let (_, rewritten) = canonicalise(&body, kind).map_err(text_of)?;
        for json in [&*judged.json, &rewritten] {
            compare(&plainly_read(json)?, &expect)?;
        }
        settled(&rewritten)?;
        let WebhookEvent::Detect(job) = parse_webhook(&body, kind).map_err(text_of)? else {
            return Err("parsed as something else".to_owned());
        };
        same("written by the model", job.to_json(), rewritten)
    });
}

/// What is canonical once stays so.
fn settled(json: &[u8]) -> Outcome {
    let Judged { canonical, .. } = judge(json, Some(Kind::Detect)).map_err(text_of)?;
    same("what was rewritten is canonical", canonical, true)
}

/// Reads a job as any language's typed decoder does, which knows nothing of tolerance, and writes it out again.
fn plainly_read(json: &[u8]) -> Outcome<Value> {
    let job: Plain = serde_json::from_slice(json).map_err(text_of)?;
    serde_json::to_value(job).map_err(text_of)
}

/// There with its exact type, which `null` is not; or not there at all.
fn exact<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

macro_rules! plain {
    ($($model:ident { $($must:ident: $always:ty,)* ; $($may:ident: $sometimes:ty,)* })+) => {
        $(
            #[derive(Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            struct $model {
                $($must: $always,)*
                $(
                    #[serde(default, deserialize_with = "exact", skip_serializing_if = "Option::is_none")]
                    $may: Option<$sometimes>,
                )*
            }
        )+
    };
}
plain! {
    Plain {
        id: String, job_results: Vec<JobResult>, image_results: Vec<ImageResult>, status: String, ;
        created_at: i64, custom_id: String, feed_id: String, webhook_url: String,
    }
    JobResult { class: String, ; image: Image, hitl: bool, }
    Image { ; id: String, url: String, proxy_url: String, custom_id: String, confidence: f64, }
    ImageResult {
        objects: Vec<Object>, status: String, ;
        id: String, url: String, proxy_url: String, custom_id: String,
    }
    Object { class: String, confidence: f64, ; verdict: bool, bounding_box: Edges, }
    Edges { x_min: f64, y_min: f64, x_max: f64, y_max: f64, ; }
}
