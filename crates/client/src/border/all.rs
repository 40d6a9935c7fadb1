//! Any number of pictures of any kind of job, for a host that pulls its own iterator: no call goes back to it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use image_intelligence_core::{
    AskRequest, DetectRequest, Error, ErrorKind, Kind, MatchRequest, RecognizeRequest, Result,
};

use super::RawJson;
use crate::all::{AllBuilder, Control, Engine, Feed, Item, Progress, Source};
use crate::client::Client;
use crate::image::Image;
use crate::kind::JobKind;

/// The settings of a run. What is not said is as in [`AllBuilder`].
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct AllOptions {
    /// How many pictures a job has at most.
    pub batch_size: Option<usize>,
    /// How many jobs are in flight at most.
    pub concurrency: Option<usize>,
    /// Whether results are given in the order of the inputs.
    pub in_order: bool,
    /// Where to write down what was sent.
    pub manifest: Option<PathBuf>,
    /// How long each job is waited for.
    pub wait: Option<Duration>,
    /// How many pictures will be fed, where that is known.
    pub total: Option<usize>,
}

/// What comes next of a run.
#[doc(hidden)]
#[derive(Debug)]
pub enum AllStep<I = AnyItem> {
    /// Some results: at least one, but for [`FedAll::next_change`].
    Items(Vec<I>),
    /// There is room for so many pictures more: feed up to so many, or say that there are none. Whoever asks again before
    /// that waits for results.
    Want(usize),
    /// There are no more results.
    End,
}

/// As [`Item`], of any kind of job.
#[doc(hidden)]
#[derive(Debug)]
pub struct AnyItem {
    /// Its place among the inputs, from 0.
    pub index: usize,
    /// What was passed in.
    pub source: String,
    /// The name that it was given.
    pub custom_id: Option<String>,
    /// The job that it was in.
    pub job_id: Option<String>,
    /// What the service says of it: canonical JSON in `json`; `raw` is empty.
    pub result: Option<RawJson>,
    /// Why there is no result, or what the result says went wrong.
    pub error: Option<Error>,
    /// Whether its job names it as the answer.
    pub chosen: bool,
}

impl<K: JobKind> From<Item<K>> for AnyItem {
    fn from(item: Item<K>) -> Self {
        let Item { index, source, custom_id, job_id, result, error, chosen } = item;
        // Text, numbers and lists: there is nothing in them that JSON cannot say.
        let result = result.map(|image| RawJson::written(serde_json::to_vec(&image).unwrap_or_default(), None));
        Self { index, source, custom_id, job_id, result, error, chosen }
    }
}

/// A run of any kind of job, whose results come as an `I`.
trait Run<I>: Send {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<I>>;
    fn room(&self) -> usize;
}

impl<K: JobKind, I: From<Item<K>>> Run<I> for Engine<K> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<I>> {
        Engine::poll_next(self, cx).map(|item| item.map(I::from))
    }

    fn room(&self) -> usize {
        Engine::room(self)
    }
}

/// Any number of pictures, fed as they are wanted. What became of each comes as an `I`, which a host makes of an [`Item`].
#[doc(hidden)]
pub struct FedAll<I> {
    /// None once it was left.
    run: Mutex<Option<Box<dyn Run<I>>>>,
    turn: tokio::sync::Mutex<()>,
    /// How far it had come when somebody was last told something.
    told: Mutex<Progress>,
    feed: Arc<Feed>,
    control: Arc<Control>,
}

/// The same, with results in JSON.
#[doc(hidden)]
pub type AnyAll = FedAll<AnyItem>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<I> std::fmt::Debug for FedAll<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FedAll").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

/// How many results are given at once.
const MOST_ITEMS: usize = 64;

impl<I> FedAll<I> {
    fn new<K: JobKind>(engine: Engine<K>, feed: Arc<Feed>) -> Self
    where
        I: From<Item<K>> + 'static,
    {
        let control = Arc::clone(engine.control());
        let run: Box<dyn Run<I>> = Box::new(engine);
        Self { run: Mutex::new(Some(run)), turn: tokio::sync::Mutex::default(), told: Mutex::default(), feed, control }
    }

    /// Hands pictures over, in their order. Does not wait.
    pub fn feed(&self, images: Vec<Image>) {
        self.feed.feed(images);
    }

    /// Says that there are no more pictures.
    pub fn end(&self) {
        self.feed.end();
    }

    /// As [`All::stop`](crate::All::stop).
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Gives up the rest, as dropping it does: reads, sends and waits no more. What was submitted is still
    /// [in flight](Self::in_flight); whoever waits for the next is told of the end.
    pub fn leave(&self) {
        drop(lock(&self.run).take());
        self.control.leave();
    }

    /// What comes next. A call that is dropped half-way loses nothing; of several at once each gets its part.
    pub async fn next(&self) -> AllStep<I> {
        self.step(MOST_ITEMS, false).await
    }

    /// As [`next`](Self::next), for a host that tells people how far it has come: at most one item, and none where nothing
    /// but the [progress](Self::progress) has changed.
    pub async fn next_change(&self) -> AllStep<I> {
        self.step(1, true).await
    }

    async fn step(&self, most: usize, changes: bool) -> AllStep<I> {
        let _turn = self.turn.lock().await;
        std::future::poll_fn(|cx| {
            let mut run = lock(&self.run);
            let Some(run) = run.as_mut() else { return Poll::Ready(AllStep::End) };
            let mut items = Vec::new();
            loop {
                match run.poll_next(cx) {
                    Poll::Ready(Some(item)) => items.push(item),
                    Poll::Ready(None) if items.is_empty() => return Poll::Ready(AllStep::End),
                    Poll::Pending if items.is_empty() => break,
                    _ => return Poll::Ready(AllStep::Items(items)),
                }
                if items.len() == most {
                    return Poll::Ready(AllStep::Items(items));
                }
            }
            match run.room() {
                room @ 1.. if self.feed.tell_hunger() => Poll::Ready(AllStep::Want(room)),
                _ if changes && self.has_changed() => Poll::Ready(AllStep::Items(items)),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// Whether it has come further since this was last asked.
    fn has_changed(&self) -> bool {
        let now = Progress { elapsed: Duration::ZERO, ..self.progress() };
        std::mem::replace(&mut *lock(&self.told), now) != now
    }

    /// As [`All::progress`](crate::All::progress).
    pub fn progress(&self) -> Progress {
        self.control.progress()
    }

    /// As [`All::in_flight`](crate::All::in_flight).
    pub fn in_flight(&self) -> Vec<String> {
        self.control.tokens()
    }
}

impl<K: JobKind> AllBuilder<K> {
    /// As [`start`](Self::start), with pictures that are fed, and none of those that it was made with.
    #[doc(hidden)]
    pub fn fed<I: From<Item<K>> + 'static>(mut self, options: AllOptions) -> Result<FedAll<I>> {
        let AllOptions { batch_size, concurrency, in_order, manifest, wait, total } = options;
        if let Some(path) = manifest {
            let message = format!("manifest {}: not kept by this version", path.display());
            return Err(Error::new(ErrorKind::Config, message));
        }
        let feed = Arc::new(Feed::default());
        self.source = Source::fed(&feed, total);
        let settings = &mut self.settings;
        settings.in_order = in_order;
        settings.batch_size = batch_size.unwrap_or(settings.batch_size);
        settings.concurrency = concurrency.unwrap_or(settings.concurrency);
        settings.wait = wait.unwrap_or(settings.wait);
        Ok(FedAll::new(self.engine()?, feed))
    }
}

impl Client {
    /// Any number of pictures, from a request in JSON without its pictures. The namespace is that of recognize jobs.
    #[doc(hidden)]
    pub fn any_all(
        &self,
        kind: Kind,
        namespace: Option<String>,
        request: &[u8],
        options: AllOptions,
    ) -> Result<AnyAll> {
        Ok(match kind {
            Kind::Match => self.fed::<crate::kind::Match>(None, MatchRequest::from_json(request)?, options)?,
            Kind::Ask => self.fed::<crate::kind::Ask>(None, AskRequest::from_json(request)?, options)?,
            Kind::Recognize => {
                self.fed::<crate::kind::Recognize>(namespace, RecognizeRequest::from_json(request)?, options)?
            }
            _ => self.fed::<crate::kind::Detect>(None, DetectRequest::from_json(request)?, options)?,
        })
    }

    fn fed<K: JobKind>(&self, namespace: Option<String>, request: K::Request, options: AllOptions) -> Result<AnyAll> {
        let none = Source::iterator(Vec::<Image>::new());
        AllBuilder::<K>::new(self.clone(), none, request, namespace).fed(options)
    }
}
