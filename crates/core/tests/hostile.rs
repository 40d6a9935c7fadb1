//! Whatever comes in, nothing panics: random and mutated input, from a fixed seed.

use image_intelligence_core::{
    AskRequest, BaseUrl, DetectJob, DetectRequest, Error, EventKind, FeedbackRequest, IdentityChange, IdentityRequest,
    Kind, Limits, MatchRequest, RecognitionSearch, RecognizeRequest, ResumeToken, Rid, Timestamp, TokenAnswer,
    WebhookEvent, WebhookRequest, decode_blob, parse_retry_after, parse_webhook, read_model,
};

const DOCUMENTS: [&[u8]; 5] = [
    include_bytes!("../../../tests/vectors/files/detect-webhook.json"),
    include_bytes!("../../../tests/vectors/files/match-webhook.json"),
    include_bytes!("../../../tests/vectors/files/ask-webhook.json"),
    include_bytes!("../../../tests/vectors/files/recognize-webhook.json"),
    include_bytes!("../../../tests/vectors/files/identity-event.json"),
];

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
        let mut body = DOCUMENTS[round % DOCUMENTS.len()].to_vec();
        dice.mutate(&mut body);
        let kinds: Vec<_> = [None].into_iter().chain(EventKind::ALL.map(Some)).collect();
        let kind = kinds[dice.below(kinds.len())];
        match parse_webhook(&body, kind) {
            Ok(event) => {
                read += 1;
                assert_eq!(event.raw().as_str().map(str::as_bytes), Some(&body[..]));
                // What was understood can be written, and is then understood the same.
                if event.kind() != EventKind::Unknown {
                    let again = parse_webhook(&event.to_json(), Some(event.kind()));
                    assert_eq!(again.ok().as_ref(), Some(&event));
                }
                look_around(&event);
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind().as_str(), "invalid_webhook");
                assert!(!error.message().contains("domain.net"), "the body is in the message: {error}");
            }
        }
        let _ = TokenAnswer::from_json(&body);
        let _ = Error::from_answer("GET /detect/1", 400, &body).read_as_not_found();
    }
    assert!(read > 2_000 && refused > 2_000, "{read} read, {refused} refused: the test tests little");
}

fn look_around(event: &WebhookEvent) {
    match event {
        WebhookEvent::Detect(job) => {
            let _ = (job.found("person"), job.classes(), job.errors().count(), job.raw.field("status"));
        }
        WebhookEvent::Match(job) => drop((job.matched().map(|image| image.custom_id_or_url()), job.errors().count())),
        WebhookEvent::Ask(job) => drop((job.yes().map(|image| image.custom_id_or_url()), job.errors().count())),
        WebhookEvent::Recognize(job) => drop((job.faces().count(), job.errors().count())),
        _ => {}
    }
}

#[test]
fn mutated_answers_are_read_or_refused_by_every_model() {
    const MODELS: [&str; 9] = [
        "detect_job",
        "match_job",
        "ask_job",
        "recognize_job",
        "identity",
        "face_image",
        "face_group",
        "feedback",
        "registered_webhook",
    ];
    const LISTS: [&str; 8] = [
        "detect_jobs",
        "match_jobs",
        "ask_jobs",
        "recognize_jobs",
        "identities",
        "face_images",
        "face_groups",
        "feedbacks",
    ];
    let mut dice = Dice(0xa17);
    let (mut read, mut refused) = (0, 0);
    for round in 0..20_000 {
        let mut body = DOCUMENTS[dice.below(DOCUMENTS.len())].to_vec();
        let model = if round % 2 == 0 {
            MODELS[dice.below(MODELS.len())]
        } else {
            body = [b"[", &body[..], b",", &body[..], b"]"].concat();
            LISTS[dice.below(LISTS.len())]
        };
        dice.mutate(&mut body);
        match read_model(model, &body) {
            Ok(written) => {
                read += 1;
                assert_eq!(read_model(model, &written).ok(), Some(written), "{model}");
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind().as_str(), "invalid_response");
                assert!(!error.message().contains("domain.net"), "the body is in the message: {error}");
            }
        }
    }
    assert!(read > 2_000 && refused > 2_000, "{read} read, {refused} refused: the test tests little");
}

#[test]
fn mutated_requests_are_read_or_refused() {
    const REQUESTS: [(&str, &str); 9] = [
        (
            "detect",
            r#"{"images": [{"url": "https://e.com/a.jpg", "customId": "a"}, {"blob": "aGVsbG8="}], "classes":
            [{"class": "car", "verify": "AUTO", "exclusionZones": {"type": "GRID", "zones": [[0, 1], [1, 0]]}}]}"#,
        ),
        (
            "match",
            r#"{"images": [{"url": "https://e.com/a.jpg"}], "target": {"class": "dog", "images": ["https://e.com/r"]}}"#,
        ),
        (
            "ask",
            r#"{"images": [{"blob": "aGVsbG8="}], "question": "Open?", "examples": {"yes": ["https://e.com/o"], "no": null}}"#,
        ),
        (
            "recognize",
            r#"{"images": [{"url": "https://e.com/a.jpg"}], "webhookUrl": "https://e.com/hook", "feedId": "f"}"#,
        ),
        ("identity", r#"{"customId": "ann", "imageIds": ["f-1", "f-2"]}"#),
        ("identity_change", r#"{"customId": "ann", "images": {"add": ["f-1"], "remove": ["f-2"]}}"#),
        (
            "recognition_search",
            r#"{"limit": 7, "offset": 0, "start": 1487648348000, "sortBy": "ASC", "ids": ["i"], "feedIds": null}"#,
        ),
        (
            "feedback",
            r#"{"jobId": "j", "classes": [{"class": "car", "code": "FALSE_POSITIVE"}], "createdAt": 1487648348000}"#,
        ),
        ("webhook", r#"{"url": "https://e.com/hook", "secretKey": "correct horse battery"}"#),
    ];
    let mut dice = Dice(0x4e9);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let (of, document) = REQUESTS[dice.below(REQUESTS.len())];
        let mut body = document.as_bytes().to_vec();
        dice.mutate(&mut body);
        match checked(of, &body) {
            Ok(()) => read += 1,
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind().as_str(), "invalid_request");
                let message = error.message();
                assert!(!message.contains("horse"), "the secret is in the message: {message}");
            }
        }
    }
    assert!(read > 500 && refused > 1_000, "{read} read, {refused} refused: the test tests little");
}

fn checked(of: &str, body: &[u8]) -> Result<(), Error> {
    let limits = Limits::default();
    match of {
        "detect" => DetectRequest::from_json(body)?.validate(&limits),
        "match" => MatchRequest::from_json(body)?.validate(&limits),
        "ask" => AskRequest::from_json(body)?.validate(&limits),
        "recognize" => RecognizeRequest::from_json(body)?.validate(&limits),
        "identity" => IdentityRequest::from_json(body)?.validate(&limits),
        "identity_change" => IdentityChange::from_json(body)?.validate(&limits),
        "recognition_search" => RecognitionSearch::from_json(body)?.validate(&limits),
        "feedback" => FeedbackRequest::from_json(body)?.validate(&limits),
        _ => WebhookRequest::from_json(body)?.validate(&limits),
    }
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
