//! One definition of each model: from it come the struct, how it is read, written and judged, and its JSON Schema.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde_json::{Value, json};

use crate::Timestamp;
use crate::describe::Definitions;
use crate::json::{Broken, Json, Number};

/// A type that stands in a model.
pub(crate) trait Shape {
    /// Whether a model cannot do without it.
    const REQUIRED: bool;

    /// Steps over the value that stands here. Where a plain decoder of this type would see something else than
    /// [`Read`](crate::read::Read) does, or nothing, the text is [`Json::odd`].
    fn exact(json: &mut Json<'_>) -> Result<(), Broken>;

    /// What JSON Schema says of it; models and enums put themselves among the definitions.
    fn schema(definitions: &mut Definitions) -> Value;

    /// Whether it is left out when it is written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A type that is a JSON object with fields of its own, which are numbered in their order.
pub(crate) trait Model: Default {
    /// The fields that are always there, a bit each.
    const REQUIRED: u32;

    /// Each key as it mostly stands in a text: `"key":`.
    const QUOTED: &'static [&'static str];

    /// The number of a key that is the model's own.
    fn number(key: &str) -> Option<usize>;

    /// Reads the value of a field.
    fn read_field(&mut self, field: usize, json: &mut Json<'_>) -> Result<(), Broken>;

    /// Judges the value of a field, and notes it as seen.
    fn exact_field(field: usize, json: &mut Json<'_>, seen: &mut u32) -> Result<(), Broken>;
}

/// A key of an object that is read or judged.
pub(crate) enum Key<'de> {
    /// One of the model's own fields.
    Own(usize),
    Other(Cow<'de, str>),
}

/// Goes through the keys of an object. Servers write them in the order in which they are documented, which is ours, so the
/// next one is mostly known before it is read.
pub(crate) struct Keys<M> {
    first: bool,
    next: usize,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> Keys<M> {
    /// Steps into the object that begins here.
    #[inline]
    pub(crate) fn of(json: &mut Json<'_>) -> Result<Self, Broken> {
        Ok(Self { first: json.enter()?, next: 0, model: PhantomData })
    }

    /// The next key; the place is then before its value, or after the object.
    #[inline]
    pub(crate) fn next<'de>(&mut self, json: &mut Json<'de>) -> Result<Option<Key<'de>>, Broken> {
        if !json.next_field(&mut self.first)? {
            return Ok(None);
        }
        if let Some(quoted) = M::QUOTED.get(self.next)
            && json.key_is(quoted)
        {
            self.next += 1;
            return Ok(Some(Key::Own(self.next - 1)));
        }
        let key = json.key()?;
        Ok(Some(match M::number(&key) {
            Some(field) => {
                self.next = field + 1;
                Key::Own(field)
            }
            None => Key::Other(key),
        }))
    }
}

/// Reads the fields of the object that begins here.
#[inline]
pub(crate) fn read_object<M: Model>(model: &mut M, json: &mut Json<'_>) -> Result<(), Broken> {
    let mut keys = Keys::<M>::of(json)?;
    while let Some(key) = keys.next(json)? {
        match key {
            Key::Own(field) => model.read_field(field, json)?,
            Key::Other(_) => json.skip()?,
        }
    }
    Ok(())
}

/// Judges the object that begins here.
#[inline]
pub(crate) fn exact_object<M: Model>(json: &mut Json<'_>) -> Result<(), Broken> {
    let mut seen = 0;
    let mut keys = Keys::<M>::of(json)?;
    while let Some(key) = keys.next(json)? {
        match key {
            Key::Own(field) => M::exact_field(field, json, &mut seen)?,
            Key::Other(_) => json.skip()?,
        }
    }
    require::<M>(json, seen);
    Ok(())
}

/// A model that lacks what is always there is odd.
#[inline]
pub(crate) fn require<M: Model>(json: &mut Json<'_>, seen: u32) {
    json.odd |= seen & M::REQUIRED != M::REQUIRED;
}

/// Steps over something that is not what should stand here.
#[cold]
pub(crate) fn odd(json: &mut Json<'_>) -> Result<(), Broken> {
    json.odd = true;
    json.skip()
}

/// Notes a key as seen; a second one is odd.
#[inline]
pub(crate) fn note(field: usize, json: &mut Json<'_>, seen: &mut u32) {
    let bit = 1 << field;
    json.odd |= *seen & bit != 0;
    *seen |= bit;
}

#[inline]
pub(crate) fn exact_text(json: &mut Json<'_>, may_be_empty: bool) -> Result<(), Broken> {
    if json.peek() != Some(b'"') {
        return odd(json);
    }
    let empty = json.string()?.is_empty();
    json.odd |= empty && !may_be_empty;
    Ok(())
}

impl Shape for String {
    const REQUIRED: bool = true;

    #[inline]
    fn exact(json: &mut Json<'_>) -> Result<(), Broken> {
        exact_text(json, true)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "string"})
    }
}

impl Shape for bool {
    const REQUIRED: bool = true;

    #[inline]
    fn exact(json: &mut Json<'_>) -> Result<(), Broken> {
        let found = json.peek();
        if json.boolean()?.is_none() || found == Some(b'"') {
            json.odd = true;
        }
        Ok(())
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "boolean"})
    }
}

impl Shape for f64 {
    const REQUIRED: bool = true;

    #[inline]
    fn exact(json: &mut Json<'_>) -> Result<(), Broken> {
        // A number that is no float marks the text by itself.
        if json.number()?.is_none() {
            json.odd = true;
        }
        Ok(())
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "number"})
    }
}

impl Shape for Timestamp {
    const REQUIRED: bool = true;

    #[inline]
    fn exact(json: &mut Json<'_>) -> Result<(), Broken> {
        match json.number()? {
            Some(Number::Integer(number)) if number.unsigned_abs() >= Self::SECONDS_BELOW.unsigned_abs() => {}
            _ => json.odd = true,
        }
        Ok(())
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "integer", "format": "unix-ms"})
    }
}

impl<T: Shape> Shape for Option<T> {
    const REQUIRED: bool = false;

    #[inline]
    fn exact(json: &mut Json<'_>) -> Result<(), Broken> {
        T::exact(json)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        T::schema(definitions)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Shape> Shape for Vec<T> {
    const REQUIRED: bool = true;

    fn exact(json: &mut Json<'_>) -> Result<(), Broken> {
        if json.peek() != Some(b'[') {
            return odd(json);
        }
        let mut first = json.enter()?;
        while json.next_item(&mut first)? {
            T::exact(json)?;
        }
        Ok(())
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"type": "array", "items": T::schema(definitions)})
    }
}

/// Declares a model. A field is `"key" => pub name: Type`; after the key may stand `(not_empty)`, for text that is as good
/// as absent where it is empty, or `(ours)`, for what is never read from the wire. Fields under `beside` are no JSON.
macro_rules! model {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $( $(#[doc = $field_doc:literal])+ $key:literal $(($rule:ident))? => pub $field:ident: $type:ty, )+
        }
        $( beside { $( $(#[doc = $beside_doc:literal])+ pub $beside:ident: $beside_type:ty, )+ } )?
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Default, serde::Serialize)]
        #[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $field_doc])+
                #[serde(rename = $key, skip_serializing_if = "crate::model::Shape::is_absent")]
                pub $field: $type,
            )+
            $($(
                $(#[doc = $beside_doc])+
                #[serde(skip)]
                pub $beside: $beside_type,
            )+)?
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(shown.field(stringify!($field), &$crate::shown::Field($key, &self.$field));)+
                $($(shown.field(stringify!($beside), &self.$beside);)+)?
                shown.finish()
            }
        }

        const _: () = {
            #[allow(non_camel_case_types, clippy::allow_attributes, reason = "the fields, counted")]
            enum Field { $($field),+ }

            impl $crate::model::Model for $name {
                const REQUIRED: u32 =
                    0 $(| ((<$type as $crate::model::Shape>::REQUIRED as u32) << Field::$field as u32))+;

                const QUOTED: &'static [&'static str] = &[$(concat!("\"", $key, "\":")),+];

                #[inline]
                fn number(key: &str) -> Option<usize> {
                    match key {
                        $($key => Some(Field::$field as usize),)+
                        _ => None,
                    }
                }

                #[inline]
                fn read_field(
                    &mut self,
                    field: usize,
                    json: &mut $crate::json::Json<'_>,
                ) -> Result<(), $crate::json::Broken> {
                    $(if field == Field::$field as usize {
                        $crate::model::model!(@read self.$field, json $(, $rule)?);
                        return Ok(());
                    })+
                    json.skip()
                }

                #[inline]
                fn exact_field(
                    field: usize,
                    json: &mut $crate::json::Json<'_>,
                    seen: &mut u32,
                ) -> Result<(), $crate::json::Broken> {
                    $crate::model::note(field, json, seen);
                    $(if field == Field::$field as usize {
                        $crate::model::model!(@exact $type, json $(, $rule)?);
                        return Ok(());
                    })+
                    json.skip()
                }
            }

            impl $crate::model::Shape for $name {
                const REQUIRED: bool = true;

                fn exact(json: &mut $crate::json::Json<'_>) -> Result<(), $crate::json::Broken> {
                    if json.peek() != Some(b'{') {
                        return $crate::model::odd(json);
                    }
                    $crate::model::exact_object::<Self>(json)
                }

                fn schema(definitions: &mut $crate::describe::Definitions) -> serde_json::Value {
                    definitions.refer(stringify!($name), |definitions| {
                        let fields = vec![
                            $((
                                $key,
                                $crate::describe::text(&[$($field_doc),+]),
                                <$type as $crate::model::Shape>::schema(definitions),
                                <$type as $crate::model::Shape>::REQUIRED,
                            )),+
                        ];
                        let raw: &[&str] = &[$($(stringify!($beside)),+)?];
                        $crate::describe::read(&[$($doc),+], fields, !raw.is_empty())
                    })
                }
            }
        };

        impl $crate::read::ReadObject for $name {
            fn read_fields(&mut self, json: &mut $crate::json::Json<'_>) -> Result<(), $crate::json::Broken> {
                $crate::model::read_object(self, json)
            }
        }
    };

    (@read $place:expr, $json:ident) => { $crate::read::Read::read(&mut $place, $json)? };
    (@read $place:expr, $json:ident, not_empty) => {{
        $crate::read::Read::read(&mut $place, $json)?;
        $place.take_if(|text| text.is_empty());
    }};
    (@read $place:expr, $json:ident, ours) => { $json.skip()? };

    (@exact $type:ty, $json:ident) => { <$type as $crate::model::Shape>::exact($json)? };
    (@exact $type:ty, $json:ident, not_empty) => { $crate::model::exact_text($json, false)? };
    (@exact $type:ty, $json:ident, ours) => { $crate::model::odd($json)? };
}
pub(crate) use model;
