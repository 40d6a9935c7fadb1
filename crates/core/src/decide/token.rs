//! The answer that brings an access token: `token`.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{Refusal, bytes, outcome};
use crate::{Result, TokenAnswer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenCase {
    #[serde(default, deserialize_with = "given")]
    json: Option<Value>,
    text: Option<Value>,
    base64: Option<String>,
    #[serde(rename = "says")]
    _says: Option<Value>,
    error: Option<Refusal>,
}

/// `null` is JSON, too.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

pub(super) fn token(case: &TokenCase, answer: &mut Map<String, Value>) -> Result<()> {
    let body = bytes(case.json.as_ref(), case.text.as_ref(), case.base64.as_deref())?;
    let says = TokenAnswer::from_json(&body).map(|read| {
        let mut says = json!({"token": read.access_token.expose(), "scopes": read.scopes});
        let moments = [("expires_ms", read.expires_at), ("issued_ms", read.issued_at)];
        for (key, moment) in moments {
            if let Some(moment) = moment {
                says[key] = moment.as_millis().into();
            }
        }
        for (key, name) in [("org", read.org_name), ("app", read.app_name)] {
            if let Some(name) = name {
                says[key] = name.into();
            }
        }
        says
    });
    outcome(answer, "says", says, case.error.as_ref());
    Ok(())
}
