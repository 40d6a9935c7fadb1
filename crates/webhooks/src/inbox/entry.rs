//! What an inbox shows to somebody who looks into it.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use image_intelligence_core::{Error, EventKind, Result, Rid, Timestamp};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::delivery::key_of;
use crate::store;

/// How far an event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventState {
    /// It is on the disk, and waits until the API confirms it.
    Received,
    /// It waits for a handler, or for its next attempt.
    Ready,
    /// A handler has it.
    Leased,
    /// A handler is done with it.
    Done,
    /// A dead letter: no handler could.
    Dead,
}

impl EventState {
    /// Every state, in the order of an event's life.
    pub const ALL: [Self; 5] = [Self::Received, Self::Ready, Self::Leased, Self::Done, Self::Dead];

    /// The word that is the same in every language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// The state of that name. Fails with `invalid_request` for any other word.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            let name = name.chars().take(40).collect::<String>();
            Error::invalid_request("state", format_args!("\"{name}\" given, one of {names} wanted"))
        })
    }
}

impl fmt::Display for EventState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EventState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Which events are wanted: those that meet every condition that is set.
///
/// ```
/// use image_intelligence_webhooks::{EventState, Filter};
///
/// let filter = Filter::new().state(EventState::Dead).limit(20);
/// assert_eq!(filter.state, Some(EventState::Dead));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// Only in this state.
    pub state: Option<EventState>,
    /// Only of this kind.
    pub kind: Option<EventKind>,
    /// Only of this job, by the service's name for it or our own rid.
    pub job: Option<String>,
    /// Only with a smaller number: the next page begins before the last event of this one.
    pub before: Option<i64>,
    /// At most so many: 100.
    pub limit: usize,
}

impl Filter {
    /// The newest hundred.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only in this state.
    #[must_use]
    pub fn state(mut self, state: EventState) -> Self {
        self.state = Some(state);
        self
    }

    /// Only of this kind.
    #[must_use]
    pub fn kind(mut self, kind: EventKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only of this job, by the service's name for it or our own rid.
    #[must_use]
    pub fn job(mut self, job: impl Into<String>) -> Self {
        self.job = Some(job.into());
        self
    }

    /// Only with a smaller number.
    #[must_use]
    pub fn before(mut self, seq: i64) -> Self {
        self.before = Some(seq);
        self
    }

    /// At most so many.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn into_query(self) -> store::Query {
        store::Query {
            state: self.state.map(|state| state.as_str().to_owned()),
            label: self.kind,
            job: self.job,
            before: self.before,
            most: self.limit,
        }
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self { state: None, kind: None, job: None, before: None, limit: 100 }
    }
}

/// An event as it stands in the inbox.
///
/// As JSON its fields are in camel case; the body is `body` where it is text, else `bodyBase64`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Its number in the inbox, which `replay` takes.
    pub seq: i64,
    /// What its deliveries have as theirs.
    pub idempotency_key: String,
    /// Our own name for the job, where it is one of ours.
    pub rid: Option<Rid>,
    /// The service's name for the job, where it is known.
    pub job_id: Option<String>,
    /// What it is.
    pub kind: EventKind,
    /// How far it has come.
    pub state: EventState,
    /// Whether it carried a signature, which was checked.
    pub signed: bool,
    /// How often it was handed out.
    pub attempts: u32,
    /// How many webhooks brought it; none where the result was fetched.
    pub deliveries: u64,
    /// When it came first.
    pub received_at: Timestamp,
    /// When the API was found to say the same.
    pub confirmed_at: Option<Timestamp>,
    /// When a handler was done with it.
    pub done_at: Option<Timestamp>,
    /// When it is due again.
    pub next_at: Option<Timestamp>,
    /// What the last handler said that could not.
    pub error: Option<String>,
    /// How many bytes the body has, or had.
    pub size: u64,
    /// The body: only where one event was asked for by its number, and it was not pruned.
    pub body: Option<Bytes>,
}

impl From<store::Entry> for Entry {
    fn from(row: store::Entry) -> Self {
        Self {
            seq: row.seq,
            idempotency_key: key_of(row.rid, &row.key),
            rid: row.rid,
            job_id: row.job_id,
            kind: row.label,
            // A state that only a later version knows is one in which nobody has it.
            state: EventState::named(&row.state).unwrap_or(EventState::Received),
            signed: row.signed,
            attempts: row.attempts,
            deliveries: row.deliveries,
            received_at: row.received_at,
            confirmed_at: row.confirmed_at,
            done_at: row.done_at,
            next_at: row.next_at,
            error: row.error,
            size: row.size,
            body: row.body,
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Entry", 16)?;
        fields.serialize_field("seq", &self.seq)?;
        fields.serialize_field("idempotencyKey", &self.idempotency_key)?;
        fields.serialize_field("rid", &self.rid)?;
        fields.serialize_field("jobId", &self.job_id)?;
        fields.serialize_field("kind", self.kind.as_str())?;
        fields.serialize_field("state", &self.state)?;
        fields.serialize_field("signed", &self.signed)?;
        fields.serialize_field("attempts", &self.attempts)?;
        fields.serialize_field("deliveries", &self.deliveries)?;
        fields.serialize_field("receivedAt", &self.received_at)?;
        fields.serialize_field("confirmedAt", &self.confirmed_at)?;
        fields.serialize_field("doneAt", &self.done_at)?;
        fields.serialize_field("nextAt", &self.next_at)?;
        fields.serialize_field("error", &self.error)?;
        fields.serialize_field("size", &self.size)?;
        match self.body.as_deref().map(|body| (std::str::from_utf8(body), body)) {
            None => fields.skip_field("body")?,
            Some((Ok(text), _)) => fields.serialize_field("body", text)?,
            Some((Err(_), bytes)) => fields.serialize_field("bodyBase64", &STANDARD.encode(bytes))?,
        }
        fields.end()
    }
}

/// How many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Counts {
    /// Events by state.
    pub events: EventCounts,
    /// Our own jobs by state.
    pub jobs: JobCounts,
    /// How long the event has waited, in milliseconds as JSON, that waits for a handler the longest.
    #[serde(rename = "oldestReadyMs", serialize_with = "as_millis")]
    pub oldest_ready: Option<Duration>,
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn as_millis<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
}

macro_rules! counts {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name { $($(#[$field_meta])* pub $field: u64,)+ }

        impl $name {
            fn read(rows: &[(&'static str, u64)]) -> Self {
                let count = |wanted| rows.iter().filter(|(word, _)| *word == wanted).map(|(_, count)| count).sum();
                Self { $($field: count($word),)+ }
            }
        }
    };
}

counts! {
    /// How many events there are in each state.
    EventCounts {
        /// On the disk, not confirmed yet.
        received = "received",
        /// For a handler.
        ready = "ready",
        /// In a handler's hands.
        leased = "leased",
        /// Done.
        done = "done",
        /// Dead letters.
        dead = "dead",
    }
}

counts! {
    /// How many of our own jobs there are in each state.
    JobCounts {
        /// About to be sent.
        intended = "intended",
        /// Sent; the result is awaited.
        expected = "expected",
        /// Nobody knows whether it exists.
        unknown = "unknown",
        /// It does not exist.
        refused = "refused",
        /// The result is here.
        completed = "completed",
        /// There will be no result.
        gave_up = "gave_up",
    }
}

impl From<store::Counts> for Counts {
    fn from(row: store::Counts) -> Self {
        Self {
            events: EventCounts::read(&row.events),
            jobs: JobCounts::read(&row.jobs),
            oldest_ready: row.oldest_ready,
        }
    }
}

/// What was taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Pruned {
    /// Bodies of events that are done.
    pub bodies: u64,
    /// Events of which nothing is left.
    pub events: u64,
    /// Jobs of ours of which nothing is left.
    pub jobs: u64,
}

impl From<store::Pruned> for Pruned {
    fn from(row: store::Pruned) -> Self {
        Self { bodies: row.bodies, events: row.events, jobs: row.jobs }
    }
}
