//! `cargo xtask gen`: the models of the languages that build their own objects, from core's schema.

mod python;
mod schema;
mod text;
mod typescript;

use crate::step::{self, Outcome, command, root, target};

/// What is generated, and where it stands.
fn files() -> Result<[(&'static str, String); 2], String> {
    let definitions = schema::read(&image_intelligence_core::schema())?;
    Ok([
        ("python/image_intelligence/models.py", python::write(&definitions)),
        ("node/src/models.ts", typescript::write(&definitions)),
    ])
}

/// Writes what differs.
pub(crate) fn write() -> Outcome {
    for (path, text) in files()? {
        let place = root().join(path);
        if std::fs::read_to_string(&place).is_ok_and(|old| old == text) {
            println!("{path}: as it was");
        } else {
            step::write(&place, text)?;
            println!("{path}: written");
        }
    }
    Ok(())
}

/// Fails with the difference where a file is not what core's schema makes of it.
pub(crate) fn check() -> Outcome {
    println!("\n== generated models");
    let mut stale = Vec::new();
    for (path, text) in files()? {
        if std::fs::read_to_string(root().join(path)).is_ok_and(|old| old == text) {
            continue;
        }
        let fresh = target().join("gen").join(path);
        step::write(&fresh, text)?;
        // git is no need of anybody's: without it there is the list of files.
        let _ = command("git").args(["diff", "--no-index", "--", path]).arg(&fresh).status();
        stale.push(path);
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("{}: run `cargo xtask gen`", stale.join(" and "))) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{python, schema, typescript};

    const PYTHON: &str = include_str!("sample/models.py");
    const TYPESCRIPT: &str = include_str!("sample/models.ts");

    #[test]
    fn a_sample_of_all_there_is() {
        let sample = serde_json::from_str(include_str!("sample/schema.json")).unwrap();
        let definitions = schema::read(&sample).unwrap();
        assert_eq!(python::write(&definitions), PYTHON);
        assert_eq!(typescript::write(&definitions), TYPESCRIPT);
    }

    #[test]
    fn what_the_generators_do_not_know_is_refused() {
        let of = |field| {
            let a = json!({"description": "a", "x-read": true, "properties": {"b": field}, "x-order": ["b"]});
            json!({"$defs": {"A": a}, "x-order": ["A"]})
        };
        for (field, says) in [
            (json!({"type": "string"}), "A.b: no description"),
            (json!({"description": "b", "type": ["string", "null"]}), "A.b: the generators know no type"),
            (json!({"description": "b", "type": "string", "format": "date"}), "A.b: the generators know no type"),
            (json!({"description": "b", "$ref": "#/$defs/C"}), "A.b: there is no C"),
            (json!({"description": "b", "type": "array", "items": {}}), "A.b: the generators know no type"),
        ] {
            let error = schema::read(&of(field)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(schema::read(&json!({})).unwrap_err(), "the schema has no $defs");
        let other = json!({"$defs": {"A": {}}, "x-order": ["B"]});
        assert!(schema::read(&other).unwrap_err().contains("there is no B"));
    }
}
