//! Any number of pictures, and many jobs: JavaScript asks for what comes next, one thing at a time.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use image_intelligence::{AllOptions, AllStep, AnyAll, AnyCompleted, AnyItem, Progress};
use napi::bindgen_prelude::{ClassInstance, Object};
use napi::{Env, Result};
use napi_derive::napi;
use tokio::sync::Semaphore;

use crate::calls::{self, Outcome};
use crate::client::{Client, JobHandle, Picture, milliseconds};
use crate::json::string;
use crate::{failure, kind_of};

/// How a run is set up.
#[napi(object)]
pub struct RunSettings {
    pub batch_size: Option<u32>,
    pub concurrency: Option<u32>,
    pub ordered: bool,
    pub manifest: Option<String>,
    /// In milliseconds.
    pub timeout: Option<f64>,
    /// How many pictures there are, where that is known.
    pub total: Option<u32>,
    /// Whether an inbox is told of the jobs' ends.
    pub deliver: Option<bool>,
}

/// How far a run has come.
#[napi(object)]
pub struct RunProgress {
    pub total: Option<f64>,
    pub done: f64,
    pub failed: f64,
    pub in_flight: f64,
    pub jobs: f64,
    /// In milliseconds.
    pub elapsed: f64,
}

impl From<Progress> for RunProgress {
    fn from(progress: Progress) -> Self {
        Self {
            total: progress.total.map(|total| total as f64),
            done: progress.done as f64,
            failed: progress.failed as f64,
            in_flight: progress.in_flight as f64,
            jobs: progress.jobs as f64,
            elapsed: progress.elapsed.as_secs_f64() * 1000.0,
        }
    }
}

/// A run over any number of pictures.
#[napi]
pub struct Run(Arc<AnyAll>);

#[napi]
impl Run {
    /// Hands pictures over.
    #[napi(catch_unwind)]
    pub fn feed(&self, pictures: Vec<Picture>) {
        self.0.feed(pictures.into_iter().map(Into::into).collect());
    }

    /// Says that there are no more.
    #[napi(catch_unwind)]
    pub fn end(&self) {
        self.0.end();
    }

    /// Sends no more.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Waits no more, either.
    #[napi(catch_unwind)]
    pub fn leave(&self) {
        self.0.leave();
    }

    #[napi(catch_unwind)]
    pub fn progress(&self) -> RunProgress {
        self.0.progress().into()
    }

    #[napi(catch_unwind)]
    pub fn in_flight(&self) -> Vec<String> {
        self.0.in_flight()
    }
}

/// Jobs that are waited for, all of them at once.
#[napi]
pub struct Ends {
    jobs: Option<Arc<AnyCompleted>>,
    /// Closed when nobody waits any more.
    left: Arc<Semaphore>,
}

#[napi]
impl Ends {
    /// Waits no more.
    #[napi(catch_unwind)]
    pub fn leave(&mut self) {
        self.jobs = None;
        self.left.close();
    }
}

#[napi]
impl Client {
    /// Any number of pictures of a kind of job, of which nothing is sent yet.
    #[napi(catch_unwind)]
    pub fn run(
        &self,
        env: Env,
        kind: String,
        namespace: Option<String>,
        request: String,
        settings: RunSettings,
    ) -> Result<Run> {
        let options = AllOptions {
            batch_size: settings.batch_size.map(|pictures| pictures as usize),
            concurrency: settings.concurrency.map(|jobs| jobs as usize),
            in_order: settings.ordered,
            manifest: settings.manifest.map(PathBuf::from),
            wait: settings.timeout.map(milliseconds),
            total: settings.total.map(|pictures| pictures as usize),
            deliver: settings.deliver,
        };
        let client = self.open(env)?;
        let run = kind_of(&kind).and_then(|kind| client.any_all(kind, namespace, request.as_bytes(), options));
        run.map(|run| Run(Arc::new(run))).map_err(|error| failure::thrown(env, &error))
    }

    /// The outcome is a result; or how many more pictures there is room for, 0 where only the progress has changed; or nothing
    /// after the last.
    #[napi(catch_unwind)]
    pub fn step(&mut self, env: Env, run: &Run) -> Result<u32> {
        self.open(env)?;
        let run = Arc::clone(&run.0);
        self.calls.start(env, async move {
            match run.next_change().await {
                AllStep::Items(items) => items.into_iter().next().map_or(Outcome::Want(0), Outcome::item),
                AllStep::Want(pictures) => Outcome::Want(pictures),
                AllStep::End => Outcome::Done,
            }
        })
    }

    /// Waits for many jobs, each at most so many milliseconds.
    #[napi(catch_unwind)]
    pub fn ends(&self, env: Env, jobs: Vec<ClassInstance<'_, JobHandle>>, limit: f64) -> Result<Ends> {
        let client = self.open(env)?;
        let jobs = jobs.iter().map(|job| job.0.through(client)).collect();
        let jobs = client.any_as_completed(jobs, Some(milliseconds(limit)));
        Ok(Ends { jobs: Some(Arc::new(jobs)), left: Arc::new(Semaphore::new(0)) })
    }

    /// The outcome is the next job that ends, by its place; or nothing after the last.
    #[napi(catch_unwind)]
    pub fn end(&mut self, env: Env, ends: &Ends) -> Result<u32> {
        self.open(env)?;
        let (jobs, left) = (ends.jobs.clone(), Arc::clone(&ends.left));
        self.calls.start(env, async move {
            let Some(jobs) = jobs else { return Outcome::Done };
            match select(pin!(jobs.next()), pin!(left.acquire())).await {
                Either::Left((Some((place, result)), _)) => Outcome::end(place, result),
                _ => Outcome::Done,
            }
        })
    }
}

/// A result as JavaScript gets it: what the service says is JSON yet.
pub(crate) fn item(env: &Env, item: AnyItem) -> Result<Object<'_>> {
    let mut told = Object::new(env)?;
    told.set("index", item.index as f64)?;
    told.set("chosen", item.chosen)?;
    if let Some(id) = item.custom_id {
        told.set("customId", id)?;
    }
    if let Some(id) = item.job_id {
        told.set("jobId", id)?;
    }
    if let Some(result) = item.result {
        told.set("json", string(env, calls::parts(result).0)?)?;
    }
    if let Some(error) = item.error {
        told.set("error", failure::object(env, &error)?)?;
    }
    Ok(told)
}

/// How a job ended, as JavaScript gets it.
pub(crate) fn end(env: &Env, place: usize, outcome: Outcome) -> Result<Object<'_>> {
    let mut told = Object::new(env)?;
    told.set("place", place as f64)?;
    match outcome {
        Outcome::Failed(error) => told.set("error", failure::object(env, &error)?)?,
        Outcome::One(json, raw) => {
            told.set("json", string(env, json)?)?;
            if let Some(raw) = raw {
                told.set("raw", raw)?;
            }
        }
        _ => {}
    }
    Ok(told)
}
