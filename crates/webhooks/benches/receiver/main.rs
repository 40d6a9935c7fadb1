//! What `cargo xtask bench webhooks` starts, each in a process of its own:
//!
//! - without arguments, a receiver over an inbox of its own: it says where it listens, and serves until its standard input
//!   ends. Then it says what its inbox holds. `--in FOLDER` keeps the inbox there;
//! - `--first FOLDER` opens that inbox as a program that is started again does, says so once a handler has the first event,
//!   and then how many wait;
//! - `--slow ADDRESS` holds a thousand connections open there that hardly send anything.
//!
//! The runtime has one thread and the store its own, so that all of it fits on the one core that it is pinned to.

mod slow;

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::path::Path;

use image_intelligence_webhooks::{Inbox, Receiver};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.as_slice() {
            ["--in", folder] => serve(Path::new(folder)).await,
            ["--first", folder] => first(Path::new(folder)).await,
            ["--slow", address] => slow::trickle(address).await,
            _ => serve(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?.path()).await,
        }
    })
}

async fn receiver(folder: &Path) -> Result<(Inbox, Receiver), Box<dyn Error>> {
    let inbox = Inbox::open(folder.join("inbox.db")).await?;
    let receiver = Receiver::builder(&inbox).accept_foreign(true).confirm(false).listen("127.0.0.1:0").await?;
    Ok((inbox, receiver))
}

async fn serve(folder: &Path) -> Outcome {
    let (inbox, receiver) = receiver(folder).await?;
    say(format_args!("{}/jobs", receiver.public_url()))?;
    input_ended().await?;
    let kept = inbox.counts().await?.events.ready;
    receiver.shutdown().await;
    say(format_args!("{kept}"))
}

async fn first(folder: &Path) -> Outcome {
    let (inbox, receiver) = receiver(folder).await?;
    let delivery = inbox.next().await?.ok_or("the inbox closed")?;
    say(format_args!("{:?}", delivery.kind()))?;
    let events = inbox.counts().await?.events;
    say(format_args!("{}", events.ready + events.leased))?;
    delivery.ack().await?;
    receiver.shutdown().await;
    Ok(())
}

/// Says a line, which whoever started this waits for.
fn say(line: std::fmt::Arguments<'_>) -> Outcome {
    println!("{line}");
    Ok(std::io::stdout().flush()?)
}

async fn input_ended() -> Outcome {
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    ended.await??;
    Ok(())
}
