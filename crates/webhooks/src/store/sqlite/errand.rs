//! What is asked of the writer, and who waits for the answer.

use std::collections::HashMap;

use image_intelligence_core::{Error, Result};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::fault::Ruled;
use super::receive;
use crate::event_key::EventKey;
use crate::store::{Incoming, Receipt};

/// Where an errand is run: in a transaction.
#[derive(Clone, Copy)]
pub(super) struct Within<'a> {
    pub(super) db: &'a Connection,
    /// The store's time, in milliseconds.
    pub(super) now: i64,
    /// Whether we hold the lock, so that whoever holds it next knows us dead.
    pub(super) holder: bool,
}

/// One thing to do in a transaction, which it may share with others.
pub(super) trait Errand: Send {
    /// Does it. Is done again from the start where the transaction had to be given up for another's sake.
    fn run(&mut self, within: Within<'_>) -> Ruled<()>;

    /// The webhooks that it brings, in place of [`run`](Self::run): those of one transaction are put in together.
    fn brings(&self) -> &[Incoming] {
        &[]
    }

    /// What became of each of those.
    fn receipts(&mut self, receipts: Vec<Receipt>) {
        let _ = receipts;
    }

    /// Whether it may have made something claimable.
    fn stirs(&self) -> bool;

    /// Tells whoever waits, once it is on the disk or failed.
    fn answer(self: Box<Self>, failed: Option<Error>);
}

/// An errand that is a function.
pub(super) struct Call<T, F> {
    work: F,
    done: Option<T>,
    stirs: bool,
    to: oneshot::Sender<Result<T>>,
}

impl<T, F> Call<T, F> {
    pub(super) fn new(stirs: bool, work: F) -> (Self, oneshot::Receiver<Result<T>>) {
        let (to, answer) = oneshot::channel();
        (Self { work, done: None, stirs, to }, answer)
    }
}

impl<T, F> Errand for Call<T, F>
where
    T: Send,
    F: FnMut(Within<'_>) -> Ruled<T> + Send,
{
    fn run(&mut self, within: Within<'_>) -> Ruled<()> {
        self.done = Some((self.work)(within)?);
        Ok(())
    }

    fn stirs(&self) -> bool {
        self.stirs
    }

    fn answer(self: Box<Self>, failed: Option<Error>) {
        let answer = match (failed, self.done) {
            (None, Some(done)) => Ok(done),
            (failed, _) => Err(failed.unwrap_or_else(super::closed)),
        };
        // Whoever asked may be gone; it has happened all the same.
        let _ = self.to.send(answer);
    }
}

/// An errand that brings webhooks.
pub(super) struct Bring {
    batch: Vec<Incoming>,
    receipts: Vec<Receipt>,
    to: oneshot::Sender<Result<Vec<Receipt>>>,
}

impl Bring {
    pub(super) fn new(batch: Vec<Incoming>) -> (Self, oneshot::Receiver<Result<Vec<Receipt>>>) {
        let (to, answer) = oneshot::channel();
        (Self { batch, receipts: Vec::new(), to }, answer)
    }
}

impl Errand for Bring {
    fn run(&mut self, _: Within<'_>) -> Ruled<()> {
        Ok(())
    }

    fn brings(&self) -> &[Incoming] {
        &self.batch
    }

    fn receipts(&mut self, receipts: Vec<Receipt>) {
        self.receipts = receipts;
    }

    fn stirs(&self) -> bool {
        true
    }

    fn answer(self: Box<Self>, failed: Option<Error>) {
        let _ = self.to.send(failed.map_or(Ok(self.receipts), Err));
    }
}

/// Runs all of them in the transaction that is open.
pub(super) fn run(errands: &mut [Box<dyn Errand>], within: Within<'_>) -> Ruled<()> {
    for errand in &mut *errands {
        errand.run(within)?;
    }
    let brought = || errands.iter().flat_map(|errand| errand.brings());
    // Of one key there is one row, and rows are put in by the order of their keys: neighbours share a page of the index.
    let mut by_key: HashMap<EventKey, Vec<&Incoming>> = HashMap::new();
    brought().for_each(|incoming| by_key.entry(incoming.key).or_default().push(incoming));
    let mut keys: Vec<_> = by_key.into_iter().collect();
    keys.sort_unstable_by_key(|(key, _)| *key);
    let mut first = HashMap::with_capacity(keys.len());
    for (key, bodies) in keys {
        first.insert(key, receive::put(within, &bodies)?);
    }
    // The first of a key is what it is; all that come after it are duplicates.
    let mut receipt = |incoming: &Incoming| {
        first.get_mut(&incoming.key).map_or(Receipt::Duplicate, |first| std::mem::replace(first, Receipt::Duplicate))
    };
    for errand in errands {
        let receipts = errand.brings().iter().map(&mut receipt).collect();
        errand.receipts(receipts);
    }
    Ok(())
}
