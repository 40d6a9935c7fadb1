//! The client's only source of chance: names for jobs, and jitter.

use image_intelligence_core::{Error, ErrorKind, Result, Rid};

fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(ErrorKind::Config, format!("the system gives no random numbers: {error}")))?;
    Ok(bytes)
}

/// A name for a job, which no other job has.
pub(crate) fn rid() -> Result<Rid> {
    bytes().map(Rid::from_bytes)
}

/// A number from 0 to 1. Without randomness the pauses are merely less spread.
pub(crate) fn jitter() -> f64 {
    bytes().map_or(0.5, |bytes| f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}
