//! Decisions that no shared table holds: whose result is whose, which address is what, what an error may show.

use std::net::IpAddr;
use std::time::Duration;

use image_intelligence_core::{
    AddressClass, BaseUrl, DetectJob, Error, ErrorKind, ImageRequest, Inputs, JobStatus, PollPolicy, RetryPolicy, Rid,
    Secret, Seen, Step, Timestamp, TokenAnswer, TokenRequest, Wait,
};

const RID: Rid = Rid::from_bytes([7; 16]);

type Tied = (Option<usize>, Option<String>);

fn tied(inputs: &Inputs, images: &[(Option<String>, &str)]) -> Result<Vec<Tied>, Error> {
    let results: Vec<_> =
        images.iter().map(|(custom_id, url)| serde_json::json!({"customId": custom_id, "url": url})).collect();
    let body = serde_json::json!({"id": "1", "status": "COMPLETED_SUCCESSFULLY", "imageResults": results});
    let mut job = DetectJob::from_json(body.to_string().as_bytes())?;
    job.tie(inputs);
    Ok(job.image_results.into_iter().map(|image| (image.input.map(|input| input.index), image.custom_id)).collect())
}

#[test]
fn results_are_tied_by_custom_id_then_by_url_and_never_by_position() {
    let mut images = [
        ImageRequest::bytes(b"a"),
        ImageRequest::url("https://e.com/b").custom_id("b"),
        ImageRequest::url("https://e.com/c").custom_id("twice"),
        ImageRequest::url("https://e.com/d").custom_id("twice"),
        ImageRequest::url("https://e.com/same").custom_id("e"),
        ImageRequest::url("https://e.com/same"),
    ];
    let inputs = Inputs::stamp(RID, &mut images, (0..6).map(|index| format!("source {index}")));
    let given = |id: &str| Some(id.to_owned());
    assert_eq!(images[1].custom_id, given("b"));
    assert_eq!(images[5].custom_id, Some(RID.stamp(5)));

    let found = tied(
        &inputs,
        &[
            (Some(RID.stamp(5)), ""),                 // our stamp
            (given("e"), "https://e.com/same"),       // the caller's name
            (given("twice"), "https://e.com/d"),      // a name that two have: the URL decides
            (given("twice"), ""),                     // and without one nothing does
            (None, "https://e.com/b"),                // no name came back
            (None, "https://e.com/same"),             // an address that two have
            (given("stranger"), "https://e.com/zzz"), // not ours
            (Some(RID.stamp(0)), ""),
            (Some(RID.stamp(1)), ""), // we did not stamp that one
            (Some(RID.stamp(6)), ""), // there is no such picture
            (Some(Rid::from_bytes([8; 16]).stamp(0)), ""),
        ],
    )
    .unwrap();
    let indexes: Vec<_> = found.iter().map(|(index, _)| *index).collect();
    assert_eq!(
        indexes,
        [Some(5), Some(4), Some(3), None, Some(1), None, None, Some(0), None, None, None],
        "wrongly tied: {found:?}"
    );
    assert_eq!(found[0].1, None, "our stamp is shown");
    assert_eq!(found[2].1, given("twice"));
    assert_eq!(found[8].1, Some(RID.stamp(1)), "what is not our stamp is hidden");
}

#[test]
fn a_resumed_job_knows_the_stamps_alone() {
    let inputs = Inputs::of_resumed(RID);
    let found = tied(&inputs, &[(Some(RID.stamp(63)), ""), (Some("b".into()), "https://e.com/b")]).unwrap();
    assert_eq!(found, [(Some(63), None), (None, Some("b".to_owned()))]);
}

#[test]
fn stamps_are_read_only_as_they_are_written() {
    assert_eq!(RID.stamped(&RID.stamp(10)), Some(10));
    for odd in ["+3", "03", "-3", "", "3 ", "٣", "99999999999999999999999"] {
        assert_eq!(RID.stamped(&format!("{RID}-{odd}")), None, "{odd}");
    }
    assert_eq!(RID.stamped(&RID.to_string()), None);
}

#[test]
fn a_chosen_blob_without_an_id_is_not_found_twice() {
    let mut images = [ImageRequest::bytes(b"a"), ImageRequest::bytes(b"b")];
    let inputs = Inputs::stamp(RID, &mut images, ["a.jpg".to_owned(), "b.jpg".to_owned()]);
    let person = serde_json::json!({"class": "person", "confidence": 0.9});
    let body = serde_json::json!({"id": "1", "status": "COMPLETED_SUCCESSFULLY",
        "jobResults": [{"class": "person", "image": {"customId": RID.stamp(1), "confidence": 0.9}}],
        "imageResults": [{"customId": RID.stamp(1), "objects": [person]}, {"customId": RID.stamp(0), "objects": []}]});
    let mut job = DetectJob::from_json(body.to_string().as_bytes()).unwrap();
    job.tie(&inputs);
    let names: Vec<_> = job.found("person").iter().map(|hit| hit.image.custom_id_or_url().to_owned()).collect();
    assert_eq!(names, ["b.jpg"]);

    let nameless = br#"{"id": "1", "jobResults": [{"class": "person", "image": {"confidence": 0.9}}],
        "imageResults": [{"id": "i", "objects": [{"class": "person", "confidence": 0.9}]}]}"#;
    assert_eq!(DetectJob::from_json(nameless).unwrap().found("person").len(), 1);
}

#[test]
fn every_sort_of_address() {
    let classes = [
        (
            AddressClass::Public,
            "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.0.1.1 198.17.0.1 \
          198.20.0.1 223.255.255.255 2606:4700::1111 2001:200::1 2a00::1 ::ffff:1.1.1.1 64:ff9b::8.8.8.8 2002:808:808::1",
        ),
        (
            AddressClass::Loopback,
            "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::127.0.0.1 2002:7f00:1::",
        ),
        (
            AddressClass::Private,
            "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 \
          fc00::1 fdff::1 fec0::1 ::ffff:10.0.0.1 64:ff9b::192.168.0.1 2002:a00:1::",
        ),
        (
            AddressClass::LinkLocal,
            "169.254.169.254 169.254.0.1 fe80::1 febf::1 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::",
        ),
        (
            AddressClass::Special,
            "0.0.0.0 0.1.2.3 192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 \
          224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ff02::1 2001:db8::1 2001::1 2001:1ff::1 100::1 64:ff9b:1::1 3fff::1 \
          5f00::1 ::ffff:0.0.0.0 ::ffff:255.255.255.255 ::ffff:0:1.1.1.1 4000::1",
        ),
    ];
    for (class, addresses) in classes {
        for text in addresses.split_whitespace() {
            assert_eq!(AddressClass::of(text.parse::<IpAddr>().unwrap()), class, "{text}");
        }
    }
}

#[test]
fn base_urls_are_normalised() {
    let same = |text: &str| BaseUrl::parse(text).map(|url| url.to_string());
    for (text, normal) in [
        ("https://API.example.com", "https://api.example.com"),
        ("  https://api.example.com/  ", "https://api.example.com"),
        ("https://api.example.com:443/v2///", "https://api.example.com/v2"),
        ("http://127.0.0.1:80/v2/../v3", "http://127.0.0.1/v3"),
        ("http://[::1]:8080/v2", "http://[::1]:8080/v2"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
    ] {
        assert_eq!(same(text).unwrap(), normal, "{text}");
    }
    for text in [
        "",
        "api.example.com/v2",
        "/v2",
        "ftp://e.com",
        "file:///v2",
        "https://",
        "https://u@e.com",
        "https://u:p4ss@e.com",
        "https://e.com/?a=1",
        "https://e.com/#a",
        "https://e.com:99999",
        "mailto:a@e.com",
    ] {
        let error = BaseUrl::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        assert!(!format!("{error:?}").contains("p4ss"));
    }
    for (text, loopback) in [
        ("http://localhost:1", true),
        ("http://LOCALHOST./", true),
        ("http://a.localhost", true),
        ("http://127.9.9.9", true),
        ("http://[::1]", true),
        ("http://[::ffff:127.0.0.1]", true),
        ("http://localhost.evil.com", false),
        ("http://0.0.0.0", false),
        ("http://10.0.0.1", false),
        ("http://127.0.0.1.evil.com", false),
    ] {
        assert_eq!(BaseUrl::parse(text).unwrap().is_loopback(), loopback, "{text}");
    }
}

#[test]
fn an_id_can_never_change_the_path() {
    let api = BaseUrl::parse("https://e.com/v2").unwrap();
    let ids = [
        ("a/b", "a%2Fb"),
        ("..", "%252E%252E"),
        (".", "%252E"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e", "%252e"),
        ("a\n\tb", "a%0A%09b"),
        ("\\..\\", "%5C..%5C"),
        ("ü", "%C3%BC"),
        ("a-b_c.d~e", "a-b_c.d~e"),
    ];
    for (id, escaped) in ids {
        let joined = api.join(&["detect", id]);
        assert_eq!(joined, format!("https://e.com/v2/detect/{escaped}"));
        assert_eq!(BaseUrl::parse(&joined).unwrap().to_string(), joined, "a reader of URLs changes it");
    }
}

#[test]
fn errors_show_no_body_and_no_secret() {
    let source = String::from_utf8(b"s3cret-body\xff".to_vec()).unwrap_err();
    let error = Error::new(ErrorKind::BadRequest, "refused")
        .with_body(b"s3cret-body")
        .with_source(source)
        .with_retry_after(Some(Duration::from_secs(7)));
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains("s3cret") && !shown.contains("115, 51"), "{shown}");
    assert!(shown.contains("11 bytes") && shown.contains("bad_request"));
    assert_eq!(error.body(), Some(&b"s3cret-body"[..]));
    assert_eq!(
        Error::new(ErrorKind::BadRequest, "").with_body(&vec![7; 100_000]).body().unwrap().len(),
        Error::MAX_BODY
    );

    let request = TokenRequest::new("me", "s3cret");
    assert!(!format!("{request:?}").contains("s3cret"));
    let answer = TokenAnswer::from_json(
        br#"{"accessToken":"s3cret","scope":"detect:read  find-object:x","expiresAt":1487648348}"#,
    )
    .unwrap();
    assert!(!format!("{answer:?}").contains("s3cret"));
    assert_eq!(answer.scopes, ["detect:read", "find-object:x"]);
    assert_eq!(answer.expires_at, Some(Timestamp::from_millis(1_487_648_348_000)));
    for body in [&br#"{"accessToken":"s3cret""#[..], br#"["s3cret"]"#, br#"{"token":"s3cret"}"#, b"s3cret\xff"] {
        let error = TokenAnswer::from_json(body).unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret") && error.body().is_none());
    }
}

#[test]
fn secrets_are_equal_where_every_byte_is() {
    let secret = Secret::from("hunter2");
    assert!(secret == Secret::from("hunter2".to_owned()));
    for other in ["hunter3", "Hunter2", "hunter", "hunter22", ""] {
        assert!(secret != Secret::from(other), "{other}");
    }
}

#[test]
fn an_answer_that_is_an_error_speaks_in_the_servers_words() {
    let words = |body: &str| Error::from_answer("GET /x", 400, body.as_bytes()).message().to_owned();
    for body in [
        r#"{"message":"too many"}"#,
        r#"{"error":"too many"}"#,
        r#"{"error":{"message":"too many"}}"#,
        r#"{"error":"invalid","error_description":"too many"}"#,
        r#"{"errors":["too many"]}"#,
        r#"{"errors":[{"message":"too many"}]}"#,
        r#"{"errors":{"message":"too many"}}"#,
        r#"{"message":null,"error":"too many"}"#,
        r#"{"message":"","error":"too many"}"#,
        r#"{"message":"lost","message":"too many"}"#,
    ] {
        assert!(words(body).ends_with(": too many"), "{body}: {}", words(body));
    }
    for body in ["", "<html>", "[1]", r#"{"message":7}"#, r#"{"errors":[]}"#] {
        assert!(words(body).ends_with("(400): look at the error's body"), "{body}: {}", words(body));
    }
}

#[test]
fn pauses_grow_within_their_bounds() {
    let policy = RetryPolicy::default();
    let secs = Duration::from_secs;
    let pause = |failed, jitter| policy.pause(failed, Duration::ZERO, None, jitter);
    let ceilings: Vec<_> = (1..5).map(|failed| pause(failed, 1.0).unwrap().as_millis()).collect();
    assert_eq!(ceilings, [250, 500, 1000, 2000]);
    assert_eq!(pause(3, 0.0), Some(Duration::ZERO), "the jitter is full");
    assert_eq!(pause(5, 0.0), None, "five tries, and no more");
    assert_eq!(RetryPolicy::never().pause(1, Duration::ZERO, None, 0.0), None);
    assert_eq!(policy.pause(1, Duration::ZERO, Some(secs(30)), 1.0), Some(secs(30)));
    assert_eq!(policy.pause(1, secs(31), Some(secs(30)), 1.0), None, "over the budget");
    let mut patient = policy.clone();
    (patient.budget, patient.attempts) = (secs(3600), u32::MAX);
    assert_eq!(patient.pause(1, Duration::ZERO, Some(secs(86_400)), 0.0), Some(secs(300)));
    assert_eq!(patient.pause(u32::MAX - 1, Duration::ZERO, None, 1.0), Some(secs(8)));
}

#[test]
fn no_time_and_no_jitter_makes_a_decision_panic() {
    let times =
        [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(40), Duration::from_secs(1 << 40), Duration::MAX];
    let floats = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 0.5, 1.0, 1e300];
    let error = Error::new(ErrorKind::RateLimited, "").with_retry_after(Some(Duration::MAX));
    for age in times {
        for limit in times {
            for waited in times {
                for float in floats {
                    let mut policy = PollPolicy::default();
                    let wait = Wait::new(policy.clone(), age, limit);
                    for seen in [Seen::Status(&JobStatus::InProgress), Seen::Failed(&error)] {
                        if let Step::Again(pause) = wait.step(waited, seen, float) {
                            assert!(pause <= Duration::from_secs(301) && waited.saturating_add(pause) <= limit);
                        }
                    }
                    (policy.spread, policy.share_of_age, policy.shortest) = (float, float, age);
                    let _ = Wait::new(policy, age, limit).first(float);
                    let mut retry = RetryPolicy::default();
                    (retry.base, retry.longest, retry.budget) = (age, limit, waited);
                    let _ = retry.pause(2, waited, Some(limit), float);
                }
            }
        }
    }
}
