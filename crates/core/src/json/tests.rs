//! The reader against `serde_json`: both must agree on what is JSON, and on what it says.

use serde::de::IgnoredAny;

use super::{DEEPEST, Json, Why, field, items};
use crate::read::from_text;

fn accepts(text: &str) -> bool {
    let mut json = Json::new(text);
    json.skip().and_then(|()| json.end()).is_ok()
}

/// A small generator of numbers (xorshift), so that a failure comes again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

const SEEDS: &[&str] = &[
    r#"{"a":[1,-0.5e+3,true,false,null,"x\n\u00e9\ud83d\ude00"],"b":{"c":{}},"d":[]}"#,
    r#" [ 0 , -1 , 1.25 , 1E5 , 12345678901234567890 , "" , "\\\"\/" ] "#,
    r#""0123456 8 0123456789abcdef0123456789abcdef \" 0123456789abcdef é €""#,
    "{\"key with more than sixteen bytes\":\"\\t\",\"k\":\"\u{7f}\"}\n",
];
const PIECES: &[&str] = &[
    "\"", "\\", "\\u", "\\ud83d", "\\udc00", "\\u00", "{", "}", "[", "]", ",", ":", "0", "1", "-", "+", ".", "e", "E",
    "true", "nul", " ", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "\u{2028}", "1e999", "/", "x",
];

#[test]
fn what_is_json_is_what_serde_json_takes() {
    let mut dice = Dice(0x5eed);
    let mut taken = 0;
    for _ in 0..60_000 {
        let mut text: Vec<char> = SEEDS[dice.below(SEEDS.len())].chars().collect();
        for _ in 0..dice.below(4) {
            let at = dice.below(text.len() + 1);
            match dice.below(3) {
                0 => text.splice(at..at, PIECES[dice.below(PIECES.len())].chars()).for_each(drop),
                1 => text.truncate(at.max(1)),
                _ if at < text.len() => drop(text.remove(at)),
                _ => {}
            }
        }
        let text: String = text.into_iter().collect();
        let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        assert_eq!(accepts(&text), theirs, "{text:?}");
        taken += usize::from(theirs);
        if let Ok(string) = serde_json::from_str::<String>(&text) {
            assert_eq!(from_text::<Option<String>>(&text), Ok(Some(string)), "{text:?}");
        }
    }
    assert!((10_000..50_000).contains(&taken), "{taken} of the texts were JSON: the test tests little");
}

#[test]
fn strings_end_where_they_end_at_every_length() {
    for length in 0..100 {
        for end in ["\"", "\\n\"", "\u{1}\"", ""] {
            let text = format!("\"{}{end}", "é".repeat(length / 2) + &"a".repeat(length % 2));
            assert_eq!(accepts(&text), serde_json::from_str::<String>(&text).is_ok(), "{text:?}");
        }
    }
}

#[test]
fn floats_are_rounded_as_the_standard_library_rounds_them() {
    let mut dice = Dice(0xf10a7);
    for _ in 0..20_000 {
        let digits: String =
            (0..=dice.below(20)).map(|_| char::from(b'0' + u8::try_from(dice.below(10)).unwrap())).collect();
        let exponent = ["", "e5", "E-7", "e+298", "e-320", "e30"][dice.below(6)];
        let text = format!("{}{}.{digits}{exponent}", ["", "-"][dice.below(2)], dice.below(1_000_000_000));
        let read = from_text::<Option<f64>>(&text).unwrap().unwrap();
        assert_eq!(read.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
}

#[test]
fn integers_at_the_edges() {
    let read = |text: &str| from_text::<Option<String>>(text).unwrap();
    assert_eq!(read("9223372036854775807").as_deref(), Some("9223372036854775807"));
    assert_eq!(read("-9223372036854775807").as_deref(), Some("-9223372036854775807"));
    assert_eq!(read("9223372036854775808"), None); // a float, which is no id
    assert_eq!(from_text::<Option<f64>>("18446744073709551616").unwrap(), Some(18_446_744_073_709_551_616.0));
    assert_eq!(from_text::<Option<f64>>("1e400").unwrap(), None);
}

#[test]
fn depth_is_bounded_for_what_is_read_and_for_what_is_passed_over() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let deepest = DEEPEST as usize;
    assert!(accepts(&nested(deepest)));
    assert!(!accepts(&nested(deepest + 1)));
    assert_eq!(from_text::<Option<String>>(&nested(100_000)).unwrap_err().why, Why::TooDeep);
    assert_eq!(from_text::<Option<String>>(&"{\"a\":".repeat(100_000)).unwrap_err().why, Why::TooDeep);
}

#[test]
fn items_are_cut_as_they_stand() {
    assert_eq!(items(r#" [ {"a":[1,2]} , "x,]" ,3] "#), Ok(Some(vec![r#"{"a":[1,2]}"#, r#""x,]""#, "3"])));
    assert_eq!(items("[]"), Ok(Some(Vec::new())));
    assert_eq!(items("{}"), Ok(None));
    assert!(items("[1,]").is_err());
}

#[test]
fn a_field_is_found_as_it_stands() {
    let text = r#" { "a" : [1, 2] , "\ud83d": 1, "b":"x", "a\u0062" : {"a": 3} , "b" : null } "#;
    assert_eq!(field(text, "a"), Some("[1, 2]"));
    assert_eq!(field(text, "ab"), Some(r#"{"a": 3}"#));
    assert_eq!(field(text, "b"), Some("null"), "the last counts");
    assert_eq!(field(text, "c"), None);
    assert_eq!((field("[1]", "a"), field("", "a"), field(r#"{"a":1"#, "a")), (None, None, None));
}
