//! What the handles of one inbox share: how an event comes from the store to a caller, and what is given back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use image_intelligence_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, OwnedMutexGuard, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::ahead::Ahead;
use super::builder::Settings;
use super::delivery::Delivery;
use super::held::Held;
use super::random;
use crate::failpoint;
use crate::hub::Hub;
use crate::store::Lease;

/// No claim asks for more at once, however many callers wait.
const MOST_AT_ONCE: usize = 64;
/// A look is taken this often though nothing has called for it.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// A wait that is shorter has waited for nothing...
const HARDLY_A_WAIT: Duration = Duration::from_millis(20);
/// ...and after some of them a pause is made, whatever calls.
const MOST_IN_A_ROW: u32 = 4;
const BREATH: Duration = Duration::from_millis(25);
/// While the store fails for a while, it is tried again after pauses that grow from the one to the other.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The same trouble is said again only after this.
const SAY_EVERY: Duration = Duration::from_secs(30);

pub(crate) struct Inner {
    pub(super) hub: Arc<Hub>,
    pub(super) settings: Settings,
    /// The process that opened it.
    pub(super) process: u32,
    runtime: Handle,
    /// Held by the one caller that waits for the store; the others wait for it.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// How many callers wait.
    waiting: AtomicUsize,
    pub(super) ahead: Ahead,
    pub(super) held: Held,
    /// How many deliveries are out or on their way back.
    out: watch::Sender<usize>,
    closed: OnceCell<()>,
    said: Mutex<Option<Instant>>,
    /// Ends with the inbox.
    pub(super) pruning: Mutex<Option<AbortHandle>>,
}

impl Inner {
    pub(super) fn new(hub: Arc<Hub>, settings: Settings, runtime: Handle) -> Self {
        Self {
            hub,
            settings,
            process: std::process::id(),
            runtime,
            turn: Arc::default(),
            waiting: AtomicUsize::new(0),
            ahead: Ahead::default(),
            held: Held::default(),
            out: watch::Sender::new(0),
            closed: OnceCell::new(),
            said: Mutex::new(None),
            pruning: Mutex::new(None),
        }
    }

    /// Whether this is the process that opened it.
    pub(super) fn is_here(&self) -> bool {
        self.process == std::process::id()
    }

    /// Refuses in a forked child: the threads behind the inbox are gone there.
    pub(super) fn here(&self) -> Result<()> {
        if self.is_here() {
            return Ok(());
        }
        let message = format!("the inbox was opened in process {}; open it again after fork", self.process);
        Err(Error::new(ErrorKind::Closed, message))
    }

    pub(super) fn is_closing(&self) -> bool {
        *self.hub.closing.borrow()
    }

    /// Runs it on the runtime of the caller, or else on the one that opened the inbox.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        Handle::try_current().unwrap_or_else(|_| self.runtime.clone()).spawn(work)
    }

    /// The next event; `None` once it is closing.
    pub(super) async fn next(self: &Arc<Self>) -> Result<Option<Delivery>> {
        self.here()?;
        let _waiting = Waiting::new(&self.waiting);
        let mut turn = self.turn.clone().lock_owned().await;
        let (mut failed, mut in_a_row) = (0, 0);
        loop {
            if self.is_closing() {
                return Ok(None);
            }
            if let Some(kept) = self.ahead.pop() {
                // In a process that was stopped for a while it may be another's by now.
                if kept.since.elapsed() > self.settings.lease / 2 {
                    self.give_back(vec![kept.claimed.lease]).await;
                    continue;
                }
                return Ok(Some(Delivery::new(self.clone(), kept)));
            }
            // Armed before the look, so that nothing that comes after it is missed.
            let ready = self.hub.ready.notified();
            tokio::pin!(ready);
            ready.as_mut().enable();
            let mut changed = self.hub.store.changed();
            let has_changed = (&mut changed).now_or_never().is_some();

            let (back, found) = self.claim(turn).await?;
            turn = back;
            match found {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) if !error.retryable() && self.is_closing() => return Ok(None),
                Err(error) if !error.retryable() => return Err(error),
                Err(error) => {
                    self.complain("no events can be had from the store; trying on", &error);
                    failed += 1;
                    let pause = pause_after(failed);
                    tokio::select! { () = sleep(pause) => {}, () = self.hub.closed() => {} }
                    continue;
                }
            }
            failed = 0;
            let began = Instant::now();
            if !has_changed {
                let due = self.due().await;
                tokio::select! {
                    () = ready => {}
                    () = changed => {}
                    () = sleep(due) => {}
                    () = self.hub.closed() => {}
                }
            }
            in_a_row = if began.elapsed() < HARDLY_A_WAIT { in_a_row + 1 } else { 0 };
            if in_a_row > MOST_IN_A_ROW {
                sleep(BREATH).await;
            }
        }
    }

    /// In how long to look at the latest.
    async fn due(&self) -> Duration {
        let due = self.hub.store.next_due().await.ok().and_then(|due| due.handle);
        // A store counts whole milliseconds.
        due.map_or(LOOK_EVERY, |due| due + Duration::from_millis(1)).min(LOOK_EVERY)
    }

    /// Leases some events, in a task of its own: a caller who goes away now must not take them with him. The turn goes along,
    /// and comes back with how many there were.
    async fn claim(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> Result<(OwnedMutexGuard<()>, Result<usize>)> {
        let inner = self.clone();
        let most = self.waiting.load(Ordering::Relaxed).min(MOST_AT_ONCE).max(self.settings.prefetch);
        let claim = self.spawn(async move {
            let since = Instant::now();
            let settings = &inner.settings;
            let found = inner.hub.store.claim(most, settings.lease, settings.retry.attempts).await;
            failpoint::reach("inbox.claimed");
            let found = found.map(|rows| {
                let count = rows.len();
                inner.ahead.put(&inner, rows, since);
                count
            });
            (turn, found)
        });
        claim.await.map_err(|_| Error::new(ErrorKind::Closed, "the runtime that looks after the inbox has ended"))
    }

    /// Gives leases back that nobody had in hand.
    pub(super) async fn give_back(&self, leases: Vec<Lease>) {
        if leases.is_empty() {
            return;
        }
        let _out = self.out();
        // What cannot be given back lapses.
        if let Err(error) = self.hub.store.unclaim(leases).await {
            self.complain("leases could not be given back; they lapse", &error);
        }
        self.hub.ready.notify_one();
    }

    /// Says that something is out, as long as what it gives lives.
    pub(super) fn out(&self) -> Out {
        self.out.send_modify(|count| *count += 1);
        Out(self.out.clone())
    }

    /// Closes, once.
    pub(super) async fn shutdown(&self) {
        if !self.is_here() {
            return;
        }
        self.closed.get_or_init(|| self.close()).await;
    }

    async fn close(&self) {
        self.hub.closing.send_replace(true);
        let wait = async {
            // A claim that has begun puts what it got on the shelf.
            drop(self.turn.lock().await);
            self.give_back(self.ahead.drain()).await;
            // It fails where the sender is gone, and that is here.
            let _ = self.out.subscribe().wait_for(|count| *count == 0).await;
        };
        if timeout(self.settings.shutdown_timeout, wait).await.is_err() {
            let out = *self.out.borrow();
            tracing::warn!(out, "the inbox closes while handlers have events; they will be handed out again");
        }
        self.stop_pruning();
        self.hub.store.close().await;
    }

    fn stop_pruning(&self) {
        if let Some(task) = self.pruning.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    /// Says that the store fails, now and then.
    pub(super) fn complain(&self, what: &str, error: &Error) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|last| last.elapsed() >= SAY_EVERY) {
            *said = Some(Instant::now());
            drop(said);
            tracing::warn!(error.type = error.kind().as_str(), "{what}: {error}");
        }
    }
}

/// How long to leave a store alone that has failed so many times in a row.
pub(super) fn pause_after(failed: u32) -> Duration {
    random::about(FIRST_PAUSE.saturating_mul(1 << failed.saturating_sub(1).min(10)).min(LONGEST_PAUSE))
}

impl Drop for Inner {
    fn drop(&mut self) {
        // In a forked child nothing of it may be touched.
        if !self.is_here() {
            return;
        }
        self.stop_pruning();
        let leases = self.ahead.drain();
        if !leases.is_empty() {
            let hub = self.hub.clone();
            self.spawn(async move { hub.store.unclaim(leases).await });
        }
    }
}

/// Something is out while this lives.
pub(super) struct Out(watch::Sender<usize>);

impl Drop for Out {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// A caller waits while this lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
