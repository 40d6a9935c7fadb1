//! What the batches of a run share, and what is told to them from outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use image_intelligence_core::{Error, ErrorKind, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::batch::Refused;
use super::course::{Course, Trying};
use super::item::{Outcome, Progress};
use super::manifest::Manifest;
use super::ready::Owner;
use crate::client::Client;
use crate::kind::JobKind;

/// How many batches are read and sent at once: what they hold of pictures is most of what a run needs of memory.
pub(crate) const UPLOADS: usize = 2;

/// What the batches of a run share.
pub(crate) struct Run<K: JobKind> {
    pub(crate) client: Client,
    /// Everything but the pictures.
    pub(crate) request: K::Request,
    pub(crate) namespace: Option<String>,
    /// Whether handlers are to be told of the ends of its jobs.
    pub(crate) deliver: bool,
    /// How long each job is waited for.
    pub(crate) wait: Duration,
    /// How many more batches may be in memory.
    pub(crate) uploads: Arc<Semaphore>,
    pub(crate) events: mpsc::UnboundedSender<Event<K>>,
    pub(crate) control: Arc<Control>,
    pub(crate) manifest: Option<Arc<Manifest>>,
    pub(crate) course: Arc<Course>,
}

/// That a batch is in memory: kept as long as a picture of it is.
pub(crate) type Turn = Arc<OwnedSemaphorePermit>;

/// What a batch tells the run.
pub(crate) enum Event<K: JobKind> {
    /// It has a job, and so many pictures in it.
    Accepted { owner: Owner, pictures: usize },
    /// The API has refused its job: what is in hand of it may be sent in parts.
    Refused { batch: u64, refused: Refused<K> },
    /// A job of an earlier run, of which that was not known, exists.
    Found { number: usize, id: String, created_at: Option<Timestamp>, trying: Trying },
    /// It does not.
    NeverMade { number: usize, trying: Trying },
    /// Nothing more will come of it.
    Ended { owner: Owner, ended: Ended<K> },
}

/// What became of a batch.
pub(crate) struct Ended<K: JobKind> {
    pub(crate) job_id: Option<String>,
    /// One for each of its pictures, or one error for all.
    pub(crate) outcomes: Result<Vec<Outcome<K>>, Error>,
}

/// What a run is told from outside, and what it says of itself.
pub(crate) struct Control {
    halt: watch::Sender<Halt>,
    waker: AtomicWaker,
    began: Instant,
    tally: Mutex<Tally>,
}

#[derive(Debug, Clone, Default)]
struct Halt {
    /// Why nothing more is sent.
    reason: Option<Error>,
    /// The caller wants no more.
    stopped: bool,
    /// Nobody is there any more to take results.
    dropped: bool,
}

#[derive(Default)]
struct Tally {
    progress: Progress,
    tokens: BTreeMap<Owner, String>,
    /// Those whose results have all been given: in the caller's hands once he asks for more.
    taken: Vec<Owner>,
}

impl Control {
    pub(crate) fn new(total: Option<usize>) -> Self {
        let progress = Progress { total, ..Progress::default() };
        Self {
            halt: watch::Sender::new(Halt::default()),
            waker: AtomicWaker::new(),
            began: Instant::now(),
            tally: Mutex::new(Tally { progress, ..Tally::default() }),
        }
    }

    pub(crate) fn stop(&self) {
        let reason = Error::new(ErrorKind::Cancelled, "not sent: the run was stopped before its turn came");
        self.halt.send_modify(|halt| {
            halt.stopped = true;
            halt.reason.get_or_insert(reason);
        });
        self.waker.wake();
    }

    /// Sends no more, as it would be in vain.
    pub(crate) fn give_up(&self, reason: &Error) {
        self.halt.send_modify(|halt| {
            halt.reason.get_or_insert_with(|| reason.clone());
        });
        self.waker.wake();
    }

    pub(crate) fn leave(&self) {
        let reason = Error::new(ErrorKind::Cancelled, "the run was dropped");
        self.halt.send_modify(|halt| {
            halt.dropped = true;
            halt.reason.get_or_insert(reason);
        });
        self.waker.wake();
    }

    /// Why nothing more is sent, where that is so.
    pub(crate) fn halted(&self) -> Option<Error> {
        self.halt.borrow().reason.clone()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.halt.borrow().stopped
    }

    /// Ends when nothing more is sent, and says why.
    pub(crate) async fn until_halted(&self) -> Error {
        let mut halt = self.halt.subscribe();
        let halted = halt.wait_for(|halt| halt.reason.is_some()).await;
        let reason = halted.ok().and_then(|halt| halt.reason.clone());
        reason.unwrap_or_else(|| Error::new(ErrorKind::Cancelled, "the run has ended"))
    }

    /// Ends when nobody takes results any more.
    pub(crate) async fn until_dropped(&self) {
        let _ = self.halt.subscribe().wait_for(|halt| halt.dropped).await;
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress { elapsed: self.began.elapsed(), ..self.tally().progress }
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.tally().progress);
    }

    pub(crate) fn tokens(&self) -> Vec<String> {
        self.tally().tokens.values().cloned().collect()
    }

    pub(crate) fn submitted(&self, owner: Owner, token: String) {
        self.tally().tokens.insert(owner, token);
    }

    pub(crate) fn taken(&self, owner: Owner) {
        self.tally().taken.push(owner);
    }

    /// What was given has reached the caller.
    pub(crate) fn drop_taken(&self) {
        let mut tally = self.tally();
        for owner in std::mem::take(&mut tally.taken) {
            tally.tokens.remove(&owner);
        }
    }
}

/// Whether every further job would meet the same.
pub(crate) fn is_final(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Authentication
            | ErrorKind::PermissionDenied
            | ErrorKind::Config
            | ErrorKind::Store
            | ErrorKind::Closed
    )
}
