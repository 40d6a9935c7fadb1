//! Webhooks: verified and judged in one crossing; JavaScript parses the very bytes.

use image_intelligence::{
    Checked, Error, ErrorKind, EventKind, Kind, Secret, SignatureOptions, canonicalise as rewrite, check,
    verify_signature,
};
use napi::bindgen_prelude::Either;
use napi::{Env, Result};
use napi_derive::napi;

use crate::failure;

// What the facade gets: the event in the lowest three bits, and two flags. Its numbers are these.
const UNKNOWN: u32 = 0;
const DETECT: u32 = 1;
const CANONICAL: u32 = 0b01000;
const ASCII: u32 = 0b10000;

/// Says what a body is, and whether it may be parsed as it stands.
#[napi(catch_unwind)]
pub fn judge(env: Env, body: &[u8], kind: Option<String>) -> Result<u32> {
    known(kind).and_then(|kind| check(body, kind)).map(in_bits).map_err(|error| failure::thrown(env, &error))
}

/// The same, after the signature was verified. A header that came twice is joined by a comma.
#[napi(catch_unwind)]
pub fn verify_and_judge(
    env: Env,
    body: &[u8],
    signature: Option<String>,
    secrets: Either<String, Vec<String>>,
    allow_sha1: bool,
    kind: Option<String>,
) -> Result<u32> {
    let mut options = SignatureOptions::default();
    options.allow_sha1 = allow_sha1;
    let header = signature.iter().map(|signature| ("x-niro-signature", signature.as_bytes()));
    let verified = match secrets {
        Either::A(secret) => verify_signature(header, body, &[Secret::from(secret)], &options),
        Either::B(several) => {
            let secrets: Vec<Secret> = several.into_iter().map(Secret::from).collect();
            verify_signature(header, body, &secrets, &options)
        }
    };
    let judged = verified.and_then(|()| check(body, known(kind)?));
    judged.map(in_bits).map_err(|error| failure::thrown(env, &error))
}

/// The canonical JSON of a body that is not.
#[napi(catch_unwind)]
pub fn canonicalise(env: Env, body: &[u8], kind: Option<String>) -> Result<String> {
    let (_, json) = known(kind).and_then(|kind| rewrite(body, kind)).map_err(|error| failure::thrown(env, &error))?;
    String::from_utf8(json).map_err(|error| napi::Error::from_reason(error.to_string()))
}

fn known(kind: Option<String>) -> std::result::Result<Option<Kind>, Error> {
    let Some(name) = kind else { return Ok(None) };
    if let Some(kind) = Kind::from_name(&name) {
        return Ok(Some(kind));
    }
    let kinds = Kind::ALL.map(Kind::as_str).join(", ");
    Err(Error::new(ErrorKind::InvalidRequest, format!("kind: \"{name}\" given, one of {kinds} wanted")))
}

fn in_bits(checked: Checked) -> u32 {
    let event = match checked.event {
        EventKind::Detect => DETECT,
        _ => UNKNOWN,
    };
    event | if checked.canonical { CANONICAL } else { 0 } | if checked.ascii { ASCII } else { 0 }
}
