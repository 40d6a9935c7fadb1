//! A receiver over an inbox of its own, for `cargo xtask bench webhooks` to send to: says where it listens, and serves until
//! its standard input ends. Then it says what its inbox holds.
//!
//! The runtime has one thread and the store its own, so that all of it fits on the one core that it is pinned to.

use std::io::{Read as _, Write as _};

use image_intelligence_webhooks::{Inbox, Receiver};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let inbox = Inbox::open(folder.path().join("inbox.db")).await?;
    let receiver = Receiver::builder(&inbox).accept_foreign(true).confirm(false).listen("127.0.0.1:0").await?;
    println!("{}/jobs", receiver.public_url());
    std::io::stdout().flush()?;
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    ended.await??;
    let kept = inbox.counts().await?.events.ready;
    receiver.shutdown().await;
    println!("{kept}");
    Ok(())
}
