//! Whatever comes in, nothing panics: random and mutated input, from a fixed seed.

use image_intelligence_core::{
    BaseUrl, DetectJob, Error, Kind, ResumeToken, Rid, Timestamp, TokenAnswer, WebhookEvent, decode_blob,
    parse_retry_after, parse_webhook,
};

const DOCUMENT: &[u8] = include_bytes!("../../../tests/vectors/files/detect-webhook.json");

/// A small generator of numbers (xorshift), so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or_default()
    }

    /// Changes, takes away, doubles or cuts a few bytes.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const TELLING: &[u8] = b"{}[]\",:\\0-e.tn \xff\xed\xa0";
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            match self.below(6) {
                _ if bytes.is_empty() => bytes.push(self.byte()),
                0 => bytes[at] = self.byte(),
                1 => bytes[at] = TELLING[self.below(TELLING.len())],
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, TELLING[self.below(TELLING.len())]),
                4 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => bytes.truncate(at),
            }
        }
    }
}

#[test]
fn mutated_webhooks_are_read_or_refused() {
    let mut dice = Dice(0x1717);
    let (mut read, mut refused) = (0, 0);
    for round in 0..20_000 {
        let mut body = DOCUMENT.to_vec();
        dice.mutate(&mut body);
        let kind = [None, Some(Kind::Detect), Some(Kind::Match)][round % 3];
        match parse_webhook(&body, kind) {
            Ok(event) => {
                read += 1;
                assert_eq!(event.raw().as_str().map(str::as_bytes), Some(&body[..]));
                if let WebhookEvent::Detect(job) = event {
                    // What was understood can be written, and is then understood the same.
                    let written = serde_json::to_vec(&job).unwrap_or_default();
                    assert_eq!(DetectJob::from_json(&written).ok().as_ref(), Some(&job));
                    let _ = (job.found("person"), job.classes(), job.errors().count(), job.raw.field("status"));
                }
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind().as_str(), "invalid_webhook");
                assert!(!error.message().contains("domain.net"), "the body is in the message: {error}");
            }
        }
        let _ = (DetectJob::from_json(&body), DetectJob::list_from_json(&body), TokenAnswer::from_json(&body));
        let _ = Error::from_answer("GET /detect/1", 400, &body);
    }
    assert!(read > 2_000 && refused > 2_000, "{read} read, {refused} refused: the test tests little");
}

#[test]
fn random_bytes_and_texts() {
    let mut dice = Dice(0xb17e5);
    let api = BaseUrl::parse(BaseUrl::PUBLIC).unwrap();
    let token = ResumeToken::new(Kind::Detect, "f9d73f87", Rid::from_bytes([1; 16]), Timestamp::from_millis(0), &api);
    let seeds: Vec<Vec<u8>> = [
        token.to_string().as_str(),
        BaseUrl::PUBLIC,
        "http://user:secret@[::ffff:127.0.0.1]:8080/a/../v2/?q#f",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "120",
        "aGVsbG8gd29ybGQ=",
        "[1,{\"id\":\"1\"}]",
    ]
    .into_iter()
    .map(|seed| seed.as_bytes().to_vec())
    .collect();
    for _ in 0..30_000 {
        let mut bytes = seeds[dice.below(seeds.len())].clone();
        if dice.below(5) == 0 {
            bytes = (0..dice.below(60)).map(|_| dice.byte()).collect();
        }
        dice.mutate(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(token) = ResumeToken::parse(&text, &api) {
            assert_eq!(ResumeToken::parse(&token.to_string(), &api).ok(), Some(token));
        }
        if let Ok(url) = BaseUrl::parse(&text) {
            // Normalised once is normalised for good, and no segment can leave its place.
            assert_eq!(BaseUrl::parse(&url.to_string()).ok().as_ref(), Some(&url), "{url}");
            let joined = url.join(&["detect", &text]);
            assert!(joined.starts_with(&format!("{url}/detect/")), "{joined}");
            assert_eq!(joined.matches('/').count(), url.to_string().matches('/').count() + 2, "{joined}");
        }
        if let Some(wait) = parse_retry_after(&text, Timestamp::from_millis(784_111_770_000)) {
            assert!(wait.as_secs() <= 300);
        }
        let _ = (decode_blob("blob", &text), DetectJob::list_from_json(&bytes), parse_webhook(&bytes, None));
        let _ = (Rid::from_hex(&text), Rid::from_bytes([1; 16]).stamped(&text));
    }
}

#[test]
fn a_blob_passes_the_check_exactly_where_it_can_be_decoded() {
    let mut dice = Dice(0xb10b);
    for _ in 0..20_000 {
        let text: String = (0..dice.below(9)).map(|_| char::from(b"AZaz09+/=="[dice.below(10)])).collect();
        match decode_blob("blob", &text) {
            Ok(bytes) => assert_eq!(bytes.len(), text.trim_end_matches('=').len() * 3 / 4, "{text}"),
            Err(error) => assert!(!error.message().contains("Invalid"), "passed, and then failed: {text}: {error}"),
        }
    }
}

#[test]
fn deep_and_large_bodies_are_refused_or_read_in_bounded_stack() {
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    for body in [deep("[", "]"), deep("{\"a\":", "}"), format!("{{\"id\":\"1\",\"jobResults\":{}}}", deep("[", "]"))] {
        let error = parse_webhook(body.as_bytes(), None).unwrap_err();
        assert_eq!(error.kind().as_str(), "invalid_webhook");
        assert!(error.body().is_some_and(|kept| kept.len() == Error::MAX_BODY));
    }
}
