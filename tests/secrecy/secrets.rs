//! Every secret that was in use, and what it looks like when it is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Each secret by its bytes, and what it is.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<BTreeMap<Vec<u8>, &'static str>>);

impl Secrets {
    pub(crate) fn add(&self, what: &'static str, secret: impl AsRef<[u8]>) {
        self.0.lock().unwrap().insert(secret.as_ref().to_owned(), what);
    }

    /// How many there are of that sort.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.0.lock().unwrap().values().filter(|other| **other == what).count()
    }

    /// Where one of them stands in what was said, and what stands before it.
    pub(crate) fn found_in(&self, text: &str) -> Vec<String> {
        let secrets = self.0.lock().unwrap();
        let shapes = secrets.iter().flat_map(|(secret, what)| {
            let shapes = shapes(what, secret);
            shapes.into_iter().map(move |(how, shape)| (*what, how, shape))
        });
        shapes
            .filter_map(|(what, how, shape)| {
                let at = text.find(&shape)?;
                let before = text[..at].char_indices().rev().nth(300).map_or(0, |(start, _)| start);
                Some(format!("{what} as {how} after: {}", &text[before..at]))
            })
            .collect()
    }
}

/// A callback token names its job, which is no secret; what proves it is the rest.
fn proof<'a>(what: &str, secret: &'a [u8]) -> &'a [u8] {
    if what == "callback token" { &secret[31..] } else { secret }
}

/// What it looks like as text, and as each of the ways in which bytes are printed.
fn shapes(what: &str, secret: &[u8]) -> Vec<(&'static str, String)> {
    let secret = proof(what, secret);
    let numbers = format!("{secret:?}");
    let lines = format!("{secret:#?}");
    vec![
        ("text", secret.escape_ascii().to_string()),
        ("numbers", numbers.trim_matches(['[', ']']).to_owned()),
        ("numbers in lines", lines.trim_matches(['[', ']']).trim().trim_end_matches(',').to_owned()),
        (
            "hex",
            secret.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }),
        ),
        ("base64", STANDARD_NO_PAD.encode(secret)),
        ("base64 of URLs", URL_SAFE_NO_PAD.encode(secret)),
    ]
}

#[test]
fn a_secret_is_found_in_every_shape() {
    let secrets = Secrets::default();
    let secret = b"s3cr\xff\x00et";
    secrets.add("callback key", secret);
    assert_eq!(secrets.count("callback key"), 1);
    let bytes = log_of(secret);
    for text in &bytes {
        assert!(!secrets.found_in(text).is_empty(), "{text}");
    }
    assert!(secrets.found_in("s3cr, et").is_empty());
    secrets.add("password", "hunter2");
    assert_eq!(secrets.found_in("my hunter2"), ["password as text after: my "]);
}

#[cfg(test)]
fn log_of(secret: &[u8]) -> [String; 5] {
    let bytes = [b"before".as_slice(), secret, b"after"].concat();
    [
        format!("{:?}", bytes.escape_ascii().to_string()).replace(r"\\", r"\"),
        format!("{bytes:?}"),
        format!("{bytes:#?}"),
        format!("key {}", STANDARD_NO_PAD.encode(secret)),
        format!("url {}=", URL_SAFE_NO_PAD.encode(secret)),
    ]
}
