//! Telling others what becomes of a submit: before it, while it leaves, and at its end, whichever way it ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use image_intelligence_core::{Callbacks, Error, ErrorKind, Intent, JobRef, Kind, Result, Rid, Timestamp};

use crate::outside::BeforeLast;

/// One submit, and who is told of it. Dropped without an end, it tells one: of a submit that was cancelled.
pub(crate) struct Told {
    rid: Rid,
    all: Vec<Arc<dyn Callbacks>>,
    leash: Leash,
}

/// What a request carries, to tell each time that it leaves.
#[derive(Clone)]
pub(crate) struct Leash(Arc<Shared>);

struct Shared {
    rid: Rid,
    now: Mutex<Now>,
}

struct Now {
    stage: Stage,
    /// Nobody any more when it is over: a connection that is still open holds on to this.
    all: Vec<Arc<dyn Callbacks>>,
}

/// How far a submit has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody knows of it.
    New,
    /// Nothing of it has left that could make a job.
    Here,
    /// The job may exist.
    Left,
    /// It is at its end: nothing more may leave.
    Over,
}

/// How a submit ended.
#[derive(Clone)]
enum End {
    Accepted(JobRef),
    Refused(Error),
    Unknown(Error),
}

impl Told {
    /// `None` where there is nobody to tell.
    pub(crate) fn new(rid: Rid, all: Vec<Arc<dyn Callbacks>>) -> Option<Self> {
        if all.is_empty() {
            return None;
        }
        let now = Mutex::new(Now { stage: Stage::New, all: all.clone() });
        Some(Self { rid, all, leash: Leash(Arc::new(Shared { rid, now })) })
    }

    /// The first URL that somebody gives at which the finished job is to be posted.
    pub(crate) fn mint(&self, kind: Kind, now: Timestamp) -> Result<Option<String>> {
        for one in &self.all {
            if let Some(url) = one.mint(kind, self.rid, now)? {
                return Ok(Some(url));
            }
        }
        Ok(None)
    }

    /// Has the intent made durable. Where somebody cannot, all are told that it came to nothing.
    pub(crate) async fn record(&self, intent: Intent) -> Result<()> {
        self.leash.0.to(Stage::Here);
        for one in &self.all {
            if let Err(error) = one.record(intent.clone()).await {
                let error = as_store(error);
                self.refused(error.clone()).await;
                return Err(error);
            }
        }
        Ok(())
    }

    pub(crate) fn leash(&self) -> Leash {
        self.leash.clone()
    }

    /// Whether the submit had not left, and now never will: though its connection broke or its time ran out, there is no job.
    pub(crate) fn hold_back(&self) -> bool {
        let mut now = self.leash.0.now();
        let here = now.stage == Stage::Here;
        if here {
            *now = Now { stage: Stage::Over, all: Vec::new() };
        }
        here
    }

    pub(crate) async fn accepted(&self, job: JobRef) {
        self.end(End::Accepted(job)).await;
    }

    pub(crate) async fn refused(&self, error: Error) {
        self.end(End::Refused(error)).await;
    }

    pub(crate) async fn unknown(&self, error: Error) {
        self.end(End::Unknown(error)).await;
    }

    /// Tells the end in a task of its own: a caller who stops waiting now must not keep it from anybody.
    async fn end(&self, end: End) {
        self.leash.0.over();
        let _ = tokio::spawn(tell(self.rid, self.all.clone(), end)).await;
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let message = "the submit was dropped before its end: cancelled, or its client was closed";
        let end = match self.leash.0.over() {
            Stage::New | Stage::Over => return,
            Stage::Here => End::Refused(Error::new(ErrorKind::Cancelled, format!("{message}; it had not left"))),
            Stage::Left => {
                End::Unknown(Error::new(ErrorKind::OutcomeUnknown, format!("{message}; it may have arrived")))
            }
        };
        // Without a runtime nobody can be told. Who made the intent durable knows all the same: what left and has no end is
        // unknown.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tell(self.rid, std::mem::take(&mut self.all), end));
        }
    }
}

impl Leash {
    /// What holds the last bytes back until everybody knows, and for ever once the submit is over.
    pub(crate) fn before_last(&self) -> BeforeLast {
        let shared = Arc::clone(&self.0);
        Arc::new(move || {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                for one in shared.leave() {
                    one.leaving(shared.rid).await.map_err(as_store)?;
                }
                match shared.now().stage {
                    Stage::Over => Err(Error::new(ErrorKind::Cancelled, "the submit was dropped before it had left")),
                    _ => Ok(()),
                }
            })
        })
    }

    /// Tells that the request made nothing, and will be sent again.
    pub(crate) async fn came_back(&self) {
        for one in self.0.to(Stage::Here) {
            // Where that fails it stays known as one that left, which is the safe side.
            warn("that a request came back", one.came_back(self.0.rid).await);
        }
    }
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes to a stage, and says whom to tell.
    fn to(&self, stage: Stage) -> Vec<Arc<dyn Callbacks>> {
        let mut now = self.now();
        now.stage = stage;
        now.all.clone()
    }

    /// Nobody is to be told of what is over.
    fn leave(&self) -> Vec<Arc<dyn Callbacks>> {
        let mut now = self.now();
        if now.stage != Stage::Over {
            now.stage = Stage::Left;
        }
        now.all.clone()
    }

    /// From here on nothing leaves. Gives the stage before.
    fn over(&self) -> Stage {
        std::mem::replace(&mut *self.now(), Now { stage: Stage::Over, all: Vec::new() }).stage
    }
}

/// Tells what was found out of a submit of an earlier process.
pub(crate) async fn settled(rid: Rid, all: Vec<Arc<dyn Callbacks>>, end: Result<JobRef>) {
    tell(rid, all, end.map_or_else(End::Refused, End::Accepted)).await;
}

async fn tell(rid: Rid, all: Vec<Arc<dyn Callbacks>>, end: End) {
    for one in all {
        match end.clone() {
            End::Accepted(job) => warn("that a job was accepted", one.accepted(rid, job).await),
            End::Refused(error) => warn("that a job was refused", one.refused(rid, error).await),
            End::Unknown(error) => warn("that a job's fate is unknown", one.unknown(rid, error).await),
        }
    }
}

/// What cannot be kept track of is not sent, whatever the reason.
fn as_store(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Store | ErrorKind::Closed => error,
        _ => Error::new(ErrorKind::Store, format!("the submit cannot be kept track of, and was not sent: {error}"))
            .with_source(error),
    }
}

/// A job that is there must not be lost because somebody could not write it down.
fn warn(what: &str, told: Result<()>) {
    if let Err(error) = told {
        tracing::warn!(error.type = error.kind().as_str(), "{what} could not be written down: {error}");
    }
}

#[cfg(test)]
mod tests {
    use image_intelligence_core::BaseUrl;

    use super::*;
    use crate::journal::Journal;

    /// A connection may ask for the last bytes when nobody waits for the answer any more.
    #[tokio::test]
    async fn what_is_over_never_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let base = BaseUrl::parse("http://127.0.0.1:8080/v2").unwrap();
        let journal: Arc<dyn Callbacks> = Arc::new(Journal::open(folder.path().join("journal"), &base).unwrap());
        let rid = Rid::from_bytes([7; 16]);
        let told = || Told::new(rid, vec![Arc::clone(&journal)]).unwrap();
        let intent = || Intent::new(Kind::Detect, rid, "a", 1, Timestamp::from_millis(7));

        let dropped = told();
        dropped.record(intent()).await.unwrap();
        let last = dropped.leash().before_last();
        // It has begun already, and comes to its end later.
        let begun = last();
        drop(dropped);
        assert_eq!(begun.await.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(last().await.unwrap_err().kind(), ErrorKind::Cancelled);

        let held = told();
        held.record(intent()).await.unwrap();
        let last = held.leash().before_last();
        assert!(held.hold_back() && !held.hold_back());
        assert_eq!(last().await.unwrap_err().kind(), ErrorKind::Cancelled);

        let left = told();
        left.record(intent()).await.unwrap();
        left.leash().before_last()().await.unwrap();
        assert!(!left.hold_back(), "what has left cannot be held back");
        left.leash().came_back().await;
        assert!(left.hold_back());
    }
}
