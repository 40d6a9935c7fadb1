//! The judge against the reader and against a plain decoder made of the schema.

use serde_json::Value;

use super::{check, judge};
use crate::json::tests::Dice;
use crate::{DetectJob, EventKind, WebhookEvent, parse_webhook};

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
    "type",
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

/// What a plain typed decoder makes of it, one that is written from the schema.
fn decode(value: &Value, shape: &Value, definitions: &Value) -> Value {
    if let Some(name) = shape["$ref"].as_str() {
        return decode(value, &definitions[name.rsplit('/').next().unwrap()], definitions);
    }
    match (shape["type"].as_str(), value) {
        (Some("object"), Value::Object(fields)) => {
            for key in shape["required"].as_array().unwrap() {
                assert!(fields.contains_key(key.as_str().unwrap()), "{key} is missing in {value}");
            }
            let known = fields.iter().filter_map(|(key, value)| Some((key, value, shape["properties"].get(key)?)));
            known.map(|(key, value, shape)| (key.clone(), decode(value, shape, definitions))).collect()
        }
        (Some("array"), Value::Array(items)) => {
            items.iter().map(|item| decode(item, &shape["items"], definitions)).collect()
        }
        (Some("number"), Value::Number(number)) => number.as_f64().into(),
        (Some("integer"), Value::Number(number)) => number.as_i64().unwrap().into(),
        (Some("boolean"), Value::Bool(_)) | (Some("string") | None, Value::String(_)) => value.clone(),
        (wanted, _) => panic!("{value} where {wanted:?} is wanted"),
    }
}

#[test]
fn canonical_bodies_say_to_a_plain_reader_what_they_say_to_us() {
    let seed: Value = serde_json::from_str(JOB).unwrap();
    let mut dice = Dice(0xc0de);
    let schema = crate::schema();
    let definitions = &schema["$defs"];
    let (mut canonical, mut odd) = (0, 0);
    for _ in 0..12_000 {
        let mut text = String::new();
        mutate(&seed, &mut dice, &mut text);
        let bytes = text.as_bytes();
        let (checked, parsed) = (check(bytes, None), parse_webhook(bytes, None));
        let (Ok(checked), Ok(parsed)) = (&checked, &parsed) else {
            assert!(checked.is_err() && parsed.is_err(), "{text}\n{checked:?}\n{parsed:?}");
            continue;
        };
        assert_eq!(checked.event, parsed.kind(), "{text}");
        let WebhookEvent::Detect(job) = parsed else { continue };
        if checked.canonical {
            canonical += 1;
            let read = decode(&serde_json::from_str(&text).unwrap(), &definitions["DetectJob"], definitions);
            assert_eq!(read, serde_json::to_value(job).unwrap(), "{text}");
        } else {
            odd += 1;
            let judged = judge(bytes, None).unwrap();
            assert!(check(&judged.json, None).unwrap().canonical, "{text}");
            assert_eq!(DetectJob::from_json(&judged.json).unwrap(), *job, "{text}");
        }
    }
    assert!(canonical > 2000 && odd > 2000, "{canonical} canonical, {odd} odd");
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
