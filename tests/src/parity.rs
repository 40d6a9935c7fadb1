//! The table of the calls that every language has: `tests/parity.toml`, checked and turned round.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The table's columns.
pub const LANGUAGES: [&str; 5] = ["rust", "python", "node", "kotlin", "swift"];
/// Its parts: what is called, what is handed over or got back, what is thrown.
pub const PARTS: [&str; 3] = ["calls", "types", "errors"];

/// What one language has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    /// The parts of the table, each row with its names in this language. No name: the language has it by an idiom of its own.
    pub parts: BTreeMap<&'static str, BTreeMap<String, Vec<String>>>,
    /// What only this language has, and why.
    pub own: BTreeMap<String, String>,
}

impl Surface {
    /// Every name of the language, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let shared = self.parts.values().flat_map(|rows| rows.values().flatten()).map(String::as_str);
        shared.chain(self.own.keys().map(String::as_str))
    }

    /// As a language's tests read it.
    pub fn to_json(&self) -> Value {
        let mut all: Map<String, Value> =
            self.parts.iter().map(|(part, rows)| ((*part).to_owned(), Value::from_iter(rows.clone()))).collect();
        all.insert("own".to_owned(), Value::from_iter(self.own.clone()));
        Value::Object(all)
    }
}

/// Reads the table. A row must say something for every language, and no name may stand there twice.
pub fn read(toml: &str) -> Result<BTreeMap<&'static str, Surface>, String> {
    let table: toml::Table = toml.parse().map_err(|error: toml::de::Error| error.to_string())?;
    if let Some(part) = table.keys().find(|part| !PARTS.contains(&part.as_str()) && *part != "own") {
        return Err(format!("{part}: there are only {} and own", PARTS.join(", ")));
    }
    let mut surfaces: BTreeMap<&'static str, Surface> = BTreeMap::new();
    for part in PARTS {
        for (row, columns) in section(table.get(part), part)? {
            let columns = section(Some(columns), row)?;
            if let Some(column) = columns.keys().find(|column| !LANGUAGES.contains(&column.as_str())) {
                return Err(format!("{part}.{row}: {column} is no language of the table"));
            }
            for language in LANGUAGES {
                let names = match columns.get(language) {
                    Some(toml::Value::String(name)) => vec![name.clone()],
                    Some(toml::Value::Array(names)) => {
                        let texts = names.iter().map(|name| name.as_str().map(str::to_owned));
                        texts.collect::<Option<_>>().ok_or_else(|| format!("{part}.{row}.{language}: names only"))?
                    }
                    _ => {
                        return Err(format!("{part}.{row}: nothing is said of {language}; [] if it has no name there"));
                    }
                };
                let surface = surfaces.entry(language).or_default();
                surface.parts.entry(part).or_default().insert(row.clone(), names);
            }
        }
    }
    for (language, names) in section(table.get("own"), "own")? {
        let surface = surfaces.get_mut(language.as_str()).ok_or_else(|| format!("own.{language}: no such language"))?;
        for (name, why) in section(Some(names), language)? {
            let why = why.as_str().filter(|why| !why.is_empty());
            let why = why.ok_or_else(|| format!("own.{language}.{name}: say why only {language} has it"))?;
            surface.own.insert(name.clone(), why.to_owned());
        }
    }
    for (language, surface) in &surfaces {
        let mut names: Vec<_> = surface.names().collect();
        names.sort_unstable();
        if let Some([twice, ..]) = names.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(format!("{language}: {twice} stands there twice"));
        }
    }
    Ok(surfaces)
}

fn section<'a>(value: Option<&'a toml::Value>, name: &str) -> Result<&'a toml::Table, String> {
    value.and_then(toml::Value::as_table).ok_or_else(|| format!("{name}: not a table"))
}

#[cfg(test)]
mod tests {
    use super::read;

    const WHOLE: &str = "
        [calls.detect]\nrust='Client::detect'\npython=['Client.detect', 'AsyncClient.detect']\nnode='a'\nkotlin='a'\nswift=[]
        [types.image]\nrust='Image'\npython='Image'\nnode=[]\nkotlin='Image'\nswift='Image'
        [errors.config]\nrust=[]\npython='ConfigError'\nnode='ConfigError'\nkotlin='x'\nswift='x'
        [own.python]\n'Client.close' = 'only it is closed'";

    #[test]
    fn a_table_is_turned_round() {
        let surfaces = read(WHOLE).unwrap();
        let mut names: Vec<_> = surfaces["python"].names().collect();
        names.sort_unstable();
        assert_eq!(names, ["AsyncClient.detect", "Client.close", "Client.detect", "ConfigError", "Image"]);
        let json = surfaces["python"].to_json();
        assert_eq!(json["calls"]["detect"][1], "AsyncClient.detect");
        assert_eq!(json["own"]["Client.close"], "only it is closed");
        assert_eq!(surfaces["swift"].to_json()["calls"]["detect"], serde_json::json!([]));
    }

    #[test]
    fn a_faulty_table_is_refused() {
        for (wrong, right, says) in [
            ("swift=[]\n", "\n", "calls.detect: nothing is said of swift"),
            ("node='a'", "nude='a'", "calls.detect: nude is no language"),
            ("'AsyncClient.detect'", "'Image'", "python: Image stands there twice"),
            ("'only it is closed'", "''", "own.python.Client.close: say why"),
            ("[own.python]", "[own.ruby]", "own.ruby: no such language"),
            ("[types.image]", "[kinds.image]", "kinds: there are only"),
            ("node='a'", "node=7", "calls.detect: nothing is said of node"),
            ("['Client.detect', 'AsyncClient.detect']", "[7]", "calls.detect.python: names only"),
        ] {
            assert!(WHOLE.contains(wrong), "{wrong}");
            let error = read(&WHOLE.replacen(wrong, right, 1)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
