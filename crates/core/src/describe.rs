//! What JSON Schema says of the models: its definitions, put together.

use serde_json::{Map, Value, json};

/// The definitions of a JSON Schema, in the order in which they were first named.
#[derive(Default)]
pub(crate) struct Definitions {
    order: Vec<String>,
    all: Map<String, Value>,
}

impl Definitions {
    /// A reference to a definition, which is made where it is not there yet.
    pub(crate) fn refer(&mut self, name: &str, define: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.all.contains_key(name) {
            // Its name first, so that one which holds itself would end.
            self.order.push(name.to_owned());
            self.all.insert(name.to_owned(), Value::Null);
            let definition = define(self);
            self.all.insert(name.to_owned(), definition);
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }

    /// Their order, and themselves.
    pub(crate) fn into_parts(self) -> (Vec<String>, Map<String, Value>) {
        (self.order, self.all)
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

/// The definition of an object that is read from the API, with its JSON kept beside it or not.
pub(crate) fn read(description: &[&str], fields: Vec<Described>, raw: bool) -> Value {
    let mut definition = object(description, fields);
    definition["x-read"] = true.into();
    if raw {
        definition["x-raw"] = true.into();
    }
    definition
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
