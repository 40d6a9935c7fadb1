//! A store that keeps what is received in memory, and can be held up, filled and broken.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Intent, JobRef, Kind, Later, Result, Rid, Timestamp};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::event_key::EventKey;
use crate::store::{
    Claimed, Counts, Due, Entry, Finish, Incoming, Known, Lease, Overdue, Pruned, Query, Receipt, Statement, Store,
    Terminal, Unconfirmed,
};

pub(crate) struct Fake {
    pub(crate) rows: Mutex<HashMap<EventKey, Incoming>>,
    /// How often one was received that was there.
    pub(crate) doubles: AtomicUsize,
    pub(crate) looked: Mutex<Vec<Rid>>,
    pub(crate) masters: Mutex<Vec<[u8; 32]>>,
    /// A commit waits for one of these.
    pub(crate) leave: Semaphore,
    pub(crate) fails: AtomicBool,
    /// How many wait to be written.
    pub(crate) begun: AtomicUsize,
    pub(crate) most_begun: usize,
    pub(crate) closed: AtomicUsize,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            rows: Mutex::default(),
            doubles: AtomicUsize::new(0),
            looked: Mutex::default(),
            masters: Mutex::new(vec![super::MASTER]),
            leave: Semaphore::new(Semaphore::MAX_PERMITS),
            fails: AtomicBool::new(false),
            begun: AtomicUsize::new(0),
            most_begun: usize::MAX,
            closed: AtomicUsize::new(0),
        }
    }
}

impl Fake {
    /// No commit comes to its end before `leave` has permits.
    pub(crate) fn held() -> Self {
        Self { leave: Semaphore::new(0), ..Self::default() }
    }

    pub(crate) fn all(&self) -> Vec<Incoming> {
        self.rows.lock().unwrap().values().cloned().collect()
    }

    /// The one there is.
    pub(crate) fn only(&self) -> Incoming {
        let all = self.all();
        assert_eq!(all.len(), 1, "{all:?}");
        all.into_iter().next().unwrap()
    }

    fn write(&self, batch: Vec<Incoming>) -> Vec<Receipt> {
        let mut rows = self.rows.lock().unwrap();
        batch
            .into_iter()
            .map(|incoming| {
                if rows.insert(incoming.key, incoming).is_none() {
                    return Receipt::New;
                }
                self.doubles.fetch_add(1, Ordering::SeqCst);
                Receipt::Duplicate
            })
            .collect()
    }
}

fn no<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Store, "the fake cannot do that"))
}

macro_rules! not_here {
    ($($name:ident($($argument:ident: $type:ty),*) -> $gives:ty;)+) => {$(
        fn $name(&self, $($argument: $type),*) -> Later<'_, Result<$gives>> {
            $(let _ = $argument;)*
            Box::pin(async { no() })
        }
    )+};
}

macro_rules! nothing {
    ($($name:ident($($argument:ident: $type:ty),*) -> $gives:ty;)+) => {$(
        fn $name(&self, $($argument: $type),*) -> Later<'_, Result<$gives>> {
            $(let _ = $argument;)*
            Box::pin(async { Ok(<$gives>::default()) })
        }
    )+};
}

impl Store for Fake {
    fn receive(&self, batch: Vec<Incoming>) -> Later<'_, Result<Vec<Receipt>>> {
        Box::pin(async move {
            if self.fails.load(Ordering::SeqCst) {
                return no();
            }
            if self.begun.fetch_add(batch.len(), Ordering::SeqCst) >= self.most_begun {
                self.begun.fetch_sub(batch.len(), Ordering::SeqCst);
                return no();
            }
            self.leave.acquire().await.unwrap().forget();
            self.begun.fetch_sub(batch.len(), Ordering::SeqCst);
            Ok(self.write(batch))
        })
    }

    fn look_now(&self, rid: Rid) -> Later<'_, Result<bool>> {
        self.looked.lock().unwrap().push(rid);
        Box::pin(async { Ok(true) })
    }

    fn masters(&self, fresh: [u8; 32]) -> Later<'_, Result<Vec<(u8, Zeroizing<Vec<u8>>)>>> {
        let mut masters = self.masters.lock().unwrap();
        if masters.is_empty() {
            masters.push(fresh);
        }
        let all = masters.iter().zip(1..).map(|(master, id)| (id, Zeroizing::new(master.to_vec()))).collect();
        Box::pin(async { Ok(all) })
    }

    fn skip(&self, _: Duration) {}

    fn changed(&self) -> Later<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn close(&self) -> Later<'_, ()> {
        self.closed.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {})
    }

    nothing! {
        abandon(older: Duration) -> (u64, u64);
        unconfirmed(most: usize, lease: Duration) -> Vec<Unconfirmed>;
        overdue(most: usize, lease: Duration) -> Vec<Overdue>;
        took(kind: Kind) -> Vec<Duration>;
        claim(most: usize, lease: Duration, attempts: u32) -> Vec<Claimed>;
        next_due() -> Due;
        prune(bodies: Duration, keys: Duration) -> Pruned;
        unclaim(leases: Vec<Lease>) -> ();
    }

    not_here! {
        record(intent: Intent) -> ();
        left(rid: Rid, left: bool) -> ();
        accepted(rid: Rid, job: JobRef, patience: Duration) -> ();
        refused(rid: Rid, why: String) -> ();
        unknown(rid: Rid, why: String, patience: Duration) -> ();
        confirm(seq: i64, terminal: Terminal) -> bool;
        discard(seq: i64, version: i64, why: String) -> bool;
        confirm_later(seq: i64, pause: Duration) -> ();
        finish(rid: Rid, finish: Finish) -> bool;
        look_again(rid: Rid, pause: Duration, found: Option<JobRef>) -> ();
        known(rid: Rid) -> Option<Known>;
        terminal(rid: Rid) -> Option<Terminal>;
        extend(leases: Vec<Lease>, lease: Duration) -> Vec<Lease>;
        done(lease: Lease, with: Vec<Statement>) -> bool;
        failed(lease: Lease, why: String, pause: Option<Duration>) -> bool;
        list(query: Query) -> Vec<Entry>;
        entry(seq: i64) -> Option<Entry>;
        replay(seqs: Vec<i64>) -> u64;
        counts() -> Counts;
        add_master(master: [u8; 32]) -> u8;
        now() -> Timestamp;
    }
}
