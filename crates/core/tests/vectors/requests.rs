//! What is refused before it is sent, and what another process is handed: `validation.json`, `resume.json`.

use image_intelligence_core::{BaseUrl, DetectRequest, Limits, ResumeToken, Timestamp, decode_blob};
use serde::Deserialize;
use serde_json::Value;

use super::{Outcome, Refusal, run, same, text_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidationCase {
    request: Value,
    limits: Option<LimitsOf>,
    error: Option<FieldRefusal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsOf {
    url: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldRefusal {
    kind: String,
    field: String,
    message: String,
}

/// Writes out what a table abbreviates: `{"$repeat": x, "times": n}` and `{"$concat": [..]}`.
fn expand(value: &Value) -> Outcome<Value> {
    if let (Some(item), Some(times)) = (value.get("$repeat"), value.get("times").and_then(Value::as_u64)) {
        let times = usize::try_from(times).map_err(text_of)?;
        return Ok(match expand(item)? {
            Value::String(text) => text.repeat(times).into(),
            item => vec![item; times].into(),
        });
    }
    if let Some(parts) = value.get("$concat").and_then(Value::as_array) {
        let parts = parts.iter().map(|part| Ok(expand(part)?.as_str().ok_or("a part that is no text")?.to_owned()));
        return Ok(parts.collect::<Outcome<String>>()?.into());
    }
    match value {
        Value::Array(items) => items.iter().map(expand).collect::<Outcome<Vec<_>>>().map(Value::from),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| Ok((key.clone(), expand(value)?)))
            .collect::<Outcome<serde_json::Map<_, _>>>()
            .map(Value::from),
        other => Ok(other.clone()),
    }
}

#[test]
fn validation() {
    run("validation", |case: ValidationCase| {
        let request: DetectRequest = serde_json::from_value(expand(&case.request)?).map_err(text_of)?;
        let mut limits = Limits::default();
        if let Some(own) = case.limits {
            limits.url = own.url;
        }
        match (request.validate(&limits), case.error) {
            (Err(error), Some(expected)) => {
                same("kind", error.kind().as_str(), expected.kind.as_str())?;
                same("message", error.message(), expected.message.as_str())?;
                same("field", error.message().split(": ").next(), Some(expected.field.as_str()))
            }
            (Ok(()), None) => {
                let blobs = request.images.iter().filter_map(|image| image.blob.as_deref());
                blobs.map(|blob| decode_blob("blob", blob)).find_map(Result::err).map_or(Ok(()), |e| Err(text_of(e)))
            }
            (Err(error), None) => Err(text_of(error)),
            (Ok(()), Some(expected)) => Err(format!("passed, instead of {}", expected.message)),
        }
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeCase {
    api: String,
    token: String,
    fields: Option<TokenOf>,
    #[serde(default)]
    writes: bool,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenOf {
    kind: String,
    ns: Option<String>,
    id: String,
    rid: String,
    created: i64,
}

#[test]
fn resume() {
    run("resume", |case: ResumeCase| {
        let api = BaseUrl::parse(&case.api).map_err(text_of)?;
        let read = ResumeToken::parse(&case.token, &api);
        let Some(fields) = case.fields else { return case.error.ok_or("neither fields nor error")?.check(read) };
        let token = read.map_err(text_of)?;
        same("kind", token.kind.as_str(), fields.kind.as_str())?;
        same("ns", token.namespace.as_ref(), fields.ns.as_ref())?;
        same("id", &token.id, &fields.id)?;
        same("rid", token.rid.to_string(), fields.rid)?;
        same("created", token.created, Timestamp::from_millis(fields.created))?;
        if case.writes { same("written", token.to_string(), case.token) } else { Ok(()) }
    });
}
