//! The server's promise: a bad request is answered 400, naming the field and the limit, and nothing else happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use image_intelligence_core::Limits;
use image_intelligence_server::Server;
use serde_json::{Value, json};
use support::{Caller, error, for_person, sent, start};

async fn refusal(caller: &Caller, body: impl Into<reqwest::Body>) -> String {
    let (status, kind, message) = error(caller.post("/detect", body).await).await;
    assert_eq!((status.as_u16(), kind.as_str()), (400, "bad_request"), "{message}");
    message
}

#[tokio::test]
async fn each_limit_is_named_with_what_was_given() {
    let (_server, caller) = start(Server::builder()).await;
    let picture = || sent("a", b"a");
    let url = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
    let with = |key: &str, value: Value| {
        let mut request = for_person(&[picture()]);
        request[key] = value;
        request
    };
    let zones = |zones: Value| with("classes", json!([{"class": "car", "exclusionZones": zones}]));
    let cases = [
        (for_person(&vec![picture(); 65]), "images: 65 given, at most 64"),
        (for_person(&[]), "images: none given"),
        (for_person(&[picture(), json!({"customId": "b"})]), "images[1]: neither url nor blob given"),
        (for_person(&[json!({"url": null, "blob": null})]), "images[0]: neither url nor blob given"),
        (for_person(&[json!({"url": url(513)})]), "images[0].url: 513 characters given, at most 512"),
        (for_person(&[json!({"url": "photo.jpg"})]), "images[0].url: \"photo.jpg\" is not a URL"),
        (for_person(&[json!({"url": "file:///etc/passwd"})]), "images[0].url: "),
        (for_person(&[sent(&"ü".repeat(65), b"a")]), "images[0].customId: 65 characters given, at most 64"),
        (for_person(&[json!({"blob": "not base64!"})]), "images[0].blob: not base64"),
        (for_person(&[json!({"blob": ""})]), "images[0].blob: empty"),
        (with("customId", json!("é".repeat(65))), "customId: 65 characters given, at most 64"),
        (with("feedId", json!("日".repeat(65))), "feedId: 65 characters given, at most 64"),
        (with("webhookUrl", json!(url(513))), "webhookUrl: 513 characters given"),
        (with("customId", json!(5)), "customId: invalid type: integer"),
        (with("classes", json!([])), "classes: none given"),
        (with("classes", json!([{"class": "  "}])), "classes[0].class: empty"),
        (with("classes", json!(["person"])), "classes[0]: invalid type: string"),
        (with("classes", json!([{"class": "a", "verify": "SOMETIMES"}])), "classes[0].verify: \"SOMETIMES\" given"),
        (zones(json!({"type": "GRID", "zones": [[0, 1], [0]]})), "classes[0].exclusionZones.zones[1]: 1 cells given"),
        (zones(json!({"type": "GRID", "zones": [[2]]})), "classes[0].exclusionZones.zones[0]: a cell is 2"),
        (zones(json!({"type": "GRID", "size": 17, "zones": [[1]]})), "classes[0].exclusionZones.size: 17 given"),
        (zones(json!({"type": "CIRCLE", "zones": [[1]]})), "classes[0].exclusionZones.type"),
        (json!({"classes": [{"class": "a"}]}), "the body: missing field `images`"),
        (with("classes", json!(vec![json!({"class": "a"}); 257])), "classes: 257 given, at most 256"),
        (with("classes", json!([{"class": "x".repeat(129)}])), "classes[0].class: 129 characters given, at most 128"),
        (json!([]), "the body: an array given"),
    ];
    for (request, expected) in cases {
        let message = refusal(&caller, request.to_string()).await;
        assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
    }
    assert!(caller.found("").await.is_empty(), "a refused request must leave nothing behind");
}

#[tokio::test]
async fn lengths_count_characters_and_their_limit_is_included() {
    let (_server, caller) = start(Server::builder()).await;
    let url = format!("https://example.com/{}", "x".repeat(492));
    let mut request = for_person(&[sent(&"日".repeat(64), b"a"), json!({"url": url})]);
    request["customId"] = json!("é".repeat(64));
    assert_eq!(caller.detect(&request).await["customId"], "é".repeat(64));
}

#[tokio::test]
async fn the_limits_are_the_servers_own() {
    let mut limits = Limits::default();
    limits.images = 2;
    let (_server, caller) = start(Server::builder().limits(limits)).await;
    let message = refusal(&caller, for_person(&vec![sent("a", b"a"); 3]).to_string()).await;
    assert!(message.starts_with("images: 3 given, at most 2"), "{message}");
}

#[tokio::test]
async fn what_is_no_good_json_is_refused_and_survived() {
    let (_server, caller) = start(Server::builder()).await;
    let deep = format!(r#"{{"images": [], "classes": [], "x": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        Vec::new(),
        b"{".to_vec(),
        b"clientId=local".to_vec(),
        b"\xFF\xFE{}".to_vec(),
        br#"{"images": [], "images": [], "classes": []}"#.to_vec(),
        br#"{"images": [{"url": "https://example.com/a", "url": "https://example.com/b"}], "classes": [{"class": "a"}]}"#
            .to_vec(),
        br#"{"images": [{"url": "https://example.com/a"}], "classes": [{"class": "a"}], "customId": "a", "customId": "b"}"#
            .to_vec(),
        deep.into_bytes(),
        "[".repeat(100_000).into_bytes(),
    ] {
        refusal(&caller, body).await;
    }
    caller.detected(&for_person(&[sent("a", b"a")])).await;
}

#[tokio::test]
async fn a_job_of_as_many_classes_as_may_be() {
    let (_server, caller) = start(Server::builder()).await;
    let classes: Vec<Value> = (0..256).map(|index| json!({"class": format!("class {index}")})).collect();
    let job = caller.detected(&json!({"images": [sent("a", b"a")], "classes": classes})).await;
    assert_eq!(job["jobResults"].as_array().unwrap().len(), 256);
}

#[tokio::test]
async fn the_content_type_does_not_matter_and_unknown_fields_are_ignored() {
    let (_server, caller) = start(Server::builder()).await;
    let mut request = for_person(&[sent("a", b"a")]);
    request["priority"] = json!({"level": [1, 2]});
    request["classes"][0]["hitl"] = json!("NEVER");
    request["feedId"] = Value::Null;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/json"] {
        let call = caller.request(reqwest::Method::POST, "/detect").header("content-type", content_type);
        assert_eq!(call.body(request.to_string()).send().await.unwrap().status(), 200);
    }
}
