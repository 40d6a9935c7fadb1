//! Values on their way into Postgres and back.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use bytes::{BufMut as _, BytesMut};
use image_intelligence_core::{EventKind, Kind, Rid};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::event_key::EventKey;
use crate::store::Value;

/// Text as Postgres can hold it, which knows no NUL: that is written `\0`, and a backslash twice.
pub(super) fn kept(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', '\\']) {
        Cow::Owned(text.replace('\\', r"\\").replace('\0', r"\0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was [`kept`].
pub(super) fn given(text: String) -> String {
    if !text.contains('\\') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' if letters.next() == Some('0') => '\0',
            letter => letter,
        });
    }
    plain
}

/// The kind of that name. Only our own names were ever written; another is of somebody who changed the table.
pub(super) fn kind(name: &str) -> Kind {
    Kind::from_name(name).unwrap_or(Kind::Detect)
}

/// What an event is, by the name that was written.
pub(super) fn label(name: &str) -> EventKind {
    EventKind::ALL.into_iter().find(|label| label.as_str() == name).unwrap_or(EventKind::Unknown)
}

/// A rid from its 16 bytes.
pub(super) fn rid(bytes: &[u8]) -> Option<Rid> {
    bytes.try_into().ok().map(Rid::from_bytes)
}

/// A key from its 32 bytes.
pub(super) fn key(bytes: &[u8]) -> EventKey {
    EventKey(bytes.try_into().unwrap_or_default())
}

/// A value that no log shows: the driver writes what it sends to its log at `debug`.
pub(super) struct Hidden<T>(pub(super) T);

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl<T: ToSql> ToSql for Hidden<T> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        T::accepts(ty)
    }

    to_sql_checked!();
}

/// Goes over as text, so that it fits whatever the statement wants there: a number an `int4` or a `numeric`, text a `uuid`
/// or a `timestamptz`.
impl ToSql for Hidden<&Value> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let text = match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Bool(yes) => yes.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) if number.is_infinite() => {
                if *number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
            }
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => {
                out.put_slice(text.as_bytes());
                return Ok(IsNull::No);
            }
            Value::Bytes(bytes) => bytes.iter().fold(r"\x".to_owned(), |mut text, byte| {
                for half in [byte >> 4, byte & 15] {
                    text.extend(char::from_digit(half.into(), 16));
                }
                text
            }),
        };
        out.put_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_nul_comes_back_as_it_was() {
        for text in ["", "plain", "\0", "a\0b", r"\0", r"\\0", "\\", "\\\0\\0", "\u{1F600}\0"] {
            assert!(!kept(text).contains('\0'), "{text:?}");
            assert_eq!(given(kept(text).into_owned()), text, "{text:?}");
        }
    }

    #[test]
    fn what_is_hidden_is_not_in_its_debug() {
        let value = Value::Text("hunter2-secret".to_owned());
        assert_eq!(format!("{:?} {:?}", Hidden(&value), Hidden(vec![1_u8])), "[hidden] [hidden]");
    }
}
