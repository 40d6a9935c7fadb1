//! What is no longer needed goes, by itself.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::time::sleep;

use super::inner::Inner;
use super::random;

/// Not at once: who opens an inbox for one look should not wait for this.
const FIRST: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_hours(1);

/// Prunes every hour until the inbox is gone.
pub(super) fn prune_hourly(inner: &Arc<Inner>) {
    let task = inner.spawn(run(Arc::downgrade(inner))).abort_handle();
    *inner.pruning.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
}

async fn run(inner: Weak<Inner>) {
    let mut pause = FIRST;
    loop {
        sleep(random::about(pause)).await;
        pause = EVERY;
        let Some(inner) = inner.upgrade() else { return };
        let settings = &inner.settings;
        match inner.hub.store.prune(settings.prune_bodies, settings.prune_keys).await {
            Ok(pruned) => {
                tracing::debug!(bodies = pruned.bodies, events = pruned.events, jobs = pruned.jobs, "pruned the inbox");
            }
            Err(error) => inner.complain("the inbox could not be pruned; that is tried again in an hour", &error),
        }
    }
}
