//! The Node border of Image Intelligence: the native module of the npm package.
//!
//! It only converts. Values cross as bytes that core has judged; JavaScript builds its own objects of them by `JSON.parse`.
//! What takes time is numbered, and its outcome comes back through one queue: see `calls`.

mod callback;
mod calls;
mod client;
mod delivery;
mod failure;
mod gate;
mod inbox;
mod json;
mod log;
mod many;
mod receiver;
mod webhook;

use image_intelligence::{Error, ErrorKind, Kind};
use napi::{Env, Result};
use napi_derive::napi;

/// Asks core to decide one case of a shared table: for the tests.
#[napi(catch_unwind)]
pub fn decide(env: Env, table: String, case: String) -> Result<String> {
    image_intelligence_core::decide(&table, &case).map_err(|error| failure::thrown(env, &error))
}

/// Every kind of error, so that the tests miss none.
#[napi(catch_unwind)]
pub fn kinds() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

/// Reads an answer of the API as the model of that name, and writes it out again: for the tests.
#[napi(catch_unwind)]
pub fn read_model(env: Env, model: String, body: &[u8]) -> Result<String> {
    let written = image_intelligence_core::read_model(&model, body).map_err(|error| failure::thrown(env, &error))?;
    String::from_utf8(written).map_err(|error| napi::Error::from_reason(error.to_string()))
}

/// The kind of job of that name.
fn kind_of(name: &str) -> image_intelligence::Result<Kind> {
    Kind::from_name(name).ok_or_else(|| {
        let kinds = Kind::ALL.map(Kind::as_str).join(", ");
        Error::new(ErrorKind::InvalidRequest, format!("kind: \"{name}\" given, one of {kinds} wanted"))
    })
}
