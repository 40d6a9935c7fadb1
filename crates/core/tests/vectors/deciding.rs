//! Decisions: the tables of which `decide` gives each case back as core would have written it.

use image_intelligence_core::{Error, ErrorKind, decide};
use serde_json::{Map, Value, json};

use super::{Outcome, load, run, text_of};

/// What differs, place by place. Numbers are compared as numbers, times to the microsecond.
fn differences(place: &str, found: &Value, expected: &Value) -> Vec<String> {
    match (found, expected) {
        (Value::Object(one), Value::Object(other)) => {
            let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
            keys.sort();
            keys.dedup();
            let differing = |key: &String| match (one.get(key), other.get(key)) {
                (Some(found), Some(expected)) => differences(&format!("{place}.{key}"), found, expected),
                (found, expected) => {
                    let shown = |side: Option<&Value>| side.map_or("nothing".to_owned(), Value::to_string);
                    vec![format!("{place}.{key}: {} instead of {}", shown(found), shown(expected))]
                }
            };
            keys.into_iter().flat_map(differing).collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let items = one.iter().zip(other).enumerate();
            items.flat_map(|(at, (found, expected))| differences(&format!("{place}[{at}]"), found, expected)).collect()
        }
        (Value::Number(one), Value::Number(other)) => {
            let apart = one.as_f64().zip(other.as_f64()).map_or(f64::INFINITY, |(one, other)| (one - other).abs());
            let allowed = if place.ends_with("_ms") { 0.001 } else { 0.0 };
            if apart <= allowed { Vec::new() } else { vec![format!("{place}: {one} instead of {other}")] }
        }
        (found, expected) if found == expected => Vec::new(),
        (found, expected) => vec![format!("{place}: {found} instead of {expected}")],
    }
}

pub(super) fn compare(found: &Value, expected: &Value) -> Outcome {
    let differing = differences("", found, expected);
    if differing.is_empty() { Ok(()) } else { Err(differing.join("; ")) }
}

fn run_decisions(table: &str) {
    run(table, |case: Value| {
        let decided = decide(table, &case.to_string()).map_err(text_of)?;
        compare(&serde_json::from_str(&decided).map_err(text_of)?, &case)
    });
}

macro_rules! tables {
    ($($table:ident)+) => {
        $(#[test] fn $table() { run_decisions(stringify!($table)); })+
    };
}
tables!(poll retry retry_after validation token resume signature callback);

/// What can be told of an error, in the fields of the table. `message` and `body` stand there where the table has them.
fn told(error: &Error, expected: &Value) -> Value {
    let mut told = json!({
        "kind": error.kind().as_str(),
        "rust": format!("{:?}", error.kind()),
        "exit": error.kind().exit_code(),
        "retryable": error.retryable(),
    });
    let mut tell = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            told[field] = value;
        }
    };
    tell("status", error.status().map(Value::from));
    tell("request_id", error.request_id().map(Value::from));
    tell("retry_after_ms", error.retry_after().map(|wait| (wait.as_secs_f64() * 1000.0).into()));
    tell("body_bytes", error.body().map(|body| body.len().into()));
    tell("last_status", error.last_status().map(|status| status.as_str().into()));
    tell("resume_token", error.resume_token().map(Value::from));
    tell("custom_id", error.custom_id().map(Value::from));
    tell("candidates", (!error.candidates().is_empty()).then(|| error.candidates().into()));
    tell("reason", error.reason().map(Value::from));
    if expected.get("message").is_some() {
        tell("message", Some(error.message().into()));
    }
    if expected.get("body").is_some() {
        tell("body", error.body().map(|body| String::from_utf8_lossy(body).into()));
    }
    // What the classes are called elsewhere is for the other languages to say.
    for column in ["python", "python_also", "node"] {
        tell(column, expected.get(column).cloned());
    }
    told
}

#[test]
fn errors() {
    run("errors", |case: Value| {
        let expected = &case["expect"];
        match decide("errors", &case.to_string()) {
            Ok(decided) => Err(format!("no error but {decided}")),
            Err(error) => compare(&told(&error, expected), expected),
        }
    });
}

#[test]
fn every_kind_of_error_has_one_class_in_each_language() {
    let mut classes: Map<String, Value> = Map::new();
    for case in load("errors").unwrap() {
        let expected = &case["expect"];
        let names =
            json!([expected["rust"], expected["exit"], expected["python"], expected["python_also"], expected["node"]]);
        assert!([0, 2, 4].iter().all(|column| names[column].is_string()), "{case}");
        let kind = expected["kind"].as_str().unwrap().to_owned();
        let first = classes.entry(kind).or_insert_with(|| names.clone());
        assert_eq!(*first, names, "{case}");
    }
    for kind in ErrorKind::ALL {
        assert!(classes.contains_key(kind.as_str()), "{kind} is in no case");
    }
    assert_eq!(classes.len(), ErrorKind::ALL.len());
}

#[test]
fn a_comparison_can_fail() {
    let one = json!({"a": 1, "again_ms": 1.0004, "b": [true, "x"], "c": null});
    assert_eq!(
        differences("", &one, &json!({"a": 1.0, "again_ms": 1, "b": [true, "x"], "c": null})),
        Vec::<String>::new()
    );
    let other = json!({"a": 1.0004, "again_ms": 1.1, "b": [true], "d": 1});
    assert_eq!(differences("", &one, &other).len(), 5);
    assert_eq!(differences("", &one, &json!([])).len(), 1);
}

#[test]
fn a_case_that_says_something_unknown_is_refused() {
    for table in ["poll", "retry", "retry_after", "validation", "token", "resume", "signature", "callback", "errors"] {
        for case in load(table).unwrap() {
            let mut odd = case.clone();
            odd["perhaps"] = true.into();
            let error = decide(table, &odd.to_string()).unwrap_err();
            assert!(error.message().starts_with("decide: unknown field `perhaps`"), "{table}: {error}");
        }
    }
    assert!(decide("wire", "{}").is_err_and(|error| error.message().contains("no table")));
    assert!(decide("poll", "[]").is_err());
}

/// What a case expects must not sway what core decides.
#[test]
fn a_wrong_expectation_is_noticed() {
    let wrong = |table: &str, pointer: &str, value: Value| {
        let mut spoiled = 0;
        for case in load(table).unwrap() {
            let mut odd = case.clone();
            let Some(place) = odd.pointer_mut(pointer) else { continue };
            if *place == value {
                continue;
            }
            *place = value.clone();
            let decided: Value = serde_json::from_str(&decide(table, &odd.to_string()).unwrap()).unwrap();
            assert!(compare(&decided, &odd).is_err(), "{table}: {odd}");
            spoiled += 1;
        }
        assert!(spoiled > 0, "{table} has nothing at {pointer}");
    };
    wrong("poll", "/steps/0/expect", "lost".into());
    wrong("poll", "/first/again_ms", 17.into());
    wrong("retry", "/may_have_created", true.into());
    wrong("retry_after", "/wait_ms", 17.into());
    wrong("validation", "/error/message", "spoiled".into());
    wrong("token", "/says/token", "spoiled".into());
    wrong("token", "/error/contains", json!(["spoiled"]));
    wrong("resume", "/fields/id", "spoiled".into());
    wrong("resume", "/error/contains", json!(["spoiled"]));
    wrong("signature", "/good", false.into());
    wrong("signature", "/error/reason", "spoiled".into());
    wrong("signature", "/signed", "spoiled".into());
    wrong("callback", "/says/rid", "spoiled".into());
    wrong("callback", "/error/reason", "spoiled".into());
    wrong("callback", "/minted", "spoiled".into());
    wrong("callback", "/normalised", json!([]));
}
