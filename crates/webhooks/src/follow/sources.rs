//! Whom to ask for jobs: the clients that are attached.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use image_intelligence_core::{AnyJob, Error, ErrorKind, JobRef, JobSearch, JobSource, Kind, Result, Rid};

/// The clients that are attached, each for as long as it lives.
pub(super) struct Sources {
    known: Mutex<Known>,
    /// How long one answer may take.
    limit: Duration,
}

#[derive(Default)]
struct Known {
    all: Vec<Weak<dyn JobSource>>,
    /// Who sent which job, where there are several.
    of: HashMap<Rid, Weak<dyn JobSource>>,
    ever: bool,
}

/// What a look at a job showed.
pub(super) enum Sight {
    Job(Box<AnyJob>),
    /// The API does not know it.
    Missing,
    /// The API wants no such question: of an id that stands in a stranger's body the same as missing.
    Refused(Error),
    /// It could not be found out.
    Unsure(Error),
}

/// What a search brought.
pub(super) struct Found {
    pub(super) rows: Vec<AnyJob>,
    /// Why one of those asked did not answer.
    pub(super) failed: Option<Error>,
}

impl Sources {
    pub(super) fn new(limit: Duration) -> Self {
        Self { known: Mutex::default(), limit }
    }

    pub(super) fn attach(&self, source: Weak<dyn JobSource>) {
        let mut known = self.known();
        known.ever = true;
        known.all.retain(|one| one.strong_count() > 0 && !one.ptr_eq(&source));
        known.all.push(source);
    }

    /// Whether there is one.
    pub(super) fn is_any(&self) -> bool {
        self.known().all.iter().any(|one| one.strong_count() > 0)
    }

    /// Whether there is or was one.
    pub(super) fn was_any(&self) -> bool {
        self.known().ever
    }

    /// Keeps in mind who sends a job, which matters where others could not see it.
    pub(super) fn sent(&self, rid: Rid, by: Weak<dyn JobSource>) {
        let mut known = self.known();
        if known.all.iter().filter(|one| one.strong_count() > 0).count() < 2 {
            return;
        }
        if known.of.len() >= MOST_SENT {
            known.of.clear();
        }
        known.of.insert(rid, by);
    }

    pub(super) fn forget(&self, rid: Rid) {
        self.known().of.remove(&rid);
    }

    /// Looks at a job, which whoever sent it is asked for first, and the others where that one does not know it.
    pub(super) async fn fetch(&self, rid: Option<Rid>, job: &JobRef) -> Sight {
        let Asked { first, others, gone } = self.asked(rid);
        if first.is_none() && others.is_empty() {
            return Sight::Unsure(nobody());
        }
        let (mut refused, mut unsure) = (None, None);
        let sent_by_first = first.is_some();
        for (index, source) in first.into_iter().chain(others).enumerate() {
            let error = match self.ask(async { source.fetch(job.clone()).await }).await {
                Ok(job) => return Sight::Job(Box::new(job)),
                Err(error) => error,
            };
            match error.kind() {
                ErrorKind::NotFound => {}
                ErrorKind::InvalidRequest | ErrorKind::BadRequest => refused = Some(error),
                // Whoever sent it has the last word, once it has one.
                _ if sent_by_first && index == 0 => return Sight::Unsure(error),
                _ => unsure = unsure.or(Some(error)),
            }
        }
        match (unsure, gone, refused) {
            (Some(error), ..) => Sight::Unsure(error),
            (None, true, _) => Sight::Unsure(departed()),
            (None, false, Some(error)) => Sight::Refused(error),
            (None, false, None) => Sight::Missing,
        }
    }

    /// Searches with everybody who may have sent the job.
    pub(super) async fn find(&self, rid: Rid, kind: Kind, namespace: Option<&str>, search: &JobSearch) -> Found {
        let Asked { first, others, gone } = self.asked(Some(rid));
        let mut found = Found { rows: Vec::new(), failed: gone.then(departed) };
        let all: Vec<_> = first.map_or(others, |first| vec![first]);
        if all.is_empty() {
            found.failed = Some(nobody());
        }
        for source in all {
            let searched = async { source.find(kind, namespace.map(str::to_owned), search.clone()).await };
            match self.ask(searched).await {
                Ok(rows) => found.rows.extend(rows),
                Err(error) => found.failed = Some(error),
            }
        }
        found
    }

    fn asked(&self, rid: Option<Rid>) -> Asked {
        let known = self.known();
        let sent = rid.and_then(|rid| known.of.get(&rid));
        let first = sent.and_then(Weak::upgrade);
        let gone = sent.is_some() && first.is_none();
        let others = known.all.iter().filter(|one| sent.is_none_or(|sent| !sent.ptr_eq(one)));
        Asked { first, others: others.filter_map(Weak::upgrade).collect(), gone }
    }

    /// What an answer is when it is late or its client panics: an error like another.
    async fn ask<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        match tokio::time::timeout(self.limit, AssertUnwindSafe(answer).catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => {
                Err(Error::new(ErrorKind::InvalidResponse, "the client panicked when it was asked for a job"))
            }
            Err(_) => Err(Error::new(ErrorKind::RequestTimeout, "no answer in time")),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom to ask for a job.
struct Asked {
    /// Who sent it, where that is known.
    first: Option<Arc<dyn JobSource>>,
    others: Vec<Arc<dyn JobSource>>,
    /// Whether the one who sent it is known, and gone.
    gone: bool,
}

fn nobody() -> Error {
    Error::new(ErrorKind::Closed, "no client is attached")
}

/// Others may not be allowed to see its jobs, so that what they do not know may be there.
fn departed() -> Error {
    Error::new(ErrorKind::PermissionDenied, "the client that sent the job is not attached any more")
}

/// So many are kept in mind.
const MOST_SENT: usize = 100_000;
