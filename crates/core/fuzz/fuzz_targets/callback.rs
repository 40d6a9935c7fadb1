//! Callback tokens: only what was minted is taken, and only as it was minted.
//!
//! An input is a line with the ring of keys, one with the public bases (a space between them), one with the moment, and the
//! token.

#![no_main]

use image_intelligence_core::{CallbackKeys, CallbackToken, ErrorKind, Kind, PublicBase, Rid, Timestamp};
use image_intelligence_core_fuzz::line;
use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

fn verify(keys: &CallbackKeys, token: &str, bases: &[PublicBase], now: Timestamp) -> Option<CallbackToken> {
    match keys.verify(token, bases, now) {
        Ok(says) => Some(says),
        Err(error) if error.kind() == ErrorKind::Config => {
            assert!(bases.is_empty() || bases.len() > 4, "{error}");
            None
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WebhookVerification);
            let reason = error.reason().unwrap_or_default();
            let known = ["malformed", "unknown_version", "unknown_key", "mismatch", "expired"];
            assert!(known.contains(&reason), "a reason that nobody knows: {reason}");
            None
        }
    }
}

fn master() -> (u8, [u8; 32]) {
    (7, [7; 32])
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (ring, rest) = line(text);
    let (bases, rest) = line(rest);
    let (now, token) = line(rest);
    let now = Timestamp::from_millis(now.trim().parse().unwrap_or_default());
    let mut bases: Vec<_> = bases.split(' ').filter_map(|base| PublicBase::parse(base).ok()).collect();
    for base in &bases {
        assert_eq!(PublicBase::parse(base.as_str()).ok().as_ref(), Some(base), "it reads otherwise once it is written");
    }
    let parsed = CallbackKeys::parse(ring);
    if let Ok(keys) = &parsed
        && let Some(says) = verify(keys, token, &bases, now)
    {
        assert!(now < says.expires);
        // The ring of that key alone, which so signs.
        let alone = ring.split(',').filter_map(|key| CallbackKeys::parse(key).ok());
        let mut made =
            alone.flat_map(|key| bases.iter().map(move |base| key.mint(says.kind, says.expires, says.rid, base)));
        assert!(made.any(|made| made == token), "taken, and never minted");
    }

    let keys = parsed.or_else(|_| CallbackKeys::new([master()])).expect("a good master");
    bases.truncate(4);
    if bases.is_empty() {
        bases.extend(PublicBase::parse("https://hooks.example.com/ii"));
    }
    let mut drawn = Unstructured::new(token.as_bytes());
    let mut byte = || drawn.arbitrary::<u8>().unwrap_or_default();
    let kind = Kind::ALL[usize::from(byte()) % Kind::ALL.len()];
    let rid = Rid::from_bytes(std::array::from_fn(|_| byte()));
    let expires = i64::from(u32::from_be_bytes(std::array::from_fn(|_| byte()))) * 1000;
    let (base, place, mask) = (usize::from(byte()) % bases.len(), usize::from(byte()), 1 << (byte() % 7));
    let token = keys.mint(kind, Timestamp::from_millis(expires), rid, &bases[base]);
    let before = Timestamp::from_millis(expires - 1);
    let says = verify(&keys, &token, &bases, before).expect("what was minted is good");
    assert_eq!((says.kind, says.rid, says.expires.as_millis()), (kind, rid, expires));
    assert_eq!(verify(&keys, &token, &bases, Timestamp::from_millis(expires)), None, "good past its time");
    let at = place % token.len();
    let mut flipped = token.clone().into_bytes();
    flipped[at] ^= mask;
    let flipped = String::from_utf8(flipped).expect("ASCII stays ASCII");
    assert_eq!(verify(&keys, &flipped, &bases, before), None, "a changed character was not noticed");
});
