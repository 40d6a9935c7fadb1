//! The judge asks for no memory where a body is canonical and has no escapes: what a binding pays for it is time alone.

use allocation_counter::measure;
use image_intelligence_core::{EventKind, check, judge};

const BODIES: [(EventKind, &str); 5] = [
    (EventKind::Detect, include_str!("../../../tests/vectors/files/detect-webhook.json")),
    (EventKind::Match, include_str!("../../../tests/vectors/files/match-webhook.json")),
    (EventKind::Ask, include_str!("../../../tests/vectors/files/ask-webhook.json")),
    (EventKind::Recognize, include_str!("../../../tests/vectors/files/recognize-webhook.json")),
    (EventKind::Event, include_str!("../../../tests/vectors/files/identity-event.json")),
];

/// How often memory is asked for while a body is judged that is canonical.
fn allocations(body: &str, known: Option<EventKind>, event: EventKind) -> u64 {
    let mut found = None;
    let counted = measure(|| found = judge(body.as_bytes(), known).ok().map(|judged| (judged.event, judged.canonical)));
    assert_eq!(found, Some((event, true)));
    let mut checked = None;
    let counted = counted.count_total + measure(|| checked = check(body.as_bytes(), known).ok()).count_total;
    assert!(checked.is_some());
    counted
}

#[test]
fn the_count_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(vec![0_u8; 100]))).count_total, 1);
}

#[test]
fn a_canonical_body_costs_none() {
    for (event, body) in BODIES {
        assert!(!body.contains('\\'));
        // The document's own, and as a server writes it.
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        for body in [body, &value.to_string()] {
            assert_eq!(allocations(body, None, event), 0, "{event:?} of no known kind");
            assert_eq!(allocations(body, Some(event), event), 0, "{event:?} that is known to be one");
        }
    }
    assert_eq!(allocations(r#"{"hello": ["world", 1.5, {"id": null}]}"#, None, EventKind::Unknown), 0);
}

/// An event without an identity is searched for one elsewhere, which is read only where it may be one.
#[test]
fn an_event_without_an_identity_costs_none() {
    let body = r#"{"event": "IDENTITY_UPDATED", "createdAt": 1487648348000, "data": {"reason": "merged"}}"#;
    assert_eq!(allocations(body, None, EventKind::Event), 0);
}
