//! A job of any kind.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{
    AnyJob, AskRequest, BaseUrl, DetectRequest, Kind, MatchRequest, RecognizeRequest, Result, ResumeToken, Timestamp,
};

use tokio::time::Instant;

use super::RawJson;
use crate::as_completed::Tracked;
use crate::client::Client;
use crate::image::Image;
use crate::job::Job;
use crate::job_builder::JobBuilder;
use crate::kind::{Ask, Detect, Match, Recognize};
use crate::scheduler::{End, Listener, Seat};

macro_rules! each {
    ($any:expr, $one:ident => $do:expr) => {
        match $any {
            Self::Detect($one) => $do,
            Self::Match($one) => $do,
            Self::Ask($one) => $do,
            Self::Recognize($one) => $do,
        }
    };
}

/// A job of any kind that is about to be sent.
#[doc(hidden)]
#[derive(Debug)]
pub enum AnyJobBuilder {
    /// Finds objects.
    Detect(JobBuilder<Detect>),
    /// Finds a target.
    Match(JobBuilder<Match>),
    /// Answers a question.
    Ask(JobBuilder<Ask>),
    /// Finds faces.
    Recognize(JobBuilder<Recognize>),
}

impl AnyJobBuilder {
    /// The name that the job will carry.
    pub fn job_custom_id(&self) -> String {
        each!(self, job => job.job_custom_id())
    }

    /// As [`JobBuilder::deliver`].
    #[must_use]
    pub fn deliver(self, deliver: bool) -> Self {
        match self {
            Self::Detect(job) => Self::Detect(job.deliver(deliver)),
            Self::Match(job) => Self::Match(job.deliver(deliver)),
            Self::Ask(job) => Self::Ask(job.deliver(deliver)),
            Self::Recognize(job) => Self::Recognize(job.deliver(deliver)),
        }
    }

    /// As [`JobBuilder::send`].
    pub async fn send(self) -> Result<AnyHandle> {
        Ok(match self {
            Self::Detect(job) => AnyHandle::Detect(job.send().await?),
            Self::Match(job) => AnyHandle::Match(job.send().await?),
            Self::Ask(job) => AnyHandle::Ask(job.send().await?),
            Self::Recognize(job) => AnyHandle::Recognize(job.send().await?),
        })
    }
}

/// A job of any kind that was submitted.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub enum AnyHandle {
    /// Finds objects.
    Detect(Job<Detect>),
    /// Finds a target.
    Match(Job<Match>),
    /// Answers a question.
    Ask(Job<Ask>),
    /// Finds faces.
    Recognize(Job<Recognize>),
}

impl AnyHandle {
    /// What it does.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Detect(_) => Kind::Detect,
            Self::Match(_) => Kind::Match,
            Self::Ask(_) => Kind::Ask,
            Self::Recognize(_) => Kind::Recognize,
        }
    }

    /// As [`Job::id`].
    pub fn id(&self) -> &str {
        each!(self, job => job.id())
    }

    /// As [`Job::custom_id`].
    pub fn custom_id(&self) -> Option<&str> {
        each!(self, job => job.custom_id())
    }

    /// As [`Job::created_at`].
    pub fn created_at(&self) -> Timestamp {
        each!(self, job => job.created_at())
    }

    /// As [`Job::resume_token`].
    pub fn resume_token(&self) -> String {
        each!(self, job => job.resume_token())
    }

    /// The same handle through another client of the same API, as a forked process needs it.
    #[must_use]
    pub fn through(&self, client: &Client) -> Self {
        match self {
            Self::Detect(job) => Self::Detect(job.through(client)),
            Self::Match(job) => Self::Match(job.through(client)),
            Self::Ask(job) => Self::Ask(job.through(client)),
            Self::Recognize(job) => Self::Recognize(job.through(client)),
        }
    }

    pub(crate) fn join(&self, listener: Arc<dyn Listener>, key: u32, began: Instant, limit: Duration) -> Seat {
        each!(self, job => job.join(listener, key, began, limit))
    }

    pub(crate) fn ended(&self, end: End, waited: Duration) -> Result<AnyJob> {
        each!(self, job => job.ended(end, waited, job.status.clone()).map(AnyJob::from))
    }

    /// As [`Job::get`].
    pub async fn get(&self) -> Result<RawJson> {
        each!(self, job => job.get().await.map(|job| RawJson::from(&job)))
    }

    /// As [`Job::wait_for`].
    pub async fn wait_for(&self, limit: Duration) -> Result<RawJson> {
        each!(self, job => job.wait_for(limit).await.map(|job| RawJson::from(&job)))
    }
}

/// Many jobs of any kind, each given when it ends.
#[doc(hidden)]
#[derive(Debug)]
pub struct AnyCompleted(tokio::sync::Mutex<Tracked>);

impl AnyCompleted {
    /// The place of the next job that ends among those that were passed in, and its result; `None` after the last.
    pub async fn next(&self) -> Option<(usize, Result<RawJson>)> {
        let (place, result) = self.next_job().await?;
        Some((place, result.map(|job| RawJson::from(&job))))
    }

    /// The same, with the job itself.
    pub async fn next_job(&self) -> Option<(usize, Result<AnyJob>)> {
        let (place, _, result) = self.0.lock().await.next_place().await?;
        Some((place, result))
    }
}

impl Client {
    /// A job of a kind, from a request in JSON without its pictures. The namespace is that of a recognize job.
    #[doc(hidden)]
    pub fn any_job<I>(&self, kind: Kind, namespace: Option<String>, images: I, request: &[u8]) -> Result<AnyJobBuilder>
    where
        I: IntoIterator,
        I::Item: Into<Image>,
    {
        Ok(match kind {
            Kind::Match => AnyJobBuilder::Match(self.job(images, MatchRequest::from_json(request)?)),
            Kind::Ask => AnyJobBuilder::Ask(self.job(images, AskRequest::from_json(request)?)),
            Kind::Recognize => {
                let mut job = self.job(images, RecognizeRequest::from_json(request)?);
                job.namespace = namespace;
                AnyJobBuilder::Recognize(job)
            }
            _ => AnyJobBuilder::Detect(self.job(images, DetectRequest::from_json(request)?)),
        })
    }

    /// As [`as_completed`](Self::as_completed), for jobs of any kind: each is told by its place among them.
    #[doc(hidden)]
    pub fn any_as_completed(&self, jobs: Vec<AnyHandle>, limit: Option<Duration>) -> AnyCompleted {
        let ended = Tracked::new(self.clone(), Vec::new(), jobs);
        AnyCompleted(tokio::sync::Mutex::new(match limit {
            Some(limit) => ended.wait_for(limit),
            None => ended,
        }))
    }

    /// As [`resume_any`](Self::resume_any), for many; what is wrong with one is said of its place.
    #[doc(hidden)]
    pub fn resume_each<T: AsRef<str>>(&self, tokens: impl IntoIterator<Item = T>) -> Result<Vec<AnyHandle>> {
        let resumed = |(index, token): (usize, T)| {
            self.resume_any(token.as_ref()).map_err(|error| error.with_context(format_args!("tokens[{index}]")))
        };
        tokens.into_iter().enumerate().map(resumed).collect()
    }

    /// As [`resume`](Self::resume), for a token of any kind of job.
    #[doc(hidden)]
    pub fn resume_any(&self, token: &str) -> Result<AnyHandle> {
        let base: &BaseUrl = self.base_url();
        Ok(match ResumeToken::parse(token, base)?.kind {
            Kind::Match => AnyHandle::Match(self.resume(token)?),
            Kind::Ask => AnyHandle::Ask(self.resume(token)?),
            Kind::Recognize => AnyHandle::Recognize(self.resume(token)?),
            _ => AnyHandle::Detect(self.resume(token)?),
        })
    }
}
