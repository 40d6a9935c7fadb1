//! Being told of the end of a job.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{AnyJob, Later, Rid};

use super::pace::spread;
use crate::hub::Hub;

/// The finished job, once its end is in the store. Never there for a job that was given up: the caller's own look says why.
pub(super) fn told(hub: Arc<Hub>, rid: Rid) -> Later<'static, AnyJob> {
    // From here on nothing is missed, whenever the first poll comes.
    let mut ended = hub.ends.watch(rid);
    Box::pin(async move {
        let (mut pause, mut heard) = (FIRST_RECHECK, false);
        loop {
            // Whoever waits looks for the job too, so that a store which fails costs no more than time.
            if let Ok(Some(end)) = hub.store.terminal(rid).await {
                match end.label.job().map(|kind| AnyJob::from_json(kind, &end.body)) {
                    Some(Ok(job)) => return job,
                    _ => break,
                }
            }
            // The end may have been written by another process, which cannot tell this one.
            tokio::select! {
                _ = ended.wait_for(|ended| *ended), if !heard => heard = true,
                () = tokio::time::sleep(spread(pause)) => pause = (pause * 2).min(LAST_RECHECK),
                () = hub.closed() => break,
            }
        }
        std::future::pending().await
    })
}

const FIRST_RECHECK: Duration = Duration::from_secs(4);
const LAST_RECHECK: Duration = Duration::from_secs(30);
