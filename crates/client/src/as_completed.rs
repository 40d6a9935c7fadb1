//! Waiting for many jobs at once: each is given when it ends.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use image_intelligence_core::{AnyJob, Result, Wait};
use tokio::time::Instant;

use crate::border::AnyHandle;
use crate::client::Client;
use crate::job::Job;
use crate::kind::JobKind;
use crate::scheduler::{End, Finished, LAST_LOOK, Listener, Seat, heard, within};

/// Many jobs, each given when it ends: made by [`Client::as_completed`].
#[must_use = "nothing is waited for unless it is polled"]
pub struct AsCompleted<K: JobKind> {
    jobs: Vec<Option<Job<K>>>,
    ends: Ends,
}

/// Many jobs of any kind, each given when it ends: made by [`Client::track`].
#[must_use = "nothing is waited for unless it is polled"]
pub struct Tracked {
    pub(crate) jobs: Vec<Option<AnyHandle>>,
    tokens: Vec<String>,
    ends: Ends,
}

/// The ends of jobs, by their places in a list.
struct Ends {
    client: Client,
    finished: Arc<Finished>,
    seats: Vec<Option<Seat>>,
    left: usize,
    began: Instant,
    limit: Duration,
}

impl Ends {
    fn new(client: Client, jobs: usize) -> Self {
        Self {
            client,
            finished: Arc::new(Finished::new()),
            seats: Vec::new(),
            left: jobs,
            began: Instant::now(),
            limit: Wait::DEFAULT_LIMIT,
        }
    }

    /// The next end, and of which job. `join` begins to wait for all of them, each with its place for a key.
    async fn next(
        &mut self,
        join: impl FnOnce(&Arc<dyn Listener>, Instant, Duration) -> Vec<Option<Seat>>,
    ) -> Option<(usize, End)> {
        if self.left == 0 {
            return None;
        }
        let finished = Arc::clone(&self.finished);
        if self.seats.is_empty() {
            let listener: Arc<dyn Listener> = finished.clone();
            self.seats = join(&listener, self.began, self.limit);
        }
        let end = heard(&self.client, |context| finished.poll_end(context));
        // The scheduler gives its word in time; should it ever not, a wait ends all the same.
        let latest = self.began.checked_add(self.limit.saturating_add(2 * LAST_LOOK));
        let first_left = || self.seats.iter().position(Option::is_some);
        let (place, end) = match within(latest, end).await {
            Some(Ok((key, end))) => (key as usize, end),
            // Every job that is left ends so.
            Some(Err(closed)) => (first_left()?, End::Failed(closed)),
            None => (first_left()?, End::late()),
        };
        self.seats[place] = None;
        self.left -= 1;
        Some((place, end))
    }

    fn waited(&self) -> Duration {
        self.began.elapsed()
    }
}

impl<K: JobKind> AsCompleted<K> {
    pub(crate) fn new(client: Client, jobs: Vec<Job<K>>) -> Self {
        Self { ends: Ends::new(client, jobs.len()), jobs: jobs.into_iter().map(Some).collect() }
    }

    /// Gives up on each job that is not done within this time. 15 minutes.
    pub fn wait_for(mut self, limit: Duration) -> Self {
        self.ends.limit = limit;
        self
    }

    /// How many jobs have not ended yet.
    pub fn left(&self) -> usize {
        self.ends.left
    }

    /// The next job that ends, and its result; `None` after the last. A call that is dropped half-way loses nothing.
    ///
    /// A result is an error where [`Job::wait`] would give one; the others are waited for all the same.
    pub async fn next(&mut self) -> Option<(Job<K>, Result<K::Job>)> {
        let jobs = &self.jobs;
        let join = |listener: &Arc<dyn Listener>, began, limit| {
            let seat =
                |(key, job): (u32, &Option<Job<K>>)| Some(job.as_ref()?.join(Arc::clone(listener), key, began, limit));
            (0..).zip(jobs).map(seat).collect()
        };
        let (place, end) = self.ends.next(join).await?;
        let job = self.jobs[place].take()?;
        let result = job.ended(end, self.ends.waited(), job.status.clone());
        Some((job, result))
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = (Job<K>, Result<K::Job>)> + Send {
        futures_util::stream::unfold(self, |mut jobs| async move {
            let ended = jobs.next().await?;
            Some((ended, jobs))
        })
    }
}

impl Tracked {
    pub(crate) fn new(client: Client, tokens: Vec<String>, jobs: Vec<AnyHandle>) -> Self {
        Self { ends: Ends::new(client, jobs.len()), jobs: jobs.into_iter().map(Some).collect(), tokens }
    }

    /// Gives up on each job that is not done within this time. 15 minutes.
    pub fn wait_for(mut self, limit: Duration) -> Self {
        self.ends.limit = limit;
        self
    }

    /// How many jobs have not ended yet.
    pub fn left(&self) -> usize {
        self.ends.left
    }

    /// The place of the next job that ends, and how it ended.
    pub(crate) async fn next_place(&mut self) -> Option<(usize, AnyHandle, Result<AnyJob>)> {
        let jobs = &self.jobs;
        let join = |listener: &Arc<dyn Listener>, began, limit| {
            let seat = |(key, job): (u32, &Option<AnyHandle>)| {
                Some(job.as_ref()?.join(Arc::clone(listener), key, began, limit))
            };
            (0..).zip(jobs).map(seat).collect()
        };
        let (place, end) = self.ends.next(join).await?;
        let job = self.jobs[place].take()?;
        let result = job.ended(end, self.ends.waited());
        Some((place, job, result))
    }

    /// The token of the next job that ends, and its result; `None` after the last. A call that is dropped half-way loses
    /// nothing.
    pub async fn next(&mut self) -> Option<(String, Result<AnyJob>)> {
        let (place, _, result) = self.next_place().await?;
        Some((std::mem::take(&mut self.tokens[place]), result))
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = (String, Result<AnyJob>)> + Send {
        futures_util::stream::unfold(self, |mut jobs| async move {
            let ended = jobs.next().await?;
            Some((ended, jobs))
        })
    }
}

impl<K: JobKind> fmt::Debug for AsCompleted<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.ends.left).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked").field("left", &self.ends.left).finish_non_exhaustive()
    }
}
