//! The one thread that writes: what comes at one time goes to the disk together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use image_intelligence_core::Error;
use rusqlite::Connection;
use tokio::sync::watch;

use super::checkpoint::{self, Checkpoints, Over};
use super::errand::{Errand, Within, run};
use super::fault::{Fault, Reach, Ruled};
use super::file::{self, named};
use super::forking::{LockSlot, Slot};
use super::{SqliteOptions, handle, jobs};
use crate::clock::Clock;
use crate::failpoint;

/// At most so many errands share a transaction.
const MOST: usize = 64;
/// A transaction waits no longer than this for others to share it.
const GATHER: Duration = Duration::from_millis(2);
/// It looks for them so often, and no longer once none has come in between.
const GAP: Duration = Duration::from_micros(200);
/// How often other processes are looked for, while somebody waits.
const LOOK: Duration = Duration::from_secs(1);

/// What is put into the writer's queue.
pub(super) enum Order {
    Errand(Box<dyn Errand>),
    /// Somebody waits for a change from now on.
    Watch,
}

/// How others are told of a change.
#[derive(Clone)]
pub(super) struct Stir {
    changed: Arc<watch::Sender<()>>,
    /// Whether the writer looks for other processes.
    looking: Arc<AtomicBool>,
}

impl Stir {
    pub(super) fn new() -> Self {
        Self { changed: Arc::new(watch::Sender::new(())), looking: Arc::default() }
    }

    /// Tells all who wait.
    pub(super) fn all(&self) {
        self.changed.send_replace(());
    }

    /// Is told of what changes from now on, and whether the writer has to be told that somebody waits.
    pub(super) fn watch(&self) -> (watch::Receiver<()>, bool) {
        (self.changed.subscribe(), !self.looking.swap(true, Ordering::SeqCst))
    }

    /// Whether somebody waits, whom the writer looks for other processes for.
    fn is_awaited(&self) -> bool {
        self.looking.store(false, Ordering::SeqCst);
        let awaited = self.changed.receiver_count() > 0;
        if awaited {
            self.looking.store(true, Ordering::SeqCst);
        }
        awaited
    }
}

pub(super) struct Writer {
    path: PathBuf,
    checkpoints: Checkpoints,
    db: Arc<Slot>,
    clock: Clock,
    stir: Stir,
    over: Over,
    /// When other processes were last looked for, and what was seen.
    looked: Instant,
    seen: i64,
    /// Whether we want the lock, and whether we have it.
    wants: bool,
    lock: Arc<LockSlot>,
}

impl Writer {
    /// To be called while one is busy.
    pub(super) fn new(path: &Path, db: Connection, options: &SqliteOptions, stir: Stir) -> Result<Self, Error> {
        #[cfg(test)]
        let over = options.over.clone();
        #[cfg(not(test))]
        let over = Over::default();
        let again = path.to_owned();
        Ok(Self {
            path: path.to_owned(),
            checkpoints: Checkpoints::start(path, over.clone())?,
            db: Slot::new(db, move || file::writer_again(&again)),
            clock: options.clock.clone(),
            stir,
            over,
            looked: Instant::now(),
            seen: 0,
            wants: !options.tool,
            lock: LockSlot::new(),
        })
    }

    /// Takes the lock, if it is wanted and free, and gives back what its last holder held.
    pub(super) fn start(mut self) -> Result<Self, Error> {
        self.lock()?;
        self.seen = self.version();
        Ok(self)
    }

    /// Does what is asked until nobody can ask any more and all is done.
    pub(super) fn work(mut self, orders: &Receiver<Order>) {
        let mut likely = 1;
        while let Some(first) = self.next(orders) {
            let mut errands = gather(first, orders, likely);
            // As many as came now are likely to come again: each waits for its answer before it asks for more.
            likely = errands.len();
            self.settle(&mut errands);
            // Where the file cannot be opened after a fork, whoever writes next is told.
            self.db.with(|db| _ = db.map(|db| self.checkpoints.tend(db, &self.path, &self.over)));
            if self.looked.elapsed() > LOOK {
                self.look_around();
            }
        }
        self.stir.all();
    }

    fn next(&mut self, orders: &Receiver<Order>) -> Option<Box<dyn Errand>> {
        loop {
            let order = if self.stir.is_awaited() {
                orders.recv_timeout(LOOK)
            } else {
                orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match order {
                Ok(Order::Errand(errand)) => return Some(errand),
                Ok(Order::Watch) => {}
                Err(RecvTimeoutError::Timeout) => self.look_around(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Has what other processes did known, and takes the lock once its holder has ended.
    fn look_around(&mut self) {
        self.looked = Instant::now();
        if self.over.get().is_some() {
            return;
        }
        if let Err(error) = self.lock() {
            tracing::warn!(error = %error, "the lock of the inbox cannot be taken");
        }
        let version = self.version();
        if version != self.seen {
            self.seen = version;
            self.stir.all();
        }
    }

    /// Changes with each commit of another connection.
    fn version(&self) -> i64 {
        let version = |db: &Connection| db.query_row("PRAGMA data_version", [], |row| row.get(0)).ok();
        self.db.with(|db| db.ok().and_then(version)).unwrap_or(self.seen)
    }

    fn lock(&mut self) -> Result<(), Error> {
        if !self.wants || self.lock.is_held() || !self.lock.take(&self.path)? {
            return Ok(());
        }
        let mut back = (0, (0, 0));
        let given = self.transact(|within| {
            back = (handle::give_back(within)?, jobs::abandon(within, Duration::ZERO, true)?);
            Ok(())
        });
        if let Err(fault) = given {
            self.lock.let_go();
            return Err(fault.into_error());
        }
        let (leases, (unknown, refused)) = back;
        if leases + unknown + refused > 0 {
            tracing::info!(leases, unknown, refused, "took up what a process that ended had begun");
            self.stir.all();
        }
        Ok(())
    }

    /// Puts all on the disk in one transaction, or each in its own where that failed, and answers.
    fn settle(&mut self, errands: &mut Vec<Box<dyn Errand>>) {
        match self.commit(errands) {
            Ok(()) => self.answer(errands.drain(..), None),
            Err((Reach::One, _)) if errands.len() > 1 => {
                while !errands.is_empty() {
                    let mut alone: Vec<_> = errands.drain(..1).collect();
                    let failed = self.commit(&mut alone).err().map(|(_, error)| error);
                    self.answer(alone.into_iter(), failed.as_ref());
                }
            }
            Err((_, error)) => self.answer(errands.drain(..), Some(&error)),
        }
    }

    fn answer(&self, errands: impl Iterator<Item = Box<dyn Errand>>, failed: Option<&Error>) {
        let mut stirs = false;
        for errand in errands {
            stirs |= errand.stirs();
            errand.answer(failed.cloned());
        }
        if stirs && failed.is_none() {
            self.stir.all();
        }
    }

    fn commit(&mut self, errands: &mut [Box<dyn Errand>]) -> Result<(), (Reach, Error)> {
        if let Some(over) = self.over.get() {
            return Err((Reach::All, over.clone()));
        }
        self.transact(|within| run(errands, within)).map_err(|fault| {
            checkpoint::stop(&fault, &self.path, &self.over);
            let reach = fault.reach();
            let error = self.over.get().cloned().unwrap_or_else(|| named(&self.path, fault.into_error()));
            (reach, error)
        })
    }

    fn transact(&self, work: impl FnMut(Within<'_>) -> Ruled<()>) -> Ruled<()> {
        self.db.with(|db| self.transact_in(db.map_err(Fault::Said)?, work))
    }

    fn transact_in(&self, db: &Connection, mut work: impl FnMut(Within<'_>) -> Ruled<()>) -> Ruled<()> {
        let execute = |sql| db.prepare_cached(sql)?.execute([]).map_err(Fault::from);
        execute("BEGIN IMMEDIATE")?;
        let within = Within { db, now: self.clock.now().as_millis(), holder: self.lock.is_held() };
        let outcome = work(within).and_then(|()| {
            failpoint::reach("store.before_commit");
            execute("COMMIT")?;
            failpoint::reach("store.after_commit");
            Ok(())
        });
        if outcome.is_err() && !db.is_autocommit() {
            // Where even this fails, the next one cannot begin, and says so.
            let _ = execute("ROLLBACK");
        }
        outcome
    }
}

impl Drop for Writer {
    /// The lock last, when nothing of ours touches the file any more.
    fn drop(&mut self) {
        self.checkpoints.end();
        self.db.end();
        self.lock.let_go();
    }
}

/// Those that wait already, and those that come within a moment, if any are likely to.
fn gather(first: Box<dyn Errand>, orders: &Receiver<Order>, likely: usize) -> Vec<Box<dyn Errand>> {
    let mut errands = vec![first];
    let began = Instant::now();
    loop {
        let before = errands.len();
        while errands.len() < MOST
            && let Ok(order) = orders.try_recv()
        {
            if let Order::Errand(errand) = order {
                errands.push(errand);
            }
        }
        let nobody_came = errands.len() == before && before > 1;
        // Half of them: while their transaction goes to the disk, the requests of the other half are read.
        if errands.len() >= likely.min(MOST).div_ceil(2) || nobody_came || began.elapsed() >= GATHER {
            return errands;
        }
        // Not woken by each that comes: that would cost more than what it brings.
        std::thread::sleep(GAP);
    }
}
