//! Where jobs and pictures are kept: in memory, or in a database file that survives a restart.

mod album;
mod lock;
mod memory;
mod schema;
mod sqlite;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use image_intelligence_core::{Error, ErrorKind, JobSearch, Timestamp};

pub(crate) use memory::Memory;
pub(crate) use sqlite::Sqlite;

use crate::job::{Job, Outcome};

/// The most jobs that one search answers, the newest; a caller with more narrows by time.
pub(crate) const MOST_FOUND: usize = 10_000;

/// What a store does. Every call returns once what it did is as durable as the store ever makes it.
pub(crate) trait Store: Send + Sync + 'static {
    /// Whether calls wait for a disk, and so belong on a thread of their own.
    fn blocks(&self) -> bool;

    /// Keeps a new job and the pictures that came with it, by their ids: all or nothing.
    fn insert(&self, job: Job, pictures: Vec<(String, Bytes)>) -> Result<(), StoreError>;

    /// The owner's job of this id. `count` says that this is a showing.
    fn job(&self, owner: &str, id: &str, count: bool) -> Result<Option<Arc<Job>>, StoreError>;

    /// The owner's jobs that the search is after, oldest first. `count` says that this is a showing of each.
    fn search(&self, owner: &str, search: &JobSearch, count: bool) -> Result<Vec<Arc<Job>>, StoreError>;

    /// Ends the work on a job.
    fn finish(&self, id: &str, outcomes: Vec<Outcome>) -> Result<(), StoreError>;

    /// Keeps a picture that was fetched for a job.
    fn keep_picture(&self, job: &str, id: &str, bytes: Bytes) -> Result<(), StoreError>;

    /// The picture of this id, if it is still there.
    fn picture(&self, id: &str) -> Result<Option<Bytes>, StoreError>;

    /// The jobs whose work is not over, oldest first: what a restart has to do again.
    fn unfinished(&self) -> Result<Vec<Arc<Job>>, StoreError>;

    /// When the newest job was made.
    fn newest(&self) -> Result<Option<Timestamp>, StoreError>;
}

/// Whether a job is one that the search is after. Both bounds are included: the contract leaves it open, and a job that
/// comes twice does less harm than one that never comes.
fn takes(search: &JobSearch, job: &Job) -> bool {
    let same = |wanted: &Option<String>, given| wanted.is_none() || wanted.as_deref() == given;
    same(&search.custom_id, job.custom_id())
        && same(&search.feed_id, job.feed_id())
        && search.before.is_none_or(|before| job.created_at <= before)
        && search.after.is_none_or(|after| job.created_at >= after)
}

#[derive(Debug)]
pub(crate) enum StoreError {
    /// No room, and nothing that may be thrown out.
    Full,
    /// The database refused or failed.
    Failed(String),
}

impl StoreError {
    /// The error for whoever starts a server.
    pub(crate) fn into_error(self) -> Error {
        Error::new(ErrorKind::Store, self.to_string())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the store is full of jobs in progress"),
            Self::Failed(problem) => f.write_str(problem),
        }
    }
}

/// A store, called from asynchronous code.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<dyn Store>);

impl Shelf {
    pub(crate) fn new(store: impl Store) -> Self {
        Self(Arc::new(store))
    }

    /// Runs a call: here where the store only touches memory, else on a thread that may wait. Dropping the future does not
    /// stop a call that has begun.
    pub(crate) async fn call<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        if !self.0.blocks() {
            return call(&*self.0);
        }
        let store = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || call(&*store))
            .await
            .unwrap_or_else(|error| Err(StoreError::Failed(format!("the database call broke off: {error}"))))
    }
}
