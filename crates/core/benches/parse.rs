//! How fast webhooks are read, against a plain `serde_json::from_slice` of the structs a person would write.
//!
//! `cargo bench -p image-intelligence-core`. Both sides run interleaved in one process, so a busy machine slows both; the
//! figures are medians of rounds and the ratio is the median of each round's own.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use image_intelligence_core::{EventKind, check, parse_webhook};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const DOCUMENT: &[u8] = include_bytes!("../../../tests/vectors/files/detect-webhook.json");
const MATCH: &[u8] = include_bytes!("../../../tests/vectors/files/match-webhook.json");
const RECOGNIZE: &[u8] = include_bytes!("../../../tests/vectors/files/recognize-webhook.json");
const IMAGES: usize = 64;
const ROUNDS: usize = 301;
const ROUND: Duration = Duration::from_millis(4);
const GOAL: f64 = 1.25;
const CHECK_GOAL: f64 = 2.0;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainJob {
    id: String,
    job_results: Vec<PlainJobResult>,
    image_results: Vec<PlainImageResult>,
    created_at: Option<i64>,
    status: String,
    custom_id: Option<String>,
    feed_id: Option<String>,
    webhook_url: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainJobResult {
    class: String,
    image: Option<PlainJobImage>,
    hitl: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainJobImage {
    id: Option<String>,
    url: Option<String>,
    proxy_url: Option<String>,
    custom_id: Option<String>,
    confidence: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainImageResult {
    id: Option<String>,
    url: Option<String>,
    proxy_url: Option<String>,
    custom_id: Option<String>,
    status: String,
    objects: Vec<PlainObject>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainObject {
    class: String,
    confidence: f64,
    verdict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainMatch {
    id: String,
    job_results: PlainMatchResult,
    image_results: Vec<PlainMatchImage>,
    created_at: Option<i64>,
    status: String,
    custom_id: Option<String>,
    feed_id: Option<String>,
    webhook_url: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainMatchResult {
    target: Option<PlainTarget>,
    image: Option<PlainJobImage>,
    hitl: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainTarget {
    class: String,
    custom_id: Option<String>,
    images: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainMatchImage {
    id: Option<String>,
    url: Option<String>,
    proxy_url: Option<String>,
    custom_id: Option<String>,
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainRecognize {
    id: String,
    images: Vec<PlainPicture>,
    created_at: Option<i64>,
    status: String,
    custom_id: Option<String>,
    feed_id: Option<String>,
    webhook_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainPicture {
    id: Option<String>,
    url: Option<String>,
    proxy_url: Option<String>,
    custom_id: Option<String>,
    status: Option<String>,
    objects: Vec<PlainFace>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainFace {
    identity_id: Option<String>,
    confidence: f64,
    bounding_box: Option<PlainBox>,
    created_at: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
struct PlainBox {
    x_min: f64,
    y_min: f64,
    x_max: f64,
    y_max: f64,
}

/// A full job as a server writes it: compact, 64 pictures, none to three objects in each.
fn large() -> String {
    let classes = ["person", "car", "dog"];
    let image = |n: usize| {
        format!(
            r#""id":"52547074-a622-11e6-8f61-63f37dc3{n:04x}","url":"https://publicly.available.domain.net/cameras/{n}/image-{n:03}.jpg","proxyUrl":"https://api.quickpix.io/images/c7e9a2ca-c2ee-4290-90b4-04fe3df3{n:04x}","customId":"5d689c71e68f46c3ac714053806e71de-{n}""#
        )
    };
    let mut body = String::from(r#"{"id":"5d689c71-e68f-46c3-ac71-4053806e71de","jobResults":["#);
    for (n, class) in classes.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let image = image(n);
        let _ =
            write!(body, r#"{comma}{{"class":"{class}","image":{{{image},"confidence":0.99713873{n}}},"hitl":true}}"#);
    }
    body.push_str(r#"],"imageResults":["#);
    for n in 0..IMAGES {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(body, r#"{comma}{{{},"objects":["#, image(n));
        for (at, class) in classes.iter().take(n % 4).enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(body, r#"{comma}{{"class":"{class}","confidence":0.87{n:03}1{at},"verdict":true}}"#);
        }
        body.push_str(r#"],"status":"COMPLETED_SUCCESSFULLY"}"#);
    }
    body.push_str(
        r#"],"createdAt":1487648348000,"status":"COMPLETED_SUCCESSFULLY","customId":"5d689c71e68f46c3ac714053806e71de","feedId":"Camera_123456","webhookUrl":"https://publicly.available.domain.net/90f8754aa4e287bbb2c07ec99ade0de72ddbd4b6Et"}"#,
    );
    body
}

type Work = fn(&[u8], Option<EventKind>) -> bool;

fn ours(body: &[u8], kind: Option<EventKind>) -> bool {
    black_box(parse_webhook(black_box(body), kind)).is_ok()
}

/// The judge, for languages that build their own objects.
fn judged(body: &[u8], kind: Option<EventKind>) -> bool {
    check(black_box(body), kind).is_ok_and(|checked| checked.canonical)
}

fn plain<T: DeserializeOwned>(body: &[u8], _: Option<EventKind>) -> bool {
    black_box(serde_json::from_slice::<T>(black_box(body))).is_ok()
}

fn time(times: usize, body: &[u8], kind: Option<EventKind>, parse: Work) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        black_box(parse(body, kind));
    }
    start.elapsed().as_secs_f64() / times as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Ours against the plain derive on one body: MB/s of each, and the ratio.
fn compare(body: &[u8], kind: Option<EventKind>, plain: Work, ours: Work) -> (f64, f64, f64) {
    let once = time(100, body, kind, plain).max(1e-9);
    let times = ((ROUND.as_secs_f64() / once) as usize).max(1);
    let (mut plains, mut owns, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Whoever comes second finds a warmer cache, so they take turns.
        let (a, b) = if round % 2 == 0 {
            let a = time(times, body, kind, plain);
            (a, time(times, body, kind, ours))
        } else {
            let b = time(times, body, kind, ours);
            (time(times, body, kind, plain), b)
        };
        plains.push(a);
        owns.push(b);
        ratios.push(a / b);
    }
    let speed = |seconds: f64| body.len() as f64 / seconds / 1e6;
    (speed(median(plains)), speed(median(owns)), median(ratios))
}

fn main() {
    println!("{:<22} {:>9} {:>12} {:>12} {:>8}", "webhook", "bytes", "plain MB/s", "ours MB/s", "ratio");
    let mut short = Vec::new();
    let bodies: [(&str, Vec<u8>, Option<EventKind>, Work); 4] = [
        ("detect, the document's", DOCUMENT.to_vec(), None, plain::<PlainJob>),
        ("detect, 64 images", large().into_bytes(), None, plain::<PlainJob>),
        ("match, known", MATCH.to_vec(), Some(EventKind::Match), plain::<PlainMatch>),
        ("recognize, known", RECOGNIZE.to_vec(), Some(EventKind::Recognize), plain::<PlainRecognize>),
    ];
    for (name, body, kind, plain) in bodies {
        assert!(plain(&body, kind) && ours(&body, kind), "both sides must read the body");
        assert!(judged(&body, kind), "the body must be canonical");
        for (what, ours, goal) in [("parse", ours as Work, GOAL), ("check", judged, CHECK_GOAL)] {
            let (plain, own, ratio) = compare(&body, kind, plain, ours);
            println!("{name:<22} {:>9} {plain:>12.0} {own:>12.0} {ratio:>8.2}  {what}", body.len());
            if ratio < goal {
                short.push(format!("{what} of {name}"));
            }
        }
    }
    let verdict = if short.is_empty() { "held".to_owned() } else { format!("MISSED by {}", short.join(", ")) };
    println!("goal: {GOAL} times for parse, {CHECK_GOAL} for check, on each: {verdict}");
}
