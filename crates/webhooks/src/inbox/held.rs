//! What handlers have at the moment, and the one task that stretches their leases.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::inner::Inner;
use crate::store::Lease;

/// How long a lease lasts; `None`: it is lost.
pub(super) type Until = Option<Instant>;

/// The leases of the deliveries that are out.
#[derive(Default)]
pub(super) struct Held(Mutex<Table>);

#[derive(Default)]
struct Table {
    rows: HashMap<Lease, Row>,
    /// Whether the task runs.
    beating: bool,
}

struct Row {
    taken: Instant,
    until: watch::Sender<Until>,
    /// Whether it was said that the handler takes too long.
    told: bool,
}

impl Held {
    /// Notes that a handler has it from now on.
    pub(super) fn take(&self, inner: &Arc<Inner>, lease: Lease, until: Instant) -> watch::Receiver<Until> {
        let (sender, receiver) = watch::channel(Some(until));
        let beat = {
            let mut table = self.table();
            table.rows.insert(lease, Row { taken: Instant::now(), until: sender, told: false });
            !std::mem::replace(&mut table.beating, true)
        };
        if beat {
            let every = inner.settings.lease / 3;
            inner.spawn(beat_while_held(Arc::downgrade(inner), every));
        }
        receiver
    }

    /// Notes that the handler has it no longer.
    pub(super) fn let_go(&self, lease: Lease) {
        self.table().rows.remove(&lease);
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leases to stretch; `None`, and the task ends, where nothing is out.
    fn to_stretch(&self, handler_timeout: Duration) -> Option<Vec<Lease>> {
        let mut table = self.table();
        if table.rows.is_empty() {
            table.beating = false;
            return None;
        }
        let mut leases = Vec::new();
        for (lease, row) in &mut table.rows {
            if row.until.borrow().is_none() {
                continue;
            }
            if row.taken.elapsed() < handler_timeout {
                leases.push(*lease);
            } else if !std::mem::replace(&mut row.told, true) {
                let (seq, limit_s) = (lease.seq, handler_timeout.as_secs());
                tracing::warn!(seq, limit_s, "a handler takes longer than handler_timeout; its event goes to another");
            }
        }
        Some(leases)
    }

    fn stretched(&self, leases: &[Lease], lost: &[Lease], until: Instant) {
        let table = self.table();
        for lease in leases {
            if let Some(row) = table.rows.get(lease) {
                row.until.send_replace(Some(until).filter(|_| !lost.contains(lease)));
            }
        }
    }
}

/// Stretches what is held until nothing is. Between two beats it holds on to nothing, so that the inbox can go.
async fn beat_while_held(inner: Weak<Inner>, every: Duration) {
    loop {
        sleep(every).await;
        let Some(inner) = inner.upgrade() else { return };
        let Some(leases) = inner.held.to_stretch(inner.settings.handler_timeout) else { return };
        if leases.is_empty() {
            continue;
        }
        let (asked, lease) = (Instant::now(), inner.settings.lease);
        match timeout(every, inner.hub.store.extend(leases.clone(), lease)).await {
            Ok(Ok(lost)) => inner.held.stretched(&leases, &lost, asked + lease),
            Ok(Err(error)) => inner.complain("leases could not be stretched", &error),
            Err(_) => tracing::warn!("leases could not be stretched in time; the store does not answer"),
        }
    }
}

/// Resolves once a lease is lost or has run out.
pub(super) async fn lapsed(mut until: watch::Receiver<Until>) {
    loop {
        let Some(end) = *until.borrow_and_update() else { return };
        if Instant::now() >= end {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep_until(end) => {}
            // A sender that is gone stretches no more.
            changed = until.changed() => if changed.is_err() { return },
        }
    }
}
