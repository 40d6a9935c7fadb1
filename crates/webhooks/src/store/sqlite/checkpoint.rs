//! The log is copied into the database while the writer goes on, so that no webhook waits for that.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use image_intelligence_core::{Error, Result};
use rusqlite::Connection;

use super::fault::{Fault, Reach, store, told};
use super::file;
use super::forking::Slot;

/// From so many pages of 4,096 bytes on they are copied: little at a time, as a commit waits for the disk behind it.
const COPY: i64 = 1_500;
/// A log that is so long is begun anew as soon as all of it is copied...
const LONG: i64 = 16_000;
/// ... for which the writer itself copies the last ones, if they are no more than so many...
const FEW: i64 = 1_500;
/// ... or whatever it takes, where the log is as long as this.
const TOO_LONG: i64 = 64_000;

/// Why nothing is written any more, for all who write.
pub(crate) type Over = Arc<OnceLock<Error>>;

/// The thread that copies.
pub(super) struct Checkpoints {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn start(path: &Path, over: Over) -> Result<Self> {
        let (wake, woken) = sync_channel(1);
        let (again, path) = (path.to_owned(), path.to_owned());
        let db = Slot::new(file::copier(&path)?, move || file::copier(&again));
        let thread = std::thread::Builder::new().name("ii-inbox-copy".into());
        let thread = thread.spawn(move || {
            while woken.recv().is_ok() {
                // Where it cannot be opened after a fork the writer says so, or copies in the end.
                db.with(|db| _ = db.map(|db| copy(db, &path, &over)));
            }
            db.end();
        });
        let thread = thread.map_err(|error| store("a thread cannot be started").with_source(error))?;
        Ok(Self { wake: Some(wake), thread: Some(thread) })
    }

    /// Waits until nothing is copied any more.
    pub(super) fn end(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    /// After each commit: has the log copied, if it is time.
    pub(super) fn tend(&self, db: &Connection, path: &Path, over: &Over) {
        let Ok((length, left)) = log(db) else { return };
        if length >= TOO_LONG || length >= LONG && left <= FEW {
            copy(db, path, over);
        } else if left >= COPY
            && let Some(wake) = &self.wake
        {
            // Where it is awake already it goes on for long enough.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.end();
    }
}

/// How many pages the log has, and how many of them are not copied.
fn log(db: &Connection) -> rusqlite::Result<(i64, i64)> {
    let mut statement = db.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?;
    statement.query_row([], |row| Ok((row.get(1)?, row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)))
}

fn copy(db: &Connection, path: &Path, over: &Over) {
    let copied = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = copied {
        stop(&Fault::from(error), path, over);
    }
}

/// After a fault that leaves nobody knowing what is on the disk, nothing more is written.
pub(super) fn stop(fault: &Fault, path: &Path, over: &Over) {
    let Fault::Database(error) = fault else { return };
    if fault.reach() != Reach::Forever {
        return;
    }
    let error = file::named(path, told(error));
    tracing::error!(error = %error, "the inbox takes nothing more until it is reopened");
    let _ = over.set(error.with_retryable(false).with_context("nothing is written until the inbox is reopened"));
}
