//! `Retry-After` of any text: a time that nobody waits longer than 300 s for, or nothing.
//!
//! An input is a line with the moment, and the header's value.

#![no_main]

use std::time::Duration;

use image_intelligence_core::{Timestamp, parse_retry_after};
use image_intelligence_core_fuzz::line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (now, value) = line(text);
    let now: i64 = now.trim().parse().unwrap_or_default();
    let wait = parse_retry_after(value, Timestamp::from_millis(now));
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(300)), "{wait:?}");
    assert_eq!(parse_retry_after(&format!(" {value}\t"), Timestamp::from_millis(now)), wait);

    let later = parse_retry_after(value, Timestamp::from_millis(now.saturating_add(1000)));
    assert_eq!(wait.is_some(), later.is_some(), "whether it can be read hangs on the moment");
    assert!(later <= wait, "the later, the longer: {wait:?}, then {later:?}");
    if let Ok(seconds) = value.parse::<u32>()
        && !value.starts_with('+')
    {
        assert_eq!(wait, Some(Duration::from_secs(u64::from(seconds.min(300)))));
    }
});
