//! Resume tokens: any text can be put to the reader, and what it takes is written as it was read.
//!
//! An input is a line with the API's base URL, and the token; where that begins with `{`, what is to stand in one.

#![no_main]

use image_intelligence_core::{BaseUrl, ErrorKind, Kind, ResumeToken, Rid, Timestamp};
use image_intelligence_core_fuzz::line;
use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

/// As resume tokens have it: the URL-safe alphabet, no padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let group = three.iter().fold(0_u32, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        text.extend((0..=three.len()).map(|digit| char::from(DIGITS[(group >> (18 - 6 * digit)) as usize & 63])));
    }
    text
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (api, rest) = line(text);
    let api = match BaseUrl::parse(api) {
        Ok(api) => {
            let again = BaseUrl::parse(&api.to_string()).expect("a base URL that was written out");
            assert_eq!(again.fingerprint(), api.fingerprint(), "it is another API once it is written out");
            api
        }
        Err(_) => BaseUrl::parse(BaseUrl::PUBLIC).expect("the public API"),
    };
    let token = if rest.starts_with('{') { format!("ii1_{}", base64(rest.as_bytes())) } else { rest.to_owned() };
    match ResumeToken::parse(&token, &api) {
        Ok(read) => {
            let written = read.to_string();
            let again = ResumeToken::parse(&written, &api).expect("a token that was written");
            assert_eq!(again, read);
            assert_eq!(again.to_string(), written);
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::ResumeToken),
    }

    let mut drawn = Unstructured::new(data);
    let Ok((kind, rid, created, id, namespace)) = drawn.arbitrary::<(u8, [u8; 16], i64, String, Option<String>)>()
    else {
        return;
    };
    let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
    let mut made = ResumeToken::new(kind, id, Rid::from_bytes(rid), Timestamp::from_millis(created), &api);
    // A recognize job is in a namespace, and no other is.
    made.namespace = namespace.filter(|namespace| kind == Kind::Recognize && !namespace.is_empty());
    let text = made.to_string();
    if kind == Kind::Recognize && made.namespace.is_none() {
        return assert!(ResumeToken::parse(&text, &api).is_err(), "it names no namespace");
    }
    // What names no job, or is longer than any id makes it, is refused when it is read.
    if !made.id.is_empty() && text.len() < 4096 {
        assert_eq!(ResumeToken::parse(&text, &api).expect("a token that was made"), made);
    }
});
