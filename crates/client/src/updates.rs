//! A wait, step by step. What to do after each look is core's decision; this looks and sleeps.

use std::fmt;
use std::time::Duration;

use futures_core::Stream;
use image_intelligence_core::{Error, ErrorKind, JobStatus, Result, RetryPolicy, Seen, Step, Wait};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::job::Job;
use crate::kind::JobKind;

/// How long a look may take that begins at the deadline, or just before it.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// How often a long wait says in the log that it goes on.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// A step of a wait.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Update<J> {
    /// The job is not done yet.
    #[non_exhaustive]
    Progress {
        /// What it says of itself; it may be a status that this version does not know.
        status: JobStatus,
        /// How long this wait has lasted.
        waited: Duration,
        /// How many looks it has taken.
        polls: u32,
    },
    /// The job could not be looked at this time; the wait goes on.
    PollFailed(Error),
    /// The job is done: the last update.
    Done(J),
}

/// The steps of a wait, each told before the sleep that follows it.
///
/// Ends after [`Update::Done`] or the first error. Nothing happens between calls of [`next`](Self::next), and a call that
/// is dropped half-way loses nothing.
#[must_use = "a wait does nothing unless it is polled"]
pub struct Updates<K: JobKind> {
    job: Job<K>,
    wait: Wait,
    span: tracing::Span,
    limit: Duration,
    began: Instant,
    next_look: Instant,
    told_start: bool,
    last_status: Option<JobStatus>,
    polls: u32,
    said: Instant,
    ended: bool,
}

impl<K: JobKind> fmt::Debug for Updates<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Updates").field("job", &self.job).field("polls", &self.polls).finish_non_exhaustive()
    }
}

impl<K: JobKind> Updates<K> {
    pub(crate) fn new(job: Job<K>, limit: Duration) -> Self {
        let began = Instant::now();
        let wait = Wait::new(job.client.inner().poll.clone(), job.age(), limit);
        let span = tracing::info_span!("ii.wait", ii.job.kind = %K::KIND, ii.job.id = job.id(), ii.polls = 0);
        // A job that was under way when it was submitted, just now, is not looked at at once.
        let fresh = job.age() < Duration::from_secs(1) && job.status.as_ref().is_some_and(|status| !status.is_done());
        let next_look = if fresh { began + wait.first(job.client.inner().outside().jitter()) } else { began };
        Self {
            last_status: job.status.clone(),
            told_start: !fresh,
            job,
            wait,
            span,
            limit,
            began,
            next_look,
            polls: 0,
            said: began,
            ended: false,
        }
    }

    /// The next step; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Update<K::Job>>> {
        if self.ended {
            return None;
        }
        if !self.told_start {
            self.told_start = true;
            return Some(Ok(self.progress()));
        }
        let span = self.span.clone();
        let client = self.job.client.clone();
        let step = async {
            tokio::time::sleep_until(self.next_look).await;
            self.look().await
        };
        let mut update = client.inner().while_open(step.instrument(span)).await;
        if let Err(error) = &update
            && error.kind() == ErrorKind::Closed
        {
            update = Err(error.clone().with_job(self.last_status.clone(), self.job.resume_token()));
        }
        self.ended = !matches!(update, Ok(Update::Progress { .. } | Update::PollFailed(_)));
        Some(update)
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Update<K::Job>>> + Send {
        futures_util::stream::unfold(self, |mut updates| async move {
            let update = updates.next().await?;
            Some((update, updates))
        })
    }

    fn progress(&self) -> Update<K::Job> {
        Update::Progress {
            status: self.last_status.clone().unwrap_or_default(),
            waited: self.began.elapsed(),
            polls: self.polls,
        }
    }

    async fn look(&mut self) -> Result<Update<K::Job>> {
        let allowed = self.limit.saturating_sub(self.began.elapsed()).max(LAST_LOOK);
        let jobs = self.job.jobs();
        let mut policy = RetryPolicy::never();
        // No pause for a 429 either: a look is tried once, and the wait around it is what tries again.
        policy.budget = Duration::ZERO;
        let looked = match tokio::time::timeout(allowed, jobs.look(self.job.id(), &policy)).await {
            Ok(looked) => looked.map_err(|failed| failed.error),
            Err(_) => Err(Error::new(
                ErrorKind::RequestTimeout,
                format!("{} job {}: no answer in time", K::KIND, self.job.id()),
            )),
        };
        self.polls += 1;
        self.span.record("ii.polls", self.polls);
        let waited = self.began.elapsed();
        let seen = match &looked {
            Ok(job) => Seen::Status(K::facts(job).status),
            Err(error) => Seen::Failed(error),
        };
        if let Seen::Status(status) = seen {
            if !status.is_known() && self.last_status.as_ref() != Some(status) {
                tracing::warn!(%status, "the job has a status that this version does not know; the wait goes on");
            }
            self.last_status = Some(status.clone());
        }
        if self.said.elapsed() >= SAY_EVERY {
            self.said = Instant::now();
            tracing::info!(
                waited_s = waited.as_secs(),
                polls = self.polls,
                status = self.status_word(),
                "still waiting"
            );
        }
        match self.wait.step(waited, seen, self.job.client.inner().outside().jitter()) {
            Step::Finish => looked.map(|mut job| {
                K::tie(&mut job, &self.job.inputs);
                Update::Done(job)
            }),
            Step::Again(pause) => {
                self.next_look = Instant::now() + pause;
                Ok(match looked {
                    Ok(_) => self.progress(),
                    Err(error) => Update::PollFailed(error),
                })
            }
            Step::Fail => Err(match looked {
                Err(error) => error,
                Ok(_) => self.lost(None),
            }),
            Step::Lost => Err(self.lost(looked.err())),
            Step::TimeOut => Err(self.timed_out(looked.err())),
        }
    }

    fn status_word(&self) -> &str {
        self.last_status.as_ref().map(JobStatus::as_str).filter(|status| !status.is_empty()).unwrap_or("unknown")
    }

    fn timed_out(&self, source: Option<Error>) -> Error {
        let token = self.job.resume_token();
        let last = source.as_ref().map(|error| format!(" (the last look failed: {error})")).unwrap_or_default();
        let message = format!(
            "waited {} s for {} job {}, last status {}{last}; it may still finish: client.resume(\"{token}\").wait()",
            crate::http::in_seconds(self.began.elapsed()),
            K::KIND,
            self.job.id(),
            self.status_word(),
        );
        let error = Error::new(ErrorKind::WaitTimeout, message).with_job(self.last_status.clone(), token);
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    fn lost(&self, source: Option<Error>) -> Error {
        let message = format!(
            "the API does not know {} job {} any more, last status {}; submit the pictures again if you still need them",
            K::KIND,
            self.job.id(),
            self.status_word(),
        );
        let error = Error::new(ErrorKind::JobLost, message)
            .with_job(self.last_status.clone(), self.job.resume_token())
            .with_status(source.as_ref().and_then(Error::status).unwrap_or(404));
        match source {
            Some(source) => error.with_request_id(source.request_id().map(str::to_owned)).with_source(source),
            None => error,
        }
    }
}
