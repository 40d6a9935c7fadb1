//! The access token: one fetch for all callers, refreshed in time, never shown.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use std::time::Duration;

use futures_util::future::join_all;
use image_intelligence::{Client, Detect, ErrorKind, Image, Secret, TokenFuture, TokenProvider};
use scripted::{Reply, SECRET, Scripted, TOKEN, job, ok};

fn token(name: &str, life_ms: i64) -> Reply {
    ok(format!(
        r#"{{"accessToken":"{name}","issuedAt":1487648348000,"expiresAt":{}}}"#,
        1_487_648_348_000_i64 + life_ms
    ))
}

#[tokio::test]
async fn fifty_callers_share_one_fetch() {
    let server = Scripted::start(|asked, _| asked.is("GET", "/v2/detect/1").then(|| ok(job("1", "IN_PROGRESS")))).await;
    let client = server.client();
    let jobs = client.jobs::<Detect>();
    let looks = join_all((0..50).map(|_| jobs.get("1"))).await;
    assert!(looks.iter().all(Result::is_ok));
    assert_eq!(server.count("POST", "/v2/oauth/token"), 1);
    assert!(server.asked()[0].head.contains(&format!("authorization: Bearer {TOKEN}")));
}

#[tokio::test]
async fn fifty_callers_share_one_failure() {
    let server = Scripted::start_without_tokens(|asked, _| {
        (asked.path == "/v2/oauth/token").then(|| Reply::Json(401, r#"{"message":"who are you?"}"#.into()))
    })
    .await;
    let client = server.client();
    let jobs = client.jobs::<Detect>();
    let looks = join_all((0..50).map(|_| jobs.get("1"))).await;
    for look in &looks {
        let error = look.as_ref().unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Authentication, Some(401)));
        assert!(error.message().contains("II_CLIENT_SECRET"), "{error}");
    }
    assert_eq!(server.count("POST", "/v2/oauth/token"), 1);
    // The next caller may try afresh: the credentials may have been put right at the service.
    assert!(jobs.get("1").await.is_err());
    assert_eq!(server.count("POST", "/v2/oauth/token"), 2);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let server = Scripted::start_without_tokens(|asked, nth| {
        if asked.path == "/v2/oauth/token" {
            return Some(token(&format!("token-{nth}"), 86_400_000));
        }
        if asked.head.contains("Bearer token-1") {
            Some(ok(job("1", "IN_PROGRESS")))
        } else {
            Some(Reply::Json(401, "{}".into()))
        }
    })
    .await;
    assert_eq!(server.client().jobs::<Detect>().get("1").await.unwrap().id, "1");
    assert_eq!(server.count("POST", "/v2/oauth/token"), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_twice_is_an_error() {
    let server =
        Scripted::start(|asked, _| asked.is("GET", "/v2/detect/1").then(|| Reply::Json(401, "{}".into()))).await;
    let error = server.client().jobs::<Detect>().get("1").await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.retryable()), (ErrorKind::Authentication, Some(401), false));
    assert_eq!(server.count("GET", "/v2/detect/1"), 2);
}

#[tokio::test]
async fn a_submit_is_sent_again_after_a_401_and_only_then() {
    let server = Scripted::start(|asked, nth| {
        let first = asked.is("POST", "/v2/detect") && nth == 0;
        if first {
            return Some(Reply::Json(401, "{}".into()));
        }
        asked.is("POST", "/v2/detect").then(|| ok(job("1", "IN_PROGRESS")))
    })
    .await;
    let sent = server.client().detect([Image::bytes(vec![1])]).class("person").send().await.unwrap();
    assert_eq!(sent.id(), "1");
    assert_eq!(server.count("POST", "/v2/detect"), 2);
}

#[tokio::test]
async fn a_short_token_is_renewed_before_its_end_and_an_old_one_serves_while_it_lives() {
    // Lives 2 s by the server's word, is renewed after 1 s; renewing fails, which must not matter.
    let server = Scripted::start_without_tokens(|asked, nth| match (asked.path.as_str(), nth) {
        ("/v2/oauth/token", 0) => Some(token("first", 2_000)),
        ("/v2/oauth/token", _) => Some(Reply::Json(400, "{}".into())),
        _ => Some(ok(job("1", "IN_PROGRESS"))),
    })
    .await;
    let client = server.client();
    client.jobs::<Detect>().get("1").await.unwrap();
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_millis(1_100)).await;
    tokio::time::resume();
    client.jobs::<Detect>().get("1").await.unwrap();
    assert_eq!(server.count("POST", "/v2/oauth/token"), 2);
}

#[tokio::test]
async fn missing_credentials_say_which() {
    let error = Client::builder().build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().starts_with("II_CLIENT_ID and II_CLIENT_SECRET are not set"), "{error}");
}

#[tokio::test]
async fn plain_http_leaves_this_machine_only_when_allowed() {
    let far = || Client::builder().base_url("http://api.example.com/v2").credentials("me", SECRET);
    let error = far().build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("not encrypted"), "{error}");
    assert!(far().allow_plain_http(true).build().is_ok());
    assert!(Client::builder().base_url("http://[::1]:1/v2").credentials("me", SECRET).build().is_ok());
}

#[tokio::test]
async fn a_token_endpoint_that_repeats_the_secret_is_not_quoted() {
    let server = Scripted::start_without_tokens(|asked, _| {
        let secret = asked.json()["clientSecret"].as_str().unwrap().to_owned();
        Some(Reply::Json(403, format!(r#"{{"message":"{secret} is not welcome"}}"#)))
    })
    .await;
    let error = server.client().jobs::<Detect>().get("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let shown = format!("{error} {error:?} {}", String::from_utf8_lossy(error.body().unwrap()));
    assert!(shown.contains("[secret] is not welcome") && !shown.contains(SECRET), "{shown}");
}

#[test]
fn a_setting_that_turned_out_to_be_nothing_is_refused() {
    for (id, secret, field) in [("", "s", "client id: "), ("i", " \n", "client secret: ")] {
        let error = Client::builder().credentials(id, secret).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().starts_with(field), "{error}");
    }
    let error = Client::builder().credentials("i", "s").request_timeout(Duration::ZERO).build().unwrap_err();
    assert!(error.message().starts_with("request timeout: 0"), "{error}");
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_before_anything_is_sent() {
    let client = Client::builder().credentials("i", "s").base_url("http://127.0.0.1:9/v2").build().unwrap();
    for id in [String::new(), "x".repeat(513), "a\nb".to_owned()] {
        let error = client.jobs::<Detect>().get(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().starts_with("id: ") && error.message().len() < 100, "{error}");
    }
}

#[tokio::test]
async fn the_token_in_hand_is_told_and_not_printed() {
    let server = Scripted::start(|asked, _| asked.is("GET", "/v2/detect/1").then(|| ok(job("1", "IN_PROGRESS")))).await;
    let client = server.client();
    let answer = client.access_token().await.unwrap();
    assert_eq!(answer.access_token.expose(), TOKEN);
    assert!(!format!("{answer:?}").contains(TOKEN));
    client.jobs::<Detect>().get("1").await.unwrap();
    assert_eq!(server.count("POST", "/v2/oauth/token"), 1, "it is the one that calls use");

    let vault = Client::builder().token_provider(Vault).build().unwrap();
    let error = vault.access_token().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Config, "the tokens come from a provider of your own; ask that")
    );
}

struct Vault;

impl TokenProvider for Vault {
    fn token<'a>(&'a self, _refused: Option<&'a Secret>) -> TokenFuture<'a> {
        Box::pin(async { Ok(Secret::from("from the vault")) })
    }
}
