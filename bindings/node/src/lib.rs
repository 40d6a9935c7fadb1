//! The Node border of Image Intelligence: the native module of the npm package.
//!
//! It only converts. Values cross as bytes that core has judged; JavaScript builds its own objects of them by `JSON.parse`.
//! What takes time is numbered, and its outcome comes back through one queue: see `calls`.

mod callback;
mod calls;
mod client;
mod failure;
mod webhook;

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
    image_intelligence::ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

/// Reads the answer to a search, and writes the jobs out again: for the tests, until a search is in the surface.
#[napi(catch_unwind)]
pub fn read_detect_jobs(env: Env, body: &[u8]) -> Result<Vec<String>> {
    let jobs = image_intelligence::DetectJob::list_from_json(body).map_err(|error| failure::thrown(env, &error))?;
    Ok(jobs.iter().map(|job| String::from_utf8_lossy(&job.to_json()).into_owned()).collect())
}
