//! The server's promise: `/_ii` is for whoever sits at this machine or has the token, and for no page in a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::net::Ipv4Addr;

use image_intelligence_server::{Account, Credentials, Server, ServerBuilder};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use support::{Caller, error, http, raw};

const TOKEN: &str = "t0ken-of-the-admin";

/// A server that others could reach. Its port is still called on loopback.
fn open() -> ServerBuilder {
    let credentials = Credentials::new([Account::new("camera", "s3cret")]).unwrap();
    Server::builder().bind(Ipv4Addr::UNSPECIFIED).credentials(credentials)
}

fn url(server: &Server, path: &str) -> String {
    format!("http://127.0.0.1:{}{path}", server.address().port())
}

fn get(server: &Server, path: &str) -> RequestBuilder {
    http().get(url(server, path))
}

#[tokio::test]
async fn it_says_what_there_is() {
    let server = Server::builder().start().await.unwrap();
    let index: Value = get(&server, "/_ii").send().await.unwrap().json().await.unwrap();
    let paths: Vec<_> =
        index["routes"].as_array().unwrap().iter().map(|route| route["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"/_ii/faults") && paths.contains(&"/_ii/faults/{id}"), "{index}");
    assert_eq!(index["faults"].as_array().unwrap().len(), 17);
    assert_eq!(index["faults"][0]["fault"], "status");
    for (method, path, expected) in
        [(Method::GET, "/_ii/nothing", 404), (Method::PUT, "/_ii/faults", 405), (Method::POST, "/_ii", 405)]
    {
        assert_eq!(error(http().request(method, url(&server, path)).send().await.unwrap()).await.0, expected, "{path}");
    }
    let large = http().post(url(&server, "/_ii/faults")).body(" ".repeat(100_000)).send().await.unwrap();
    assert_eq!(error(large).await.0, 413);
}

#[tokio::test]
async fn a_token_is_asked_for_wherever_there_is_one() {
    for builder in [Server::builder(), open()] {
        let server = builder.admin_token(TOKEN).start().await.unwrap();
        for path in ["/_ii", "/_ii/faults", "/_ii/nothing"] {
            for refused in [
                get(&server, path),
                get(&server, path).bearer_auth("t0ken"),
                get(&server, path).bearer_auth(""),
                get(&server, path).header("II-Admin-Token", "t0ken-of-the-admim"),
                get(&server, path).header("Authorization", TOKEN),
            ] {
                let (status, kind, message) = error(refused.send().await.unwrap()).await;
                assert_eq!((status.as_u16(), kind.as_str()), (401, "authentication"), "{path}");
                assert!(message.contains("II-Admin-Token") && !message.contains(TOKEN), "{message}");
            }
        }
        assert_eq!(get(&server, "/_ii").bearer_auth(TOKEN).send().await.unwrap().status(), 200);
        assert_eq!(get(&server, "/_ii").header("II-Admin-Token", TOKEN).send().await.unwrap().status(), 200);
        assert_eq!(get(&server, "/healthz").send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_token_of_the_api_is_none_of_the_admins() {
    let server = Server::builder().admin_token(TOKEN).start().await.unwrap();
    let caller = Caller::of(&server, "local", "local").await;
    assert_eq!(get(&server, "/_ii").bearer_auth(&caller.token).send().await.unwrap().status(), 401);
    let url = format!("{}/detect", server.base_url());
    assert_eq!(http().get(url).bearer_auth(TOKEN).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn without_a_token_there_is_nothing_for_others() {
    let server = open().start().await.unwrap();
    for path in ["/_ii", "/_ii/", "/_ii/faults", "/_ii/faults/f1"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = http().request(method, url(&server, path)).bearer_auth("").send().await.unwrap();
            let (status, _, message) = error(answer).await;
            assert_eq!(status, 404, "{path}");
            assert!(message.starts_with("no such path"), "{message}");
        }
    }
    let answer = get(&server, "/v2/detect").header("II-Emulate", "fault=slow;ms=600000").send().await.unwrap();
    let (status, _, message) = error(answer).await;
    assert_eq!(status, 403);
    assert!(message.starts_with("II-Emulate: on this address"), "{message}");
}

#[tokio::test]
async fn others_may_ask_for_faults_with_the_token() {
    let server = open().admin_token(TOKEN).start().await.unwrap();
    let call = || get(&server, "/v2/detect").header("II-Emulate", "fault=status;code=502");
    assert_eq!(call().send().await.unwrap().status(), 403);
    assert_eq!(call().header("II-Admin-Token", TOKEN).send().await.unwrap().status(), 502);
}

/// `GET /_ii` with these header lines.
async fn status(server: &Server, lines: &str) -> u16 {
    let request = format!("GET /_ii HTTP/1.1\r\n{lines}connection: close\r\n\r\n");
    let answer = raw(server, request.as_bytes()).await;
    answer[9..12].parse().unwrap_or_else(|_| panic!("{answer}"))
}

#[tokio::test]
async fn only_this_machines_own_names_lead_there() {
    let server = Server::builder().start().await.unwrap();
    let port = server.address().port();
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.0.0.1:1", &format!("localhost:{port}")] {
        assert_eq!(status(&server, &format!("host: {host}\r\n")).await, 200, "{host}");
    }
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "a b",
    ] {
        assert_eq!(status(&server, &format!("host: {host}\r\n")).await, 403, "{host}");
    }
    assert_eq!(status(&server, "").await, 403, "no name at all");
    // Whoever has the token may come by any name.
    let server = Server::builder().admin_token(TOKEN).start().await.unwrap();
    assert_eq!(status(&server, &format!("host: ii.example\r\nii-admin-token: {TOKEN}\r\n")).await, 200);
    assert_eq!(status(&server, "host: localhost\r\n").await, 401);
}

#[tokio::test]
async fn a_page_of_another_site_is_refused() {
    for token in [None, Some(TOKEN)] {
        let builder = Server::builder();
        let server = match token {
            Some(token) => builder.admin_token(token).start().await.unwrap(),
            None => builder.start().await.unwrap(),
        };
        let host = format!("host: {}\r\nii-admin-token: {TOKEN}\r\n", server.address());
        assert_eq!(status(&server, &format!("{host}origin: http://{}\r\n", server.address())).await, 200);
        for origin in ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", ""] {
            assert_eq!(status(&server, &format!("{host}origin: {origin}\r\n")).await, 403, "{origin}");
        }
    }
}

#[tokio::test]
async fn http_2_has_its_host_too() {
    let server = Server::builder().start().await.unwrap();
    let two = reqwest::Client::builder().http2_prior_knowledge().tls_backend_preconfigured(support::tls());
    let two = two.no_proxy().resolve("evil.example", server.address()).build().unwrap();
    assert_eq!(two.get(url(&server, "/_ii")).send().await.unwrap().status(), 200);
    let foreign = format!("http://evil.example:{}/_ii", server.address().port());
    assert_eq!(two.get(foreign).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_token_that_no_header_could_carry_is_refused_at_once() {
    for token in ["", "two words", "schlüssel", "line\nbreak"] {
        let refused = Server::builder().admin_token(token).start().await.unwrap_err();
        assert_eq!(refused.kind().as_str(), "config");
        assert!(refused.message().starts_with("admin token: must not be empty"), "{refused}");
    }
}

/// What everybody knows is no secret, so a page that has its own name lead here must not get a token for it.
#[tokio::test]
async fn the_credentials_that_everybody_knows_are_for_who_calls_this_server_by_its_address() {
    let token = |server: &Server, host: &str, client: [&str; 2]| {
        let body = serde_json::json!({"clientId": client[0], "clientSecret": client[1]});
        http().post(url(server, "/v2/oauth/token")).header("Host", host).body(body.to_string()).send()
    };
    let server = Server::builder().start().await.unwrap();
    for host in ["127.0.0.1", "localhost:8080", "[::1]:1"] {
        assert_eq!(token(&server, host, ["local", "local"]).await.unwrap().status(), 200, "{host}");
    }
    let (status, _, message) = error(token(&server, "evil.example.com", ["local", "local"]).await.unwrap()).await;
    assert_eq!(status, 401);
    assert!(message.starts_with("Host: the client \"local\""), "{message}");
    let own = Credentials::new([Account::new("camera", "s3cret")]).unwrap();
    let server = Server::builder().credentials(own).start().await.unwrap();
    assert_eq!(token(&server, "hooks.example.com", ["camera", "s3cret"]).await.unwrap().status(), 200);
}
