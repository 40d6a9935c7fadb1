//! The inbox in a file of this machine.
//!
//! One thread writes and one reads. What is asked of the writer at one time shares a transaction, at most 64 of them, and is
//! answered once it is on the disk. Whose answer nobody waits for any more happens all the same.
//!
//! Faults: a full queue, a database that another process holds, and a full disk fail what was asked with a `store` error that
//! may be tried again, and change nothing. After a failed read, write or sync, or where the file is damaged, nobody knows what
//! is on the disk: every later write fails, with a `store` error that may be tried again, until the file is reopened.

mod checkpoint;
mod confirm;
mod errand;
mod fault;
mod file;
pub(crate) mod forking;
mod handle;
mod jobs;
mod keep;
mod look;
mod reader;
mod receive;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Intent, JobRef, Kind, Later, Result, Rid, Timestamp};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

use self::errand::{Bring, Call, Within};
use self::fault::{Fault, Ruled, store};
use self::forking::{Busy, Slot};
use self::reader::Look;
use self::writer::{Order, Stir, Writer};
use super::{
    Claimed, Counts, Due, Entry, Finish, Incoming, Known, Lease, Masters, Overdue, Pruned, Query, Receipt, Statement,
    Store, Terminal, Unconfirmed, closed,
};
use crate::clock::Clock;

/// No more than so many errands wait for the writer.
const WAITING: usize = 1024;
/// How many rows of each sort are pruned in one transaction.
const PRUNED: usize = 256;

/// How to open the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct SqliteOptions {
    /// For a tool that looks at an inbox, perhaps beside a running receiver: it makes no file, and leaves the lock to those
    /// that handle events.
    pub(crate) tool: bool,
    /// What time it is.
    pub(crate) clock: Clock,
    /// For tests: how many pages of 4,096 bytes the disk holds.
    #[cfg(test)]
    pub(crate) pages: Option<u32>,
    /// For tests: what says that the disk failed.
    #[cfg(test)]
    pub(crate) over: checkpoint::Over,
}

/// The inbox in a file.
pub(crate) struct SqliteStore {
    clock: Clock,
    stir: Stir,
    /// Gone once it is closed; a forked child has the queues, but not the threads.
    queues: Mutex<Option<Queues>>,
    process: u32,
    /// Told when both threads have ended.
    ended: watch::Receiver<bool>,
}

#[derive(Clone)]
struct Queues {
    orders: SyncSender<Order>,
    looks: SyncSender<Look>,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable by its owner only, with `FILE-lock` beside it. Blocks.
    ///
    /// Who gets the lock is the live handler of this file: it gives back at once the leases of who held the lock before, and
    /// settles the jobs that one was about to send. Who does not get it works all the same, and takes the lock once it is
    /// free; its own leases lapse by time where it dies without.
    ///
    /// Fails with `store` where the file is none of ours, of a newer version, or cannot be written; it is left as it is.
    pub(crate) fn open(path: &Path, options: SqliteOptions) -> Result<Arc<Self>> {
        let named = |error| file::named(path, error);
        let busy = Busy::begin();
        forking::check().map_err(named)?;
        file::make(path, !options.tool).map_err(named)?;
        let db = file::writer(path, options.tool).map_err(named)?;
        #[cfg(test)]
        if let Some(pages) = options.pages {
            let limit = db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()));
            limit.map_err(|error| named(fault::told(&error)))?;
        }
        let again = path.to_owned();
        let reading = Slot::new(file::reader(path).map_err(named)?, move || file::reader(&again));
        let stir = Stir::new();
        let writer = Writer::new(path, db, &options, stir.clone()).map_err(named)?;
        drop(busy);
        let writer = writer.start().map_err(named)?;
        let (orders, to_write) = sync_channel(WAITING);
        let (looks, to_look) = reader::queue();
        let (end, ended) = watch::channel(false);
        let started = |thread: std::io::Result<_>| {
            thread.map_err(|error| named(store("a thread cannot be started").with_source(error)))
        };
        let reader = std::thread::Builder::new().name("ii-inbox-read".into());
        let reader = started(reader.spawn(move || reader::work(&reading, &to_look)))?;
        let thread = std::thread::Builder::new().name("ii-inbox-write".into());
        started(thread.spawn(move || {
            writer.work(&to_write);
            let _ = reader.join();
            end.send_replace(true);
        }))?;
        let queues = Mutex::new(Some(Queues { orders, looks }));
        Ok(Arc::new(Self { clock: options.clock, stir, queues, process: std::process::id(), ended }))
    }

    fn queues(&self) -> Result<Queues> {
        if self.process != std::process::id() {
            return Err(Error::new(
                ErrorKind::Closed,
                "the inbox belongs to the parent process; open it anew in a child",
            ));
        }
        self.queues.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)
    }

    fn order(&self, order: Order) -> Result<()> {
        self.queues()?.orders.try_send(order).map_err(|full| match full {
            TrySendError::Full(_) => store("the inbox has more to write than it can; try again").with_retryable(true),
            TrySendError::Disconnected(_) => closed(),
        })
    }

    fn write<T: Send + 'static>(
        &self,
        stirs: bool,
        work: impl FnMut(Within<'_>) -> Ruled<T> + Send + 'static,
    ) -> Later<'_, Result<T>> {
        let (call, answer) = Call::new(stirs, work);
        wait(self.order(Order::Errand(Box::new(call))), answer)
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Ruled<T> + Send + 'static,
    ) -> Later<'_, Result<T>> {
        let (to, answer) = oneshot::channel();
        let look: Look = Box::new(move |db| {
            let _ = to.send(db.and_then(|db| work(db).map_err(Fault::into_error)));
        });
        let sent = self.queues().and_then(|queues| {
            queues.looks.try_send(look).map_err(|full| match full {
                TrySendError::Full(_) => store("too many look into the inbox; try again").with_retryable(true),
                TrySendError::Disconnected(_) => closed(),
            })
        });
        wait(sent, answer)
    }
}

fn wait<'a, T: Send + 'a>(sent: Result<()>, answer: oneshot::Receiver<Result<T>>) -> Later<'a, Result<T>> {
    Box::pin(async move {
        sent?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    })
}

impl Store for SqliteStore {
    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        self.write(false, move |within| jobs::record(within, &intent))
    }

    fn left(&self, rid: Rid, left: bool) -> Later<'_, Result<()>> {
        self.write(false, move |within| jobs::left(within, rid, left))
    }

    fn accepted(&self, rid: Rid, job: JobRef, patience: Duration) -> Later<'_, Result<()>> {
        self.write(true, move |within| jobs::accepted(within, rid, &job, patience))
    }

    fn refused(&self, rid: Rid, why: String) -> Later<'_, Result<()>> {
        self.write(false, move |within| jobs::refused(within, rid, &why))
    }

    fn unknown(&self, rid: Rid, why: String, patience: Duration) -> Later<'_, Result<()>> {
        self.write(true, move |within| jobs::unknown(within, rid, &why, patience))
    }

    fn abandon(&self, older: Duration) -> Later<'_, Result<(u64, u64)>> {
        self.write(true, move |within| jobs::abandon(within, older, false))
    }

    fn receive(&self, batch: Vec<Incoming>) -> Later<'_, Result<Vec<Receipt>>> {
        let (bring, answer) = Bring::new(batch);
        wait(self.order(Order::Errand(Box::new(bring))), answer)
    }

    fn unconfirmed(&self, most: usize, lease: Duration) -> Later<'_, Result<Vec<Unconfirmed>>> {
        self.write(false, move |within| confirm::unconfirmed(within, most, lease))
    }

    fn confirm(&self, seq: i64, terminal: Terminal) -> Later<'_, Result<bool>> {
        self.write(true, move |within| confirm::confirm(within, seq, &terminal))
    }

    fn discard(&self, seq: i64, version: i64, why: String) -> Later<'_, Result<bool>> {
        self.write(true, move |within| confirm::discard(within, seq, version, &why))
    }

    fn confirm_later(&self, seq: i64, pause: Duration) -> Later<'_, Result<()>> {
        self.write(true, move |within| confirm::confirm_later(within, seq, pause))
    }

    fn finish(&self, rid: Rid, finish: Finish) -> Later<'_, Result<bool>> {
        self.write(true, move |within| jobs::finish(within, rid, &finish))
    }

    fn overdue(&self, most: usize, lease: Duration) -> Later<'_, Result<Vec<Overdue>>> {
        self.write(false, move |within| jobs::overdue(within, most, lease))
    }

    fn look_again(&self, rid: Rid, pause: Duration, found: Option<JobRef>) -> Later<'_, Result<()>> {
        self.write(true, move |within| jobs::look_again(within, rid, pause, found.as_ref()))
    }

    fn look_now(&self, rid: Rid) -> Later<'_, Result<bool>> {
        self.write(true, move |within| jobs::look_now(within, rid))
    }

    fn known(&self, rid: Rid) -> Later<'_, Result<Option<Known>>> {
        self.read(move |db| look::known(db, rid))
    }

    fn terminal(&self, rid: Rid) -> Later<'_, Result<Option<Terminal>>> {
        self.read(move |db| look::terminal(db, rid))
    }

    fn took(&self, kind: Kind) -> Later<'_, Result<Vec<Duration>>> {
        self.read(move |db| look::took(db, kind))
    }

    fn claim(&self, most: usize, lease: Duration, attempts: u32) -> Later<'_, Result<Vec<Claimed>>> {
        self.write(false, move |within| handle::claim(within, most, lease, attempts))
    }

    fn extend(&self, leases: Vec<Lease>, lease: Duration) -> Later<'_, Result<Vec<Lease>>> {
        self.write(false, move |within| handle::extend(within, &leases, lease))
    }

    fn done(&self, lease: Lease, with: Vec<Statement>) -> Later<'_, Result<bool>> {
        self.write(false, move |within| handle::done(within, lease, &with))
    }

    fn failed(&self, lease: Lease, why: String, pause: Option<Duration>) -> Later<'_, Result<bool>> {
        self.write(true, move |within| handle::failed(within, lease, &why, pause))
    }

    fn unclaim(&self, leases: Vec<Lease>) -> Later<'_, Result<()>> {
        self.write(true, move |within| handle::unclaim(within, &leases))
    }

    fn next_due(&self) -> Later<'_, Result<Due>> {
        let now = self.clock.now().as_millis();
        self.read(move |db| look::next_due(db, now))
    }

    fn list(&self, query: Query) -> Later<'_, Result<Vec<Entry>>> {
        self.read(move |db| look::list(db, &query))
    }

    fn entry(&self, seq: i64) -> Later<'_, Result<Option<Entry>>> {
        self.read(move |db| look::entry(db, seq))
    }

    fn replay(&self, seqs: Vec<i64>) -> Later<'_, Result<u64>> {
        self.write(true, move |within| keep::replay(within, &seqs))
    }

    fn prune(&self, bodies: Duration, keys: Duration) -> Later<'_, Result<Pruned>> {
        Box::pin(async move {
            let mut all = Pruned::default();
            loop {
                // A webhook must not wait for all of it.
                let some = self.write(false, move |within| keep::prune(within, bodies, keys, PRUNED)).await?;
                all = Pruned {
                    bodies: all.bodies + some.bodies,
                    events: all.events + some.events,
                    jobs: all.jobs + some.jobs,
                };
                if some.bodies.max(some.events).max(some.jobs) < PRUNED as u64 {
                    return Ok(all);
                }
            }
        })
    }

    fn counts(&self) -> Later<'_, Result<Counts>> {
        let now = self.clock.now().as_millis();
        self.read(move |db| look::counts(db, now))
    }

    fn masters(&self, fresh: [u8; 32]) -> Later<'_, Result<Masters>> {
        let fresh = Zeroizing::new(fresh);
        self.write(false, move |within| keep::masters(within, &fresh))
    }

    fn add_master(&self, master: [u8; 32]) -> Later<'_, Result<u8>> {
        let master = Zeroizing::new(master);
        self.write(false, move |within| keep::add_master(within, &master))
    }

    fn now(&self) -> Later<'_, Result<Timestamp>> {
        let now = self.queues().map(|_| self.clock.now());
        Box::pin(async move { now })
    }

    fn skip(&self, by: Duration) {
        self.clock.skip(by);
        self.stir.all();
    }

    fn changed(&self) -> Later<'_, ()> {
        let (mut changed, tell) = self.stir.watch();
        // A writer that is too busy to hear of it looks around all the same.
        let over = self.queues().map(|queues| tell.then(|| queues.orders.try_send(Order::Watch))).is_err();
        Box::pin(async move {
            if !over {
                let _ = changed.changed().await;
            }
        })
    }

    fn close(&self) -> Later<'_, ()> {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(queues);
        let mut ended = self.ended.clone();
        Box::pin(async move {
            // Where a thread ended otherwise, it has ended too.
            let _ = ended.wait_for(|ended| *ended).await;
        })
    }
}
