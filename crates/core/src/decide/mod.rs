//! Decides one case of a shared table, for the test suites of the bindings: so that every language runs the same cases
//! through its own border. `tests/vectors/README.md` says what each table holds and what comes back.

mod errors;
mod token;
mod validation;
mod waiting;
mod webhooks;

use std::time::Duration;

use base64::Engine as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use self::errors::error;
use self::token::token;
use self::validation::validation;
use self::waiting::{poll, retry, retry_after};
use self::webhooks::{callback, signature};
use crate::{BaseUrl, Error, ErrorKind, Kind, Result, ResumeToken};

/// Decides a case of a table, and gives the case back with what core decided in the place of what was expected. For the
/// table `errors` it fails with the error that the case describes.
pub fn decide(table: &str, case: &str) -> Result<String> {
    let mut answer: Map<String, Value> = read(case)?;
    // The name is the table's own business.
    let name = answer.remove("name");
    let case = Value::Object(answer.clone());
    match table {
        "poll" => poll(read_value(case)?, &mut answer)?,
        "retry" => retry(&read_value(case)?, &mut answer),
        "retry_after" => retry_after(&read_value(case)?, &mut answer),
        "validation" => validation(&read_value(case)?, &mut answer)?,
        "token" => token(&read_value(case)?, &mut answer)?,
        "resume" => resume(&read_value(case)?, &mut answer)?,
        "signature" => signature(&read_value(case)?, &mut answer)?,
        "callback" => callback(&read_value(case)?, &mut answer)?,
        "errors" => return Err(error(read_value(case)?)?),
        _ => return Err(odd(format_args!("no table {table:?} is decided here"))),
    }
    answer.extend(name.map(|name| ("name".to_owned(), name)));
    Ok(Value::Object(answer).to_string())
}

fn odd(problem: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Config, format!("decide: {problem}"))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(odd)
}

fn read_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(odd)
}

fn kind_named(name: &str) -> Result<Kind> {
    Kind::from_name(name).ok_or_else(|| odd(format_args!("no kind {name:?}")))
}

fn error_kind(name: &str) -> Result<ErrorKind> {
    let found = ErrorKind::ALL.iter().find(|kind| kind.as_str() == name);
    found.copied().ok_or_else(|| odd(format_args!("no kind of error {name:?}")))
}

/// To the microsecond, as the tables are.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// What a table says of an error: its kind, its reason if it has one, and words of its message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(rename = "reason")]
    _reason: Option<String>,
    contains: Vec<String>,
}

/// The same of the error that came: of the words those that are really there, and the message where some are not.
fn refusal(error: &Error, expected: Option<&Refusal>) -> Value {
    let words = expected.map(|refusal| refusal.contains.as_slice()).unwrap_or_default();
    let found: Vec<&String> = words.iter().filter(|words| error.message().contains(words.as_str())).collect();
    let mut refusal = json!({"kind": error.kind().as_str(), "contains": found});
    if let Some(reason) = error.reason() {
        refusal["reason"] = reason.into();
    }
    if found.len() < words.len() || expected.is_none() {
        refusal["message"] = error.message().into();
    }
    refusal
}

/// Puts what came in its place, and takes the other place away.
fn outcome(answer: &mut Map<String, Value>, place: &str, found: Result<Value>, expected: Option<&Refusal>) {
    for place in [place, "error"] {
        answer.remove(place);
    }
    match found {
        Ok(found) => answer.insert(place.to_owned(), found),
        Err(error) => answer.insert("error".to_owned(), refusal(&error, expected)),
    };
}

/// Bytes in one of the forms that the tables have. A file cannot be read here: its runner hands in the bytes in base64.
fn bytes(json: Option<&Value>, text: Option<&Value>, base64: Option<&str>) -> Result<Vec<u8>> {
    match (json, text, base64) {
        (Some(json), None, None) => Ok(expand(json)?.to_string().into_bytes()),
        (None, Some(text), None) => match expand(text)? {
            Value::String(text) => Ok(text.into_bytes()),
            _ => Err(odd("a text that is none")),
        },
        (None, None, Some(base64)) => base64::engine::general_purpose::STANDARD.decode(base64).map_err(odd),
        _ => Err(odd("exactly one of json, text and base64 is wanted")),
    }
}

/// Writes out what a table abbreviates: `{"$repeat": x, "times": n}` and `{"$concat": [..]}`.
fn expand(value: &Value) -> Result<Value> {
    if let (Some(item), Some(times)) = (value.get("$repeat"), value.get("times").and_then(Value::as_u64)) {
        let times = usize::try_from(times).map_err(odd)?;
        return Ok(match expand(item)? {
            Value::String(text) => text.repeat(times).into(),
            item => vec![item; times].into(),
        });
    }
    if let Some(parts) = value.get("$concat").and_then(Value::as_array) {
        let mut text = String::new();
        for part in parts {
            text.push_str(expand(part)?.as_str().ok_or_else(|| odd("a part that is no text"))?);
        }
        return Ok(text.into());
    }
    match value {
        Value::Array(items) => items.iter().map(expand).collect::<Result<Vec<_>>>().map(Value::from),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| Ok((key.clone(), expand(value)?)))
            .collect::<Result<Map<_, _>>>()
            .map(Value::from),
        other => Ok(other.clone()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeCase {
    api: String,
    token: String,
    #[serde(rename = "fields")]
    _fields: Option<Value>,
    writes: Option<bool>,
    error: Option<Refusal>,
}

fn resume(case: &ResumeCase, answer: &mut Map<String, Value>) -> Result<()> {
    let api = BaseUrl::parse(&case.api)?;
    let read = ResumeToken::parse(&case.token, &api);
    if case.writes.is_some() {
        let writes = read.as_ref().is_ok_and(|token| token.to_string() == case.token);
        answer.insert("writes".to_owned(), writes.into());
    }
    let fields = read.map(|token| {
        let mut fields = json!({
            "kind": token.kind.as_str(),
            "id": token.id,
            "rid": token.rid,
            "created": token.created.as_millis(),
        });
        if let Some(namespace) = token.namespace {
            fields["ns"] = namespace.into();
        }
        fields
    });
    outcome(answer, "fields", fields, case.error.as_ref());
    Ok(())
}
