//! Any bytes as a webhook's body: nothing brings the reader down, and what it understood reads the same once it is written.

#![no_main]

use image_intelligence_core::{EventKind, canonicalise, check, judge_job, parse_webhook};
use image_intelligence_core_fuzz::{is_job, known_kind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((known, body)) = known_kind(data) else { return };
    if let Some(kind) = known.and_then(EventKind::job)
        && let Ok(judged) = judge_job(body, kind)
        && is_job(judged.event)
    {
        let checked = check(&judged.json, known).expect("an answer that was judged good");
        assert!(checked.canonical, "the judged answer is not canonical");
    }
    let Ok(event) = parse_webhook(body, known) else {
        assert!(canonicalise(body, known).is_err(), "it can be written and not be read");
        return;
    };
    let unmarked = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    assert_eq!(event.raw().as_str().map(str::as_bytes), Some(unmarked), "the raw body is another");

    let (kind, json) = canonicalise(body, known).expect("what can be read can be written");
    assert_eq!(kind, event.kind());
    let again = parse_webhook(&json, known).expect("what is written can be read");
    assert_eq!(again, event);
    let (_, twice) = canonicalise(&json, known).expect("what is written can be written again");
    assert_eq!(twice, json, "canonical JSON is written otherwise the second time");
    if is_job(kind) {
        assert!(check(&json, known).expect("what is written can be judged").canonical, "not canonical");
    }
});
