//! The judge and the reader on any bytes: they agree on what a body is, and a plain decoder sees what the reader saw.

#![no_main]

use image_intelligence_core::{canonicalise, check, judge, parse_webhook};
use image_intelligence_core_fuzz::{decode, is_job, known_kind};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((known, body)) = known_kind(data) else { return };
    let (checked, event) = match (check(body, known), parse_webhook(body, known)) {
        (Ok(checked), Ok(event)) => (checked, event),
        (Err(judged), Err(read)) => {
            assert_eq!(judged.kind(), read.kind());
            assert_eq!(judged.to_string(), read.to_string());
            assert!(judge(body, known).is_err());
            return;
        }
        (checked, event) => panic!("judge and reader differ: {checked:?}, {event:?}"),
    };
    assert_eq!(checked.event, event.kind());
    let judged = judge(body, known).expect("what was checked can be judged");
    assert_eq!((judged.event, judged.canonical), (checked.event, checked.canonical));
    assert_eq!(judged.ascii, judged.json.is_ascii());

    let (_, written) = canonicalise(body, known).expect("what can be read can be written");
    if checked.canonical {
        assert_eq!(&*judged.json, body, "canonical, and yet not the very bytes");
    } else {
        assert_eq!(*judged.json, written);
    }
    if is_job(checked.event) {
        let plain = decode(&judged.json, checked.event);
        assert_eq!(plain, decode(&written, checked.event), "a plain decoder sees something else");
        assert!(plain["id"].as_str().is_some_and(|id| judged.is_of(id)), "the judged job is of another id");
        assert!(check(&judged.json, known).is_ok_and(|checked| checked.canonical), "what was judged is not canonical");
        assert_eq!(parse_webhook(&judged.json, known).ok(), Some(event));
    } else if checked.canonical {
        assert!(serde_json::from_slice::<Value>(body).is_ok(), "canonical, and yet not everyone reads it");
    }
});
