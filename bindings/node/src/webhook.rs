//! Webhooks: verified and judged in one crossing; JavaScript parses the very bytes.

use image_intelligence::{
    Checked, EventKind, Secret, SignatureOptions, canonicalise as rewrite, check, verify_signature,
};
use napi::bindgen_prelude::Either;
use napi::{Env, Result};
use napi_derive::napi;

use crate::failure;

// What the facade gets: the event's place in `event_kinds` in the lowest three bits, and two flags. Its numbers are these.
const CANONICAL: u32 = 0b01000;
const ASCII: u32 = 0b10000;
const _: () = assert!(EventKind::ALL.len() <= 8, "three bits hold eight kinds");

/// What a body may be, each at the place by which it crosses.
#[napi(catch_unwind)]
pub fn event_kinds() -> Vec<&'static str> {
    EventKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

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

fn known(kind: Option<String>) -> image_intelligence::Result<Option<EventKind>> {
    kind.map(|name| EventKind::known(&name)).transpose()
}

fn in_bits(checked: Checked) -> u32 {
    let place = EventKind::ALL.iter().take_while(|kind| **kind != checked.event).count();
    place as u32 | if checked.canonical { CANONICAL } else { 0 } | if checked.ascii { ASCII } else { 0 }
}
