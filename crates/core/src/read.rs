//! Tolerant reading: a value of an odd type counts as absent and never fails the object around it.
//!
//! Every model is read through [`Read`], not through serde's derive: the derive refuses a repeated key, a `null` in a
//! plain field and an item that is no object, and one such oddity would cost a user the whole batch. Only broken JSON fails.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value that can be read from any JSON value whatever.
pub(crate) trait Read: Sized {
    /// What stands for `null`, a missing key and a value of the wrong type.
    fn absent() -> Self;

    fn from_bool(_: bool) -> Self {
        Self::absent()
    }
    fn from_integer(_: i64) -> Self {
        Self::absent()
    }
    fn from_float(_: f64) -> Self {
        Self::absent()
    }
    fn from_text(_: &str) -> Self {
        Self::absent()
    }
    fn from_array<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::absent())
    }
    fn from_object<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::absent())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue(PhantomData))
    }
}

struct AnyValue<T>(PhantomData<T>);

impl<'de, T: Read> Visitor<'de> for AnyValue<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::from_bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::from_integer(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(i64::try_from(value).map_or_else(|_| T::from_float(value as f64), T::from_integer))
    }
    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::from_float(value))
    }
    #[inline]
    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(T::from_text(value))
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::absent())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::from_array(items)
    }
    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        T::from_object(entries)
    }
}

/// Lets serde's own containers hold a [`Read`] value.
pub(crate) struct Item<T>(pub(crate) T);

impl<'de, T: Read> serde::Deserialize<'de> for Item<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Item)
    }
}

impl Read for Option<String> {
    fn absent() -> Self {
        None
    }
    #[inline]
    fn from_text(text: &str) -> Self {
        Some(text.to_owned())
    }
    fn from_integer(number: i64) -> Self {
        Some(number.to_string())
    }
}

impl Read for String {
    fn absent() -> Self {
        Self::new()
    }
    #[inline]
    fn from_text(text: &str) -> Self {
        text.to_owned()
    }
    fn from_integer(number: i64) -> Self {
        number.to_string()
    }
}

impl Read for Option<f64> {
    fn absent() -> Self {
        None
    }
    fn from_integer(number: i64) -> Self {
        Some(number as f64)
    }
    fn from_float(number: f64) -> Self {
        Some(number)
    }
}

impl Read for f64 {
    fn absent() -> Self {
        0.0
    }
    fn from_integer(number: i64) -> Self {
        number as Self
    }
    fn from_float(number: f64) -> Self {
        number
    }
}

impl Read for Option<bool> {
    fn absent() -> Self {
        None
    }
    fn from_bool(value: bool) -> Self {
        Some(value)
    }
    fn from_text(text: &str) -> Self {
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

/// A model: something that is only ever read from an object.
pub(crate) trait ReadObject: Sized {
    fn read_object<'de, A: MapAccess<'de>>(entries: A) -> Result<Self, A::Error>;
}

impl<T: ReadObject> Read for Option<T> {
    fn absent() -> Self {
        None
    }
    #[inline]
    fn from_object<'de, A: MapAccess<'de>>(entries: A) -> Result<Self, A::Error> {
        T::read_object(entries).map(Some)
    }
}

impl<T: ReadObject> Read for Vec<T> {
    fn absent() -> Self {
        Self::new()
    }
    fn from_array<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        let mut read = Self::new();
        while let Some(Item(item)) = items.next_element::<Item<Option<T>>>()? {
            read.extend(item);
        }
        Ok(read)
    }
    fn from_object<'de, A: MapAccess<'de>>(entries: A) -> Result<Self, A::Error> {
        Ok(vec![T::read_object(entries)?])
    }
}

impl<T: ReadObject> Read for Option<Vec<T>> {
    fn absent() -> Self {
        None
    }
    fn from_array<'de, A: SeqAccess<'de>>(items: A) -> Result<Self, A::Error> {
        Vec::from_array(items).map(Some)
    }
}

/// Whether a value of some sort is there: for telling jobs apart, nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Presence {
    #[default]
    Absent,
    Text,
    Array,
    Other,
}

impl Read for Presence {
    fn absent() -> Self {
        Self::Absent
    }
    fn from_bool(_: bool) -> Self {
        Self::Other
    }
    fn from_integer(_: i64) -> Self {
        Self::Other
    }
    fn from_float(_: f64) -> Self {
        Self::Other
    }
    fn from_text(_: &str) -> Self {
        Self::Text
    }
    fn from_array<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Array)
    }
    fn from_object<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Other)
    }
}

/// Says which JSON key goes into which field; a repeated key counts as its last, as in JavaScript.
macro_rules! read_fields {
    ($model:ident { $($key:literal => $field:ident),+ $(,)? }) => {
        const _: () = {
            #[allow(non_camel_case_types)]
            enum Key { $($field,)+ Unknown }

            struct KeyName;
            impl serde::de::Visitor<'_> for KeyName {
                type Value = Key;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a key")
                }
                #[inline]
                fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                    Ok(match key { $($key => Key::$field,)+ _ => Key::Unknown })
                }
            }
            impl<'de> serde::Deserialize<'de> for Key {
                #[inline]
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_identifier(KeyName)
                }
            }

            impl $crate::read::ReadObject for $model {
                fn read_object<'de, A: serde::de::MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
                    let mut model = <$model>::default();
                    while let Some(key) = entries.next_key::<Key>()? {
                        match key {
                            $(Key::$field => {
                                model.$field = entries.next_value::<$crate::read::Item<_>>()?.0;
                            })+
                            Key::Unknown => {
                                entries.next_value::<serde::de::IgnoredAny>()?;
                            }
                        }
                    }
                    Ok(model)
                }
            }

            impl<'de> serde::Deserialize<'de> for $model {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    $crate::read::object(deserializer)
                }
            }
        };
    };
}
pub(crate) use read_fields;

/// Reads a model on its own: here, and only here, something that is no object is an error.
pub(crate) fn object<'de, T: ReadObject, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::read(deserializer)?.ok_or_else(|| D::Error::custom("expected a JSON object"))
}
