//! The header `II-Emulate`: faults for the request that carries it, such as `fault=status;code=503, fault=slow;ms=200`.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use super::rule::FaultRule;
use super::{check::Effect, json};

const NAME: &str = "ii-emulate";
/// More in one request than anybody can tell apart.
const MOST: usize = 8;

/// A fault that a header asks for, with the text that its count is kept by.
pub(crate) struct Asked {
    pub(super) text: String,
    pub(super) rule: FaultRule,
    pub(super) effect: Effect,
}

/// The faults that a request asks for; none where it has no such header.
pub(crate) fn asked_for(headers: &HeaderMap) -> Result<Vec<Asked>, String> {
    let mut asked = Vec::new();
    for value in headers.get_all(NAME) {
        let value = value.to_str().map_err(|_| "II-Emulate: not plain ASCII".to_owned())?;
        for text in value.split(',').map(str::trim) {
            let named = |problem: String| format!("II-Emulate: {problem}");
            let rule = read(text).map_err(named)?;
            let effect = rule.check().map_err(named)?;
            asked.push(Asked { text: text.to_owned(), rule, effect });
            if asked.len() > MOST {
                return Err(format!("II-Emulate: more than {MOST} faults given; fewer will do"));
            }
        }
    }
    Ok(asked)
}

/// Reads `fault=NAME;key=value;..`, by way of the JSON that it stands for, so that both are one language.
pub(super) fn read(text: &str) -> Result<FaultRule, String> {
    let mut fields = Map::new();
    for part in text.split(';') {
        let (key, value) =
            part.split_once('=').ok_or("must look like fault=NAME;key=value, such as fault=status;code=503;n=3")?;
        let (key, value) = (key.trim(), value.trim());
        if key == "match" {
            return Err("match: a header is for the request that carries it; rules of POST /_ii/faults have it".into());
        }
        if fields.insert(key.to_owned(), typed(value)).is_some() {
            return Err(format!("{key}: given twice; give it once"));
        }
    }
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| json::told(&error, false))
}

fn typed(value: &str) -> Value {
    if let Ok(whole) = value.parse::<u64>() {
        return whole.into();
    }
    value.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or_else(|| value.into(), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_json_in_other_words() {
        let json = |text: &str| serde_json::to_value(read(text).unwrap()).unwrap();
        assert_eq!(json("fault=status;code=503;n=3"), serde_json::json!({"fault": "status", "code": 503, "n": 3}));
        assert_eq!(
            json(" ms = 5 ; when = after ; fault = slow ; probability=0.5"),
            serde_json::json!({"fault": "slow", "ms": 5, "when": "after", "probability": 0.5})
        );
        assert_eq!(json("fault=webhook.duplicate;n=3"), serde_json::json!({"fault": "webhook.duplicate", "n": 3}));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str| read(text).unwrap_err();
        assert!(wrong("status").starts_with("must look like fault=NAME"));
        assert!(wrong("").starts_with("must look like fault=NAME"));
        assert!(wrong("code=503").contains("missing field `fault`"), "{}", wrong("code=503"));
        assert!(wrong("fault=statsu").starts_with("fault: unknown variant `statsu`"), "{}", wrong("fault=statsu"));
        assert!(wrong("fault=status;cod=5").starts_with("cod: unknown field `cod`"), "{}", wrong("fault=status;cod=5"));
        assert!(wrong("fault=status;code=abc").starts_with("code: invalid type"));
        assert_eq!(wrong("fault=slow;ms=1;ms=2"), "ms: given twice; give it once");
        assert!(wrong("fault=slow;match=x").starts_with("match: "));
    }
}
