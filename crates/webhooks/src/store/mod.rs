//! Where jobs and events are kept. Two stores hold the same promise: a file of this machine, and Postgres for many machines.
//!
//! What a store does is durable once its future is ready, and happens though nobody waits for the future any more, once it was
//! polled. All times are by the store's own clock. Claims are leases: what nobody settles comes up again. What is said of a
//! job or an event that is not there changes nothing.

#[cfg(test)]
pub(crate) mod contract;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
mod rows;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use std::time::Duration;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use image_intelligence_core::{Error, ErrorKind};
use image_intelligence_core::{Intent, JobRef, Kind, Later, Result, Rid, Timestamp};

pub(crate) use rows::{
    Claimed, Counts, Entry, Finish, Hint, Incoming, Known, Lease, Masters, Origin, Outcome, Overdue, Pruned, Query,
    Receipt, Seen, Statement, Terminal, Unconfirmed, Value,
};

/// What a store does.
pub(crate) trait Store: Send + Sync + 'static {
    // ---- our own jobs: intended -> expected | refused | unknown -> completed | gave_up

    /// Keeps a job that is about to be sent, as `intended`. One that is there already is left as it is.
    fn record(&self, intent: Intent) -> Later<'_, Result<()>>;

    /// Notes whether the request may have left: from then on an `intended` job may exist. A `refused` one that leaves is
    /// `intended` again: who was taken for dead by [`abandon`](Self::abandon) lives after all.
    fn left(&self, rid: Rid, left: bool) -> Later<'_, Result<()>>;

    /// The job exists: `intended`, `refused` or `unknown` becomes `expected`, and is overdue after `patience`, or at once
    /// where [`look_now`](Self::look_now) came before. What is at its end stays so, but learns its id.
    fn accepted(&self, rid: Rid, job: JobRef, patience: Duration) -> Later<'_, Result<()>>;

    /// The job does not exist: `intended` or `unknown` becomes `refused`, with a word for people.
    fn refused(&self, rid: Rid, why: String) -> Later<'_, Result<()>>;

    /// Nobody knows whether the job exists: `intended` becomes `unknown`, to be looked for after `patience`.
    fn unknown(&self, rid: Rid, why: String, patience: Duration) -> Later<'_, Result<()>>;

    /// What becomes of jobs that are `intended` for longer than `older`, whose process must have ended: those that had left
    /// become `unknown` and are overdue at once, the others `refused`. Gives how many of each.
    fn abandon(&self, older: Duration) -> Later<'_, Result<(u64, u64)>>;

    // ---- receiving

    /// Keeps what webhooks brought, all in one transaction, and gives a receipt for each in the given order. Of one key there
    /// is one event: a second body is counted, and replaces the first only while that is `received` and so no more than a
    /// hint. A key of raw bytes is free again after 24 hours.
    ///
    /// What needs no confirming is `ready` at once, also where a hint is there already; where it ends one of our own jobs,
    /// that is `completed` by it in the same transaction (a job that the store does not know is made so), and the event is born
    /// `done` where its intent said `deliver: false`. What needs confirming is `received`; raw bytes never do, whatever
    /// `confirm` says. A body for one of our own jobs that is at its end is counted and nothing else. A body that replaces a
    /// hint counts up its version, and changes nothing in when it is due.
    fn receive(&self, batch: Vec<Incoming>) -> Later<'_, Result<Vec<Receipt>>>;

    // ---- confirming what an unsigned webhook said: received -> confirmed, ready

    /// Takes up to `most` events that are `received` and due, oldest due first, for `lease`, so that no other receiver takes
    /// them. Each time counts as a try.
    fn unconfirmed(&self, most: usize, lease: Duration) -> Later<'_, Result<Vec<Unconfirmed>>>;

    /// The event of a foreign job is what the API says: replaces body and label, and makes it `ready`. `false` where it is no
    /// longer `received`.
    fn confirm(&self, seq: i64, terminal: Terminal) -> Later<'_, Result<bool>>;

    /// The body was no true one: the event is taken away. Where another body has come since `version` it stays, is due again
    /// at once, and this is `false`. Its job, if it is one of ours, stays expected.
    fn discard(&self, seq: i64, version: i64, why: String) -> Later<'_, Result<bool>>;

    /// It cannot be confirmed now: it is due again after `pause`.
    fn confirm_later(&self, seq: i64, pause: Duration) -> Later<'_, Result<()>>;

    // ---- the end of one of our own jobs, by whichever way it was learnt

    /// Ends one of our own jobs: in one transaction it is `completed` or `gave_up`, and its one event is `ready` (or `done`,
    /// as its intent said), be it `received` or not there yet. The id that is given counts; one that ended by the API's word
    /// (all but `gave_up`) is confirmed now. A job that the store does not know is made from what is given, and delivered.
    /// `false`, and nothing changed, where it is at its end already.
    fn finish(&self, rid: Rid, finish: Finish) -> Later<'_, Result<bool>>;

    /// Takes up to `most` jobs that are `expected` or `unknown` and overdue, the longest overdue first, for `lease`. Each time
    /// counts as a try.
    fn overdue(&self, most: usize, lease: Duration) -> Later<'_, Result<Vec<Overdue>>>;

    /// The job is not done: it is overdue again after `pause`. `found` is the job where an `unknown` one was found, and makes
    /// it `expected`.
    fn look_again(&self, rid: Rid, pause: Duration, found: Option<JobRef>) -> Later<'_, Result<()>>;

    /// Has a job overdue at once, as when its webhook was too large to take: an `intended` one as soon as it is accepted, and a
    /// `refused` one is `unknown` from now on, since a webhook speaks for it. `false` where it is unknown here or at its end.
    fn look_now(&self, rid: Rid) -> Later<'_, Result<bool>>;

    /// What is known of one of our own jobs.
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests look"))]
    fn known(&self, rid: Rid) -> Later<'_, Result<Option<Known>>>;

    /// How one of our own jobs ended; `None` where it has not, is unknown here, or its body was pruned.
    fn terminal(&self, rid: Rid) -> Later<'_, Result<Option<Terminal>>>;

    /// How long the last (up to 200) jobs of a kind took, from their submit to their end, that ended by a webhook.
    fn took(&self, kind: Kind) -> Later<'_, Result<Vec<Duration>>>;

    // ---- handling: ready -> leased -> done | dead, and back to ready

    /// Leases up to `most` events that are `ready` and due, or whose lease has lapsed, oldest due first; each lease counts as
    /// an attempt and has a generation of its own. An event whose lease lapsed at its last attempt is `dead` instead, and none
    /// of the `most`; one that [`failed`](Self::failed) with a pause is leased however many attempts it had.
    ///
    /// A lease that lapsed is held until somebody else takes the event, so that who is late loses nothing by it.
    fn claim(&self, most: usize, lease: Duration, attempts: u32) -> Later<'_, Result<Vec<Claimed>>>;

    /// Stretches leases from now on; gives those that are no longer held.
    fn extend(&self, leases: Vec<Lease>, lease: Duration) -> Later<'_, Result<Vec<Lease>>>;

    /// The event is `done`, and `with` has been run in the same transaction; where one of those fails, nothing of it is
    /// kept and the error, a `store`, repeats none of its values; one that would end the transaction fails. `false`, and nothing
    /// done, where the lease is no longer held.
    fn done(&self, lease: Lease, with: Vec<Statement>) -> Later<'_, Result<bool>>;

    /// The handler could not: it is `ready` again after `pause`, or `dead` where there is none. `false` where the lease is no
    /// longer held.
    fn failed(&self, lease: Lease, why: String, pause: Option<Duration>) -> Later<'_, Result<bool>>;

    /// Gives leases back as if they had not been taken: their attempts are not counted, and they are due when they were. For
    /// what was never handed out.
    fn unclaim(&self, leases: Vec<Lease>) -> Later<'_, Result<()>>;

    /// In how long there may be something: an event to claim, one to confirm or a job overdue. `None` where nothing is in
    /// sight.
    fn next_due(&self) -> Later<'_, Result<Due>>;

    // ---- looking after it

    /// Events by what the query asks for, newest first, by their numbers.
    fn list(&self, query: Query) -> Later<'_, Result<Vec<Entry>>>;

    /// One event and its body, by its number.
    fn entry(&self, seq: i64) -> Later<'_, Result<Option<Entry>>>;

    /// Has `done` and `dead` events handled again, from their first attempt on; of `seqs`, or, where that is empty, all that
    /// are `dead`. Those whose body was pruned are left. Gives how many.
    fn replay(&self, seqs: Vec<i64>) -> Later<'_, Result<u64>>;

    /// Takes the bodies of events away that are `done` for longer than `bodies`, and what is known of jobs (`completed`,
    /// `gave_up`, `refused`) and events (`done`, `dead`) that are at their end for longer than `keys`. Goes in steps, so that
    /// no webhook waits for it: where nobody waits for it any more, the rest is left.
    fn prune(&self, bodies: Duration, keys: Duration) -> Later<'_, Result<Pruned>>;

    /// How many there are in each state; every state is named.
    fn counts(&self) -> Later<'_, Result<Counts>>;

    /// The masters of the callback keys, by id, the last one signing. Where there are none, `fresh` becomes the first, and
    /// of several callers all get the same.
    fn masters(&self, fresh: [u8; 32]) -> Later<'_, Result<Masters>>;

    /// Adds a master, which signs from now on, and gives its id: the next after the last one's, 1 after 255. The oldest of
    /// more than four goes.
    fn add_master(&self, master: [u8; 32]) -> Later<'_, Result<u8>>;

    /// The time by the store's clock.
    fn now(&self) -> Later<'_, Result<Timestamp>>;

    /// For tests: puts the store's clock forward.
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests look"))]
    fn skip(&self, by: Duration);

    /// Resolves when this or, as far as the store can tell, another process has changed what may be claimed, confirmed or
    /// looked after, since this was called (not: since it was polled). May resolve for nothing, and does at once where the store
    /// is closed.
    fn changed(&self) -> Later<'_, ()>;

    /// Lets what has begun come to its end, and closes. Later calls fail with `closed`.
    fn close(&self) -> Later<'_, ()>;
}

/// In how long there may be something to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// An event to handle.
    pub(crate) handle: Option<Duration>,
    /// An event to confirm.
    pub(crate) confirm: Option<Duration>,
    /// A job to look after.
    pub(crate) look: Option<Duration>,
}

/// What every call fails with once the store is closed.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the inbox is closed; open it again")
}

/// Says that an event is a dead letter, as nobody was left who could have said so.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn buried(seq: i64) {
    tracing::warn!(seq, "the lease of an event's last attempt lapsed: it is a dead letter, until it is replayed");
}
