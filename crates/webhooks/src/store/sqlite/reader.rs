//! The thread that reads, so that who looks never waits for the disk and no caller's thread is held up.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::Connection;

/// One thing to look up.
pub(super) type Look = Box<dyn FnOnce(&Connection) + Send>;

/// No more than so many wait.
const WAITING: usize = 1024;

pub(super) fn queue() -> (SyncSender<Look>, Receiver<Look>) {
    sync_channel(WAITING)
}

pub(super) fn work(db: &Connection, looks: &Receiver<Look>) {
    while let Ok(look) = looks.recv() {
        look(db);
    }
}
