//! Where fuzzing starts: the cases of the shared tables, each in the form in which its target reads it, and the words of
//! the API's JSON.

use std::collections::BTreeSet;
use std::path::Path;

use image_intelligence_core::{BaseUrl, EventKind, schema};
use serde_json::Value;

use crate::step::{Outcome, read, root, write as write_file};

/// An input made of a case; nothing where the case has no place in one.
type Form = fn(&Value) -> Option<String>;

/// Writes the cases that a target can start from, under names that are the same each time.
pub(crate) fn write(target: &str, folder: &Path) -> Outcome {
    let forms: &[(&str, Form)] = match target {
        "webhook" | "check" => &[("canonical", body), ("webhook", body), ("wire", body)],
        "signature" => &[("signature", signature)],
        "callback" => &[("callback", callback)],
        "resume" => &[("resume", resume), ("resume", resume_fields)],
        _ => &[("retry_after", retry_after)],
    };
    for (number, (table, form)) in forms.iter().enumerate() {
        let path = root().join("tests/vectors").join(format!("{table}.json"));
        let file: Value =
            serde_json::from_slice(&read(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        for (index, case) in file["cases"].as_array().into_iter().flatten().enumerate() {
            if let Some(input) = form(case) {
                write_file(&folder.join(format!("{number}-{table}-{index}")), input)?;
            }
        }
    }
    Ok(())
}

/// libFuzzer's own form of a word list: keys of core's schema and what else has a meaning in JSON.
pub(crate) fn dictionary() -> String {
    let schema = schema();
    let models = schema["$defs"].as_object().into_iter().flatten();
    let keys = models.filter_map(|(_, model)| model["properties"].as_object()).flat_map(|keys| keys.keys());
    let mut words: BTreeSet<String> = keys.map(|key| format!("\"{key}\":")).collect();
    // What tells bodies apart, and stands in no model or not in all.
    words.extend(["target", "question", "images", "event", "eventType", "type"].map(|key| format!("\"{key}\":")));
    words.extend(
        ["null", "true", "false", "\\ud800", "\\udc00", "\\u0069", "1e400", "9007199254740993"].map(str::to_owned),
    );
    let escaped = words.iter().map(|word| word.replace('\\', "\\\\").replace('"', "\\\""));
    escaped.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join("\n")
}

fn text<'a>(case: &'a Value, key: &str) -> Option<&'a str> {
    case[key].as_str()
}

fn texts(case: &Value, key: &str) -> Vec<String> {
    case[key].as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
}

/// The known kind as a digit, and the body. Bodies that are no UTF-8 are left out.
fn body(case: &Value) -> Option<String> {
    let known = text(case, "known_kind").or(text(case, "model").map(|_| "detect"));
    let known = known
        .and_then(|known| EventKind::ALL.iter().position(|kind| kind.as_str() == known))
        .map_or(0, |index| index + 1);
    let body = match (case.get("json"), text(case, "text"), text(case, "file")) {
        (Some(json), ..) => json.to_string(),
        (None, Some(text), _) => text.to_owned(),
        (None, None, Some(file)) => {
            String::from_utf8(read(&root().join("tests/vectors/files").join(file)).ok()?).ok()?
        }
        _ => return None,
    };
    Some(format!("{known}{body}"))
}

fn signature(case: &Value) -> Option<String> {
    let headers = case["headers"].as_array()?.iter();
    let headers: String =
        headers.filter_map(|header| Some(format!("\n{}: {}", header[0].as_str()?, header[1].as_str()?))).collect();
    let sha1 = u8::from(case["allow_sha1"] == true);
    Some(format!("{sha1}{headers}\n\n{}\n\n{}", texts(case, "secrets").join("\n"), text(case, "text")?))
}

fn callback(case: &Value) -> Option<String> {
    let token = text(case, "token").or(text(case, "minted")).unwrap_or_default();
    let now = case["now_ms"].as_i64().unwrap_or_default();
    Some(format!("{}\n{}\n{now}\n{token}", text(case, "keys")?, texts(case, "bases").join(" ")))
}

fn resume(case: &Value) -> Option<String> {
    Some(format!("{}\n{}", text(case, "api")?, text(case, "token")?))
}

/// What stands in the token, so that it can be changed without base64.
fn resume_fields(case: &Value) -> Option<String> {
    let (api, mut fields) = (text(case, "api")?, case["fields"].as_object()?.clone());
    fields.insert("v".to_owned(), 1.into());
    fields.insert("api".to_owned(), BaseUrl::parse(api).ok()?.fingerprint().into());
    Some(format!("{api}\n{}", Value::Object(fields)))
}

fn retry_after(case: &Value) -> Option<String> {
    Some(format!("{}\n{}", case["now_ms"].as_i64()?, text(case, "value")?))
}
