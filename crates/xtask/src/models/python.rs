//! `python/image_intelligence/models.py`: a msgspec Struct a model, a `StrEnum` an open enum.

use std::collections::BTreeSet;

use serde_json::Value;

use super::schema::{Definition, Field, Form, Type, responses};
use super::text::{snake, wrap};

const WIDTH: usize = 120;
/// What is written by hand, in `_results.py`: the models that it is mixed into, and its class.
const MIXED_IN: [(&str, &str); 10] = [
    ("AskJob", "AskResults"),
    ("DetectImageResult", "DetectImageNames"),
    ("DetectJob", "DetectResults"),
    ("DetectJobImage", "ImageNames"),
    ("ImageResult", "ImageNames"),
    ("JobImage", "ImageNames"),
    ("MatchJob", "MatchResults"),
    ("RecognizeJob", "RecognizeResults"),
    ("RecognizedImage", "ImageNames"),
    ("RegisteredWebhook", "WithSecret"),
];
/// What is mixed into every other model whose JSON is kept beside it.
const AS_IT_CAME: &str = "AsItCame";
/// What keeps something beside its fields, which need not be JSON.
const BESIDE: [&str; 1] = ["WithSecret"];
const KEYWORDS: [&str; 5] = ["class", "from", "import", "in", "is"];

pub(crate) fn write(definitions: &[Definition]) -> String {
    let names: BTreeSet<_> = definitions.iter().map(|definition| definition.name.as_str()).collect();
    let mixins: BTreeSet<_> = definitions.iter().filter_map(mixin).collect();
    let mut out = vec![
        "\"\"\"The models of the API, made by `cargo xtask gen` from core's schema: do not edit, run that \
                   instead.\"\"\"\n\nfrom enum import StrEnum\n\nfrom msgspec import Struct, field\n"
            .to_owned(),
    ];
    if !mixins.is_empty() {
        let mixins: Vec<_> = mixins.into_iter().collect();
        let line = format!("from ._results import {}", mixins.join(", "));
        out.push(if line.len() <= WIDTH {
            format!("\n{line}\n")
        } else {
            format!("\nfrom ._results import (\n    {},\n)\n", mixins.join(",\n    "))
        });
    }
    out.push("\n__all__ = [\n".to_owned());
    out.extend(names.iter().map(|name| format!("    \"{name}\",\n")));
    out.push("]\n".to_owned());
    let responses = responses(definitions);
    for definition in leaves_first(definitions) {
        out.push("\n\n".to_owned());
        match &definition.form {
            Form::OpenEnum(values) => out.push(open_enum(definition, values)),
            Form::Object(fields) => out.push(object(definition, fields, responses.contains(definition.name.as_str()))),
        }
    }
    out.concat()
}

fn open_enum(definition: &Definition, values: &[(String, String)]) -> String {
    let mut out = vec![format!("class {}(StrEnum):\n{}\n", definition.name, docstring(&definition.docs))];
    for (value, docs) in values {
        out.push(format!("    {value} = \"{value}\"\n"));
        if !docs.is_empty() {
            out.push(docstring(docs));
        }
    }
    out.concat()
}

/// What is mixed into a model.
fn mixin(definition: &Definition) -> Option<&'static str> {
    let own = MIXED_IN.iter().find(|row| row.0 == definition.name).map(|row| row.1);
    own.or_else(|| definition.has_raw.then_some(AS_IT_CAME))
}

fn object(definition: &Definition, fields: &[Field], is_response: bool) -> String {
    let name = &definition.name;
    let mixin = mixin(definition);
    let mut bases = Vec::new();
    bases.extend(mixin);
    bases.push("Struct");
    if is_response {
        bases.push("kw_only=True");
    }
    bases.push("rename=\"camel\"");
    if definition.has_raw || mixin.is_some_and(|mixin| BESIDE.contains(&mixin)) {
        // For what comes beside it: the raw bytes, a secret.
        bases.push("dict=True");
    } else if is_response {
        // No cycle goes through them, and the collector need not look.
        bases.push("gc=False");
    }
    let mut out = vec![format!("class {name}({}):\n{}\n", bases.join(", "), docstring(&definition.docs))];
    // Requests are made by position: what must be given comes first.
    let mut fields: Vec<_> = fields.iter().collect();
    if !is_response {
        fields.sort_by_key(|field| default(field).is_some());
    }
    for field in fields {
        out.push(member(field));
        out.push(docstring(&field_docs(field, is_response)));
    }
    out.concat()
}

fn member(field: &Field) -> String {
    let default = default(field);
    let mut of = type_name(&field.of);
    if default.as_deref() == Some("None") {
        of += " | None";
    }
    let snake = snake(&field.key);
    if KEYWORDS.contains(&snake.as_str()) {
        let default = default.map(|default| format!("default={default}, ")).unwrap_or_default();
        return format!("    {snake}_: {of} = field({default}name=\"{}\")\n", field.key);
    }
    let default = default.map(|default| format!(" = {default}")).unwrap_or_default();
    format!("    {snake}: {of}{default}\n")
}

/// What stands for a field that is not there; `None` where it always is.
fn default(field: &Field) -> Option<String> {
    Some(match (&field.default, &field.of) {
        (Some(Value::Bool(value)), _) => if *value { "True" } else { "False" }.to_owned(),
        // Texts and numbers are written alike in JSON and in Python.
        (Some(value), _) => value.to_string(),
        (None, _) if field.required => return None,
        (None, _) => "None".to_owned(),
    })
}

fn type_name(of: &Type) -> String {
    match of {
        // A text that nobody had heard of must not cost the whole body.
        Type::Text | Type::Of { is_enum: true, .. } => "str".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Integer | Type::UnixMillis => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::Array(items) => format!("list[{}]", type_name(items)),
        Type::Of { name, .. } => name.clone(),
    }
}

fn field_docs(field: &Field, is_response: bool) -> String {
    let more = match &field.of {
        Type::UnixMillis => " UNIX time in milliseconds.".to_owned(),
        Type::Of { name, is_enum: true } if is_response => {
            let article = if name.starts_with(['A', 'E', 'I', 'O']) { "An" } else { "A" };
            format!(" {article} `{name}`, or a text that this version does not know.")
        }
        Type::Of { name, is_enum: true } => format!(" A `{name}`."),
        _ => String::new(),
    };
    format!("{}{more}", field.docs)
}

fn docstring(docs: &str) -> String {
    let docs = docs.replace('\\', "\\\\").replace("\"\"\"", "'''");
    // Room for the indent and for the quotes on either side.
    let lines = wrap(&docs, WIDTH - 4 - 6);
    let indented: Vec<_> = lines.iter().map(|line| format!("    {line}").trim_end().to_owned()).collect();
    let text = indented.join("\n");
    format!("    \"\"\"{}\"\"\"\n", text.trim_start())
}

/// The definitions so that each stands below those that it names.
fn leaves_first(definitions: &[Definition]) -> Vec<&Definition> {
    fn add<'a>(definition: &'a Definition, all: &'a [Definition], done: &mut Vec<&'a Definition>) {
        if done.iter().any(|other| other.name == definition.name) {
            return;
        }
        for name in definition.needs() {
            if let Some(needed) = all.iter().find(|other| other.name == name) {
                add(needed, all, done);
            }
        }
        done.push(definition);
    }
    let (enums, objects): (Vec<_>, Vec<_>) =
        definitions.iter().partition(|definition| matches!(definition.form, Form::OpenEnum(_)));
    let mut done = enums;
    for definition in objects {
        add(definition, definitions, &mut done);
    }
    done
}
