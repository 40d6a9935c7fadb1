//! Telling others what becomes of a submit: before it, while it leaves, and at its end, whichever way it ends.

use std::sync::{Arc, Mutex, PoisonError};

use image_intelligence_core::{Callbacks, Error, ErrorKind, Intent, JobRef, Kind, Result, Rid, Timestamp};

use crate::outside::BeforeLast;

/// One submit, and who is told of it. Dropped without an end, it tells one: of a submit that was cancelled.
pub(crate) struct Told(Leash);

/// What a request carries, to tell each time that it leaves.
#[derive(Clone)]
pub(crate) struct Leash(Arc<Shared>);

struct Shared {
    rid: Rid,
    all: Vec<Arc<dyn Callbacks>>,
    stage: Mutex<Stage>,
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
        Some(Self(Leash(Arc::new(Shared { rid, all, stage: Mutex::new(Stage::New) }))))
    }

    /// The first URL that somebody gives at which the finished job is to be posted.
    pub(crate) fn mint(&self, kind: Kind, now: Timestamp) -> Result<Option<String>> {
        let shared = &self.0.0;
        for one in &shared.all {
            if let Some(url) = one.mint(kind, shared.rid, now)? {
                return Ok(Some(url));
            }
        }
        Ok(None)
    }

    /// Has the intent made durable. Where somebody cannot, the others are told that it came to nothing.
    pub(crate) async fn record(&self, intent: Intent) -> Result<()> {
        self.0.0.to(Stage::Here);
        for one in &self.0.0.all {
            if let Err(error) = one.record(intent.clone()).await {
                let error = as_store(error);
                self.refused(error.clone()).await;
                return Err(error);
            }
        }
        Ok(())
    }

    pub(crate) fn leash(&self) -> Leash {
        self.0.clone()
    }

    /// Whether the submit had not left, and now never will: though its connection broke or its time ran out, there is no job.
    pub(crate) fn hold_back(&self) -> bool {
        let mut stage = self.0.0.stage();
        let here = *stage == Stage::Here;
        if here {
            *stage = Stage::Over;
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
        self.0.0.to(Stage::Over);
        let _ = tokio::spawn(Arc::clone(&self.0.0).tell(end)).await;
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let before = self.0.0.to(Stage::Over);
        let message = "the submit was dropped before its end: cancelled, or its client was closed";
        let end = match before {
            Stage::New | Stage::Over => return,
            Stage::Here => End::Refused(Error::new(ErrorKind::Cancelled, format!("{message}; it had not left"))),
            Stage::Left => {
                End::Unknown(Error::new(ErrorKind::OutcomeUnknown, format!("{message}; it may have arrived")))
            }
        };
        // Without a runtime nobody can be told. Who made the intent durable knows all the same: what left and has no end is
        // unknown.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(Arc::clone(&self.0.0).tell(end));
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
                {
                    let mut stage = shared.stage();
                    if *stage != Stage::Over {
                        *stage = Stage::Left;
                    }
                }
                for one in &shared.all {
                    shared.still_wanted()?;
                    one.leaving(shared.rid).await.map_err(as_store)?;
                }
                shared.still_wanted()
            })
        })
    }

    /// Tells that the request made nothing, and will be sent again.
    pub(crate) async fn came_back(&self) {
        self.0.to(Stage::Here);
        for one in &self.0.all {
            // Then it stays known as one that left, which is the safe side.
            warn("that a request came back", one.came_back(self.0.rid).await);
        }
    }
}

impl Shared {
    fn stage(&self) -> std::sync::MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn to(&self, stage: Stage) -> Stage {
        std::mem::replace(&mut self.stage(), stage)
    }

    fn still_wanted(&self) -> Result<()> {
        match *self.stage() {
            Stage::Over => Err(Error::new(ErrorKind::Cancelled, "the submit was dropped before it had left")),
            _ => Ok(()),
        }
    }

    async fn tell(self: Arc<Self>, end: End) {
        for one in &self.all {
            match end.clone() {
                End::Accepted(job) => warn("that a job was accepted", one.accepted(self.rid, job).await),
                End::Refused(error) => warn("that a job was refused", one.refused(self.rid, error).await),
                End::Unknown(error) => warn("that a job's fate is unknown", one.unknown(self.rid, error).await),
            }
        }
    }
}

/// What cannot be kept track of is not sent, whatever the reason.
fn as_store(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Store => error,
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
