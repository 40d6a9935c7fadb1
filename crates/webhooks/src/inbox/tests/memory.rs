//! A store in memory whose clock is tokio's, so that a test moves it; and which fails when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, EventKind, Intent, JobRef, Kind, Later, Result, Rid, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::event_key::EventKey;
use crate::store::{
    Claimed, Counts, Due, Entry, Finish, Incoming, Known, Lease, Overdue, Pruned, Query, Receipt, Statement, Store,
    Terminal, Unconfirmed,
};

#[derive(Default)]
pub(super) struct Memory {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<i64, Row>,
    generation: i64,
    claims: u32,
    prunes: u32,
    closed: bool,
    /// What the next calls say, instead of or after doing what they do.
    faults: VecDeque<Fault>,
}

pub(super) enum Fault {
    /// Nothing was done.
    Before(Error),
    /// It was done, and nobody was told.
    After(Error),
}

struct Row {
    key: EventKey,
    body: bytes::Bytes,
    state: &'static str,
    attempts: u32,
    generation: i64,
    due: Instant,
    error: Option<String>,
}

pub(super) fn passing() -> Error {
    Error::new(ErrorKind::Store, "the database is being started again").with_retryable(true)
}

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Has that many events more.
    pub(super) fn fill(&self, count: i64) {
        {
            let mut state = self.state.lock().unwrap();
            let first = i64::try_from(state.rows.len()).unwrap() + 1;
            for seq in first..first + count {
                let body = bytes::Bytes::from(format!("{{\"id\": \"{seq}\", \"status\": \"COMPLETED_SUCCESSFULLY\"}}"));
                let key = EventKey::foreign(&seq.to_string());
                let row =
                    Row { key, body, state: "ready", attempts: 0, generation: 0, due: Instant::now(), error: None };
                state.rows.insert(seq, row);
            }
        }
        self.changed.notify_one();
    }

    pub(super) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().unwrap().faults.extend(faults);
    }

    pub(super) fn claims(&self) -> u32 {
        self.state.lock().unwrap().claims
    }

    pub(super) fn prunes(&self) -> u32 {
        self.state.lock().unwrap().prunes
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().unwrap().closed
    }

    /// State, attempts and the last error of an event.
    pub(super) fn of(&self, seq: i64) -> (&'static str, u32, Option<String>) {
        let state = self.state.lock().unwrap();
        let row = &state.rows[&seq];
        (row.state, row.attempts, row.error.clone())
    }

    fn run<T: Send + 'static>(&self, what: impl FnOnce(&mut State) -> T) -> Later<'_, Result<T>> {
        let mut state = self.state.lock().unwrap();
        let said = if state.closed {
            Err(Error::new(ErrorKind::Closed, "the store is closed"))
        } else {
            match state.faults.pop_front() {
                None => Ok(what(&mut state)),
                Some(Fault::Before(error)) => Err(error),
                Some(Fault::After(error)) => {
                    what(&mut state);
                    Err(error)
                }
            }
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            said
        })
    }
}

impl State {
    fn held(&mut self, lease: Lease) -> Option<&mut Row> {
        self.rows.get_mut(&lease.seq).filter(|row| row.state == "leased" && row.generation == lease.generation)
    }
}

fn not_here<T>() -> Later<'static, Result<T>> {
    Box::pin(async { Err(Error::new(ErrorKind::Store, "not in this store")) })
}

impl Store for Memory {
    fn claim(&self, most: usize, lease: Duration, attempts: u32) -> Later<'_, Result<Vec<Claimed>>> {
        self.run(move |state| {
            state.claims += 1;
            let now = Instant::now();
            let mut due: Vec<(Instant, i64)> = state
                .rows
                .iter()
                .filter(|(_, row)| matches!(row.state, "ready" | "leased") && row.due <= now)
                .map(|(seq, row)| (row.due, *seq))
                .collect();
            due.sort();
            let mut claimed = Vec::new();
            for (_, seq) in due {
                let generation = state.generation + 1;
                let Some(row) = state.rows.get_mut(&seq) else { continue };
                if row.attempts >= attempts {
                    row.state = "dead";
                } else if claimed.len() < most {
                    state.generation = generation;
                    row.state = "leased";
                    row.attempts += 1;
                    row.generation = generation;
                    row.due = now + lease;
                    claimed.push(Claimed {
                        lease: Lease { seq, generation },
                        key: row.key,
                        rid: None,
                        label: EventKind::Detect,
                        body: row.body.clone(),
                        signed: false,
                        attempt: row.attempts,
                        received_at: Timestamp::default(),
                        inputs: None,
                    });
                }
            }
            claimed
        })
    }

    fn extend(&self, leases: Vec<Lease>, lease: Duration) -> Later<'_, Result<Vec<Lease>>> {
        self.run(move |state| {
            let mut lost = Vec::new();
            for one in leases {
                match state.held(one) {
                    Some(row) => row.due = Instant::now() + lease,
                    None => lost.push(one),
                }
            }
            lost
        })
    }

    fn done(&self, lease: Lease, _with: Vec<Statement>) -> Later<'_, Result<bool>> {
        self.run(move |state| state.held(lease).map(|row| row.state = "done").is_some())
    }

    fn failed(&self, lease: Lease, why: String, pause: Option<Duration>) -> Later<'_, Result<bool>> {
        self.run(move |state| {
            let Some(row) = state.held(lease) else { return false };
            row.error = Some(why);
            row.state = if pause.is_some() { "ready" } else { "dead" };
            row.due = Instant::now() + pause.unwrap_or_default();
            true
        })
    }

    fn unclaim(&self, leases: Vec<Lease>) -> Later<'_, Result<()>> {
        self.changed.notify_one();
        self.run(move |state| {
            for lease in leases {
                if let Some(row) = state.held(lease) {
                    row.state = "ready";
                    row.attempts -= 1;
                    row.due = Instant::now();
                }
            }
        })
    }

    fn next_due(&self) -> Later<'_, Result<Due>> {
        self.run(|state| {
            let waiting = state.rows.values().filter(|row| matches!(row.state, "ready" | "leased"));
            let handle = waiting.map(|row| row.due.saturating_duration_since(Instant::now())).min();
            Due { handle, ..Due::default() }
        })
    }

    fn entry(&self, seq: i64) -> Later<'_, Result<Option<Entry>>> {
        self.run(move |state| {
            let row = state.rows.get(&seq)?;
            Some(Entry {
                seq,
                key: row.key,
                rid: None,
                job_id: None,
                label: EventKind::Detect,
                state: row.state.to_owned(),
                signed: false,
                attempts: row.attempts,
                deliveries: 1,
                received_at: Timestamp::default(),
                confirmed_at: None,
                done_at: None,
                next_at: None,
                error: row.error.clone(),
                size: row.body.len() as u64,
                body: Some(row.body.clone()),
            })
        })
    }

    fn prune(&self, _bodies: Duration, _keys: Duration) -> Later<'_, Result<Pruned>> {
        self.run(|state| {
            state.prunes += 1;
            Pruned::default()
        })
    }

    fn changed(&self) -> Later<'_, ()> {
        Box::pin(self.changed.notified())
    }

    fn close(&self) -> Later<'_, ()> {
        self.state.lock().unwrap().closed = true;
        Box::pin(async {})
    }

    fn skip(&self, _by: Duration) {}

    fn record(&self, _intent: Intent) -> Later<'_, Result<()>> {
        not_here()
    }
    fn left(&self, _rid: Rid, _left: bool) -> Later<'_, Result<()>> {
        not_here()
    }
    fn accepted(&self, _rid: Rid, _job: JobRef, _patience: Duration) -> Later<'_, Result<()>> {
        not_here()
    }
    fn refused(&self, _rid: Rid, _why: String) -> Later<'_, Result<()>> {
        not_here()
    }
    fn unknown(&self, _rid: Rid, _why: String, _patience: Duration) -> Later<'_, Result<()>> {
        not_here()
    }
    fn abandon(&self, _older: Duration) -> Later<'_, Result<(u64, u64)>> {
        not_here()
    }
    fn receive(&self, _batch: Vec<Incoming>) -> Later<'_, Result<Vec<Receipt>>> {
        not_here()
    }
    fn unconfirmed(&self, _most: usize, _lease: Duration) -> Later<'_, Result<Vec<Unconfirmed>>> {
        not_here()
    }
    fn confirm(&self, _seq: i64, _terminal: Terminal) -> Later<'_, Result<bool>> {
        not_here()
    }
    fn discard(&self, _seq: i64, _version: i64, _why: String) -> Later<'_, Result<bool>> {
        not_here()
    }
    fn confirm_later(&self, _seq: i64, _pause: Duration) -> Later<'_, Result<()>> {
        not_here()
    }
    fn finish(&self, _rid: Rid, _finish: Finish) -> Later<'_, Result<bool>> {
        not_here()
    }
    fn overdue(&self, _most: usize, _lease: Duration) -> Later<'_, Result<Vec<Overdue>>> {
        not_here()
    }
    fn look_again(&self, _rid: Rid, _pause: Duration, _found: Option<JobRef>) -> Later<'_, Result<()>> {
        not_here()
    }
    fn look_now(&self, _rid: Rid) -> Later<'_, Result<bool>> {
        not_here()
    }
    fn known(&self, _rid: Rid) -> Later<'_, Result<Option<Known>>> {
        not_here()
    }
    fn terminal(&self, _rid: Rid) -> Later<'_, Result<Option<Terminal>>> {
        not_here()
    }
    fn took(&self, _kind: Kind) -> Later<'_, Result<Vec<Duration>>> {
        not_here()
    }
    fn list(&self, _query: Query) -> Later<'_, Result<Vec<Entry>>> {
        not_here()
    }
    fn replay(&self, _seqs: Vec<i64>) -> Later<'_, Result<u64>> {
        not_here()
    }
    fn counts(&self) -> Later<'_, Result<Counts>> {
        not_here()
    }
    fn masters(&self, _fresh: [u8; 32]) -> Later<'_, Result<Vec<(u8, Zeroizing<Vec<u8>>)>>> {
        not_here()
    }
    fn add_master(&self, _master: [u8; 32]) -> Later<'_, Result<u8>> {
        not_here()
    }
    fn now(&self) -> Later<'_, Result<Timestamp>> {
        not_here()
    }
}
