//! What is leased and waits for a call of `next`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::inner::Inner;
use crate::store::{Claimed, Lease};

/// What nobody wants for this long is given back: another process may be idle.
const KEPT: Duration = Duration::from_secs(2);

/// Events that were leased ahead of the calls that want them.
#[derive(Default)]
pub(super) struct Ahead(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    rows: VecDeque<Kept>,
    /// Whether somebody sees to it that nothing stays for long.
    minded: bool,
}

/// A leased event, and when it was leased.
pub(super) struct Kept {
    pub(super) claimed: Claimed,
    pub(super) since: Instant,
}

impl Ahead {
    pub(super) fn put(&self, inner: &Arc<Inner>, rows: Vec<Claimed>, since: Instant) {
        let mind = {
            let mut shelf = self.shelf();
            shelf.rows.extend(rows.into_iter().map(|claimed| Kept { claimed, since }));
            !shelf.rows.is_empty() && !std::mem::replace(&mut shelf.minded, true)
        };
        if mind {
            inner.spawn(mind_what_stays(Arc::downgrade(inner), kept(inner.settings.lease)));
        }
    }

    pub(super) fn pop(&self) -> Option<Kept> {
        self.shelf().rows.pop_front()
    }

    /// Everything that is there.
    pub(super) fn drain(&self) -> Vec<Lease> {
        self.shelf().rows.drain(..).map(|row| row.claimed.lease).collect()
    }

    /// What has been there for too long; `None` where nothing is left, and nobody needs to look any more.
    fn stale(&self, kept: Duration) -> Option<Vec<Lease>> {
        let mut shelf = self.shelf();
        let count = shelf.rows.iter().take_while(|row| row.since.elapsed() >= kept).count();
        let stale = shelf.rows.drain(..count).map(|row| row.claimed.lease).collect::<Vec<_>>();
        if shelf.rows.is_empty() && stale.is_empty() {
            shelf.minded = false;
            return None;
        }
        Some(stale)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For how long something may wait for a call: what is handed out must have most of its lease before it.
fn kept(lease: Duration) -> Duration {
    KEPT.min(lease / 3)
}

async fn mind_what_stays(inner: Weak<Inner>, kept: Duration) {
    loop {
        sleep(kept).await;
        let Some(inner) = inner.upgrade() else { return };
        // From here on a shutdown waits for what is on its way back.
        let _out = inner.out();
        let Some(stale) = inner.ahead.stale(kept) else { return };
        inner.give_back(stale).await;
    }
}
