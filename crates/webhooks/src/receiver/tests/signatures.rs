//! Events of registered webhooks, which are signed.

use std::sync::Arc;

use image_intelligence_core::{EventKind, Secret, sign};

use super::fake::Fake;
use super::secrecy::Heard;
use super::sender::{Reply, send};
use super::{path_of, receiver};
use crate::store::Origin;

const BODY: &[u8] = br#"{"event": "IDENTITY_CREATED", "createdAt": 1487648348000, "identity": {"id": "i"}}"#;
const SECRETS: [&str; 2] = ["hunter2hunter2", "swordfish-9"];

async fn answers(store: &Arc<Fake>, sha1: bool, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let (_receiver, address) = receiver(store, |b| b.secrets(SECRETS).allow_sha1(sha1)).await;
    send(address, "POST", "/ii/events", headers, body).await
}

#[tokio::test]
async fn an_event_signed_with_any_of_the_secrets_is_taken() {
    for secret in SECRETS {
        for name in ["X-Niro-Signature", "x-ii-signature"] {
            let store = Arc::new(Fake::default());
            let signature = sign(BODY, &secret.into());
            assert!(answers(&store, false, &[(name, &signature)], BODY).await.is_ok());
            let row = store.only();
            assert_eq!((row.origin, row.label, row.signed, row.confirm), (Origin::Raw, EventKind::Event, true, false));
            assert_eq!(row.body, BODY);
        }
    }
}

#[tokio::test]
async fn every_other_signature_is_refused_and_the_log_says_why() {
    let good = sign(BODY, &SECRETS[0].into());
    let forged = sign(BODY, &Secret::from("another-secret"));
    let name = "x-niro-signature";
    let again = [BODY, b"\n"].concat();
    for (reason, headers, body) in [
        ("signature_missing", vec![], BODY),
        ("signature_missing", vec![("x-hub-signature", good.as_str())], BODY),
        ("signature_doubled", vec![(name, &good), (name, &good)], BODY),
        ("signature_doubled", vec![(name, &good), ("x-ii-signature", &forged)], BODY),
        ("signature_malformed", vec![(name, &good[..good.len() - 1])], BODY),
        ("signature_malformed", vec![(name, "sha=58e581b0643a56967676d8663a4e9cb389597a25")], BODY),
        ("signature_mismatch", vec![(name, &forged)], BODY),
        ("signature_mismatch", vec![(name, &good)], &again),
    ] {
        let (store, heard) = (Arc::new(Fake::default()), Heard::listen());
        let reply = answers(&store, false, &headers, body).await;
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("X-Niro-Signature")), "{reason}");
        assert!(store.all().is_empty());
        assert!(heard.text().contains(&format!("reason=\"{reason}\"")), "{reason} not in {}", heard.text());
    }
}

#[tokio::test]
async fn sha1_is_taken_where_it_is_allowed() {
    let (store, body) = (Arc::new(Fake::default()), br#"{"example_id":"1"}"#);
    let (_receiver, address) =
        receiver(&store, |b| b.secret("jknjknwefbhjghui289whuuh28y02y892y8f/S/zsefzgskjzdrbkg").allow_sha1(true)).await;
    let headers = [("x-niro-signature", "sha=58e581b0643a56967676d8663a4e9cb389597a25")];
    assert!(send(address, "POST", "/ii/events", &headers, body).await.is_ok());
}

/// A job's own webhook is never signed; its token is what vouches for it.
#[tokio::test]
async fn a_jobs_own_url_asks_for_no_signature() {
    let store = Arc::new(Fake::default());
    let (_receiver, address) = receiver(&store, |b| b.secrets(SECRETS)).await;
    let headers = [("x-niro-signature", "sha256=00")];
    assert!(send(address, "POST", &path_of(1), &headers, &super::done("1")).await.is_ok());
    assert!(!store.only().signed);
}
