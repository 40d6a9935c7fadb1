//! Any number of pictures of any kind of job, for a host that pulls its own iterator: no call goes back to it.

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use image_intelligence_core::{AskRequest, DetectRequest, Error, Kind, MatchRequest, RecognizeRequest, Result};

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
    /// Whether handlers are told of the ends of its jobs.
    pub deliver: Option<bool>,
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

/// How far a run has come, without how long it took.
fn counts(control: &Control) -> Progress {
    Progress { elapsed: Duration::ZERO, ..control.progress() }
}

impl<I> FedAll<I> {
    fn new<K: JobKind>(engine: Engine<K>, feed: Arc<Feed>) -> Self
    where
        I: From<Item<K>> + 'static,
    {
        let control = Arc::clone(engine.control());
        let run: Box<dyn Run<I>> = Box::new(engine);
        let told = Mutex::new(counts(&control));
        Self { run: Mutex::new(Some(run)), turn: tokio::sync::Mutex::default(), told, feed, control }
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

    /// Gives up the rest, as dropping it does: reads, sends and waits no more. What was submitted, or is just being sent, is
    /// still [in flight](Self::in_flight); whoever waits for the next is told of the end.
    pub fn leave(&self) {
        drop(lock(&self.run).take());
        self.control.leave();
    }

    /// What comes next. A call that is dropped half-way loses nothing; of several at once each gets its part.
    ///
    /// A job is in flight until the next call after that which gave the last of its results.
    pub async fn next(&self) -> AllStep<I> {
        loop {
            if let Some(step) = self.next_or_progress().await {
                return step;
            }
        }
    }

    /// As [`next`](Self::next), and `None` where the run has come further meanwhile and gives nothing yet.
    pub async fn next_or_progress(&self) -> Option<AllStep<I>> {
        let _turn = self.turn.lock().await;
        self.control.drop_taken();
        poll_fn(|cx| self.poll_step(cx, MOST_ITEMS)).await
    }

    /// The same, for a host that keeps nothing: at most one item at a time, whose job is in flight no longer once that was its
    /// last; and no item where nothing but the [progress](Self::progress) has changed.
    pub async fn next_change(&self) -> AllStep<I> {
        let _turn = self.turn.lock().await;
        let step = poll_fn(|cx| self.poll_step(cx, 1)).await;
        self.control.drop_taken();
        step.unwrap_or(AllStep::Items(Vec::new()))
    }

    fn poll_step(&self, cx: &mut Context<'_>, most: usize) -> Poll<Option<AllStep<I>>> {
        let step = match lock(&self.run).as_mut() {
            Some(run) => self.poll_run(run.as_mut(), cx, most),
            None => Poll::Ready(AllStep::End),
        };
        let now = counts(&self.control);
        let before = std::mem::replace(&mut *lock(&self.told), now);
        match step {
            Poll::Pending if before == now => Poll::Pending,
            Poll::Pending => Poll::Ready(None),
            Poll::Ready(step) => Poll::Ready(Some(step)),
        }
    }

    fn poll_run(&self, run: &mut dyn Run<I>, cx: &mut Context<'_>, most: usize) -> Poll<AllStep<I>> {
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
            _ => Poll::Pending,
        }
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
        let AllOptions { batch_size, concurrency, in_order, manifest, wait, total, deliver } = options;
        if let Some(path) = manifest {
            self = self.manifest(path);
        }
        self.deliver = deliver.unwrap_or(self.deliver);
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
