//! Nothing secret is said: a server, a client, a receiver and its inbox go through faults of every kind, all that any crate
//! writes to a log is kept from the finest level on, and so is what each error and value shows of itself. Then every secret
//! that was in use is looked for in there. A program of its own, as what is logged is the whole process's business.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../crates/webhooks/src/store/postgres/tests/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "the crate's own tests use more of it")]
mod cluster;
mod heard;
mod scene;
mod secrets;
#[path = "../../crates/webhooks/src/receiver/tests/sender.rs"]
#[allow(dead_code, reason = "the crate's own tests use more of it")]
mod sender;
mod tap;
#[path = "../webhooks/world.rs"]
#[allow(dead_code, reason = "the tests of webhooks use more of it")]
mod world;

use cluster::{Cluster, PASSWORD, client};
use heard::Heard;
use image_intelligence::CallbackKeys;
use image_intelligence_webhooks::Inbox;
use secrets::Secrets;

/// The master of an inbox that was given one.
const MASTER: [u8; 32] = *b"\x9d3-master-of-a-ring-of-k\xf0\x01\x02\x03\x04\x05\x06\xfe";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_said_by_anybody() {
    let heard = Heard::listen();
    let secrets = Secrets::default();
    secrets.add("callback key", MASTER);

    let folder = tempfile::tempdir().unwrap();
    let keys = CallbackKeys::new([(1, MASTER)]).unwrap();
    let inbox = Inbox::builder(world::inbox_in(folder.path())).callback_keys(keys);
    scene::play(inbox, &heard, &secrets).await;

    // The driver of Postgres writes what it sends to its log. And these keys are of the inbox's own making.
    let cluster = Cluster::start();
    let url = cluster.database().await;
    secrets.add("password", PASSWORD);
    scene::play(Inbox::builder(url.as_str()), &heard, &secrets).await;
    let rows = client(&url).await.query("SELECT master FROM image_intelligence.master", &[]).await.unwrap();
    for row in &rows {
        secrets.add("callback key", row.get::<_, Vec<u8>>(0));
    }

    let text = heard.text();
    // Else this hears nothing, and proves nothing.
    for said in ["tokio_postgres", "reqwest", "image_intelligence_server", "image_intelligence_webhooks", "/detect"] {
        assert!(text.contains(said), "{said} was never heard");
    }
    for (what, least) in [
        ("callback key", 2),
        ("callback token", 2 * scene::JOBS),
        ("bearer token", 2),
        ("client secret", 2),
        ("webhook secret", 2),
        ("signature", 1),
        ("password", 1),
    ] {
        assert!(secrets.count(what) >= least, "{} of {what}", secrets.count(what));
    }
    let found = secrets.found_in(&text);
    let first = found.iter().take(5).map(String::as_str).collect::<Vec<_>>();
    assert!(found.is_empty(), "{} in all, such as\n{}", found.len(), first.join("\n"));
}
