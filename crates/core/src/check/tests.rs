//! The judge against the reader and against a plain decoder made of the schema.

use serde_json::Value;

use super::{check, judge};
use crate::json::tests::Dice;
use crate::{EventKind, parse_webhook};
use plain::decode;

// The integration tests read what they are given with it too.
#[path = "../../tests/vectors/plain.rs"]
mod plain;

const JOB: &str = r#"{"id":"1","createdAt":1487648348000,"status":"COMPLETED_SUCCESSFULLY","jobResults":[{"class":"a","hitl":true,
    "image":{"id":"i","url":"https://e.com/1","customId":"c","confidence":0.5}}],"imageResults":[{"status":"X","url":"https://e.com/1",
    "objects":[{"class":"a","confidence":1e-3,"verdict":true,"boundingBox":{"xMin":0,"yMin":1,"xMax":2.5,"yMax":3}}]}],"customId":"\u00e9","more":[1]}"#;
const PIECES: &[&str] = &[
    "null",
    "\"\"",
    "{}",
    "[]",
    "[null]",
    "0",
    "7",
    "-1.5",
    "1e5",
    "1e400",
    "9007199254740993",
    "\"true\"",
    "true",
    "{\"a\":1}",
    "\"\\ud800\"",
    "1487648348",
    "1487648348000.0",
    "\"x\"",
    "[{}]",
    "[{\"class\":\"a\"}]",
    "[{\"objects\":[],\"status\":\"\"}]",
    "{\"id\":\"i\",\"images\":[]}",
    "{\"identity\":{\"id\":\"\"}}",
    "{\"target\":{\"class\":\"a\",\"images\":[\"u\"]}}",
];
const KEYS: &[&str] = &[
    "id",
    "url",
    "class",
    "objects",
    "status",
    "jobResults",
    "imageResults",
    "target",
    "question",
    "input",
    "createdAt",
    "event",
    "eventType",
    "type",
    "identity",
    "data",
    "examples",
    "images",
    "confidence",
    "verdict",
    "hitl",
    "boundingBox",
    "xMin",
    "\\u0069d",
    "more",
];

/// Puts other values in, takes keys out, writes them twice.
fn mutate(value: &Value, dice: &mut Dice, out: &mut String) {
    if dice.below(90) == 0 {
        return out.push_str(PIECES[dice.below(PIECES.len())]);
    }
    match value {
        Value::Object(fields) => {
            let mut parts = Vec::new();
            for (key, value) in fields {
                let times = match dice.below(90) {
                    0 => 0,
                    1 => 2,
                    _ => 1,
                };
                for _ in 0..times {
                    let mut text = format!("\"{key}\":");
                    mutate(value, dice, &mut text);
                    parts.push(text);
                }
            }
            if dice.below(12) == 0 {
                parts.push(format!("\"{}\":{}", KEYS[dice.below(KEYS.len())], PIECES[dice.below(PIECES.len())]));
            }
            out.push('{');
            out.push_str(&parts.join(","));
            out.push('}');
        }
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| {
                    let mut text = String::new();
                    mutate(item, dice, &mut text);
                    text
                })
                .collect();
            out.push('[');
            out.push_str(&items.join(","));
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// The name of its model in the schema.
fn model(event: EventKind) -> Option<&'static str> {
    Some(match event {
        EventKind::Detect => "DetectJob",
        EventKind::Match => "MatchJob",
        EventKind::Ask => "AskJob",
        EventKind::Recognize => "RecognizeJob",
        EventKind::Event => "RegisteredEvent",
        EventKind::GaveUp | EventKind::Unknown => return None,
    })
}

/// Holds the judge of one body against the reader, and against a plain decoder. Whether it was canonical, where it is of a
/// model.
fn agreed(text: &str, known: Option<EventKind>, schema: &Value) -> Option<bool> {
    let bytes = text.as_bytes();
    let (checked, parsed) = (check(bytes, known), parse_webhook(bytes, known));
    let (Ok(checked), Ok(parsed)) = (&checked, &parsed) else {
        assert!(checked.is_err() && parsed.is_err(), "{known:?} {text}\n{checked:?}\n{parsed:?}");
        return None;
    };
    assert_eq!(checked.event, parsed.kind(), "{known:?} {text}");
    let judged = judge(bytes, known).unwrap();
    assert_eq!((judged.event, judged.canonical), (checked.event, checked.canonical), "{known:?} {text}");
    let model = model(checked.event)?;
    let ours = parsed.to_json();
    if checked.canonical {
        let read = decode(text, model, schema).unwrap_or_else(|problem| panic!("{known:?} {text}\n{problem}"));
        assert_eq!(read, serde_json::from_slice::<Value>(&ours).unwrap(), "{known:?} {text}");
    } else {
        assert_eq!(judged.json, ours, "{known:?} {text}");
        let again = check(&ours, Some(checked.event)).unwrap();
        assert_eq!((again.event, again.canonical), (checked.event, true), "{known:?} {text}");
        assert_eq!(&parse_webhook(&ours, Some(checked.event)).unwrap(), parsed, "{known:?} {text}");
    }
    Some(checked.canonical)
}

/// Mutates a body, under its own kind, under none and under every other.
fn canonical_bodies_say_to_a_plain_reader_what_they_say_to_us(seed: &str, own: Option<EventKind>) {
    let schema = crate::schema();
    let value: Value = serde_json::from_str(seed).unwrap();
    let known = [EventKind::Detect, EventKind::Match, EventKind::Ask, EventKind::Recognize, EventKind::Event];
    let kinds: Vec<_> = known.into_iter().flat_map(|kind| [own, None, Some(kind)]).collect();
    assert_eq!(agreed(seed, own, &schema), Some(true));
    let mut dice = Dice(0xc0de);
    let (mut canonical, mut odd) = (0, 0);
    for round in 0..2_500 {
        let mut text = String::new();
        mutate(&value, &mut dice, &mut text);
        match agreed(&text, kinds[round % kinds.len()], &schema) {
            Some(true) => canonical += 1,
            Some(false) => odd += 1,
            None => {}
        }
    }
    assert!(canonical > 200 && odd > 200, "{canonical} canonical, {odd} odd");
}

macro_rules! seeds {
    ($($name:ident: $kind:expr, $seed:expr;)+) => {
        $(#[test] fn $name() { canonical_bodies_say_to_a_plain_reader_what_they_say_to_us($seed, $kind); })+
    };
}
macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/vectors/files/", $name, ".json"))
    };
}
seeds! {
    a_detect_job: Some(EventKind::Detect), JOB;
    a_match_job: Some(EventKind::Match), file!("match-webhook");
    an_ask_job: Some(EventKind::Ask), file!("ask-webhook");
    a_recognize_job: Some(EventKind::Recognize), file!("recognize-webhook");
    an_event: None, file!("identity-event");
}

#[test]
fn what_is_said_twice_or_not_at_all_is_odd() {
    let canonical =
        |text: &str| check(text.as_bytes(), None).map(|checked| (checked.event, checked.canonical)).unwrap();
    assert_eq!(canonical(JOB), (EventKind::Detect, true));
    assert_eq!(canonical(&JOB.replacen('{', r#"{"id":"2","#, 1)), (EventKind::Detect, false));
    assert_eq!(canonical(&JOB.replacen('{', r#"{"more":2,"#, 1)), (EventKind::Detect, true));
    assert_eq!(canonical(&JOB.replace(r#""status":"X","#, "")), (EventKind::Detect, false));
    assert_eq!(canonical(&format!("\u{feff}{JOB}")), (EventKind::Detect, false));
}
