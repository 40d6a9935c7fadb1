//! Answers that are no jobs: one object, or an array of them, read as tolerantly as a job.

use crate::body::{self, no_object, read_items, unreadable};
use crate::read::{ReadObject, from_text};
use crate::{Error, ErrorKind, Raw, Result};

/// Reads one object. `what` it is goes into the error.
pub(crate) fn from_json<T: ReadObject>(what: &str, json: &[u8]) -> Result<(T, Raw)> {
    let kind = ErrorKind::InvalidResponse;
    let text = body::text(json, kind).map_err(|error| error.with_body(json))?;
    match from_text::<Option<T>>(text) {
        Ok(Some(read)) => Ok((read, Raw::new(text))),
        Ok(None) => Err(no_object(kind, text)),
        Err(broken) => Err(unreadable(kind, text, broken)),
    }
    .map_err(|error| error.with_context(what))
}

/// Reads an array of objects, each of its own, so that an odd one costs only itself. `null` is none.
pub(crate) fn list_from_json<T: ReadObject>(json: &[u8], keep: impl Fn(T, Raw) -> Option<T>) -> Result<Vec<T>> {
    read_items(json, |item| keep(from_text::<Option<T>>(item).ok()??, Raw::new(item)))
}

/// An answer without what it cannot do without.
#[cold]
pub(crate) fn without_id(what: &str) -> Error {
    Error::new(ErrorKind::InvalidResponse, format!("id: missing in {what}; is this the API's answer?"))
}

/// Gives a model the reading and writing of an answer. Where `id` stands behind it, one without an id is refused.
macro_rules! answer {
    ($model:ident, $what:literal $(, $id:ident)?) => {
        impl $model {
            #[doc = concat!("Reads ", $what, " from the API's JSON.")]
            ///
            /// Fails with `invalid_response` where that cannot be read; every other oddity is read past.
            pub fn from_json(json: &[u8]) -> $crate::Result<Self> {
                let (read, raw) = $crate::answer::from_json::<Self>($what, json)?;
                $(if read.$id.is_empty() {
                    return Err($crate::answer::without_id($what).with_body(json));
                })?
                Ok(Self { raw, ..read })
            }

            /// Reads an array of them, as a search is answered. An item that cannot be read is left out.
            pub fn list_from_json(json: &[u8]) -> $crate::Result<Vec<Self>> {
                $crate::answer::list_from_json(json, |read: Self, raw| {
                    $(if read.$id.is_empty() {
                        return None;
                    })?
                    Some(Self { raw, ..read })
                })
            }

            /// As canonical JSON, for languages that build their own objects.
            pub fn to_json(&self) -> Vec<u8> {
                $crate::job::to_json(self)
            }
        }
    };
}
pub(crate) use answer;
