//! The inbox in Postgres: the same for many receivers on many machines.
//!
//! Every call runs in a task of its own, so that it happens though nobody waits for it. Where a connection breaks in the
//! middle of a commit, the call fails with a `store` error that is retryable, and nobody knows whether it was kept: for
//! `receive` the key makes the second time harmless, `finish` finds the job at its end, `done` finds the lease no longer
//! held and runs nothing twice, and `record` leaves what is there.

mod address;
mod care;
mod changes;
mod confirming;
mod db;
mod events;
mod fault;
mod jobs;
mod receive;
mod schema;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
mod values;
mod writer;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Intent, JobRef, Kind, Later, Result, Rid, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use self::address::Address;
use self::changes::Changes;
use self::db::Db;
use self::fault::{Fault, store};
use super::{
    Claimed, Counts, Due, Entry, Finish, Incoming, Known, Lease, Overdue, Pruned, Query, Receipt, Statement, Store,
    Terminal, Unconfirmed, closed,
};
use crate::clock::Clock;

/// How many calls may be under way at once; a call more fails.
const CALLS: u32 = 4096;

/// How to open the inbox.
#[derive(Debug, Clone)]
pub(crate) struct PostgresOptions {
    /// How long a waiter for changes sleeps at most.
    pub(crate) poll: Duration,
    /// By how much the database's clock is put forward.
    pub(crate) clock: Clock,
    /// For a tool that looks at an inbox: where there is none, none is made.
    pub(crate) tool: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { poll: Duration::from_secs(1), clock: Clock::default(), tool: false }
    }
}

/// The inbox in Postgres.
pub(crate) struct PostgresStore {
    db: Arc<Db>,
    changes: Arc<Changes>,
    /// The way to the writer; none once it is closed.
    writer: mpsc::UnboundedSender<writer::Call>,
    /// Every call holds one of its permits until it is at its end.
    calls: Arc<Semaphore>,
    closing: AtomicBool,
    runtime: Handle,
    poll: Duration,
    process: u32,
    listener: OnceLock<JoinHandle<()>>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("at", &self.db.address).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens the inbox at `postgres://user:password@host:port/database`, makes its tables where there are none.
    ///
    /// The URL takes the parameters of Postgres's own programs (`sslmode`, `sslrootcert`, `connect_timeout`, ..), and
    /// `schema`, where the tables are: `image_intelligence` unless it names another.
    ///
    /// Fails with `config` where the URL, the user, the password or the database is wrong, and with `store` where nothing
    /// answers, a right is missing, a tool finds no inbox, the server does not keep what it acknowledges (`fsync=off`), or the tables are of a newer
    /// version. Must be called within a runtime of tokio's, which then does the store's work.
    pub(crate) async fn open(url: &str, options: PostgresOptions) -> Result<Arc<Self>> {
        let db = Arc::new(Db::new(Address::read(url)?, options.clock)?);
        schema::prepare(&db, options.tool).await.map_err(|fault| fault.into_error(&db.address.place))?;
        let changes = Arc::new(Changes::new(&db.address.schema));
        let (writer, calls) = mpsc::unbounded_channel();
        tokio::spawn(writer::run(Arc::clone(&db), Arc::clone(&changes), calls));
        Ok(Arc::new(Self {
            db,
            changes,
            writer,
            calls: Arc::new(Semaphore::new(CALLS as usize)),
            closing: AtomicBool::new(false),
            runtime: Handle::current(),
            poll: options.poll,
            process: std::process::id(),
            listener: OnceLock::new(),
        }))
    }

    fn permit(&self) -> Result<OwnedSemaphorePermit> {
        if self.process != std::process::id() {
            // Nothing of the parent's is touched, not even a lock.
            return Err(Error::new(
                ErrorKind::Closed,
                "the inbox belongs to the parent process; open it anew in a child",
            ));
        }
        if self.closing.load(Ordering::SeqCst) {
            return Err(closed());
        }
        Arc::clone(&self.calls).try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => store("the inbox has more to do than it can; try again", true),
            TryAcquireError::Closed => closed(),
        })
    }

    /// Runs a call in a task of its own.
    fn run<T, F>(&self, work: impl FnOnce(Arc<Db>) -> F) -> Later<'_, Result<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        self.run_and(work, |_| false)
    }

    /// The same, and tells everybody where the answer says that there is something to do.
    fn run_and<T, F>(&self, work: impl FnOnce(Arc<Db>) -> F, news: fn(&T) -> bool) -> Later<'_, Result<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let permit = match self.permit() {
            Ok(permit) => permit,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let (db, changes) = (Arc::clone(&self.db), Arc::clone(&self.changes));
        let working = work(Arc::clone(&db));
        let (answer, answered) = oneshot::channel();
        self.runtime.spawn(async move {
            let verdict = working.await.map_err(|fault| fault.into_error(&db.address.place));
            let first = verdict.as_ref().is_ok_and(news) && changes.wake_first();
            // Whoever asked may have gone.
            let _ = answer.send(verdict);
            if first {
                changes.say(&db).await;
            }
            drop(permit);
        });
        // Without an answer the runtime has ended, and the store with it.
        Box::pin(async { answered.await.unwrap_or_else(|_| Err(closed())) })
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.get() {
            listener.abort();
        }
    }
}

impl Store for PostgresStore {
    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        self.run(|db| async move { jobs::record(&db, intent).await })
    }

    fn left(&self, rid: Rid, left: bool) -> Later<'_, Result<()>> {
        self.run(move |db| async move { jobs::left(&db, rid, left).await })
    }

    fn accepted(&self, rid: Rid, job: JobRef, patience: Duration) -> Later<'_, Result<()>> {
        self.run_and(move |db| async move { jobs::accepted(&db, rid, job, patience).await }, |()| true)
    }

    fn refused(&self, rid: Rid, why: String) -> Later<'_, Result<()>> {
        self.run(move |db| async move { jobs::refused(&db, rid, why).await })
    }

    fn unknown(&self, rid: Rid, why: String, patience: Duration) -> Later<'_, Result<()>> {
        self.run_and(move |db| async move { jobs::unknown(&db, rid, why, patience).await }, |()| true)
    }

    fn abandon(&self, older: Duration) -> Later<'_, Result<(u64, u64)>> {
        self.run_and(move |db| async move { jobs::abandon(&db, older).await }, |(unknown, _)| *unknown > 0)
    }

    fn receive(&self, batch: Vec<Incoming>) -> Later<'_, Result<Vec<Receipt>>> {
        let (answer, answered) = oneshot::channel();
        let sent = self.permit().map(|permit| self.writer.send(writer::Call { rows: batch, answer, permit }));
        Box::pin(async {
            sent?.map_err(|_| closed())?;
            answered.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    fn unconfirmed(&self, most: usize, lease: Duration) -> Later<'_, Result<Vec<Unconfirmed>>> {
        self.run(move |db| async move { confirming::unconfirmed(&db, most, lease).await })
    }

    fn confirm(&self, seq: i64, terminal: Terminal) -> Later<'_, Result<bool>> {
        self.run_and(move |db| async move { confirming::confirm(&db, seq, terminal).await }, |yes| *yes)
    }

    fn discard(&self, seq: i64, version: i64, why: String) -> Later<'_, Result<bool>> {
        self.run_and(move |db| async move { confirming::discard(&db, seq, version, why).await }, |gone| !gone)
    }

    fn confirm_later(&self, seq: i64, pause: Duration) -> Later<'_, Result<()>> {
        self.run(move |db| async move { confirming::confirm_later(&db, seq, pause).await })
    }

    fn finish(&self, rid: Rid, finish: Finish) -> Later<'_, Result<bool>> {
        self.run_and(move |db| async move { jobs::finish(&db, rid, finish).await }, |yes| *yes)
    }

    fn overdue(&self, most: usize, lease: Duration) -> Later<'_, Result<Vec<Overdue>>> {
        self.run(move |db| async move { jobs::overdue(&db, most, lease).await })
    }

    fn look_again(&self, rid: Rid, pause: Duration, found: Option<JobRef>) -> Later<'_, Result<()>> {
        self.run(move |db| async move { jobs::look_again(&db, rid, pause, found).await })
    }

    fn look_now(&self, rid: Rid) -> Later<'_, Result<bool>> {
        self.run_and(move |db| async move { jobs::look_now(&db, rid).await }, |yes| *yes)
    }

    fn known(&self, rid: Rid) -> Later<'_, Result<Option<Known>>> {
        self.run(move |db| async move { jobs::known(&db, rid).await })
    }

    fn terminal(&self, rid: Rid) -> Later<'_, Result<Option<Terminal>>> {
        self.run(move |db| async move { jobs::terminal(&db, rid).await })
    }

    fn took(&self, kind: Kind) -> Later<'_, Result<Vec<Duration>>> {
        self.run(move |db| async move { jobs::took(&db, kind).await })
    }

    fn claim(&self, most: usize, lease: Duration, attempts: u32) -> Later<'_, Result<Vec<Claimed>>> {
        self.run(move |db| async move { events::claim(&db, most, lease, attempts).await })
    }

    fn extend(&self, leases: Vec<Lease>, lease: Duration) -> Later<'_, Result<Vec<Lease>>> {
        self.run(move |db| async move { events::extend(&db, leases, lease).await })
    }

    fn done(&self, lease: Lease, with: Vec<Statement>) -> Later<'_, Result<bool>> {
        self.run(move |db| async move { events::done(&db, lease, with).await })
    }

    fn failed(&self, lease: Lease, why: String, pause: Option<Duration>) -> Later<'_, Result<bool>> {
        self.run_and(move |db| async move { events::failed(&db, lease, why, pause).await }, |yes| *yes)
    }

    fn unclaim(&self, leases: Vec<Lease>) -> Later<'_, Result<()>> {
        self.run_and(move |db| async move { events::unclaim(&db, leases).await }, |()| true)
    }

    fn next_due(&self) -> Later<'_, Result<Due>> {
        self.run(|db| async move { events::next_due(&db).await })
    }

    fn list(&self, query: Query) -> Later<'_, Result<Vec<Entry>>> {
        self.run(move |db| async move { care::list(&db, query).await })
    }

    fn entry(&self, seq: i64) -> Later<'_, Result<Option<Entry>>> {
        self.run(move |db| async move { care::one(&db, seq).await })
    }

    fn replay(&self, seqs: Vec<i64>) -> Later<'_, Result<u64>> {
        self.run_and(move |db| async move { care::replay(&db, seqs).await }, |count| *count > 0)
    }

    fn prune(&self, bodies: Duration, keys: Duration) -> Later<'_, Result<Pruned>> {
        self.run(move |db| async move { care::prune(&db, bodies, keys).await })
    }

    fn counts(&self) -> Later<'_, Result<Counts>> {
        self.run(|db| async move { care::counts(&db).await })
    }

    fn masters(&self, fresh: [u8; 32]) -> Later<'_, Result<Vec<(u8, Zeroizing<Vec<u8>>)>>> {
        self.run(move |db| async move { care::masters(&db, fresh).await })
    }

    fn add_master(&self, master: [u8; 32]) -> Later<'_, Result<u8>> {
        self.run(move |db| async move { care::add_master(&db, master).await })
    }

    fn now(&self) -> Later<'_, Result<Timestamp>> {
        self.run(|db| async move { care::now(&db).await })
    }

    fn skip(&self, by: Duration) {
        self.db.clock.skip(by);
        self.changes.wake();
    }

    fn changed(&self) -> Later<'_, ()> {
        // What changes from this call on is seen, though the future is asked later.
        let mut told = self.changes.subscribe();
        Box::pin(async move {
            if self.permit().is_err() {
                // Closed, or so much is under way that there will be something.
                return;
            }
            let (db, changes) = (Arc::clone(&self.db), Arc::clone(&self.changes));
            self.listener.get_or_init(|| self.runtime.spawn(changes.listen(db)));
            // A word that was lost on its way is made up for by the poll.
            let _ = tokio::time::timeout(self.poll, told.changed()).await;
        })
    }

    fn close(&self) -> Later<'_, ()> {
        self.closing.store(true, Ordering::SeqCst);
        Box::pin(async {
            // All permits are back once every call is at its end.
            if let Ok(all) = self.calls.acquire_many(CALLS).await {
                all.forget();
                self.calls.close();
            }
            if let Some(listener) = self.listener.get() {
                listener.abort();
            }
            self.changes.wake();
            self.db.close();
        })
    }
}
