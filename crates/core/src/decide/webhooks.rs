//! Who sent a webhook: `signature`, `callback`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Refusal, bytes, kind_named, odd, outcome};
use crate::{CallbackKeys, PublicBase, Result, Rid, Secret, SignatureOptions, Timestamp, sign, verify_signature};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureCase {
    headers: Vec<(String, String)>,
    text: Option<Value>,
    base64: Option<String>,
    secrets: Vec<Secret>,
    #[serde(default)]
    allow_sha1: bool,
    #[serde(rename = "good")]
    _good: Option<bool>,
    signed: Option<String>,
    error: Option<Refusal>,
}

pub(super) fn signature(case: &SignatureCase, answer: &mut Map<String, Value>) -> Result<()> {
    let body = bytes(None, case.text.as_ref(), case.base64.as_deref())?;
    let headers = case.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let checked = verify_signature(headers, &body, &case.secrets, &SignatureOptions { allow_sha1: case.allow_sha1 });
    outcome(answer, "good", checked.map(|()| true.into()), case.error.as_ref());
    if case.signed.is_some() {
        let secret = case.secrets.first().ok_or_else(|| odd("no secret to sign with"))?;
        answer.insert("signed".to_owned(), sign(&body, secret).into());
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackCase {
    keys: String,
    bases: Vec<String>,
    mint: Option<Mint>,
    token: Option<String>,
    now_ms: Option<i64>,
    normalised: Option<Vec<String>>,
    #[serde(rename = "minted")]
    _minted: Option<String>,
    #[serde(rename = "url")]
    _url: Option<String>,
    #[serde(rename = "says")]
    _says: Option<Value>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mint {
    kind: String,
    expires_ms: i64,
    rid: Rid,
}

pub(super) fn callback(case: &CallbackCase, answer: &mut Map<String, Value>) -> Result<()> {
    let bases = case.bases.iter().map(|text| PublicBase::parse(text)).collect::<Result<Vec<_>>>();
    let ready = CallbackKeys::parse(&case.keys).and_then(|keys| Ok((keys, bases?)));
    let (keys, bases) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            for place in ["normalised", "minted", "url"] {
                answer.remove(place);
            }
            outcome(answer, "says", Err(error), case.error.as_ref());
            return Ok(());
        }
    };
    if case.normalised.is_some() {
        let bases: Vec<&str> = bases.iter().map(PublicBase::as_str).collect();
        answer.insert("normalised".to_owned(), bases.into());
    }
    if let (Some(mint), Some(base)) = (&case.mint, bases.first()) {
        let token = keys.mint(kind_named(&mint.kind)?, Timestamp::from_millis(mint.expires_ms), mint.rid, base);
        answer.insert("url".to_owned(), base.callback_url(&token).into());
        answer.insert("minted".to_owned(), token.into());
    }
    match (&case.token, case.now_ms) {
        (Some(token), Some(now)) => {
            let read = keys.verify(token, &bases, Timestamp::from_millis(now));
            let says = read.map(|token| {
                json!({
                    "kind": token.kind.as_str(),
                    "rid": token.rid,
                    "expires_ms": token.expires.as_millis(),
                    "key_id": token.key_id,
                })
            });
            outcome(answer, "says", says, case.error.as_ref());
        }
        // Nothing failed, whatever the table expects.
        _ => drop(answer.remove("error")),
    }
    Ok(())
}
