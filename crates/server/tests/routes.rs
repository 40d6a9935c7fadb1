//! The server's promise: every route, and every way of calling it wrongly, is answered as the contract says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::time::{Duration, Instant};

use image_intelligence_server::{Account, Answers, Credentials, Server};
use reqwest::Method;
use serde_json::{Value, json};
use support::{Caller, Held, PATIENCE, error, for_person, http, sent, start};

#[tokio::test]
async fn a_token_says_whose_it_is_and_how_long_it_lives() {
    let credentials = Credentials::new([Account::new("camera", "s3cret")
        .org_name("Harbour")
        .app_name("Gate")
        .scopes(["detect:read", "odd:scope"])]);
    let server = Server::builder().credentials(credentials.unwrap()).start().await.unwrap();
    let body = json!({"clientId": "camera", "clientSecret": "s3cret"});
    let answer = http().post(format!("{}/oauth/token", server.base_url())).body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(answer.headers().contains_key("x-request-id"));
    let token: Value = answer.json().await.unwrap();
    assert_eq!(token["orgName"], "Harbour");
    assert_eq!(token["appName"], "Gate");
    assert_eq!(token["scope"], "detect:read odd:scope");
    assert_eq!(token["expiresAt"].as_i64().unwrap() - token["issuedAt"].as_i64().unwrap(), 24 * 3600 * 1000);
    assert!(token["issuedAt"].as_i64().unwrap() > 1_700_000_000_000);
    assert!(token["accessToken"].as_str().unwrap().len() >= 40);
}

#[tokio::test]
async fn a_token_is_for_the_right_secret_only() {
    let (server, _caller) = start(Server::builder()).await;
    let ask = async |body: &str| {
        error(http().post(format!("{}/oauth/token", server.base_url())).body(body.to_owned()).send().await.unwrap())
            .await
    };
    for body in ["", "{}", "[]", r#"{"clientId": "local"}"#, r#"{"clientId": "local", "clientSecret": 48151623}"#] {
        let (status, kind, message) = ask(body).await;
        assert_eq!((status.as_u16(), kind.as_str()), (400, "bad_request"), "{body}");
        assert!(!message.contains("48151623"), "{message}");
    }
    for body in [
        r#"{"clientId": "local", "clientSecret": "Local"}"#,
        r#"{"clientId": "nobody", "clientSecret": "local"}"#,
        r#"{"clientId": "nobody", "clientSecret": ""}"#,
    ] {
        let (status, kind, _) = ask(body).await;
        assert_eq!((status.as_u16(), kind.as_str()), (401, "authentication"), "{body}");
    }
    let long = format!(r#"{{"clientId": "{}", "clientSecret": ""}}"#, "x".repeat(100_000));
    assert_eq!(ask(&long).await.0, 413);
}

#[tokio::test]
async fn every_call_but_the_open_ones_needs_a_token_of_this_server() {
    let (server, caller) = start(Server::builder()).await;
    let (_other, stranger) = start(Server::builder()).await;
    let calls = [(Method::POST, "/detect"), (Method::GET, "/detect"), (Method::GET, "/detect/x")];
    for (method, path) in calls {
        for authorization in [
            None,
            Some("Bearer".to_owned()),
            Some("Bearer ".to_owned()),
            Some("Basic bG9jYWw6bG9jYWw=".to_owned()),
            Some(caller.token.clone()),
            Some(format!("Bearer {}", stranger.token)),
        ] {
            let mut call = http().request(method.clone(), format!("{}{path}", server.base_url()));
            if let Some(authorization) = &authorization {
                call = call.header("authorization", authorization);
            }
            let answer = call.send().await.unwrap();
            assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            let (status, kind, _) = error(answer).await;
            assert_eq!((status.as_u16(), kind.as_str()), (401, "authentication"), "{method} {path}");
        }
        let lower = http().request(method, format!("{}{path}", server.base_url()));
        let answer = lower.header("authorization", format!("bearer {}", caller.token)).send().await.unwrap();
        assert_ne!(answer.status(), 401);
    }
}

#[tokio::test]
async fn a_token_dies_by_the_servers_clock() {
    let builder = Server::builder().token_life(Duration::from_hours(24)).time_scale(24.0 * 3600.0);
    let (_server, caller) = start(builder).await;
    let deadline = Instant::now() + PATIENCE;
    let message = loop {
        let answer = caller.get("/detect").await;
        if answer.status() == 401 {
            break error(answer).await.2;
        }
        assert!(Instant::now() < deadline, "never expired");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(message, "the token has expired; get a new one");
}

#[tokio::test]
async fn a_scope_that_is_missing_is_named() {
    let credentials = Credentials::new([
        Account::new("reader", "r").scopes(["detect:read"]),
        Account::new("writer", "w").scopes(["detect:create"]),
    ]);
    let server = Server::builder().credentials(credentials.unwrap()).start().await.unwrap();
    let (reader, writer) = (Caller::of(&server, "reader", "r").await, Caller::of(&server, "writer", "w").await);

    let (status, kind, message) = error(reader.post("/detect", "{}").await).await;
    assert_eq!((status.as_u16(), kind.as_str()), (403, "permission_denied"));
    assert!(message.contains("detect:create"), "{message}");
    let job = writer.detect(&for_person(&[sent("a", b"a")])).await;
    for path in ["/detect".to_owned(), format!("/detect/{}", job["id"].as_str().unwrap())] {
        let (status, _, message) = error(writer.get(&path).await).await;
        assert_eq!(status, 403);
        assert!(message.contains("detect:read"), "{message}");
        assert_ne!(reader.get(&path).await.status(), 403);
    }
}

#[tokio::test]
async fn each_scope_opens_its_own_calls_and_an_old_one_opens_none() {
    const PATHS: [(&str, &[&str]); 4] = [
        ("match:read", &["/match", "/match/x"]),
        ("ask:read", &["/ask", "/ask/x"]),
        ("feedback:read", &["/feedback", "/feedback/x"]),
        ("recognition:read", &["/recognition/images/staff/x", "/recognition/recognize/staff/x", "/recognize/x"]),
    ];
    let account = |scope: &str| Account::new(scope, "s3cret").scopes([scope]);
    let old = Account::new("old", "s3cret").scopes(["find-target:read", "find-object:create"]);
    let accounts = PATHS.iter().map(|(scope, _)| account(scope)).chain([old]);
    let server = Server::builder().credentials(Credentials::new(accounts).unwrap()).start().await.unwrap();
    for (scope, own) in PATHS {
        let caller = Caller::of(&server, scope, "s3cret").await;
        for path in PATHS.iter().flat_map(|(_, paths)| *paths) {
            assert_eq!(caller.status(path).await != 403, own.contains(path), "{path} with {scope}");
        }
    }
    let body = json!({"clientId": "old", "clientSecret": "s3cret"});
    let answer = http().post(format!("{}/oauth/token", server.base_url())).json(&body).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["scope"], "find-target:read find-object:create");
    let caller = Caller::of(&server, "old", "s3cret").await;
    for path in PATHS.iter().flat_map(|(_, paths)| *paths) {
        assert_eq!(caller.status(path).await, 403, "{path}");
    }
}

#[tokio::test]
async fn nobody_sees_the_jobs_of_another() {
    let credentials = Credentials::new([Account::new("a", "1"), Account::new("b", "2")]).unwrap();
    let server = Server::builder().credentials(credentials).start().await.unwrap();
    let (one, other) = (Caller::of(&server, "a", "1").await, Caller::of(&server, "b", "2").await);
    let mut request = for_person(&[sent("a", b"a")]);
    request["customId"] = json!("mine");
    let job = one.detect(&request).await;
    let path = format!("/detect/{}", job["id"].as_str().unwrap());

    let (status, kind, _) = error(other.get(&path).await).await;
    assert_eq!((status.as_u16(), kind.as_str()), (404, "not_found"));
    assert!(other.found("customId=mine").await.is_empty());
    assert_eq!(one.found("customId=mine").await, ["mine"]);
    assert_eq!(Caller::of(&server, "a", "1").await.get(&path).await.status(), 200, "a new token sees the same jobs");
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let (server, caller) = start(Server::builder()).await;
    for path in ["/detect/00000000-0000-4000-8000-000000000000", "/detect/a%20b", "/nothing", "/detect/a/b"] {
        let (status, kind, _) = error(caller.get(path).await).await;
        assert_eq!((status.as_u16(), kind.as_str()), (404, "not_found"), "{path}");
    }
    for path in ["/", "/detect", "/images/x", "/images/..%2F..%2Fetc"] {
        let answer = http().get(format!("http://{}{path}", server.address())).send().await.unwrap();
        assert_eq!(error(answer).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let (server, caller) = start(Server::builder()).await;
    let base = format!("http://{}", server.address());
    for (method, path, allowed) in [
        (Method::DELETE, "/v2/detect", "POST,GET,HEAD"),
        (Method::POST, "/v2/detect/x", "GET,HEAD"),
        (Method::GET, "/v2/oauth/token", "POST"),
        (Method::PUT, "/images/x", "GET,HEAD"),
        (Method::POST, "/healthz", "GET,HEAD"),
    ] {
        let answer = caller.http.request(method, format!("{base}{path}")).body("{}").send().await.unwrap();
        assert_eq!(answer.headers()["allow"], allowed, "{path}");
        let (status, kind, _) = error(answer).await;
        assert_eq!((status.as_u16(), kind.as_str()), (405, "bad_request"));
    }
}

#[tokio::test]
async fn health_is_told_to_anybody_over_either_http() {
    let server = Server::builder().start().await.unwrap();
    let url = format!("http://{}/healthz", server.address());
    let answer = http().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("x-request-id"));
    let two = reqwest::Client::builder().http2_prior_knowledge().tls_backend_preconfigured(support::tls());
    let answer = two.no_proxy().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
}

#[tokio::test]
async fn too_much_work_is_put_off() {
    let held = Held::default();
    let (_server, caller) = start(Server::builder().scripted(held.script()).pending_jobs(1)).await;
    let request = for_person(&[sent("a", b"a")]);
    let first = caller.detect(&request).await;
    let answer = caller.post("/detect", request.to_string()).await;
    assert_eq!(answer.headers()["retry-after"], "5");
    let (status, kind, _) = error(answer).await;
    assert_eq!((status.as_u16(), kind.as_str()), (429, "rate_limited"));
    held.let_go();
    caller.done(first["id"].as_str().unwrap()).await;
    let deadline = Instant::now() + PATIENCE;
    while caller.post("/detect", request.to_string()).await.status() == 429 {
        assert!(Instant::now() < deadline, "the place never came back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_secret_that_everybody_knows_stays_on_this_machine() {
    // Refused before anything is bound.
    let refused = Server::builder().bind(std::net::Ipv4Addr::UNSPECIFIED).start().await.unwrap_err();
    assert_eq!(refused.kind().as_str(), "config");
    assert!(refused.message().contains("bind to 127.0.0.1"), "{refused}");

    let taken = Server::builder().scripted(Answers::new()).start().await.unwrap();
    let refused = Server::builder().bind(taken.address()).start().await.unwrap_err();
    assert!(refused.message().starts_with(&format!("cannot listen on {}", taken.address())), "{refused}");
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Server::builder().time_scale(scale).start().await.is_err());
    }
}
