//! `--set path=value`: one value of a body, changed before it is sent.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Where in a body, and what shall stand there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    path: Vec<Step>,
    value: Value,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Reads `imageResults[0].status=SPIDERWEBS_ERROR`. What is JSON is that JSON, anything else a string.
pub(crate) fn parse(text: &str) -> Result<Setting, String> {
    const WANTED: &str = "one looks like status=IN_PROGRESS or imageResults[0].status=SPIDERWEBS_ERROR";
    let (path, value) = text.split_once('=').ok_or(WANTED)?;
    let path = steps(path.trim()).ok_or(WANTED)?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok(Setting { path, value })
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, mut indexes) = part.find('[').map_or((part, ""), |start| part.split_at(start));
        if key.is_empty() || key.contains(']') {
            return None;
        }
        steps.push(Step::Key(key.to_owned()));
        while !indexes.is_empty() {
            let (index, rest) = indexes.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            indexes = rest;
        }
    }
    Some(steps)
}

impl Setting {
    /// Puts the value where it belongs. Objects on the way are made where there are none, and an index right behind the end
    /// of a list adds to it; anything else that is not there is an error, which a misspelt path should be.
    pub(crate) fn apply(&self, body: &mut Value) -> Result<(), String> {
        let (mut place, mut way) = (body, String::new());
        for step in &self.path {
            place = match step {
                Step::Key(key) => {
                    if place.is_null() {
                        *place = Value::Object(Map::new());
                    }
                    let kind = kind(place);
                    let object = place.as_object_mut().ok_or_else(|| {
                        format!("{} is {kind}, and has no \"{key}\"", if way.is_empty() { "the body" } else { &way })
                    })?;
                    if !way.is_empty() {
                        way.push('.');
                    }
                    way.push_str(key);
                    object.entry(key.as_str()).or_insert(Value::Null)
                }
                Step::Index(index) => {
                    let kind = kind(place);
                    let list = place.as_array_mut().ok_or_else(|| format!("{way} is {kind}, and has no [{index}]"))?;
                    let length = list.len();
                    if *index > length {
                        return Err(format!("{way} has {length} items, so there is no [{index}]; [{length}] adds one"));
                    }
                    if *index == length {
                        list.push(Value::Null);
                    }
                    let _ = write!(way, "[{index}]");
                    &mut list[*index]
                }
            };
        }
        *place = self.value.clone();
        Ok(())
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "not there",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(body: &Value, setting: &str) -> Result<Value, String> {
        let mut body = body.clone();
        parse(setting)?.apply(&mut body)?;
        Ok(body)
    }

    #[test]
    fn values_are_json_or_else_strings() {
        let body = json!({"status": "a", "list": [{"x": 1}]});
        assert_eq!(set(&body, "status=IN_PROGRESS").unwrap()["status"], "IN_PROGRESS");
        assert_eq!(set(&body, "status=\"7\"").unwrap()["status"], "7");
        assert_eq!(set(&body, "status=7").unwrap()["status"], 7);
        assert_eq!(set(&body, "status=null").unwrap()["status"], Value::Null);
        assert_eq!(set(&body, "status=").unwrap()["status"], "");
        assert_eq!(set(&body, "status=a=b").unwrap()["status"], "a=b");
        assert_eq!(set(&body, "list[0].x=[1,2]").unwrap()["list"][0]["x"], json!([1, 2]));
    }

    #[test]
    fn what_is_not_there_is_made_where_that_is_plain() {
        let body = json!({"list": [{"x": 1}]});
        assert_eq!(set(&body, "new.deep.key=true").unwrap()["new"], json!({"deep": {"key": true}}));
        assert_eq!(set(&body, "list[1].x=2").unwrap()["list"], json!([{"x": 1}, {"x": 2}]));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let body = json!({"list": [[1]], "status": "a"});
        for (setting, part) in [
            ("status", "one looks like"),
            ("=1", "one looks like"),
            ("list[x]=1", "one looks like"),
            ("list[0=1", "one looks like"),
            ("list[0]x=1", "one looks like"),
            ("a..b=1", "one looks like"),
            ("list[2]=1", "list has 1 items, so there is no [2]; [1] adds one"),
            ("status[0]=1", "status is a string, and has no [0]"),
            ("list.x=1", "list is a list, and has no \"x\""),
            ("list[0][0].x=1", "list[0][0] is a number, and has no \"x\""),
        ] {
            let error = set(&body, setting).unwrap_err();
            assert!(error.contains(part), "{setting}: {error}");
        }
    }
}
