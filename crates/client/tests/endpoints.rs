//! Every call of the contract: what is sent, how the answer is read, which error each status is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod calls;
mod scripted;

use std::collections::BTreeSet;

use calls::{Call, Sort, calls};
use image_intelligence::{Error, ErrorKind};
use scripted::{Reply, Scripted, TOKEN, ok};

/// The rows of the contract, and of each the call of the table in `calls`, or the test that is for it alone.
const CONTRACT: [(&str, &str); 28] = [
    ("POST /oauth/token", "auth::fifty_callers_share_one_fetch"),
    ("POST /detect", "calls"),
    ("GET /detect/{id}", "calls"),
    ("GET /detect", "calls"),
    ("POST /match", "calls"),
    ("GET /match/{id}", "calls"),
    ("GET /match", "calls"),
    ("POST /ask", "calls"),
    ("GET /ask/{id}", "calls"),
    ("GET /ask", "calls"),
    ("POST /recognition/recognize/{ns}", "calls"),
    ("GET /recognition/recognize/{ns}/{id}", "calls"),
    ("POST /recognition/recognize/{ns}/search", "calls"),
    ("POST /recognition/identities/{ns}", "calls"),
    ("GET /recognition/identities/{ns}/{id}", "calls"),
    ("DELETE /recognition/identities/{ns}/{id}", "calls"),
    ("PATCH /recognition/identities/{ns}/{id}", "calls"),
    ("POST /recognition/identities/{ns}/search", "calls"),
    ("GET /recognition/images/{ns}/{id}", "calls"),
    ("GET /recognition/images/{ns}/{id} image/jpeg", "calls"),
    ("POST /recognition/images/{ns}/search", "calls"),
    ("GET /recognition/groups/{ns}/{id}", "calls"),
    ("POST /recognition/groups/{ns}/search", "calls"),
    ("POST /feedback", "calls"),
    ("GET /feedback/{id}", "calls"),
    ("GET /feedback", "calls"),
    ("POST /webhooks", "calls"),
    ("GET proxyUrl", "pictures::a_picture_is_fetched_without_the_token"),
];

#[test]
fn every_row_of_the_contract_is_covered() {
    let rows: BTreeSet<_> = CONTRACT.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows.len(), CONTRACT.len(), "a row stands there twice");
    let covered: BTreeSet<_> = calls().iter().map(|call| call.row).collect();
    for (row, by) in CONTRACT {
        if by == "calls" {
            assert!(covered.contains(row), "{row}: no call in the table");
            continue;
        }
        let (file, test) = by.split_once("::").unwrap();
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{file}.rs"));
        let there = std::fs::read_to_string(file).unwrap().contains(&format!("fn {test}("));
        assert!(there, "{row}: there is no test {by}");
    }
    let said = covered.difference(&rows).collect::<Vec<_>>();
    assert!(said.is_empty(), "of no row: {said:?}");
}

/// The table here and the server's own, so that neither can have a call that the other lacks.
#[tokio::test]
async fn the_contract_is_what_the_server_says_it_speaks() {
    let server = image_intelligence_server::Server::builder().start().await.unwrap();
    let url = server.base_url().replace("/v2", "/openapi.json");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let document =
        reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap().bytes().await.unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let mut spoken = BTreeSet::new();
    for (path, calls) in document["paths"].as_object().unwrap() {
        // The short forms of recognize are other words for the same.
        let Some(path) = path.strip_prefix("/v2").filter(|path| !path.starts_with("/recognize")) else { continue };
        let path = path.replace("{namespace}", "{ns}");
        spoken.extend(calls.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let said: BTreeSet<_> = CONTRACT
        .iter()
        .map(|(row, _)| (*row).to_owned())
        .filter(|row| !row.ends_with("image/jpeg") && *row != "GET proxyUrl")
        .collect();
    assert_eq!(said, spoken);
}

/// A server that answers this one call, and every other with 404.
async fn answering(call: &Call, answer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Scripted {
    let (method, path) = (call.method(), format!("/v2{}", call.path));
    let sort = call.sort;
    Scripted::start(move |asked, nth| {
        if asked.method == method && asked.path == path {
            return Some(answer(nth));
        }
        // The search for a submit whose answer was lost.
        (sort == Sort::Submit).then(|| ok("[]"))
    })
    .await
}

async fn fails(call: &Call, server: &Scripted) -> Error {
    match (call.run)(&server.client()).await {
        Ok(read) => panic!("{}: {read}", call.row),
        Err(error) => error,
    }
}

fn sent(call: &Call, server: &Scripted) -> usize {
    server
        .asked()
        .iter()
        .filter(|asked| asked.method == call.method() && asked.path == format!("/v2{}", call.path))
        .count()
}

#[tokio::test]
async fn each_call_sends_what_the_contract_says_and_reads_what_it_is_answered() {
    for call in calls() {
        let server = answering(&call, move |_| ok(call.answer)).await;
        let read = (call.run)(&server.client()).await;
        let asked = server.asked();
        let said: Vec<_> = asked.iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect();
        assert_eq!(said, [format!("{} /v2{}", call.method(), call.path)]);
        assert_eq!(read.unwrap_or_else(|error| panic!("{}: {error}", call.row)), call.read, "{}", call.row);

        let head = asked[0].head.to_ascii_lowercase();
        assert!(head.contains(&format!("authorization: bearer {TOKEN}\r\n").to_ascii_lowercase()), "{head}");
        let accept =
            if call.row.ends_with("image/jpeg") { "accept: image/jpeg\r\n" } else { "accept: application/json\r\n" };
        assert!(head.contains(accept), "{}: {head}", call.row);
        match call.body {
            None => assert!(asked[0].body.is_empty() && !head.contains("content-type"), "{}", call.row),
            Some(body) => {
                let mut sent = asked[0].json();
                if call.row == "POST /feedback" {
                    // The only moment that is the client's own, in milliseconds.
                    let created = sent.as_object_mut().unwrap().remove("createdAt").unwrap();
                    assert!(created.as_i64().unwrap() > 1_700_000_000_000, "{created}");
                }
                // null and absent are not the same here, as serde_json has it.
                assert_eq!(sent, serde_json::from_str::<serde_json::Value>(body).unwrap(), "{}", call.row);
                assert!(head.contains("content-type: application/json"), "{}", call.row);
            }
        }
    }
}

#[tokio::test]
async fn each_status_is_the_error_that_it_should_be() {
    for call in calls() {
        let unknown = if call.unknown_is_400() { ErrorKind::NotFound } else { ErrorKind::BadRequest };
        let failed = if call.sort == Sort::Read { ErrorKind::ServerError } else { ErrorKind::OutcomeUnknown };
        for (status, kind) in [
            (400, unknown),
            (401, ErrorKind::Authentication),
            (403, ErrorKind::PermissionDenied),
            (404, ErrorKind::NotFound),
            (405, ErrorKind::BadRequest),
            (409, ErrorKind::BadRequest),
            (413, ErrorKind::TooLarge),
            (422, ErrorKind::BadRequest),
            (429, ErrorKind::RateLimited),
            (500, failed),
            (503, failed),
            (302, ErrorKind::InvalidResponse),
        ] {
            let reply =
                Reply::With(status, vec![("X-Request-Id", "r-7".into())], r#"{"errors":[{"message":"why"}]}"#.into());
            let server = answering(&call, move |_| reply.clone()).await;
            let error = fails(&call, &server).await;
            assert_eq!((error.kind(), error.request_id()), (kind, Some("r-7")), "{} {status}: {error}", call.row);
            assert!(error.message().contains("why"), "{} {status}: {error}", call.row);
            if kind != ErrorKind::OutcomeUnknown {
                assert_eq!(error.status(), Some(status), "{} {status}: {error}", call.row);
                assert!(error.body().is_some(), "{} {status}", call.row);
            }
            let times = match status {
                401 => 2,
                429 => 5,
                500.. if call.sort == Sort::Read => 5,
                _ => 1,
            };
            assert_eq!(sent(&call, &server), times, "{} {status}", call.row);
        }
    }
}
