//! Signatures: nothing that a stranger sends gets by, and what was signed does.
//!
//! An input is a line that begins with `1` where HMAC-SHA1 will do, header lines, an empty line, secrets a line each, an
//! empty line, the body.

#![no_main]

use image_intelligence_core::{ErrorKind, Secret, SignatureOptions, sign, verify_signature};
use image_intelligence_core_fuzz::{cut, dice};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 2] = ["X-Niro-Signature", "x-ii-signature"];

/// Whether it was taken; else the reason, which is nothing only where the secrets themselves are at fault.
fn verify(headers: &[(&str, &[u8])], body: &[u8], secrets: &[Secret], allow_sha1: bool) -> Result<(), &'static str> {
    let mut options = SignatureOptions::default();
    options.allow_sha1 = allow_sha1;
    verify_signature(headers.iter().copied(), body, secrets, &options).map_err(|error| {
        let config = error.kind() == ErrorKind::Config;
        assert!(config || error.kind() == ErrorKind::WebhookVerification, "{error}");
        assert_ne!(config, error.reason().is_some(), "{error}");
        match error.reason() {
            None => "",
            Some("missing") => "missing",
            Some("doubled") => "doubled",
            Some("malformed") => "malformed",
            Some("mismatch") => "mismatch",
            Some(other) => panic!("a reason that nobody knows: {other}"),
        }
    })
}

fuzz_target!(|data: &[u8]| {
    let (head, rest) = cut(data, b"\n\n");
    let (secrets, body) = cut(rest, b"\n\n");
    let (flags, lines) = cut(head, b"\n");
    let allow_sha1 = flags.starts_with(b"1");
    let headers: Vec<(&str, &[u8])> = lines
        .split(|&byte| byte == b'\n')
        .map(|line| cut(line, b": "))
        .filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, value)))
        .collect();
    let secrets: Vec<Secret> = secrets
        .split(|&byte| byte == b'\n')
        .map(|secret| String::from_utf8_lossy(secret).into_owned().into())
        .collect();

    let came = verify(&headers, body, &secrets, allow_sha1);
    let is_ours = |name: &str| NAMES.iter().any(|ours| ours.eq_ignore_ascii_case(name));
    if came.is_ok() {
        let values: Vec<_> = headers.iter().filter(|(name, _)| is_ours(name)).collect();
        assert_eq!(values.len(), 1, "taken with {} signatures", values.len());
        let (_, value) = values[0];
        let signed = secrets.iter().any(|secret| sign(body, secret).as_bytes().eq_ignore_ascii_case(value));
        // HMAC-SHA1 cannot be made here, only seen to have been allowed.
        assert!(signed || (allow_sha1 && value.starts_with(b"sha=") && value.len() == 44), "taken, and not signed");
    }
    if came == Err("") {
        return;
    }

    let at = dice(data);
    let name = NAMES[at % 2];
    let secret = &secrets[at % secrets.len()];
    let signature = sign(body, secret);
    let header = (name, signature.as_bytes());
    assert_eq!(verify(&[header], body, &secrets, allow_sha1), Ok(()));
    assert_eq!(verify(&[header, header], body, &secrets, allow_sha1), Err("doubled"));
    for other in &secrets {
        let same = sign(body, other) == signature;
        let taken = verify(&[header], body, std::slice::from_ref(other), allow_sha1);
        assert_eq!(taken.is_ok(), same, "a signature of another secret was taken, or its own was not");
    }
    let anybodys = sign(body, &Secret::from(""));
    assert_eq!(verify(&[(name, anybodys.as_bytes())], body, &secrets, allow_sha1), Err("mismatch"));

    if !body.is_empty() {
        let mut body = body.to_vec();
        let bit = at % (body.len() * 8);
        body[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(&[header], &body, &secrets, allow_sha1), Err("mismatch"));
    }
    let mut flipped = signature.clone().into_bytes();
    let bit = at % (flipped.len() * 8);
    flipped[bit / 8] ^= 1 << (bit % 8);
    // A digit's bit 5 is its case.
    let same = flipped.starts_with(b"sha256=") && flipped.eq_ignore_ascii_case(signature.as_bytes());
    assert_eq!(verify(&[(name, &flipped)], body, &secrets, allow_sha1).is_ok(), same, "a flipped bit was not noticed");
});
