//! `node/src/models.ts`: an interface a model, a union type an open enum.

use super::schema::{Definition, Form, Type, responses};
use super::text::wrap;

const WIDTH: usize = 120;

pub(crate) fn write(definitions: &[Definition]) -> String {
    let mut out = vec!["// Generated from core's schema by `cargo xtask gen`: change the models there.\n".to_owned()];
    let responses = responses(definitions);
    for definition in definitions {
        out.push("\n".to_owned());
        match &definition.form {
            Form::OpenEnum(values) => {
                // Of what a caller writes, core refuses what it does not know.
                let read = responses.contains(definition.name.as_str());
                let more = if read { " One that this version does not know is kept as it came." } else { "" };
                let docs = format!("{}{more}", definition.docs);
                out.push(comment(&docs, ""));
                out.push(format!("export type {} =\n", definition.name));
                for (value, docs) in values {
                    out.push(comment(docs, "  "));
                    out.push(format!("  | '{value}'\n"));
                }
                out.push("  | (string & {});\n".to_owned());
            }
            Form::Object(fields) => {
                // What a caller writes may be undefined where it may be left out, also under exactOptionalPropertyTypes.
                let or_undefined = if responses.contains(definition.name.as_str()) { "" } else { " | undefined" };
                out.push(comment(&definition.docs, ""));
                out.push(format!("export interface {} {{\n", definition.name));
                for field in fields {
                    let unit = if field.of == Type::UnixMillis { " UNIX time in milliseconds." } else { "" };
                    out.push(comment(&format!("{}{unit}", field.docs), "  "));
                    let (mark, more) = if field.required { ("", "") } else { ("?", or_undefined) };
                    let of = field.only.as_ref().map_or_else(|| type_name(&field.of), |only| format!("'{only}'"));
                    out.push(format!("  {}{mark}: {of}{more};\n", field.key));
                }
                out.push("}\n".to_owned());
            }
        }
    }
    out.concat()
}

fn type_name(of: &Type) -> String {
    match of {
        Type::Text => "string".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer | Type::Number | Type::UnixMillis => "number".to_owned(),
        Type::Array(items) => format!("{}[]", type_name(items)),
        Type::Of { name, .. } => name.clone(),
    }
}

fn comment(docs: &str, indent: &str) -> String {
    if docs.is_empty() {
        return String::new();
    }
    let docs = docs.replace("*/", "* /");
    let lines = wrap(&docs, WIDTH - indent.len() - 3);
    match lines.as_slice() {
        [line] if indent.len() + line.chars().count() + 7 <= WIDTH => format!("{indent}/** {line} */\n"),
        lines => {
            let body: String =
                lines.iter().map(|line| format!("{indent} * {line}").trim_end().to_owned() + "\n").collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}
