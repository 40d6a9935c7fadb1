//! Runs every case of the shared tables in `tests/vectors/` against core, and names each one that fails.

mod body;
mod canonical;
mod deciding;
mod plain;
mod reading;

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use image_intelligence_core::Error;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What went wrong with a case, in words.
type Outcome<T = ()> = Result<T, String>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    table: String,
    cases: Vec<Value>,
}

/// Runs a table, whole, and then says which cases failed and why.
fn run<C: DeserializeOwned>(name: &str, check: impl Fn(C) -> Outcome) {
    let failures = match load(name) {
        Ok(cases) => cases.into_iter().filter_map(|case| failure(case, &check)).collect(),
        Err(problem) => vec![problem],
    };
    assert!(failures.is_empty(), "tests/vectors/{name}.json:\n  {}", failures.join("\n  "));
}

fn load(name: &str) -> Outcome<Vec<Value>> {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).map_err(text_of)?;
    let Table { table, cases } = serde_json::from_str(&text).map_err(text_of)?;
    if table != name || cases.is_empty() {
        return Err(format!("the table {table:?} has {} cases", cases.len()));
    }
    Ok(cases)
}

fn failure<C: DeserializeOwned>(mut case: Value, check: impl Fn(C) -> Outcome) -> Option<String> {
    // The name is the table's own business; every other field must be one that the check knows.
    let Some(Value::String(name)) = case.as_object_mut().and_then(|fields| fields.remove("name")) else {
        return Some(format!("a case without a name: {case}"));
    };
    let case = serde_json::from_value(case).map_err(|error| format!("the case itself: {error}"));
    case.and_then(check).err().map(|problem| format!("{name}: {problem}"))
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be handed to map_err as it is")]
fn text_of(error: impl ToString) -> String {
    error.to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "most of what is compared is made on the spot")]
fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    kind: String,
    contains: Vec<String>,
}

impl Refusal {
    fn check<T: Debug>(&self, found: Result<T, Error>) -> Outcome {
        let error = found.map_or_else(Ok, |value| Err(format!("read as {value:?}, not refused"))).map_err(text_of)?;
        same("kind", error.kind().as_str(), self.kind.as_str())?;
        match self.contains.iter().find(|words| !error.message().contains(words.as_str())) {
            Some(words) => Err(format!("{words:?} is not in the message {:?}", error.message())),
            None => Ok(()),
        }
    }
}

#[test]
fn the_runner_can_fail() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Case {
        wait_ms: u64,
    }
    let case = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let good = case(r#"{"name": "seven", "wait_ms": 7000}"#);
    let check = |case: Case| same("wait", case.wait_ms, 7000);
    assert_eq!(failure(good, check), None);
    let wrong = case(r#"{"name": "eight", "wait_ms": 8000}"#);
    assert!(failure(wrong, check).is_some_and(|problem| problem.starts_with("eight: wait")));
    let unknown = case(r#"{"name": "x", "wait_ms": 7000, "why": ""}"#);
    assert!(failure(unknown, check).is_some_and(|problem| problem.contains("unknown field")));
    assert!(failure(case("{}"), check).is_some());
    assert!(load("no-such-table").is_err());
}
