//! Core's JSON Schema as the generators need it. What it says in a way that is not known here is an error, so that no
//! language gets a guess.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A definition of the schema.
#[derive(Debug)]
pub(crate) struct Definition {
    /// What hosts call it.
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) form: Form,
    /// Whether it is read from the API, as against what a caller writes.
    pub(crate) is_read: bool,
    /// Whether its JSON is kept beside it.
    pub(crate) has_raw: bool,
}

impl Definition {
    /// The definitions that its fields name.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        let fields = if let Form::Object(fields) = &self.form { fields.as_slice() } else { &[] };
        fields.iter().filter_map(|field| field.of.name())
    }
}

#[derive(Debug)]
pub(crate) enum Form {
    Object(Vec<Field>),
    /// Texts, of which some are known, with their docs.
    OpenEnum(Vec<(String, String)>),
}

#[derive(Debug)]
pub(crate) struct Field {
    /// Its key in JSON.
    pub(crate) key: String,
    pub(crate) docs: String,
    pub(crate) of: Type,
    pub(crate) required: bool,
    /// The one value that it can have.
    pub(crate) only: Option<String>,
    /// What its absence means, where the schema says so.
    pub(crate) default: Option<Value>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Boolean,
    Integer,
    Number,
    UnixMillis,
    Array(Box<Type>),
    /// Another definition.
    Of {
        name: String,
        is_enum: bool,
    },
}

impl Type {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Of { name, .. } => Some(name),
            Self::Array(items) => items.name(),
            _ => None,
        }
    }
}

/// The names of what is read, as against what a caller writes: what is marked so, and what that holds.
pub(crate) fn responses(definitions: &[Definition]) -> BTreeSet<&str> {
    let read = definitions.iter().filter(|definition| definition.is_read);
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = read.map(|definition| definition.name.as_str()).collect();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            let definition = definitions.iter().find(|definition| definition.name == name);
            open.extend(definition.into_iter().flat_map(Definition::needs));
        }
    }
    found
}

/// The definitions, in the schema's order.
pub(crate) fn read(schema: &Value) -> Result<Vec<Definition>, String> {
    let definitions = schema["$defs"].as_object().ok_or("the schema has no $defs")?;
    let ordered = in_order(schema, definitions)?;
    ordered.into_iter().map(|(name, body)| definition(name, body, definitions)).collect()
}

/// What stands in an object, in the order that the schema says beside it: JSON's own order is none.
fn in_order<'a>(beside: &'a Value, all: &'a Map<String, Value>) -> Result<Vec<(&'a str, &'a Value)>, String> {
    let order = beside["x-order"].as_array().ok_or("the schema says no x-order")?;
    if order.len() != all.len() {
        return Err(format!("the x-order has {} names, and there are {}", order.len(), all.len()));
    }
    let named = order.iter().map(|name| {
        let name = name.as_str().unwrap_or_default();
        let found = all.get_key_value(name).ok_or_else(|| format!("there is no {name}, which the x-order names"))?;
        Ok((found.0.as_str(), found.1))
    });
    named.collect()
}

fn definition(name: &str, body: &Value, all: &Map<String, Value>) -> Result<Definition, String> {
    let docs = docs(name, body)?;
    let form = if is_enum(body) {
        let known = body["anyOf"][0]["enum"].as_array().ok_or_else(|| format!("{name}: no values"))?;
        let values = known.iter().map(|value| {
            let value = value.as_str().ok_or_else(|| format!("{name}: {value} is no text"))?;
            let docs = body["x-descriptions"][value].as_str().unwrap_or_default();
            Ok((value.to_owned(), docs.to_owned()))
        });
        Form::OpenEnum(values.collect::<Result<_, String>>()?)
    } else {
        let properties = body["properties"].as_object().ok_or_else(|| format!("{name}: neither object nor enum"))?;
        let required: Vec<_> = body["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = in_order(body, properties)?.into_iter().map(|(key, value)| {
            let place = format!("{name}.{key}");
            Ok(Field {
                key: key.to_owned(),
                docs: self::docs(&place, value)?,
                of: type_of(&place, value, all)?,
                required: required.contains(&key),
                only: value["const"].as_str().map(str::to_owned),
                // What can have one value only need not be given.
                default: value.get("const").or_else(|| value.get("default")).cloned(),
            })
        });
        Form::Object(fields.collect::<Result<_, String>>()?)
    };
    let (is_read, has_raw) = (body["x-read"] == true, body["x-raw"] == true);
    Ok(Definition { name: host_name(name, body), docs, form, is_read, has_raw })
}

/// A schema may have a title for hosts, where its own name would be a keyword in half of them.
fn host_name(name: &str, body: &Value) -> String {
    body["title"].as_str().unwrap_or(name).to_owned()
}

fn is_enum(body: &Value) -> bool {
    body["anyOf"].is_array()
}

/// Every definition and every field says what it is.
fn docs(place: &str, body: &Value) -> Result<String, String> {
    let docs = body["description"].as_str().filter(|docs| !docs.is_empty());
    Ok(plain(docs.ok_or_else(|| format!("{place}: no description"))?))
}

/// Rust's links in docs, without their brackets.
fn plain(docs: &str) -> String {
    docs.replace("[`", "`").replace("`]", "`")
}

fn type_of(place: &str, value: &Value, all: &Map<String, Value>) -> Result<Type, String> {
    if let Some(name) = value["$ref"].as_str() {
        let name = name.strip_prefix("#/$defs/").unwrap_or(name);
        let body = all.get(name).ok_or_else(|| format!("{place}: there is no {name}"))?;
        return Ok(Type::Of { name: host_name(name, body), is_enum: is_enum(body) });
    }
    match (value["type"].as_str(), value["format"].as_str()) {
        (Some("string"), None) => Ok(Type::Text),
        (Some("boolean"), None) => Ok(Type::Boolean),
        (Some("integer"), None) => Ok(Type::Integer),
        (Some("number"), None) => Ok(Type::Number),
        (Some("integer"), Some("unix-ms")) => Ok(Type::UnixMillis),
        (Some("array"), None) => Ok(Type::Array(Box::new(type_of(place, &value["items"], all)?))),
        _ => Err(format!("{place}: the generators know no type for {value}")),
    }
}
