//! For this project's own tests.

use crate::failure::Failure;

/// Asks core to decide one case of a shared table.
#[uniffi::export]
pub fn decide(table: String, row: String) -> Result<String, Failure> {
    Ok(image_intelligence_core::decide(&table, &row)?)
}

/// Reads an answer of the API as the model of that name, and writes it anew.
#[uniffi::export]
pub fn read_model(model: String, body: Vec<u8>) -> Result<String, Failure> {
    let json = image_intelligence_core::read_model(&model, &body)?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}
