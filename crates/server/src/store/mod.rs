//! Where jobs and pictures are kept: in memory, or in a database file that survives a restart.

mod album;
mod lock;
mod memory;
mod query;
pub(crate) mod records;
mod schema;
mod sqlite;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use image_intelligence_core::{Error, ErrorKind, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use memory::Memory;
pub(crate) use query::Query;
use records::{Audience, NewDelivery, Records};
pub(crate) use sqlite::Sqlite;

use crate::delivery::Scheduled;
use crate::job::{Among, Job, Outcome};
use crate::progression::Gate;

/// The most jobs that one search answers, the newest; a caller with more narrows by time.
pub(crate) const MOST_FOUND: usize = 10_000;

/// What a store does. Every call returns once what it did is as durable as the store ever makes it.
pub(crate) trait Store: Send + Sync + 'static {
    /// Whether calls wait for a disk, and so belong on a thread of their own.
    fn blocks(&self) -> bool;

    /// Keeps a new job, the pictures that came with it, by their ids, and the delivery that its end brings: all or nothing.
    fn insert(&self, job: Job, pictures: Vec<(String, Bytes)>, delivery: Option<NewDelivery>)
    -> Result<(), StoreError>;

    /// The owner's job of this id, of one sort or of any. `count` says that this is a showing.
    fn job(&self, owner: &str, among: Option<&Among>, id: &str, count: bool) -> Result<Option<Arc<Job>>, StoreError>;

    /// The owner's jobs of one sort that the query is after. `count` says that this is a showing of each.
    fn search(&self, owner: &str, among: &Among, query: &Query, count: bool) -> Result<Vec<Arc<Job>>, StoreError>;

    /// Ends the work on a job, keeps the faces that it found, and answers what is to be delivered by that.
    fn finish(&self, job: &Job, outcomes: Vec<Outcome>, ending: &Ending) -> Result<Vec<Scheduled>, StoreError>;

    /// Keeps a picture that was fetched for a job.
    fn keep_picture(&self, job: &str, id: &str, bytes: Bytes) -> Result<(), StoreError>;

    /// The picture of this id, if it is still there.
    fn picture(&self, id: &str) -> Result<Option<Bytes>, StoreError>;

    /// The jobs whose work is not over, oldest first: what a restart has to do again.
    fn unfinished(&self) -> Result<Vec<Arc<Job>>, StoreError>;

    /// When the newest of anything was made.
    fn newest(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Has work done on what is no job. Where it writes, all of it is kept if it says so, and otherwise nothing.
    fn records(&self, write: bool, work: &mut dyn FnMut(&Records<'_>) -> bool) -> Result<(), StoreError>;
}

/// What the end of a job is measured by, and who is told of it.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) gate: Gate,
    /// Whose identities it may change; none where that client is no longer known.
    pub(crate) audience: Option<Audience>,
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

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("a row cannot be read or written: {error}"))
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(text)?)
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

    /// Reads what is no job.
    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Records<'_>) -> Result<T, E> + Send + 'static,
    {
        self.records(false, work).await
    }

    /// Changes what is no job. Where the work fails, nothing is changed.
    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Records<'_>) -> Result<T, E> + Send + 'static,
    {
        self.records(true, work).await
    }

    async fn records<T, E, F>(&self, write: bool, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Records<'_>) -> Result<T, E> + Send + 'static,
    {
        let done = self.call(move |store| {
            let (mut work, mut done) = (Some(work), None);
            store.records(write, &mut |records| {
                done = work.take().map(|work| work(records));
                matches!(done, Some(Ok(_)))
            })?;
            done.ok_or_else(|| StoreError::Failed("the store did not do the work".into()))
        });
        done.await?
    }
}
