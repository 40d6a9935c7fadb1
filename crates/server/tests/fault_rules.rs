//! The server's promise: a rule happens to the requests that it is for, as often as it says, and the same each time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::time::Duration;

use image_intelligence_server::{Answers, FaultRule, Faults, Server};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use support::{Caller, error, for_person, http, sent, start};

async fn with(faults: Faults) -> (Server, Caller) {
    start(Server::builder().scripted(Answers::new()).faults(faults)).await
}

async fn admin(server: &Server, method: Method, path: &str, body: &Value) -> Response {
    let url = format!("http://{}/_ii{path}", server.address());
    http().request(method, url).body(body.to_string()).send().await.unwrap()
}

async fn add(server: &Server, rule: Value) -> Value {
    let answer = admin(server, Method::POST, "/faults", &rule).await;
    let status = answer.status();
    let shown: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{shown}");
    shown
}

async fn listed(server: &Server) -> Value {
    admin(server, Method::GET, "/faults", &Value::Null).await.json().await.unwrap()
}

/// The statuses of so many searches, one after another.
async fn statuses(caller: &Caller, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(caller.get("/detect").await.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn a_rule_is_answered_with_its_id_and_counted() {
    let (server, caller) = with(Faults::new()).await;
    let rule =
        json!({"fault": "status", "code": 502, "n": 2, "skip": 1, "match": {"method": "get", "path": "/v2/det*"}});
    let shown = add(&server, rule.clone()).await;
    let mut expected = rule;
    expected["id"] = shown["id"].clone();
    expected["seen"] = json!(0);
    expected["fired"] = json!(0);
    assert_eq!(shown, expected);

    let job = caller.post("/detect", for_person(&[sent("a", b"a")]).to_string()).await;
    assert_eq!(job.status(), 200, "POST is another method");
    assert_eq!(statuses(&caller, 5).await, [200, 502, 502, 200, 200]);
    assert_eq!(caller.get("/detect/none").await.status(), 404);
    assert_eq!(caller.get("/else").await.status(), 404);

    let list = listed(&server).await;
    assert_eq!(list["seed"], 0);
    assert_eq!((&list["faults"][0]["seen"], &list["faults"][0]["fired"]), (&json!(6), &json!(2)));
}

#[tokio::test]
async fn rules_are_asked_in_their_order_until_one_answers() {
    let (server, caller) = with(Faults::new()).await;
    add(&server, json!({"fault": "status", "code": 500, "n": 1})).await;
    add(&server, json!({"fault": "rate_limit", "n": 1})).await;
    add(&server, json!({"fault": "slow", "ms": 1})).await;
    assert_eq!(statuses(&caller, 3).await, [500, 429, 200]);
    let list = listed(&server).await;
    let fired: Vec<_> = list["faults"].as_array().unwrap().iter().map(|rule| rule["fired"].as_u64().unwrap()).collect();
    assert_eq!(fired, [1, 1, 1]);
}

#[tokio::test]
async fn a_rule_is_removed_alone_or_with_all() {
    let (server, caller) = with(Faults::new()).await;
    let first = add(&server, json!({"fault": "status", "code": 500})).await;
    let second = add(&server, json!({"fault": "status", "code": 501})).await;
    let path = |rule: &Value| format!("/faults/{}", rule["id"].as_str().unwrap());
    assert_eq!(statuses(&caller, 2).await, [500, 500]);
    let shown: Value = admin(&server, Method::GET, &path(&first), &Value::Null).await.json().await.unwrap();
    assert_eq!(shown["fired"], 2);
    let removed: Value = admin(&server, Method::DELETE, &path(&first), &Value::Null).await.json().await.unwrap();
    assert_eq!(removed, shown);
    for method in [Method::GET, Method::DELETE] {
        let (status, _, message) = error(admin(&server, method, &path(&first), &Value::Null).await).await;
        assert_eq!((status.as_u16(), message.contains("GET /_ii/faults lists")), (404, true));
    }
    assert_eq!(statuses(&caller, 1).await, [501]);
    let removed: Value = admin(&server, Method::DELETE, "/faults", &Value::Null).await.json().await.unwrap();
    assert_eq!(removed, json!({"removed": 1}));
    assert_eq!(statuses(&caller, 1).await, [200]);
    let third = add(&server, json!({"fault": "status"})).await;
    assert!(third["id"] != first["id"] && third["id"] != second["id"], "an id is never given twice");
}

#[tokio::test]
async fn the_same_seed_and_requests_make_the_same_faults() {
    let rule = || FaultRule::status(500).probability(0.5);
    let of = async |faults| statuses(&with(faults).await.1, 32).await;
    let seven = of(Faults::new().seed(7).rule(rule())).await;
    assert_eq!(of(Faults::new().seed(7).rule(rule())).await, seven);
    assert!(seven.contains(&200) && seven.contains(&500));
    assert_ne!(of(Faults::new().seed(8).rule(rule())).await, seven);
    // A seed of its own counts more than the server's.
    let own = of(Faults::new().seed(7).rule(rule().seed(3))).await;
    assert_eq!(of(Faults::new().seed(8).rule(rule().seed(3))).await, own);
    assert_ne!(own, seven);

    // The chances of one rule are not disturbed by those of another, nor by when it was made.
    let (server, caller) = with(Faults::new().seed(7)).await;
    add(&server, json!({"fault": "status", "probability": 0.5, "code": 500})).await;
    add(&server, json!({"fault": "slow", "ms": 1, "probability": 0.5})).await;
    assert_eq!(statuses(&caller, 32).await, seven);
    admin(&server, Method::DELETE, "/faults", &Value::Null).await;
    add(&server, json!({"fault": "status", "probability": 0.5, "code": 500})).await;
    assert_eq!(statuses(&caller, 32).await, seven, "removing all begins anew");
}

#[tokio::test]
async fn a_header_has_chances_too() {
    let of = async || {
        let (_server, caller) = with(Faults::new().seed(7)).await;
        let mut statuses = Vec::new();
        for turn in 0..32 {
            // Ids in paths differ from run to run, and must not decide.
            let path = format!("/detect/{}-{turn}", caller.token);
            let call = caller.request(Method::GET, &path).header("II-Emulate", "fault=status;probability=0.5");
            statuses.push(call.send().await.unwrap().status().as_u16());
        }
        statuses
    };
    let first = of().await;
    assert!(first.contains(&404) && first.contains(&503), "{first:?}");
    assert_eq!(of().await, first);
}

#[tokio::test]
async fn a_scenario_makes_every_kind_of_fault() {
    let scenario = r#"{"seed": 7, "faults": [
        {"fault": "reset", "when": "after", "n": 1, "match": {"method": "POST", "path": "/v2/detect"}},
        {"fault": "status", "code": 503, "when": "after", "n": 1, "match": {"method": "POST", "path": "/v2/detect"}},
        {"fault": "html", "n": 1, "match": {"path": "/v2/detect"}},
        {"fault": "truncate", "n": 1, "match": {"path": "/v2/detect"}},
        {"fault": "search_cap", "rows": 1, "n": 1},
        {"fault": "search_omit", "rows": 1, "n": 1}
    ]}"#;
    let (server, caller) = with(Faults::from_json(scenario).unwrap()).await;
    let job = for_person(&[sent("a", b"a")]).to_string();
    let submit = || caller.request(Method::POST, "/detect").body(job.clone()).send();
    submit().await.unwrap_err();
    assert_eq!(submit().await.unwrap().status(), 503);
    assert!(caller.get("/detect").await.text().await.unwrap().starts_with("<!DOCTYPE"));
    // The first search that is really answered is cut, capped and one row short: nothing is left of it.
    let cut = caller.get("/detect").await;
    assert_eq!((cut.status().as_u16(), cut.headers()["content-length"].to_str().unwrap()), (200, "2"));
    cut.text().await.unwrap_err();
    assert_eq!(caller.found("").await.len(), 2, "both submits were taken on");
    let list = listed(&server).await;
    assert_eq!(list["seed"], 7);
    assert!(list["faults"].as_array().unwrap().iter().all(|rule| rule["fired"] == 1), "{list}");
}

#[tokio::test]
async fn the_token_must_be_named() {
    let token = async |server: &Server| {
        let body = json!({"clientId": "local", "clientSecret": "local"}).to_string();
        let url = format!("{}/oauth/token", server.base_url());
        http().post(url).body(body).send().await.unwrap().status().as_u16()
    };
    let (server, _caller) =
        with(Faults::new().rule(FaultRule::status(500)).rule(FaultRule::status(501).path("*"))).await;
    assert_eq!(token(&server).await, 200);
    add(&server, json!({"fault": "status", "code": 502, "match": {"path": "/v2/oauth/*"}})).await;
    assert_eq!(token(&server).await, 502);
}

#[tokio::test]
async fn a_rule_that_is_impossible_is_refused_with_the_field() {
    let (server, caller) = with(Faults::new()).await;
    for (rule, part) in [
        (json!({"fault": "status", "cod": 500}), "cod: unknown field `cod`, expected one of `fault`, `code`"),
        (json!({"fault": "status", "match": {"pth": "/"}}), "match.pth: unknown field `pth`"),
        (json!({"code": 500}), "the JSON: missing field `fault`"),
        (json!([1]), "the JSON: "),
        (json!({"fault": "explode"}), "fault: unknown variant `explode`, expected one of `status`"),
        (json!({"fault": "status", "code": 600}), "code: 600 given; an error is 400 to 599"),
        (json!({"fault": "status", "code": "500"}), "code: invalid type: string \"500\""),
        (json!({"fault": "status", "form": "date"}), "form: given without retryAfter"),
        (json!({"fault": "slow", "ms": 600_001}), "ms: 600001 given; milliseconds from 1 to 600000"),
        (json!({"fault": "rate_limit", "retryAfter": 86_401}), "retryAfter: 86401 given; seconds, at most 86400"),
        (json!({"fault": "reset", "n": 0}), "n: 0 given; at least 1"),
        (json!({"fault": "reset", "probability": 1.5}), "probability: 1.5 given; from 0 to 1"),
        (json!({"fault": "search_omit", "rowProbability": -1}), "rowProbability: -1 given; from 0 to 1"),
        (json!({"fault": "search_omit", "rows": 1, "rowProbability": 1}), "rows: search_omit needs either"),
        (json!({"fault": "reset", "seed": 1_u64 << 53}), "seed: 9007199254740992 given; at most 9007199254740991"),
        (json!({"fault": "reset", "match": {"method": "FETCH"}}), "match.method: not a method"),
        (json!({"fault": "reset", "match": {"path": "detect"}}), "match.path: must begin with / or *"),
        (json!({"fault": "reset", "match": {"path": "/_ii/faults"}}), "match.path: no fault ever comes to /_ii"),
        (json!({"fault": "reset", "times": 3}), "times: reset does not take it; it takes when"),
        (json!({"fault": "webhook.drop", "ms": 3}), "ms: webhook.drop does not take it"),
        (json!({"fault": "webhook.delay"}), "ms: missing; webhook.delay needs it, as milliseconds from 1 to 600000"),
        (json!({"fault": "webhook.reorder", "ms": 0}), "ms: 0 given; milliseconds from 1 to 600000"),
        (json!({"fault": "webhook.duplicate", "n": 1}), "n: 1 given; for webhook.duplicate it is the number of copies"),
        (json!({"fault": "webhook.duplicate", "n": 101}), "n: 101 given; for webhook.duplicate it is"),
        (json!({"fault": "webhook.duplicate", "times": 0}), "times: 0 given; at least 1"),
        (json!({"fault": "webhook.cut", "attempts": 0}), "attempts: 0 given; from 1 to 100"),
    ] {
        let (status, kind, message) = error(admin(&server, Method::POST, "/faults", &rule).await).await;
        assert_eq!((status.as_u16(), kind.as_str()), (400, "bad_request"), "{rule}");
        assert!(message.starts_with(part), "{rule}: {message}");
    }
    assert_eq!(listed(&server).await["faults"], json!([]));
    assert_eq!(statuses(&caller, 1).await, [200]);
}

#[tokio::test]
async fn a_server_does_not_start_with_an_impossible_fault() {
    let refused = async |faults| Server::builder().faults(faults).start().await.unwrap_err();
    let error = refused(Faults::new().rule(FaultRule::reset()).rule(FaultRule::slow(Duration::ZERO))).await;
    assert_eq!(error.kind().as_str(), "config");
    assert_eq!(error.message(), "faults[1].ms: 0 given; milliseconds from 1 to 600000");
    let error = refused(Faults::new().rule(FaultRule::truncate().after())).await;
    assert!(error.message().starts_with("faults[0].when: truncate does not take it"), "{error}");
    let error = refused(Faults::new().rule(FaultRule::webhook_drop().attempts(2))).await;
    assert!(error.message().starts_with("faults[0].attempts: webhook.drop does not take it"), "{error}");
}

#[test]
fn a_scenario_that_cannot_be_read_names_the_field() {
    let message = |json: &str| Faults::from_json(json).unwrap_err().message().to_owned();
    assert!(message("{").starts_with("the JSON: EOF"), "{}", message("{"));
    assert!(message("[]").starts_with("the JSON: "), "{}", message("[]"));
    assert!(message(r#"{"fault": []}"#).starts_with("fault: unknown field `fault`, expected `seed` or `faults`"));
    let unknown = message(r#"{"faults": [{"fault": "reset"}, {"fault": "reset", "often": 3}]}"#);
    assert!(unknown.starts_with("faults[1].often: unknown field `often`"), "{unknown}");
    assert!(message(r#"{"faults": [{"fault": "status", "code": 1}]}"#).starts_with("faults[0].code: 1 given"));
    let error = Faults::from_file("/nowhere/faults.json").unwrap_err();
    assert!(error.message().starts_with("scenario /nowhere/faults.json: "), "{error}");
}
