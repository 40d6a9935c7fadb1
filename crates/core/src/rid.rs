//! Our own name for a job, from before the service has given it one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 16 random bytes, drawn by the caller; written as 32 lower-case hex digits.
///
/// ```
/// use image_intelligence_core::Rid;
///
/// let rid = Rid::from_bytes([0xab; 16]);
/// assert_eq!(rid.to_string(), "ab".repeat(16));
/// assert_eq!(rid.stamp(3), format!("{rid}-3"));
/// assert_eq!(rid.stamped(&rid.stamp(3)), Some(3));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rid([u8; 16]);

impl Rid {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From 32 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            let digit = |digit: u8| char::from(digit).to_digit(16);
            *byte = (digit(*high)? * 16 + digit(*low)?) as u8;
        }
        Some(Self(bytes))
    }

    /// The customId that is stamped on the job's picture of that index where the caller gave it none.
    pub fn stamp(&self, index: usize) -> String {
        format!("{self}-{index}")
    }

    /// The index of the picture, if the customId is one that we stamped for this job.
    pub fn stamped(&self, custom_id: &str) -> Option<usize> {
        let (_, index) = custom_id.split_once('-')?;
        let index = index.parse().ok()?;
        // `+3` and `03` are numbers too, but not as we write them.
        (self.stamp(index) == custom_id).then_some(index)
    }
}

impl fmt::Display for Rid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Rid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rid({self})")
    }
}

impl Serialize for Rid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("expected 32 hex digits"))
    }
}
