//! What is refused at the opening, and in which words.

use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, EventKind, Inputs, Intent, Kind, Rid, Timestamp};

use super::super::{PostgresOptions, PostgresStore};
use super::cluster::{Cluster, PASSWORD, client, shared};
use super::open;
use crate::event_key::EventKey;
use crate::store::{Incoming, Origin, Store as _};

async fn refused(url: &str) -> Error {
    let error = open(url).await.expect_err("a store that opens");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(PASSWORD) && !text.contains("hunter2"), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
    error
}

#[tokio::test]
async fn what_is_wrong_with_the_way_in_is_said_without_the_password() {
    let cluster = shared();
    let url = cluster.database().await;

    let sql = format!("CREATE ROLE guarded SUPERUSER LOGIN PASSWORD '{PASSWORD}'");
    client(&url).await.batch_execute(&sql).await.unwrap();
    let url = url.replace("postgres:only", "guarded:only");
    open(&url).await.unwrap().close().await;

    let error = refused(&url.replace(PASSWORD, "hunter2")).await;
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Config, false));
    assert!(error.message().contains("check user and password"), "{error}");

    let error = refused(&url.replace(&format!(":{PASSWORD}"), "")).await;
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Config, false));
    assert!(error.message().contains("password"), "{error}");

    let error = refused(&cluster.url("nothing_here")).await;
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Config, false));
    assert!(error.message().contains("nothing_here") && error.message().contains("createdb"), "{error}");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refused(&format!("postgres://postgres:{PASSWORD}@127.0.0.1:{nobody}/x")).await;
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, true));
    assert!(error.message().contains("is Postgres running there?"), "{error}");

    let error = refused(&format!("{url}?sslmode=require")).await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("sslmode"), "{error}");
}

#[tokio::test]
async fn a_user_without_rights_is_told_what_to_ask_for() {
    let url = shared().database().await;
    let owner = client(&url).await;
    let user = format!("guest_{}", url.rsplit('_').next().unwrap());
    owner.batch_execute(&format!("CREATE ROLE {user} LOGIN PASSWORD 'hunter2'")).await.unwrap();
    let guest = url.replace(&format!("postgres:{PASSWORD}"), &format!("{user}:hunter2"));
    let error = refused(&guest).await;
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false));
    assert!(error.message().contains("GRANT"), "{error}");

    // A schema of its own is all it needs.
    owner.batch_execute(&format!("CREATE SCHEMA theirs AUTHORIZATION {user}")).await.unwrap();
    let store = open(&format!("{guest}?schema=theirs")).await.unwrap();
    assert!(store.counts().await.is_ok());
    store.close().await;
    assert_eq!(store.counts().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_left_alone() {
    let url = shared().database().await;
    open(&url).await.unwrap().close().await;
    let owner = client(&url).await;
    owner.batch_execute("UPDATE image_intelligence.version SET version = 99").await.unwrap();
    let error = refused(&url).await;
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false));
    assert!(error.message().contains("99") && error.message().contains("update this program"), "{error}");
}

#[tokio::test]
async fn a_tool_makes_no_inbox() {
    let url = shared().database().await;
    let tool = || PostgresStore::open(&url, PostgresOptions { tool: true, ..PostgresOptions::default() });
    let error = tool().await.err().unwrap();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false));
    assert!(error.message().contains("no inbox in schema image_intelligence"), "{error}");
    let owner = client(&url).await;
    let schemas = owner.query("SELECT FROM pg_namespace WHERE nspname = 'image_intelligence'", &[]).await.unwrap();
    assert!(schemas.is_empty());
    open(&url).await.unwrap().close().await;
    assert!(tool().await.unwrap().counts().await.is_ok());
}

#[tokio::test]
async fn tables_of_the_form_before_are_carried_over_and_pictures_go_with_the_body() {
    let url = shared().database().await;
    open(&url).await.unwrap().close().await;
    let owner = client(&url).await;
    let older =
        "ALTER TABLE image_intelligence.job DROP COLUMN inputs; UPDATE image_intelligence.version SET version = 1";
    owner.batch_execute(older).await.unwrap();
    let (store, rid, day) = (open(&url).await.unwrap(), Rid::from_bytes([1; 16]), Duration::from_hours(24));
    let intent = Intent::new(Kind::Detect, rid, "a", 1, Timestamp::default());
    store.record(intent.of(Inputs::of_resumed(rid))).await.unwrap();
    let (key, origin) = (EventKey::ours(rid), Origin::Ours { rid, kind: Kind::Detect, hint: None });
    let (label, body) = (EventKind::Detect, "{}".into());
    store.receive(vec![Incoming { key, origin, label, body, signed: true, confirm: false }]).await.unwrap();
    let event = store.claim(1, day, 1).await.unwrap().remove(0);
    let kept = async || {
        let row = owner.query_one("SELECT count(inputs) FROM image_intelligence.job", &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    store.skip(7 * day);
    store.prune(7 * day, 90 * day).await.unwrap();
    assert_eq!(kept().await, 1);
    assert!(store.done(event.lease, Vec::new()).await.unwrap());
    store.skip(7 * day);
    store.prune(7 * day, 90 * day).await.unwrap();
    assert_eq!(kept().await, 0);
}

#[tokio::test]
async fn many_who_open_a_new_database_at_once_all_do() {
    let url = shared().database().await;
    let opening = (0..8).map(|_| open(&url));
    let stores = futures_util::future::try_join_all(opening).await.unwrap();
    let masters = futures_util::future::try_join_all(stores.iter().zip(0..).map(|(store, n)| store.masters([n; 32])));
    let masters = masters.await.unwrap();
    assert!(masters.iter().all(|each| *each == masters[0] && each.len() == 1), "{}", masters.len());
}

#[tokio::test]
async fn a_weaker_commit_is_made_a_full_one_and_a_stronger_one_is_left() {
    let url = shared().database().await;
    let owner = client(&url).await;
    let name = url.rsplit('/').next().unwrap();
    for (set, wanted) in [("off", "on"), ("local", "on"), ("remote_write", "on"), ("remote_apply", "remote_apply")] {
        let sql = format!("ALTER DATABASE {name} SET synchronous_commit = {set}");
        owner.batch_execute(&sql).await.unwrap();
        let store = open(&url).await.unwrap();
        let rows = store.db.rows("SELECT current_setting('synchronous_commit')", &[]).await.unwrap();
        assert_eq!(rows[0].get::<_, &str>(0), wanted);
        store.close().await;
    }
}

#[tokio::test]
async fn a_database_that_could_not_hold_every_name_is_refused() {
    let cluster = shared();
    let owner = client(&cluster.url("postgres")).await;
    let sql = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
    owner.batch_execute(sql).await.unwrap();
    let error = refused(&cluster.url("latin")).await;
    assert!(error.message().contains("LATIN1") && error.message().contains("UTF8"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_keep_what_it_acknowledges_is_refused() {
    let cluster = Cluster::start();
    let url = cluster.url("postgres");
    let owner = client(&url).await;
    owner.batch_execute("ALTER SYSTEM SET fsync = off").await.unwrap();
    cluster.crash();
    let error = refused(&url).await;
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false));
    assert!(error.message().contains("fsync=off") && error.message().contains("power cut"), "{error}");
}
