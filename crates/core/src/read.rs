//! Tolerant reading: a value of an odd type counts as absent and never fails the object around it.
//!
//! Every model is read through [`Read`], not through serde's derive: the derive refuses a repeated key, a `null` in a
//! plain field and an item that is no object, and one such oddity would cost a user the whole batch. Only broken JSON fails.

use crate::json::{Broken, Json, Number};

/// A value that can be read from any JSON value whatever. The default of its type stands for `null`, a missing key and a
/// value of the wrong type.
pub(crate) trait Read {
    /// Reads the value that stands here into `self`, whatever `self` was before: a repeated key counts as its last.
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken>;
}

impl Read for Option<String> {
    #[inline]
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        *self = if json.peek() == Some(b'"') { Some(json.string()?.to_owned()) } else { integer(json)? };
        Ok(())
    }
}

impl Read for String {
    #[inline]
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        *self = if json.peek() == Some(b'"') { json.string()?.to_owned() } else { integer(json)?.unwrap_or_default() };
        Ok(())
    }
}

/// An id may be a number; nothing else that is no string has a meaning as one.
#[cold]
fn integer(json: &mut Json<'_>) -> Result<Option<String>, Broken> {
    Ok(match json.number()? {
        Some(Number::Integer(number)) => Some(number.to_string()),
        _ => None,
    })
}

impl Read for Option<f64> {
    #[inline]
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        *self = match json.number()? {
            Some(Number::Integer(number)) => Some(number as f64),
            Some(Number::Float(number)) if number.is_finite() => Some(number),
            _ => None,
        };
        Ok(())
    }
}

impl Read for f64 {
    #[inline]
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        let mut number = None::<Self>;
        number.read(json)?;
        *self = number.unwrap_or_default();
        Ok(())
    }
}

impl Read for Option<bool> {
    #[inline]
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        *self = if json.peek() == Some(b'"') {
            match json.string()? {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            }
        } else {
            json.boolean()?
        };
        Ok(())
    }
}

/// A model: something that is only ever read from an object.
pub(crate) trait ReadObject: Default {
    /// Reads the fields of the object that begins here into a model that is still as `default` made it.
    fn read_fields(&mut self, json: &mut Json<'_>) -> Result<(), Broken>;
}

impl<T: ReadObject> Read for Option<T> {
    #[inline]
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        if json.peek() == Some(b'{') {
            return self.insert(T::default()).read_fields(json);
        }
        *self = None;
        json.skip()
    }
}

impl<T: ReadObject> Read for Vec<T> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        self.clear();
        match json.peek() {
            Some(b'[') => {
                let mut first = json.enter()?;
                while json.next_item(&mut first)? {
                    if json.peek() == Some(b'{') {
                        another(self).read_fields(json)?;
                    } else {
                        json.skip()?;
                    }
                }
                Ok(())
            }
            Some(b'{') => another(self).read_fields(json),
            _ => json.skip(),
        }
    }
}

/// For a model in a place of its own: what is no object, or the first one of a list, reads as an empty one.
macro_rules! read_as_one {
    ($model:ident) => {
        impl $crate::read::Read for $model {
            fn read(&mut self, json: &mut $crate::json::Json<'_>) -> Result<(), $crate::json::Broken> {
                let mut items = Vec::<Self>::new();
                $crate::read::Read::read(&mut items, json)?;
                *self = items.into_iter().next().unwrap_or_default();
                Ok(())
            }
        }
    };
}
pub(crate) use read_as_one;

/// Texts; an item that is none is left out, and one text in the place of the list is its only item.
impl Read for Vec<String> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        self.clear();
        if json.peek() != Some(b'[') {
            let mut only = None::<String>;
            only.read(json)?;
            self.extend(only);
            return Ok(());
        }
        let mut first = json.enter()?;
        while json.next_item(&mut first)? {
            let mut item = None::<String>;
            item.read(json)?;
            self.extend(item);
        }
        Ok(())
    }
}

impl Read for Option<Vec<String>> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        *self = None;
        if matches!(json.peek(), Some(b'[' | b'"')) {
            return self.insert(Vec::new()).read(json);
        }
        json.skip()
    }
}

/// A new last item, to be filled in its place.
#[inline]
pub(crate) fn another<T: Default>(items: &mut Vec<T>) -> &mut T {
    let last = items.len();
    items.push(T::default());
    &mut items[last]
}

/// Whether a value of some sort is there: for telling jobs apart, nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Presence {
    #[default]
    Absent,
    Text,
    Array,
    Object,
    Other,
}

impl Presence {
    #[inline]
    pub(crate) fn of(json: &mut Json<'_>) -> Self {
        match json.peek() {
            Some(b'n') | None => Self::Absent,
            Some(b'"') => Self::Text,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            Some(_) => Self::Other,
        }
    }
}

impl Read for Presence {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        *self = Self::of(json);
        json.skip()
    }
}

/// A value, and whether there was anything at all in its place: `"none"` where a list should be reads as an empty list,
/// and yet is there.
#[derive(Default)]
pub(crate) struct Seen<T> {
    pub(crate) form: Presence,
    pub(crate) value: T,
}

impl<T: Read> Read for Seen<T> {
    #[inline]
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        self.form = Presence::of(json);
        self.value.read(json)
    }
}

/// Says which JSON key goes into which field of something that is no [`Model`](crate::model::Model).
macro_rules! read_fields {
    ($model:ident { $($key:literal => $field:ident),+ $(,)? }) => {
        impl $crate::read::ReadObject for $model {
            fn read_fields(&mut self, json: &mut $crate::json::Json<'_>) -> Result<(), $crate::json::Broken> {
                let mut first = json.enter()?;
                while let Some(key) = json.next_key(&mut first)? {
                    match key.as_ref() {
                        $($key => $crate::read::Read::read(&mut self.$field, json)?,)+
                        _ => json.skip()?,
                    }
                }
                Ok(())
            }
        }
    };
}
pub(crate) use read_fields;

/// Lets serde read a model from JSON: it is handed the text and has no say in it.
macro_rules! deserialize_from_text {
    ($model:ty, $read:expr) => {
        impl<'de> serde::Deserialize<'de> for $model {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <Box<serde_json::value::RawValue>>::deserialize(deserializer)?;
                $read(text.get()).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use deserialize_from_text;

/// Reads a text that is one value.
pub(crate) fn from_text<T: Read + Default>(text: &str) -> Result<T, Broken> {
    let mut json = Json::new(text);
    let mut value = T::default();
    value.read(&mut json)?;
    json.end()?;
    Ok(value)
}
