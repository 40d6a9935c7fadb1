//! A plain typed decoder, made of the JSON Schema of the models: what any language's own decoder sees in a body. It knows
//! nothing of tolerance, and refuses what some decoder would.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The known fields of the model of that name.
pub(super) fn decode(json: &str, model: &str, schema: &Value) -> Result<Value, String> {
    of_shape(json, &schema["$defs"][model], &schema["$defs"]).map_err(|problem| format!("{model}: {problem}"))
}

/// An object's fields as they stand in the text, the doubled ones too.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Every;

        impl<'de> Visitor<'de> for Every {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Every)
    }
}

fn exactly<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("{json}: {error}"))
}

fn of_shape(json: &str, shape: &Value, definitions: &Value) -> Result<Value, String> {
    if let Some(name) = shape["$ref"].as_str().and_then(|place| place.rsplit('/').next()) {
        return of_shape(json, &definitions[name], definitions);
    }
    match shape["type"].as_str() {
        Some("object") => object(json, shape, definitions),
        Some("array") => {
            let items: Vec<Box<RawValue>> = exactly(json)?;
            items.iter().map(|item| of_shape(item.get(), &shape["items"], definitions)).collect()
        }
        Some("number") => exactly::<f64>(json).map(Value::from),
        Some("integer") => exactly::<i64>(json).map(Value::from),
        Some("boolean") => exactly::<bool>(json).map(Value::from),
        // An open enum is any text.
        Some("string") | None => exactly::<String>(json).map(Value::from),
        Some(other) => Err(format!("the schema has a type {other}")),
    }
}

fn object(json: &str, shape: &Value, definitions: &Value) -> Result<Value, String> {
    let mut known = Map::new();
    for (key, value) in exactly::<Fields>(json)?.0 {
        let Some(shape) = shape["properties"].get(&key) else { continue };
        if known.contains_key(&key) {
            return Err(format!("{key} twice in {json}"));
        }
        let value = of_shape(value.get(), shape, definitions)?;
        known.insert(key, value);
    }
    let required = shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    match required.into_iter().find(|key| !known.contains_key(*key)) {
        Some(missing) => Err(format!("{missing} is missing in {json}")),
        None => Ok(known.into()),
    }
}
