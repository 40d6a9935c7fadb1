//! A wait, step by step: what the scheduler tells of one job.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use image_intelligence_core::{Error, JobStatus, Result};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::job::{Job, status_word};
use crate::kind::JobKind;
use crate::scheduler::{End, LAST_LOOK, Mailbox, News, Seat, heard, within};

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

/// The steps of a wait, each told before the pause that follows it.
///
/// Ends after [`Update::Done`] or the first error. The job is asked for from the first call of [`next`](Self::next) until this
/// is dropped or has ended; a call that is dropped half-way loses nothing, and of progress that nobody took the latest is kept.
/// All the waits of a client share their requests.
#[must_use = "a wait does nothing unless it is polled"]
pub struct Updates<K: JobKind> {
    job: Job<K>,
    mailbox: Arc<Mailbox>,
    /// Held while the job is asked for.
    seat: Option<Seat>,
    span: tracing::Span,
    limit: Duration,
    began: Instant,
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
        let span = tracing::info_span!("ii.wait", ii.job.kind = %K::KIND, ii.job.id = job.id(), ii.polls = 0);
        Self {
            mailbox: Arc::new(Mailbox::new(span.clone())),
            seat: None,
            last_status: job.status.clone(),
            told_start: !job.is_fresh(began),
            job,
            span,
            limit,
            began,
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
        if self.seat.is_none() {
            self.seat = Some(self.job.join(self.mailbox.clone(), 0, self.began, self.limit));
        }
        if !self.told_start {
            self.told_start = true;
            return Some(Ok(self.progress()));
        }
        let news = heard(&self.job.client, |context| self.mailbox.poll_news(context)).instrument(self.span.clone());
        // The scheduler gives its word in time; should it ever not, a wait ends all the same.
        let latest = self.began.checked_add(self.limit.saturating_add(2 * LAST_LOOK));
        let news = within(latest, news).await;
        let update = self.read(match news {
            Some(Ok(news)) => news,
            Some(Err(closed)) => News::End(End::Failed(closed)),
            None => News::End(End::late()),
        });
        self.ended = !matches!(update, Ok(Update::Progress { .. } | Update::PollFailed(_)));
        if self.ended {
            self.seat = None;
        }
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

    fn read(&mut self, news: News) -> Result<Update<K::Job>> {
        let span = self.span.clone();
        let _entered = span.enter();
        if !matches!(news, News::End(End::Told(_))) {
            self.polls += 1;
            span.record("ii.polls", self.polls);
        }
        let status = match &news {
            News::Progress(status, _) | News::End(End::TimedOut(Ok(status))) => Some(status),
            _ => None,
        };
        if let Some(status) = status {
            if !status.is_known() && self.last_status.as_ref() != Some(status) {
                tracing::warn!(%status, "the job has a status that this version does not know; the wait goes on");
            }
            self.last_status = Some(status.clone());
        }
        let waited = self.began.elapsed();
        if self.said.elapsed() >= SAY_EVERY {
            self.said = Instant::now();
            let status = status_word(self.last_status.as_ref());
            tracing::info!(waited_s = waited.as_secs(), polls = self.polls, status, "still waiting");
        }
        match news {
            News::Progress(..) => Ok(self.progress()),
            News::Failed(error) => Ok(Update::PollFailed(error)),
            News::End(end) => self.job.ended(end, waited, self.last_status.clone()).map(Update::Done),
        }
    }
}
