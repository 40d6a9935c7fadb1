//! What the fuzz targets share: how an input is cut into its parts, and a plain reader of JSON to hold core's against.
//!
//! An input is text with a part on each line, as far as it can be, so that a table's case can be one and a person can
//! read what a crash is about.

use std::sync::OnceLock;

use image_intelligence_core::{EventKind, Kind, schema};
use serde_json::Value;

/// The first byte says what the receiver knows the body to be, from `0` (it does not know); the rest is the body.
pub fn known_kind(data: &[u8]) -> Option<(Option<EventKind>, &[u8])> {
    let (&first, body) = data.split_first()?;
    let index = usize::from(first.wrapping_sub(b'0')) % (EventKind::ALL.len() + 1);
    Some((index.checked_sub(1).map(|index| EventKind::ALL[index]), body))
}

/// What stands before the separator, and what after it; all of it where there is none.
pub fn cut<'a>(data: &'a [u8], separator: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = data.windows(separator.len()).position(|window| window == separator);
    at.map_or((data, &[]), |at| (&data[..at], &data[at + separator.len()..]))
}

/// The first line, and the rest.
pub fn line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// A number that hangs on every byte (FNV-1a): where to flip a bit.
pub fn dice(data: &[u8]) -> usize {
    let hash = data
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 16) as usize
}

/// Whether it is a job that has a model; what else a webhook brings is kept as it came.
pub fn is_job(event: EventKind) -> bool {
    Kind::from_name(event.as_str()).is_some()
}

/// What a plain decoder makes of a job's JSON: one that is written from the schema, takes every known field as it stands and
/// passes over the others.
pub fn decode(json: &[u8], event: EventKind) -> Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    let definitions = &SCHEMA.get_or_init(schema)["$defs"];
    let kind = event.as_str();
    let name = format!("{}{}Job", kind[..1].to_uppercase(), &kind[1..]);
    let value = serde_json::from_slice(json).expect("what is canonical is JSON to everyone");
    typed(&value, &definitions[&name], definitions)
}

fn typed(value: &Value, shape: &Value, definitions: &Value) -> Value {
    if let Some(name) = shape["$ref"].as_str() {
        return typed(value, &definitions[name.rsplit('/').next().unwrap_or(name)], definitions);
    }
    match (shape["type"].as_str(), value) {
        (Some("object"), Value::Object(fields)) if shape.get("properties").is_some() => {
            for key in shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(fields.contains_key(key), "{key} is missing");
            }
            let known = fields.iter().filter_map(|(key, value)| Some((key, value, shape["properties"].get(key)?)));
            known.map(|(key, value, shape)| (key.clone(), typed(value, shape, definitions))).collect()
        }
        (Some("array"), Value::Array(items)) => {
            items.iter().map(|item| typed(item, &shape["items"], definitions)).collect()
        }
        (Some("integer"), Value::Number(number)) => number.as_i64().expect("no integer where one is wanted").into(),
        (Some("number"), Value::Number(number)) => number.as_f64().into(),
        (Some("boolean"), Value::Bool(_)) | (Some("string"), Value::String(_)) => value.clone(),
        (Some(wanted @ ("object" | "array" | "integer" | "number" | "boolean" | "string")), _)
            if wanted != "object" || !value.is_object() =>
        {
            panic!("{value} where {wanted} is wanted")
        }
        // An open enum, or a value of any form.
        _ => value.clone(),
    }
}
