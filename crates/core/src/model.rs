//! One definition of each model: from it come the struct, how it is read, written and judged, and its JSON Schema.

use serde_json::{Map, Value, json};

use crate::Timestamp;
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

/// A type that is a JSON object with fields of its own.
pub(crate) trait Model: Default {
    /// The fields that are always there, a bit each.
    const REQUIRED: u32;

    /// Reads the value of a key that is the model's own; `false` leaves it to the caller.
    fn read_field(&mut self, key: &str, json: &mut Json<'_>) -> Result<bool, Broken>;

    /// Judges the value of a key that is the model's own and notes it as seen; `false` leaves it to the caller.
    fn exact_field(key: &str, json: &mut Json<'_>, seen: &mut u32) -> Result<bool, Broken>;
}

/// Judges the object that begins here.
#[inline]
pub(crate) fn exact_object<M: Model>(json: &mut Json<'_>) -> Result<(), Broken> {
    let mut seen = 0;
    let mut first = json.enter()?;
    while let Some(key) = json.next_key(&mut first)? {
        if !M::exact_field(&key, json, &mut seen)? {
            json.skip()?;
        }
    }
    json.odd |= seen & M::REQUIRED != M::REQUIRED;
    Ok(())
}

/// Steps over something that is not what should stand here.
#[cold]
pub(crate) fn odd(json: &mut Json<'_>) -> Result<(), Broken> {
    json.odd = true;
    json.skip()
}

/// Notes a key as seen; a second one is odd.
#[inline]
pub(crate) fn note(field: u32, json: &mut Json<'_>, seen: &mut u32) {
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

/// The definitions of a JSON Schema, in the order in which they were first named.
#[derive(Default)]
pub(crate) struct Definitions(Map<String, Value>);

impl Definitions {
    /// A reference to a definition, which is made where it is not there yet.
    pub(crate) fn refer(&mut self, name: &str, define: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            // Its name first, so that one which holds itself would end.
            self.0.insert(name.to_owned(), Value::Null);
            let definition = define(self);
            self.0.insert(name.to_owned(), definition);
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// A field for [`object`]: its key, its docs, what stands there, and whether it must.
pub(crate) type Described = (&'static str, String, Value, bool);

/// The definition of an object.
pub(crate) fn object(description: &[&str], fields: Vec<Described>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let order: Vec<_> = fields.iter().map(|(key, ..)| *key).collect();
    for (key, description, mut value, must) in fields {
        if let Some(value) = value.as_object_mut() {
            value.insert("description".to_owned(), description.into());
        }
        properties.insert(key.to_owned(), value);
        if must {
            required.push(key);
        }
    }
    json!({"type": "object", "description": text(description), "properties": properties, "required": required, "x-order": order})
}

/// The definition of an open enum: its known values, and any other text.
pub(crate) fn open_enum(description: &[&str], values: &[(&str, String)]) -> Value {
    let known: Vec<_> = values.iter().map(|(value, _)| *value).collect();
    let descriptions: Map<_, _> =
        values.iter().map(|(value, doc)| ((*value).to_owned(), doc.as_str().into())).collect();
    json!({
        "description": text(description),
        "anyOf": [{"type": "string", "enum": known}, {"type": "string"}],
        "x-descriptions": descriptions,
    })
}

/// Docs as one text: the lines up to the first example.
pub(crate) fn text(lines: &[&str]) -> String {
    let lines = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line));
    let lines: Vec<_> = lines.take_while(|line| !line.starts_with("```")).collect();
    lines.join("\n").trim().to_owned()
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
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
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

        const _: () = {
            #[allow(non_camel_case_types, clippy::allow_attributes, reason = "the fields, counted")]
            enum Field { $($field),+ }

            impl $crate::model::Model for $name {
                const REQUIRED: u32 =
                    0 $(| ((<$type as $crate::model::Shape>::REQUIRED as u32) << Field::$field as u32))+;

                #[inline]
                fn read_field(
                    &mut self,
                    key: &str,
                    json: &mut $crate::json::Json<'_>,
                ) -> Result<bool, $crate::json::Broken> {
                    match key {
                        $($key => $crate::model::model!(@read self.$field, json $(, $rule)?),)+
                        _ => return Ok(false),
                    }
                    Ok(true)
                }

                #[inline]
                fn exact_field(
                    key: &str,
                    json: &mut $crate::json::Json<'_>,
                    seen: &mut u32,
                ) -> Result<bool, $crate::json::Broken> {
                    match key {
                        $($key => {
                            $crate::model::note(Field::$field as u32, json, seen);
                            $crate::model::model!(@exact $type, json $(, $rule)?);
                        })+
                        _ => return Ok(false),
                    }
                    Ok(true)
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

                fn schema(definitions: &mut $crate::model::Definitions) -> serde_json::Value {
                    definitions.refer(stringify!($name), |definitions| {
                        $crate::model::object(&[$($doc),+], vec![
                            $((
                                $key,
                                $crate::model::text(&[$($field_doc),+]),
                                <$type as $crate::model::Shape>::schema(definitions),
                                <$type as $crate::model::Shape>::REQUIRED,
                            )),+
                        ])
                    })
                }
            }
        };

        impl $crate::read::ReadObject for $name {
            fn read_fields(&mut self, json: &mut $crate::json::Json<'_>) -> Result<(), $crate::json::Broken> {
                let mut first = json.enter()?;
                while let Some(key) = json.next_key(&mut first)? {
                    if !$crate::model::Model::read_field(self, &key, json)? {
                        json.skip()?;
                    }
                }
                Ok(())
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
