//! Those who wait: for one job step by step, for many jobs as they end, or for one look.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use image_intelligence_core::{AnyJob, Error, ErrorKind, JobStatus, Step};

use super::look::Sight;

/// What is told of a job.
#[derive(Debug)]
pub(crate) enum News {
    /// It is not done.
    Progress(JobStatus, Option<Box<AnyJob>>),
    /// It could not be looked at this time.
    Failed(Error),
    /// There is no more to come.
    End(End),
}

impl News {
    pub(crate) fn of(seen: &Sight) -> Self {
        match seen {
            Ok((status, job)) => Self::Progress(status.clone(), job.clone()),
            Err(error) => Self::Failed(error.clone()),
        }
    }
}

/// How a wait ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The job is done.
    Done(Box<AnyJob>),
    /// The same, and no look showed it: somebody else told of it.
    Told(Box<AnyJob>),
    /// An error for good.
    Failed(Error),
    /// The API does not know the job any more.
    Lost(Option<Error>),
    /// The deadline came. What the last look showed, or why it failed.
    TimedOut(Result<JobStatus, Error>),
}

impl End {
    /// The end of a wait of which nothing was heard any more.
    pub(crate) fn late() -> Self {
        let message = "no look could be made in time";
        Self::TimedOut(Err(Error::new(ErrorKind::RequestTimeout, message)))
    }

    /// The end that a last look shows.
    pub(crate) fn of(step: Step, seen: &Sight) -> Self {
        match (step, seen) {
            (Step::TimeOut, Ok((status, _))) => Self::TimedOut(Ok(status.clone())),
            (Step::TimeOut, Err(error)) => Self::TimedOut(Err(error.clone())),
            (Step::Fail, Err(error)) => Self::Failed(error.clone()),
            (_, Ok((_, Some(job)))) => Self::Done(job.clone()),
            (_, seen) => Self::Lost(seen.as_ref().err().cloned()),
        }
    }
}

/// Somebody who is told. The scheduler is locked meanwhile, so nothing long may happen here.
pub(crate) trait Listener: Send + Sync {
    /// Something became known of the job of that key. To be woken comes later.
    fn tell(&self, key: u32, news: News);
    /// Whether one look was all that was wanted.
    fn is_content(&self) -> bool {
        false
    }
    /// Whether the whole job is wanted, done or not.
    fn wants_all(&self) -> bool {
        false
    }
    /// The span in which to look.
    fn span(&self) -> Option<tracing::Span> {
        None
    }
    /// Wakes whoever waits: there is news, or the scheduler is not at work any more.
    fn wake(&self);
}

/// So many looks that failed are kept for one who does not come to hear of them.
const MOST_KEPT: usize = 64;

/// What is told of one job, until it is taken.
pub(crate) struct Mailbox {
    news: Mutex<VecDeque<News>>,
    waker: AtomicWaker,
    span: tracing::Span,
}

impl Mailbox {
    pub(crate) fn new(span: tracing::Span) -> Self {
        Self { news: Mutex::default(), waker: AtomicWaker::new(), span }
    }

    pub(crate) fn poll_news(&self, context: &Context<'_>) -> Poll<News> {
        self.waker.register(context.waker());
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Listener for Mailbox {
    fn tell(&self, _: u32, news: News) {
        let mut kept = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        // Of what was not taken in time the latest counts.
        if matches!((&news, kept.back()), (News::Progress(..), Some(News::Progress(..)))) {
            kept.pop_back();
        }
        if kept.len() >= MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back(news);
    }

    fn span(&self) -> Option<tracing::Span> {
        Some(self.span.clone())
    }

    fn wake(&self) {
        self.waker.wake();
    }
}

/// The ends of many jobs, as they come.
pub(crate) struct Finished {
    ends: Mutex<VecDeque<(u32, End)>>,
    waker: AtomicWaker,
}

impl Finished {
    pub(crate) fn new() -> Self {
        Self { ends: Mutex::default(), waker: AtomicWaker::new() }
    }

    /// The next end, and of which job.
    pub(crate) fn poll_end(&self, context: &Context<'_>) -> Poll<(u32, End)> {
        self.waker.register(context.waker());
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Listener for Finished {
    fn tell(&self, key: u32, news: News) {
        if let News::End(end) = news {
            self.ends.lock().unwrap_or_else(PoisonError::into_inner).push_back((key, end));
        }
    }

    fn wake(&self) {
        self.waker.wake();
    }
}

/// One look at one job.
pub(crate) struct Once {
    seen: Mutex<Option<Result<AnyJob, Error>>>,
    waker: AtomicWaker,
}

impl Once {
    pub(crate) fn new() -> Self {
        Self { seen: Mutex::default(), waker: AtomicWaker::new() }
    }

    pub(crate) fn poll_seen(&self, context: &Context<'_>) -> Poll<Result<AnyJob, Error>> {
        self.waker.register(context.waker());
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Poll::Pending, Poll::Ready)
    }

    fn put(&self, seen: Result<AnyJob, Error>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }
}

impl Listener for Once {
    fn tell(&self, _: u32, news: News) {
        match news {
            News::Progress(_, Some(job)) | News::End(End::Done(job) | End::Told(job)) => self.put(Ok(*job)),
            News::Failed(error)
            | News::End(End::Failed(error) | End::Lost(Some(error)) | End::TimedOut(Err(error))) => {
                self.put(Err(error));
            }
            // Never without the job, as it wants all of it, nor lost without a reason.
            News::Progress(_, None) | News::End(End::Lost(None) | End::TimedOut(Ok(_))) => {}
        }
    }

    fn is_content(&self) -> bool {
        true
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn wake(&self) {
        self.waker.wake();
    }
}
