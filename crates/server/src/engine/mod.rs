//! The engine: takes jobs on, fetches their pictures, has them looked at, and ends them.

mod admission;
mod lookers;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use image_intelligence_core::ImageStatus;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::delivery::Outbox;
use crate::fetch::Fetcher;
use crate::format::content_type;
use crate::job::{Job, Outcome, Request};
use crate::script::{Answer, AskedPicture, Rules, Script};
use crate::store::Shelf;

use lookers::{Broke, Lookers};

pub(crate) use admission::{Admission, Ticket};

/// Pictures of one job that are under way at once.
const AT_ONCE: usize = 8;
/// Pictures of all jobs that are held in memory at once: for each worker, and at least. Some jobs' slow downloads must
/// leave room for other jobs.
const HELD_A_WORKER: usize = 4;
const HELD_AT_LEAST: usize = 32;

/// Runs jobs. Dropping it stops them where they are.
pub(crate) struct Engine {
    work: Arc<Work>,
    running: Mutex<JoinSet<()>>,
    closing: watch::Sender<bool>,
}

struct Work {
    shelf: Shelf,
    outbox: Outbox,
    looking: Looking,
    fetcher: Fetcher,
    /// Pictures that may be in memory.
    held: Semaphore,
    /// Pictures that may be looked at.
    workers: Semaphore,
    lookers: Lookers,
}

/// Who is asked about a picture: first the rules, then the script.
#[derive(Clone)]
pub(crate) struct Looking {
    pub(crate) rules: Arc<Rules>,
    pub(crate) script: Arc<dyn Script>,
}

impl Looking {
    fn answer(&self, picture: &AskedPicture<'_>) -> Option<Answer> {
        self.rules.answer(picture).or_else(|| self.script.answer(picture))
    }
}

impl Engine {
    pub(crate) fn start(
        shelf: Shelf,
        outbox: Outbox,
        looking: Looking,
        fetcher: Fetcher,
        workers: usize,
    ) -> std::io::Result<Self> {
        let workers = workers.max(1);
        Ok(Self {
            work: Arc::new(Work {
                shelf,
                outbox,
                looking,
                fetcher,
                held: Semaphore::new((workers * HELD_A_WORKER).max(HELD_AT_LEAST)),
                workers: Semaphore::new(workers),
                lookers: Lookers::start(workers)?,
            }),
            running: Mutex::default(),
            closing: watch::Sender::new(false),
        })
    }

    /// Begins the work on a job that the store already holds.
    pub(crate) fn run(&self, job: Arc<Job>, ticket: Ticket) {
        let (work, closing) = (Arc::clone(&self.work), self.closing.subscribe());
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            work.job(&job, closing).await;
            drop(ticket);
        });
    }

    /// Stops every job where it is. What is being looked at on another thread runs out there, unheard.
    pub(crate) fn abort(&self) {
        self.closing.send_replace(true);
        self.running.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// Lets each picture that is being looked at come to its end, begins no other, and returns when all is still or the
    /// ceiling is reached. A job that is not done by then stays in progress in the store.
    pub(crate) async fn close(&self, ceiling: Duration) {
        self.closing.send_replace(true);
        let mut running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let still = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(ceiling, still).await.is_err() {
            tracing::warn!("some jobs did not stop in time; they stay in progress");
        }
    }
}

/// Resolves once the engine closes.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // An engine that is gone has closed too.
    let _ = closing.wait_for(|&closing| closing).await;
}

impl Work {
    async fn job(&self, job: &Arc<Job>, closing: watch::Receiver<bool>) {
        let pictures = futures_util::stream::iter(0..job.pictures.len());
        let outcomes: Vec<Option<Outcome>> =
            pictures.map(|index| self.picture(job, index, closing.clone())).buffered(AT_ONCE).collect().await;
        let Some(outcomes) = outcomes.into_iter().collect::<Option<Vec<_>>>() else { return };
        self.finish(job, outcomes, closing).await;
    }

    /// Writes the end of a job down, and tries again for as long as the store fails: a job never hangs for a full disk.
    async fn finish(&self, job: &Arc<Job>, outcomes: Vec<Outcome>, mut closing: watch::Receiver<bool>) {
        let mut pause = Duration::from_millis(100);
        loop {
            let (ended, outcomes, ending) = (Arc::clone(job), outcomes.clone(), self.outbox.ending(&job.owner));
            match self.shelf.call(move |store| store.finish(&ended, outcomes, &ending)).await {
                Ok(scheduled) => {
                    tracing::info!(job = %job.id, "job done");
                    return self.outbox.send(scheduled);
                }
                Err(error) => {
                    tracing::error!(job = %job.id, %error, "the end of a job cannot be written; trying again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(10)),
                () = closed(&mut closing) => return,
            }
        }
    }

    /// What became of one picture; `None` where the engine closed before it was known.
    async fn picture(&self, job: &Job, index: usize, mut closing: watch::Receiver<bool>) -> Option<Outcome> {
        if *closing.borrow() {
            return None;
        }
        let Some(asked) = Asked::of(job, index) else { return Some(Outcome::failed(ImageStatus::JobError)) };
        let _held = tokio::select! {
            permit = self.held.acquire() => permit.ok()?,
            () = closed(&mut closing) => return None,
        };
        let bytes = tokio::select! {
            bytes = self.bytes(job, index, &asked) => bytes,
            () = closed(&mut closing) => return None,
        };
        let answer = match bytes {
            Ok(Got::Bytes(bytes)) => {
                let _worker = tokio::select! {
                    permit = self.workers.acquire() => permit.ok()?,
                    () = closed(&mut closing) => return None,
                };
                self.look(asked, Some(bytes)).await
            }
            Ok(Got::Answer(answer)) => Ok(Some(answer)),
            Err(status) => Ok(Some(Answer::status(status))),
        };
        Some(match answer {
            Ok(Some(answer)) => Outcome::of(answer, &job.request),
            Ok(None) => Outcome::failed(ImageStatus::ModelServiceError),
            Err(Broke) => {
                tracing::error!(job = %job.id, "the detector panicked on a picture");
                Outcome::failed(ImageStatus::DetectionEngineError)
            }
        })
    }

    /// The bytes of a picture: kept, or fetched; or an answer that needs none.
    async fn bytes(&self, job: &Job, index: usize, asked: &Asked) -> Result<Got, ImageStatus> {
        let Some(id) = job.pictures.get(index).cloned() else { return Err(ImageStatus::JobError) };
        let lost = |error| {
            tracing::error!(job = %job.id, %error, "a picture cannot be read from the store");
            ImageStatus::JobError
        };
        let kept = id.clone();
        if let Some(bytes) = self.shelf.call(move |store| store.picture(&kept)).await.map_err(lost)? {
            return Ok(Got::Bytes(bytes));
        }
        let Some(url) = &asked.url else {
            tracing::error!(job = %job.id, "a picture that was sent along is no longer there");
            return Err(ImageStatus::JobError);
        };
        match self.look(asked.clone(), None).await {
            Ok(Some(answer)) => return Ok(Got::Answer(answer)),
            Ok(None) => {}
            Err(Broke) => return Err(ImageStatus::DetectionEngineError),
        }
        let bytes = self.fetcher.fetch(url).await.map_err(|reason| {
            let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
            tracing::warn!(job = %job.id, image = %id, host, reason, "a picture cannot be fetched");
            ImageStatus::ImageDownloadError
        })?;
        // What is no picture is never served on: a URL must not make this server hand out what only it can reach.
        if content_type(&bytes).is_none() {
            return Ok(Got::Bytes(bytes));
        }
        let (owner, copy) = (job.id.clone(), bytes.clone());
        // Only what proxyUrl points to is at stake: the job goes on without.
        if let Err(error) = self.shelf.call(move |store| store.keep_picture(&owner, &id, copy)).await {
            tracing::error!(job = %job.id, %error, "a fetched picture cannot be kept");
        }
        Ok(Got::Bytes(bytes))
    }

    /// Asks on a thread that may block, and where a panic ends with the picture.
    async fn look(&self, asked: Asked, bytes: Option<Bytes>) -> Result<Option<Answer>, Broke> {
        let looking = self.looking.clone();
        let heavy = bytes.is_some();
        let look = move || {
            looking.answer(&AskedPicture {
                bytes: bytes.as_deref(),
                url: asked.url.as_deref(),
                custom_id: asked.custom_id.as_deref(),
                ..AskedPicture::about(&asked.request)
            })
        };
        if heavy { self.lookers.look(look).await } else { tokio::task::spawn_blocking(look).await.map_err(|_| Broke) }
    }
}

enum Got {
    Bytes(Bytes),
    Answer(Answer),
}

/// What is asked about one picture, to be carried to another thread.
#[derive(Clone)]
struct Asked {
    url: Option<String>,
    custom_id: Option<String>,
    request: Arc<Request>,
}

impl Asked {
    fn of(job: &Job, index: usize) -> Option<Self> {
        let image = job.request.images().get(index)?;
        Some(Self { url: image.url.clone(), custom_id: image.custom_id.clone(), request: Arc::clone(&job.request) })
    }
}
