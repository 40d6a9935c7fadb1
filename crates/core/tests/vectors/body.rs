//! Cases about a body that comes in, in one of four forms.

use base64::Engine as _;
use image_intelligence_core::EventKind;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Map, Value};

use super::{Outcome, folder, run, text_of};

/// Runs a table of such cases: `check` gets the bytes, and what else the case says.
pub(super) fn run_bodies<C: DeserializeOwned>(table: &str, check: impl Fn(&[u8], C) -> Outcome) {
    run(table, |mut case: Map<String, Value>| {
        let body = taken(&mut case)?;
        let case = serde_json::from_value(case.into()).map_err(|error| format!("the case itself: {error}"))?;
        check(&body, case)
    });
}

fn taken(case: &mut Map<String, Value>) -> Outcome<Vec<u8>> {
    match ["json", "text", "base64", "file"].map(|form| case.remove(form)) {
        [Some(json), None, None, None] => Ok(json.to_string().into_bytes()),
        [None, Some(Value::String(text)), None, None] => Ok(text.into_bytes()),
        [None, None, Some(Value::String(text)), None] => {
            base64::engine::general_purpose::STANDARD.decode(text).map_err(text_of)
        }
        [None, None, None, Some(Value::String(name))] => {
            std::fs::read(folder().join("files").join(name)).map_err(text_of)
        }
        _ => Err("exactly one of json, text, base64 and file is wanted".to_owned()),
    }
}

/// What a case says that the body is known to be.
pub(super) fn known_kind(name: Option<&str>) -> Outcome<Option<EventKind>> {
    name.map(|name| EventKind::known(name).map_err(text_of)).transpose()
}

/// What a case says, where `null` says something too: that there is none.
pub(super) fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
