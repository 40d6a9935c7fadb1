//! Moments as the API writes them.

use serde::{Serialize, Serializer};

use crate::json::{Broken, Json, Number};
use crate::read::{Read, deserialize_from_text, from_text};

/// A moment: milliseconds since the UNIX epoch.
///
/// Some servers write seconds: a value below 100 000 000 000 is read as seconds.
///
/// ```
/// use image_intelligence_core::Timestamp;
///
/// let read: Timestamp = serde_json::from_str("1487648348").unwrap();
/// assert_eq!(read, Timestamp::from_millis(1_487_648_348_000));
/// assert_eq!(serde_json::to_string(&read).unwrap(), "1487648348000");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A number off the wire that is nearer to zero than this means seconds.
    pub(crate) const SECONDS_BELOW: i64 = 100_000_000_000;

    /// From milliseconds since the UNIX epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From a number off the wire, where a small one means seconds.
    pub const fn from_wire(number: i64) -> Self {
        if number.unsigned_abs() < Self::SECONDS_BELOW.unsigned_abs() { Self(number * 1000) } else { Self(number) }
    }

    /// Milliseconds since the UNIX epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// How much later this is than `earlier`; zero where it is not later.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

deserialize_from_text!(Timestamp, |text| from_text::<Option<Timestamp>>(text)
    .ok()
    .flatten()
    .ok_or("expected a UNIX time in milliseconds, such as 1487648348000"));

impl Read for Option<Timestamp> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        let time = if json.peek() == Some(b'"') {
            json.string()?.parse().ok().map(Timestamp::from_wire)
        } else {
            match json.number()? {
                Some(Number::Integer(number)) => Some(Timestamp::from_wire(number)),
                Some(Number::Float(number)) if number.is_finite() => {
                    let seconds = number.abs() < Timestamp::SECONDS_BELOW as f64;
                    Some(Timestamp((if seconds { number * 1000.0 } else { number }).round() as i64))
                }
                _ => None,
            }
        };
        // What not every float holds, not every language can read; and what is below the bound even in milliseconds would be
        // read as seconds once more when it is written again. Neither is a moment at which there was an API.
        let bound = Timestamp::SECONDS_BELOW.unsigned_abs();
        *self = time.filter(|time| (bound..=1 << 53).contains(&time.0.unsigned_abs()));
        Ok(())
    }
}
