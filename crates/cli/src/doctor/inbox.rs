//! The inbox of a receiver: whether it can be opened, and whether anybody handles what is in it.

use std::path::Path;
use std::time::Duration;

use image_intelligence::ErrorKind;
use image_intelligence_webhooks::Counts;
use tokio::time::timeout;

use crate::delivery::seconds;
use crate::doctor::report::Check;
use crate::failure::Failure;
use crate::inbox::{counted, existing};
use crate::mailbox::shown;

const NAME: &str = "inbox";
/// What waits for so long is not waiting for a handler that is busy.
const LONG: Duration = Duration::from_mins(5);

pub(super) async fn look(place: &Path, limit: Duration) -> Check {
    let counts = async {
        let inbox = existing(place).await?;
        let counts = inbox.counts().await;
        inbox.shutdown().await;
        Ok::<_, Failure>(counts?)
    };
    match timeout(limit, counts).await {
        Err(_) => {
            let message = format!("{}: not opened within {}", shown(place), seconds(limit));
            Check::failed(NAME, ErrorKind::Store, message).next("does something else hold on to it?")
        }
        Ok(Err(failure)) => {
            let check = Check::of(NAME, &failure);
            if check.next.is_some() { check } else { check.next("a receiver makes it, at its first start") }
        }
        Ok(Ok(counts)) => judge(place, &counts),
    }
}

fn judge(place: &Path, counts: &Counts) -> Check {
    let message = format!("{}: {}", shown(place), counted(counts));
    let dead = counts.events.dead;
    let check = if dead > 0 {
        let next = "ii inbox dead says why; ii inbox replay --dead has them handled again";
        Check::warning(NAME, message, next)
    } else if counts.oldest_ready.is_some_and(|waited| waited > LONG) {
        Check::warning(NAME, message, "does the program run that handles them?")
    } else if counts.jobs.unknown > 0 {
        let next = "nobody knows whether some jobs were made; a receiver with a client looks for them";
        Check::warning(NAME, message, next)
    } else {
        Check::ok(NAME, message)
    };
    match serde_json::to_value(counts) {
        Ok(counts) => check.with("counts", counts),
        Err(_) => check,
    }
}
