//! How an event goes back to the store, done or not.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Later, Result};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::held::Until;
use super::inner::{Inner, Out, pause_after};
use crate::failpoint;
use crate::store::{Lease, Statement, Store};

/// How much of a handler's word is kept, in characters.
const LONGEST_WHY: usize = 2000;
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_hours(365 * 24);

/// What a handler holds. While it lives, the inbox does not close before its time.
pub(super) struct Hold {
    pub(super) inner: Arc<Inner>,
    pub(super) lease: Lease,
    pub(super) attempt: u32,
    pub(super) until: watch::Receiver<Until>,
    pub(super) _out: Out,
}

/// When an event that could not be handled is handed out again.
pub(super) enum Again {
    /// After the pause that its attempt has earned.
    AsUsual,
    /// After this.
    After(Duration),
    /// Never.
    Never,
}

/// Whether a store did what it was asked.
enum Settled {
    Yes,
    /// The lease was not held any more.
    Fenced,
    /// Neither: an earlier try failed on the way, and may have been carried out all the same.
    Perhaps,
}

impl Hold {
    pub(super) async fn done(&self, with: Vec<Statement>) -> Result<()> {
        failpoint::reach("inbox.before_ack");
        let settled = self.settle(|store| store.done(self.lease, with.clone())).await?;
        failpoint::reach("inbox.acked");
        match settled {
            Settled::Yes => {
                count("done");
                Ok(())
            }
            Settled::Fenced => Err(self.fenced()),
            Settled::Perhaps => {
                let entry = self.inner.hub.store.entry(self.lease.seq).await?;
                if entry.is_some_and(|entry| entry.state == "done") { Ok(()) } else { Err(self.fenced()) }
            }
        }
    }

    pub(super) async fn failed(&self, why: String, again: Again) -> Result<()> {
        let seq = self.lease.seq;
        let why = shortened(why);
        let attempts = self.inner.settings.retry.attempts;
        let pause = match again {
            Again::AsUsual => self.inner.settings.pause(self.attempt),
            Again::After(pause) => Some(pause.min(LONGEST_PAUSE)).filter(|_| self.attempt < attempts),
            Again::Never => None,
        };
        let settled = self.settle(|store| store.failed(self.lease, why.clone(), pause)).await?;
        // The pause may be shorter than what somebody waits for.
        self.inner.hub.ready.notify_one();
        match (settled, pause) {
            (Settled::Yes, None) => {
                count("dead");
                tracing::warn!(seq, attempt = self.attempt, why, "an event is put away as a dead letter");
                Ok(())
            }
            (Settled::Fenced, None) if matches!(again, Again::Never) => Err(self.fenced()),
            (Settled::Yes, Some(pause)) => {
                count("again");
                tracing::debug!(
                    seq,
                    attempt = self.attempt,
                    pause_ms = pause.as_millis(),
                    why,
                    "an event is tried again"
                );
                Ok(())
            }
            // It will be handed out again, which is what is wanted.
            (Settled::Fenced | Settled::Perhaps, _) => Ok(()),
        }
    }

    /// Asks the store, and while it fails for a moment asks again, until the lease is over.
    async fn settle<'a>(&'a self, ask: impl Fn(&'a dyn Store) -> Later<'a, Result<bool>> + Send) -> Result<Settled> {
        let mut failed = 0;
        loop {
            let error = match ask(&*self.inner.hub.store).await {
                Ok(true) => return Ok(Settled::Yes),
                Ok(false) if failed == 0 => return Ok(Settled::Fenced),
                Ok(false) => return Ok(Settled::Perhaps),
                Err(error) => error,
            };
            failed += 1;
            let pause = pause_after(failed);
            let end = *self.until.borrow();
            if !error.retryable() || end.is_none_or(|end| Instant::now() + pause >= end) {
                return Err(error);
            }
            self.inner.complain("what became of an event could not be written down; trying on", &error);
            sleep(pause).await;
        }
    }

    fn fenced(&self) -> Error {
        let settings = &self.inner.settings;
        let (name, limit) = (settings.dialect.setting("handler_timeout"), settings.handler_timeout.as_secs());
        let message = format!(
            "event {} was given to another handler, as its lease had lapsed: a handler may take {name} ({limit} s), and its \
             process must not be stopped meanwhile",
            self.lease.seq
        );
        Error::new(ErrorKind::Store, message).with_retryable(false)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.inner.held.let_go(self.lease);
    }
}

/// Counts how handlers end.
fn count(outcome: &'static str) {
    metrics::counter!("ii.inbox.handled", "outcome" => outcome).increment(1);
}

fn shortened(mut why: String) -> String {
    if let Some((end, _)) = why.char_indices().nth(LONGEST_WHY) {
        why.truncate(end);
    }
    why
}
