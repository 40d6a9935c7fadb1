//! What is kept and is no job: identities, faces and their groups, feedback, registered webhooks, deliveries.
//!
//! Written once, as SQL: the store in memory keeps them in a database of its own that has no file.

mod deliveries;
mod events;
mod faces;
mod feedback;
mod groups;
mod identities;
mod webhooks;

use rusqlite::Connection;

use super::StoreError;

pub(crate) use deliveries::{Due, Listing, NewDelivery, Verdict, What};
pub(crate) use events::Audience;
pub(crate) use faces::FaceRow;
pub(crate) use identities::{Changed, IdentityRow};

/// How much is kept; `None` keeps all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bounds {
    /// The oldest that are nobody's go first, then the oldest.
    pub(crate) faces: Option<usize>,
    /// More are refused: what somebody made by hand is not thrown out.
    pub(crate) identities: Option<usize>,
    /// In bytes; the oldest goes first.
    pub(crate) feedback: Option<usize>,
    /// The oldest that is over goes first; what is to go out is not thrown out.
    pub(crate) deliveries: Option<usize>,
}

/// The tables of records, for one call: within a transaction where it writes.
pub(crate) struct Records<'a> {
    pub(super) connection: &'a Connection,
    pub(super) bounds: Bounds,
}

/// Whose records, and in which namespace.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) owner: String,
    pub(crate) namespace: String,
}

/// Why a call on records did not do what it was asked.
#[derive(Debug)]
pub(crate) enum RecordError {
    /// What the call is about is not there.
    Missing,
    /// A picture that the request names is not there: where it stands, and its id.
    UnknownImage {
        field: String,
        id: String,
    },
    /// There are as many identities as memory keeps.
    TooMany(usize),
    /// There is one already, and it cannot be taken back.
    Taken,
    Store(StoreError),
}

impl RecordError {
    /// For a call that names nothing which could be missing.
    pub(crate) fn into_store(self) -> StoreError {
        if let Self::Store(error) = self { error } else { StoreError::Failed(format!("{self:?}")) }
    }
}

impl From<StoreError> for RecordError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for RecordError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<serde_json::Error> for RecordError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}

type Recorded<T> = Result<T, RecordError>;
