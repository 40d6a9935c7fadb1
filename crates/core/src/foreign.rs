//! How the values that are no plain records cross to Kotlin and Swift.

use crate::{Raw, Timestamp};

uniffi::custom_type!(
    /// A moment.
    Timestamp, i64, {
        lower: |moment| moment.as_millis(),
        try_lift: |millis| Ok(Timestamp::from_millis(millis)),
    }
);

uniffi::custom_type!(
    /// The JSON that a model was read from, as it came; empty for a model that was not read from any.
    Raw, String, {
        lower: |raw| raw.as_str().unwrap_or_default().to_owned(),
        try_lift: |text| Ok(if text.is_empty() { Raw::default() } else { Raw::new(&text) }),
    }
);

uniffi::custom_type!(
    /// A place in a list, from 0.
    usize, i32, {
        remote,
        lower: |index| i32::try_from(index).unwrap_or(i32::MAX),
        try_lift: |index| Ok(usize::try_from(index)?),
    }
);
