//! The server's promise: a recognition search finds what its body asks for, where null is not the same as absent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::time::Duration;

use image_intelligence_core::Kind;
use image_intelligence_server::{Answer, Answers, FoundFace, Server};
use serde_json::{Value, json};
use support::{Caller, error, sent, start};

const IDENTITIES: &str = "/recognition/identities/staff/search";
const IMAGES: &str = "/recognition/images/staff/search";
const GROUPS: &str = "/recognition/groups/staff/search";
const JOBS: &str = "/recognition/recognize/staff/search";

/// What a search finds, by a key.
async fn found(caller: &Caller, path: &str, search: Value, key: &str) -> Vec<String> {
    let rows = caller.took(path, &search).await;
    rows.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap_or("none").to_owned()).collect()
}

/// Names, each made at a moment of its own.
async fn identities(caller: &Caller, names: &[&str]) -> Vec<Value> {
    let mut made = Vec::new();
    for name in names {
        let body = if name.is_empty() { json!({}) } else { json!({"customId": name}) };
        made.push(caller.took("/recognition/identities/staff", &body).await);
        // 1 ms here is 1 s there.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    made
}

#[tokio::test]
async fn rows_come_newest_first_by_pages_and_between_moments() {
    let (_server, caller) = start(Server::builder().time_scale(1000.0)).await;
    let made = identities(&caller, &["a", "b", "c", "d"]).await;
    let at = |index: usize| made[index]["createdAt"].as_i64().unwrap();
    let find = async |search: Value| found(&caller, IDENTITIES, search, "customId").await.concat();
    assert_eq!(find(json!({})).await, "dcba");
    assert_eq!(find(json!({"sortBy": "ASC"})).await, "abcd");
    assert_eq!(find(json!({"sortBy": null, "limit": null, "offset": null})).await, "dcba");
    assert_eq!(find(json!({"limit": 2})).await, "dc");
    assert_eq!(find(json!({"limit": 2, "offset": 1})).await, "cb");
    assert_eq!(find(json!({"sortBy": "ASC", "limit": 100, "offset": 3})).await, "d");
    assert_eq!(find(json!({"offset": 100})).await, "");
    assert_eq!(find(json!({"start": at(1), "end": at(2)})).await, "cb");
    assert_eq!(find(json!({"start": at(1) + 1})).await, "dc");
    assert_eq!(find(json!({"end": at(1) - 1})).await, "a");
    assert_eq!(find(json!({"start": at(0) / 1000 - 60})).await, "dcba", "seconds do as well");
    assert_eq!(find(json!({"ids": [made[0]["id"], made[3]["id"], "unknown"]})).await, "da");
    assert_eq!(find(json!({"ids": []})).await, "");
    assert_eq!(find(json!({"ids": null})).await, "dcba");
}

#[tokio::test]
async fn twenty_rows_are_a_page_unless_it_says_otherwise() {
    let (_server, caller) = start(Server::builder()).await;
    for _ in 0..25 {
        caller.took("/recognition/identities/staff", &json!({})).await;
    }
    let count = async |search: Value| caller.took(IDENTITIES, &search).await.as_array().unwrap().len();
    assert_eq!((count(json!({})).await, count(json!({"limit": 100})).await), (20, 25));
    assert_eq!(count(json!({"offset": 20})).await, 5);
}

#[tokio::test]
async fn null_is_for_those_that_have_none() {
    let (_server, caller) = start(Server::builder()).await;
    identities(&caller, &["ann", "", "bob"]).await;
    let find = async |search: Value| found(&caller, IDENTITIES, search, "customId").await;
    assert_eq!(find(json!({"customIds": null})).await, ["none"]);
    assert_eq!(find(json!({"customIds": ["ann", "bob", "cid"]})).await, ["bob", "ann"]);
    assert_eq!(find(json!({"customIds": []})).await, [""; 0]);
    assert_eq!(find(json!({})).await.len(), 3);
}

#[tokio::test]
async fn each_sort_of_row_is_found_by_its_names() {
    let answer = || Answer::faces([FoundFace::new(0.9).group("g")]);
    let (_server, caller) =
        start(Server::builder().scripted(Answers::new().otherwise_answer(Kind::Recognize, answer()))).await;
    for (feed, name) in [(Some("door"), Some("a")), (None, Some("b")), (Some("gate"), None)] {
        let mut image = sent("x", b"x");
        image["customId"] = name.into();
        let body = json!({"images": [image], "feedId": feed, "customId": name});
        caller.ran("/recognition/recognize/staff", &body).await;
    }
    for path in [IMAGES, JOBS] {
        let find = async |search: Value| found(&caller, path, search, "feedId").await;
        assert_eq!(find(json!({"feedIds": null})).await, ["none"], "{path}");
        assert_eq!(find(json!({"feedIds": ["door", "gate"], "sortBy": "ASC"})).await, ["door", "gate"], "{path}");
        assert_eq!(find(json!({"customIds": null})).await, ["gate"], "{path}");
        assert_eq!(find(json!({"customIds": ["a"], "feedIds": ["door"]})).await, ["door"], "{path}");
        assert_eq!(find(json!({"customIds": ["a"], "feedIds": null})).await, [""; 0], "{path}");
    }
    // Groups and identities have the feeds of their faces, groups their names too.
    let groups = async |search: Value| caller.took(GROUPS, &search).await.as_array().unwrap().clone();
    assert_eq!(groups(json!({})).await.len(), 3);
    assert_eq!(groups(json!({"feedIds": ["gate"]})).await[0]["images"][0]["feedId"], "gate");
    assert_eq!(groups(json!({"feedIds": null})).await[0]["images"][0]["customId"], "b");
    assert_eq!(groups(json!({"customIds": null})).await.len(), 1);
    assert_eq!(groups(json!({"customIds": ["a", "b"]})).await.len(), 2);
    let face = caller.took(IMAGES, &json!({"feedIds": ["door"]})).await[0]["id"].clone();
    caller.took("/recognition/identities/staff", &json!({"customId": "ann", "imageIds": [face]})).await;
    caller.took("/recognition/identities/staff", &json!({"customId": "nobody"})).await;
    let find = async |search: Value| found(&caller, IDENTITIES, search, "customId").await;
    assert_eq!(find(json!({"feedIds": ["door", "gate"]})).await, ["ann"]);
    assert_eq!(find(json!({"feedIds": null})).await, ["nobody"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_named() {
    let (_server, caller) = start(Server::builder()).await;
    let many = |count: usize| (0..count).map(|index| index.to_string()).collect::<Vec<_>>();
    for path in [IDENTITIES, IMAGES, GROUPS, JOBS] {
        for (search, expected) in [
            (json!({"limit": 0}), "limit: 0 given, 1 to 100 wanted"),
            (json!({"limit": 101}), "limit: 101 given"),
            (json!({"limit": "10"}), "limit: invalid type"),
            (json!({"offset": 101}), "offset: 101 given, 0 to 100 wanted"),
            (json!({"offset": -1}), "offset: invalid value"),
            (json!({"sortBy": "NEWEST"}), "sortBy: \"NEWEST\" given"),
            (json!({"start": 1_487_648_349_000_i64, "end": 1_487_648_348_000_i64}), "start: later than end"),
            (json!({"start": "yesterday"}), "start: expected a UNIX time"),
            (json!({"ids": many(101)}), "ids: 101 given, at most 100"),
            (json!({"feedIds": many(21)}), "feedIds: 21 given, at most 20"),
            (json!({"customIds": many(21)}), "customIds: 21 given, at most 20"),
            (json!({"customIds": "ann"}), "customIds: invalid type"),
            (json!([]), "the body: an array given"),
        ] {
            let message = caller.refused(path, search.to_string()).await;
            assert!(message.starts_with(expected), "{path}: {message:?} where {expected:?} was expected");
        }
        assert!(caller.refused(path, "").await.starts_with("the body: "));
    }
}

#[tokio::test]
async fn a_namespace_may_be_of_any_script_and_128_characters_long() {
    let (_server, caller) = start(Server::builder()).await;
    let path = |namespace: &str| format!("/recognition/identities/{namespace}");
    let ann = caller.took(&path("Z%C3%BCrich%20%E6%97%A5%E6%9C%AC%2FTor"), &json!({})).await;
    assert_eq!(ann["namespace"], "Zürich 日本/Tor");
    let there = format!("{}/{}", path("Z%c3%bcrich%20%e6%97%a5%e6%9c%ac%2fTor"), ann["id"].as_str().unwrap());
    assert_eq!(caller.read(&there).await, ann);
    caller.took(&path(&"%E6%97%A5".repeat(128)), &json!({})).await;
    for (namespace, expected) in [
        ("x".repeat(129), "namespace: 129 characters given, at most 128"),
        ("%E6%97%A5".repeat(129), "namespace: 129 characters given, at most 128"),
        ("%20".to_owned(), "namespace: empty"),
        ("a%00b".to_owned(), "namespace: dots alone or control characters"),
        ("%FF".to_owned(), "the path: not UTF-8"),
    ] {
        let message = caller.refused(&path(&namespace), "{}").await;
        assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
        let query = format!("/recognize/x?namespace={namespace}");
        if namespace != "%FF" {
            assert_eq!(error(caller.get(&query).await).await.0, 400);
        }
    }
}
