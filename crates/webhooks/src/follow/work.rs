//! What is under way of one sort, each piece in a task of its own.

use std::collections::HashSet;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use image_intelligence_core::Result;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::confirm::Health;

/// What is under way of one sort.
pub(super) struct Work<K> {
    tasks: JoinSet<(K, Result<Health>)>,
    keys: HashSet<K>,
    /// There may be more in the store.
    pub(super) more: bool,
    /// When there may be more by itself.
    pub(super) due_at: Instant,
}

impl<K: Copy + Eq + Hash + Send + 'static> Work<K> {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), keys: HashSet::new(), more: true, due_at: Instant::now() }
    }

    /// How many to take now. They are taken many at once, or none.
    pub(super) fn room(&self, most: usize) -> Option<usize> {
        let room = most.saturating_sub(self.keys.len());
        (self.more && room > 0 && room * 2 >= most).then_some(room)
    }

    /// Begins a piece. One that is under way still, as its lease has lapsed meanwhile, was given a new lease and no more.
    pub(super) fn begin(&mut self, key: K, piece: impl Future<Output = Result<Health>> + Send + 'static) {
        if self.keys.insert(key) {
            self.tasks.spawn(async move {
                let done = AssertUnwindSafe(piece).catch_unwind().await;
                let panicked = |_| {
                    tracing::error!("following a job panicked; it is tried again when its lease has lapsed");
                    Ok(Health::Ill)
                };
                (key, done.unwrap_or_else(panicked))
            });
        }
    }

    /// What became of the next piece that ends. Pending for ever where none is under way.
    pub(super) async fn next(&mut self) -> Result<Health> {
        loop {
            match self.tasks.join_next().await {
                Some(Ok((key, done))) => {
                    self.keys.remove(&key);
                    return done;
                }
                // It cannot be: a piece contains its panics, and is aborted only at the end.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// As [`next`](Self::next), where one has ended already.
    pub(super) fn try_next(&mut self) -> Option<Result<Health>> {
        let (key, done) = self.tasks.try_join_next()?.ok()?;
        self.keys.remove(&key);
        Some(done)
    }

    /// Ends all that is under way, and says what that was.
    pub(super) async fn end(&mut self) -> Vec<K> {
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        self.keys.drain().collect()
    }
}
