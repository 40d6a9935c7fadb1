//! JSON on its way to `JSON.parse`.

use napi::{Env, JsString, Result};

/// JSON for `JSON.parse`.
pub(crate) struct Json {
    text: Vec<u8>,
    ascii: bool,
}

impl Json {
    pub(crate) fn new(text: Vec<u8>) -> Self {
        let ascii = text.is_ascii();
        Self { text, ascii }
    }

    /// Where that is known.
    pub(crate) fn of(text: Vec<u8>, ascii: bool) -> Self {
        Self { text, ascii }
    }
}

/// An array of JSON that grows.
pub(crate) struct List(Json);

impl Default for List {
    fn default() -> Self {
        Self(Json { text: vec![b'['], ascii: true })
    }
}

impl List {
    pub(crate) fn push(&mut self, item: &Json) {
        if self.0.text.len() > 1 {
            self.0.text.push(b',');
        }
        self.0.text.extend_from_slice(&item.text);
        self.0.ascii &= item.ascii;
    }

    pub(crate) fn end(mut self) -> Json {
        self.0.text.push(b']');
        self.0
    }
}

pub(crate) fn string(env: &Env, json: Json) -> Result<JsString<'_>> {
    if json.ascii {
        // ASCII is Latin-1 too, which needs no decoding.
        return env.create_string_latin1(&json.text);
    }
    let text = String::from_utf8(json.text).map_err(|error| napi::Error::from_reason(error.to_string()))?;
    env.create_string_from_std(text)
}
