//! The thread that reads, so that who looks never waits for the disk and no caller's thread is held up.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use image_intelligence_core::Result;
use rusqlite::Connection;

use super::forking::Slot;

/// One thing to look up, if there is a way to.
pub(super) type Look = Box<dyn FnOnce(Result<&Connection>) + Send>;

/// No more than so many wait.
const WAITING: usize = 1024;

pub(super) fn queue() -> (SyncSender<Look>, Receiver<Look>) {
    sync_channel(WAITING)
}

pub(super) fn work(db: &Slot, looks: &Receiver<Look>) {
    while let Ok(look) = looks.recv() {
        db.with(look);
    }
    db.end();
}
