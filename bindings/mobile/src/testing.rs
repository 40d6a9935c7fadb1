//! For this project's own tests.

use image_intelligence_core::DetectJob;

use crate::failure::Failure;

/// Asks core to decide one case of a shared table.
#[uniffi::export]
pub fn decide(table: String, row: String) -> Result<String, Failure> {
    Ok(image_intelligence_core::decide(&table, &row)?)
}

/// The answer to a search, which no call asks for yet.
#[uniffi::export]
pub fn read_search(body: Vec<u8>) -> Result<Vec<DetectJob>, Failure> {
    Ok(DetectJob::list_from_json(&body)?)
}
