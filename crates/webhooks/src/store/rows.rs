//! What goes into a store, and what comes out.

use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{EventKind, JobRef, Kind, Rid, Timestamp};

use crate::event_key::EventKey;

/// What a webhook brought.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) key: EventKey,
    pub(crate) origin: Origin,
    /// What the body is.
    pub(crate) label: EventKind,
    pub(crate) body: Bytes,
    /// Whether its signature was checked.
    pub(crate) signed: bool,
    /// Whether the body is no more than a hint until the API says the same.
    pub(crate) confirm: bool,
}

/// Whose event it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// One of our own jobs, by its token.
    Ours {
        rid: Rid,
        kind: Kind,
        /// The id that stands in the body, which counts only where none is known.
        hint: Option<String>,
    },
    /// A job that somebody else sent.
    Foreign { id: String },
    /// What has no name of its own.
    Raw,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// It is new.
    New,
    /// It is there already.
    Duplicate,
}

/// An event that is to be confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Unconfirmed {
    pub(crate) seq: i64,
    /// Counts the bodies that came.
    pub(crate) version: i64,
    pub(crate) label: EventKind,
    pub(crate) origin: Seen,
    /// How often it was tried before.
    pub(crate) tries: u32,
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests look"))]
    pub(crate) received_at: Timestamp,
}

/// Whose event is to be confirmed, and what is known of its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// One of our own.
    Ours { rid: Rid, kind: Kind, namespace: Option<String>, known: Hint },
    /// Somebody else's.
    Foreign { id: String },
}

/// Which job of the API it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hint {
    /// The submit's answer said so.
    Sure(JobRef),
    /// A body says so: true only if the job's webhookUrl carries our token.
    Body(String),
    /// Nobody said.
    None,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    pub(crate) label: EventKind,
    pub(crate) body: Bytes,
    /// The service's name for the job, where it is known.
    pub(crate) id: Option<String>,
    /// When it was made, by the service's clock.
    pub(crate) created_at: Option<Timestamp>,
}

/// The end of one of our own jobs.
#[derive(Debug, Clone)]
pub(crate) struct Finish {
    pub(crate) kind: Kind,
    pub(crate) namespace: Option<String>,
    pub(crate) outcome: Outcome,
    /// Whether a webhook led to it: only then it counts for how long jobs take.
    pub(crate) by_webhook: bool,
    pub(crate) terminal: Terminal,
}

/// Which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Completed,
    GaveUp,
}

/// A job whose webhook is overdue.
#[derive(Debug, Clone)]
pub(crate) struct Overdue {
    pub(crate) rid: Rid,
    pub(crate) kind: Kind,
    pub(crate) namespace: Option<String>,
    pub(crate) custom_id: String,
    /// `None`: nobody knows whether it exists.
    pub(crate) job: Option<JobRef>,
    /// When it was sent, by the store's clock.
    pub(crate) at: Timestamp,
    /// How often it was looked for before.
    pub(crate) tries: u32,
}

/// What is known of one of our own jobs.
#[cfg_attr(not(test), expect(dead_code, reason = "only tests look"))]
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) kind: Kind,
    pub(crate) namespace: Option<String>,
    pub(crate) job: Option<JobRef>,
    /// `intended`, `expected`, `refused`, `unknown`, `completed` or `gave_up`.
    pub(crate) state: &'static str,
    pub(crate) at: Timestamp,
}

/// Who holds an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) seq: i64,
    pub(crate) generation: i64,
}

/// An event that was leased.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) lease: Lease,
    pub(crate) key: EventKey,
    pub(crate) rid: Option<Rid>,
    pub(crate) label: EventKind,
    pub(crate) body: Bytes,
    pub(crate) signed: bool,
    /// 1 at the first.
    pub(crate) attempt: u32,
    pub(crate) received_at: Timestamp,
    /// The pictures of a job of ours, as its intent had them.
    pub(crate) inputs: Option<Vec<u8>>,
}

/// Which events somebody wants to see.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    /// One of `received`, `ready`, `leased`, `done`, `dead`.
    pub(crate) state: Option<String>,
    pub(crate) label: Option<EventKind>,
    /// Of that job, by the service's name or our own.
    pub(crate) job: Option<String>,
    /// Only older ones.
    pub(crate) before: Option<i64>,
    pub(crate) most: usize,
}

/// An event, for somebody who looks.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) seq: i64,
    pub(crate) key: EventKey,
    pub(crate) rid: Option<Rid>,
    /// The service's name for the job.
    pub(crate) job_id: Option<String>,
    pub(crate) label: EventKind,
    pub(crate) state: String,
    pub(crate) signed: bool,
    pub(crate) attempts: u32,
    /// How many webhooks brought it.
    pub(crate) deliveries: u64,
    pub(crate) received_at: Timestamp,
    /// When the API was found to say so.
    pub(crate) confirmed_at: Option<Timestamp>,
    pub(crate) done_at: Option<Timestamp>,
    /// When it is due.
    pub(crate) next_at: Option<Timestamp>,
    /// What the last handler said.
    pub(crate) error: Option<String>,
    pub(crate) size: u64,
    /// Only where one event was asked for, and not pruned.
    pub(crate) body: Option<Bytes>,
}

/// The masters of the callback keys by their ids, the last one signing.
pub(crate) type Masters = Vec<(u8, zeroize::Zeroizing<Vec<u8>>)>;

/// What was taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    pub(crate) bodies: u64,
    pub(crate) events: u64,
    pub(crate) jobs: u64,
}

/// How many there are in each state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// By state, in the order of their lives.
    pub(crate) events: Vec<(&'static str, u64)>,
    pub(crate) jobs: Vec<(&'static str, u64)>,
    /// How long the oldest `ready` one has been due.
    pub(crate) oldest_ready: Option<Duration>,
}

/// A statement that is run in the transaction in which an event is done.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// In the database's own SQL, with its own placeholders.
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

/// A value in a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}
