//! What may be decoded as it stands, and what it is rewritten to: `canonical.json`.

use std::borrow::Cow;

use image_intelligence_core::{EventKind, canonicalise, check, judge, parse_webhook, schema};
use serde::Deserialize;
use serde_json::Value;

use super::body::{known_kind, run_bodies};
use super::deciding::compare;
use super::plain::decode;
use super::{Outcome, Refusal, same, text_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CanonicalCase {
    known_kind: Option<String>,
    event: Option<String>,
    canonical: Option<bool>,
    expect: Option<Value>,
    error: Option<Refusal>,
}

#[test]
fn canonical() {
    let schema = schema();
    run_bodies("canonical", |body, case: CanonicalCase| {
        let kind = known_kind(case.known_kind.as_deref())?;
        let (Some(event), Some(canonical)) = (case.event, case.canonical) else {
            let error = case.error.ok_or("neither event and canonical nor error")?;
            error.check(check(body, kind))?;
            error.check(canonicalise(body, kind))?;
            return error.check(judge(body, kind));
        };
        let checked = check(body, kind).map_err(text_of)?;
        same("event", checked.event.as_str(), event.as_str())?;
        same("canonical", checked.canonical, canonical)?;
        let judged = judge(body, kind).map_err(text_of)?;
        same("judged event", judged.event, checked.event)?;
        same("judged canonical", judged.canonical, canonical)?;
        same("ascii", judged.ascii, judged.json.is_ascii())?;
        same("the very bytes", matches!(judged.json, Cow::Borrowed(_)) && *judged.json == *body, canonical)?;
        let Some(model) = model(checked.event) else {
            let unmarked = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
            same("expect", case.expect, None)?;
            return same("as it came", &*judged.json, unmarked);
        };
        let expect = case.expect.ok_or("no unknown body, and no expect")?;
        let (_, rewritten) = canonicalise(body, kind).map_err(text_of)?;
        for json in [&*judged.json, &rewritten] {
            compare(&decode(std::str::from_utf8(json).map_err(text_of)?, model, &schema)?, &expect)?;
        }
        settled(&rewritten, checked.event)?;
        same("written by the model", parse_webhook(body, kind).map_err(text_of)?.to_json(), rewritten)
    });
}

/// The name of an event's model in the schema.
fn model(event: EventKind) -> Option<&'static str> {
    match event {
        EventKind::Detect => Some("DetectJob"),
        EventKind::Match => Some("MatchJob"),
        EventKind::Ask => Some("AskJob"),
        EventKind::Recognize => Some("RecognizeJob"),
        EventKind::Event => Some("RegisteredEvent"),
        _ => None,
    }
}

/// What is canonical once stays so.
fn settled(json: &[u8], event: EventKind) -> Outcome {
    let judged = judge(json, Some(event)).map_err(text_of)?;
    same("what was rewritten is canonical", (judged.event, judged.canonical), (event, true))
}
