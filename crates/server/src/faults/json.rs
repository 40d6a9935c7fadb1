//! Reading JSON strictly, with the place of whatever is wrong in it.

use serde::de::DeserializeOwned;

/// Reads a whole document. The error begins with the place, such as `faults[0].code: ..`, or says "the JSON".
pub(crate) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let syntax = !error.inner().is_data();
        told(&error, syntax)
    })?;
    deserializer.end().map_err(|error| format!("the JSON: {error}"))?;
    Ok(read)
}

/// Says what is wrong with a field. The line and column of a wrong value are left out: the field's name says more.
pub(super) fn told(error: &serde_path_to_error::Error<serde_json::Error>, syntax: bool) -> String {
    let (path, text) = (error.path().to_string(), error.inner().to_string());
    if syntax {
        return format!("the JSON: {text}");
    }
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    if path == "." { format!("the JSON: {text}") } else { format!("{path}: {text}") }
}
