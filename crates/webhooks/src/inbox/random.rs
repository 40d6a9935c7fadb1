//! Chance, for pauses.

use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

/// A random number from 0 to 1.
pub(crate) fn fraction() -> f64 {
    let mut bytes = [0; 4];
    // Without a source of chance pauses are half as long as they may be.
    getrandom::fill(&mut bytes).map_or(0.5, |()| f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

/// A time, or up to a fifth longer, so that many processes do not do the same at once.
pub(crate) fn about(time: Duration) -> Duration {
    time.mul_f64(1.0 + fraction() / 5.0)
}

/// A master for callback keys.
pub(crate) fn master() -> Result<Zeroizing<[u8; 32]>> {
    let mut master = Zeroizing::new([0; 32]);
    getrandom::fill(&mut master[..]).map_err(|error| {
        Error::new(ErrorKind::Store, format!("this machine gives no random numbers for a key: {error}"))
    })?;
    Ok(master)
}
