//! What a fork may find of the database: nothing. A child that inherits an open database shares its parent's locks without knowing,
//! and what it then writes is lost; one that inherits a lock in mid-use waits for ever. So before a fork every connection is
//! closed and none is at work, and the parent opens its own again when it next needs them.
//!
//! A binding whose language forks calls [`before_fork`], [`after_fork_in_parent`] and [`after_fork_in_child`]. Where nobody does, a child
//! cannot open an inbox here.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use image_intelligence_core::{Error, ErrorKind, Result};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::file::Lock;

/// How many threads are at work in the database, and in the upper half how many forks are about to be.
struct Gate(AtomicUsize);

const FORK: usize = 1 << (usize::BITS / 2);
/// How long either waits before it looks again.
const GLANCE: Duration = Duration::from_micros(200);

impl Gate {
    /// Waits for forks that are about to be.
    fn enter(&self) {
        while self.0.fetch_add(1, Ordering::SeqCst) >= FORK {
            self.exit();
            std::thread::sleep(GLANCE);
        }
    }

    fn exit(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// Lets nobody enter, and waits until all have left; `false` where they took too long.
    fn shut(&self, patience: Duration) -> bool {
        self.0.fetch_add(FORK, Ordering::SeqCst);
        let began = Instant::now();
        while self.0.load(Ordering::SeqCst) & (FORK - 1) > 0 {
            if began.elapsed() >= patience {
                return false;
            }
            std::thread::sleep(GLANCE);
        }
        true
    }

    fn open(&self) {
        self.0.fetch_sub(FORK, Ordering::SeqCst);
    }
}

static GATE: Gate = Gate(AtomicUsize::new(0));

/// All that is open in this process, or was in the one that forked it. Locked only by those who have entered, and before a fork.
static OPEN: Mutex<Vec<Weak<dyn Kept>>> = Mutex::new(Vec::new());

/// Whether not even that could be said when this process was forked.
static TORN: AtomicBool = AtomicBool::new(false);

/// While this is there the thread is at work in the database. One thread has one at a time: a second would wait for a fork that waits
/// for the first.
pub(super) struct Busy(());

impl Busy {
    pub(super) fn begin() -> Self {
        GATE.enter();
        Self(())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        GATE.exit();
    }
}

/// What does not go through a fork.
trait Kept: Send + Sync {
    /// Before the fork, where nobody is at work.
    fn close(&self) {}
    /// In the child.
    fn forget(&self) {}
    /// Whether something of another process is in it that must not be there.
    fn is_foreign(&self) -> bool {
        false
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(kept: &Arc<impl Kept + 'static>) {
    let mut open = locked(&OPEN);
    open.retain(|one| one.strong_count() > 0);
    let kept: Arc<dyn Kept> = Arc::clone(kept) as _;
    open.push(Arc::downgrade(&kept));
}

/// A connection of one thread.
pub(super) struct Slot {
    process: u32,
    db: Mutex<Option<Connection>>,
    again: Box<dyn Fn() -> Result<Connection> + Send + Sync>,
}

impl Slot {
    /// To be called while one is busy. `again` opens the same anew after a fork.
    pub(super) fn new(db: Connection, again: impl Fn() -> Result<Connection> + Send + Sync + 'static) -> Arc<Self> {
        let slot = Arc::new(Self { process: std::process::id(), db: Mutex::new(Some(db)), again: Box::new(again) });
        keep(&slot);
        slot
    }

    /// Works with the connection, opened anew where a fork has closed it, or with why it cannot be. Waits for a fork that is
    /// about to be.
    pub(super) fn with<T>(&self, work: impl FnOnce(Result<&Connection>) -> T) -> T {
        let _busy = Busy::begin();
        let mut slot = locked(&self.db);
        let db = slot.take().map_or_else(|| (self.again)().map_err(|error| error.with_retryable(true)), Ok);
        work(db.map(|db| &*slot.insert(db)))
    }

    /// Closes it for good.
    pub(super) fn end(&self) {
        let _busy = Busy::begin();
        let db = locked(&self.db).take();
        drop(db);
    }
}

impl Kept for Slot {
    fn close(&self) {
        if let Some(db) = locked(&self.db).take() {
            // What is in the log stays there, as copying it may take long.
            let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }

    fn is_foreign(&self) -> bool {
        self.process != std::process::id() && !self.db.try_lock().is_ok_and(|db| db.is_none())
    }
}

/// The lock on the file: a child has it too, and would hold it after its parent has gone.
#[derive(Default)]
pub(super) struct LockSlot(Mutex<Option<Lock>>);

impl LockSlot {
    /// To be called while one is busy.
    pub(super) fn new() -> Arc<Self> {
        let slot = Arc::default();
        keep(&slot);
        slot
    }

    pub(super) fn is_held(&self) -> bool {
        locked(&self.0).is_some()
    }

    /// Takes it where nobody has it.
    pub(super) fn take(&self, database: &Path) -> Result<bool> {
        let _busy = Busy::begin();
        let mut slot = locked(&self.0);
        *slot = Lock::take(database)?;
        Ok(slot.is_some())
    }

    pub(super) fn let_go(&self) {
        *locked(&self.0) = None;
    }
}

impl Kept for LockSlot {
    fn forget(&self) {
        if let Ok(mut lock) = self.0.try_lock() {
            *lock = None;
        }
    }
}

/// Refuses in a child that was forked while an inbox was open and nobody said so. To be called while one is busy.
pub(super) fn check() -> Result<()> {
    let torn = TORN.load(Ordering::SeqCst);
    if torn || locked(&OPEN).iter().filter_map(Weak::upgrade).any(|kept| kept.is_foreign()) {
        let message = "the process that forked this one has an inbox in a file open and was in the midst of its work, which \
                       SQLite does not survive; open it in the children only, or start them without a fork";
        return Err(Error::new(ErrorKind::Closed, message));
    }
    Ok(())
}

/// Waits until no thread is at work in the database, for as long as that takes but no longer than `patience`, and closes what is
/// open. From then on nothing is opened before [`after_fork_in_parent`] is called, or [`after_fork_in_child`] in the child.
#[doc(hidden)]
pub fn before_fork(patience: Duration) {
    if GATE.shut(patience) {
        for kept in locked(&OPEN).iter().filter_map(Weak::upgrade) {
            kept.close();
        }
    } else {
        tracing::warn!("a fork did not wait for an inbox that is at work; its child cannot open one");
    }
}

/// Lets work go on.
#[doc(hidden)]
pub fn after_fork_in_parent() {
    GATE.open();
}

/// Lets work begin in a child, and lets go of what it has of its parent's.
#[doc(hidden)]
pub fn after_fork_in_child() {
    GATE.0.store(0, Ordering::SeqCst);
    match OPEN.try_lock() {
        Ok(open) => open.iter().filter_map(Weak::upgrade).for_each(|kept| kept.forget()),
        Err(_) => TORN.store(true, Ordering::SeqCst),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[test]
    fn a_fork_waits_for_those_at_work_and_they_for_it() {
        let gate = Arc::new(Gate(AtomicUsize::new(0)));
        gate.enter();
        assert!(!gate.shut(SOON), "somebody is at work");
        gate.open();
        gate.exit();
        assert!(gate.shut(SOON) && gate.shut(SOON), "two forks at one time");
        let (done, entered) = channel();
        let other = Arc::clone(&gate);
        let thread = std::thread::spawn(move || {
            other.enter();
            done.send(()).unwrap();
        });
        gate.open();
        assert!(entered.recv_timeout(SOON).is_err(), "the other fork is still to be");
        gate.open();
        entered.recv_timeout(Duration::from_secs(30)).unwrap();
        thread.join().unwrap();
        assert_eq!(gate.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_connection_is_closed_before_a_fork_and_opened_again_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let open = {
            let path = path.clone();
            move || Connection::open(&path).map_err(|error| Error::new(ErrorKind::Store, error.to_string()))
        };
        let slot = Slot::new(open().unwrap(), open);
        let make = "PRAGMA journal_mode = WAL; CREATE TABLE a (b)";
        slot.with(|db| db.unwrap().execute_batch(make)).unwrap();
        before_fork(Duration::from_secs(30));
        assert!(slot.db.try_lock().unwrap().is_none());
        let log = path.with_extension("db-wal");
        assert!(log.metadata().unwrap().len() > 0, "the log was copied");
        after_fork_in_parent();
        slot.with(|db| db.unwrap().execute("INSERT INTO a VALUES (1)", [])).unwrap();
        slot.end();
        assert!(!log.exists());

        // What is done in a child of whose fork nothing was said.
        let foreign =
            |db| Slot { process: std::process::id() + 1, db: Mutex::new(db), again: Box::new(|| unreachable!()) };
        assert!(foreign(Some(Connection::open_in_memory().unwrap())).is_foreign());
        assert!(!foreign(None).is_foreign());
        assert!(!slot.is_foreign() && check().is_ok());
    }
}
