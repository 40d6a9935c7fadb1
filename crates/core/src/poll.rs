//! Waiting for a job: what to do after each look at it. Time and jitter come in; nothing sleeps here.

use std::time::Duration;

use crate::retry::stretch;
use crate::{Error, ErrorKind, Failure, JobStatus, Repeat};

/// How often to look at a job, and for how long a new job may be missing.
///
/// ```
/// use std::time::Duration;
/// use image_intelligence_core::PollPolicy;
///
/// let policy = PollPolicy::default();
/// assert_eq!(policy.interval(Duration::from_secs(2), 0.0), Duration::from_secs(1));
/// assert_eq!(policy.interval(Duration::from_secs(20), 0.0), Duration::from_millis(4400));
/// assert_eq!(policy.interval(Duration::from_secs(3600), 0.0), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PollPolicy {
    /// The interval as a share of the job's age: 0.22, so an old job is looked at less often.
    pub share_of_age: f64,
    /// Never more often than this: 1 s.
    pub shortest: Duration,
    /// Never less often than this: 10 s.
    pub longest: Duration,
    /// An older job may be looked at less often still: 15 minutes.
    pub late_after: Duration,
    /// Never less often than this once it is late: 60 s.
    pub longest_late: Duration,
    /// The interval is stretched by a random share of up to this, so that many waits do not meet: 0.2.
    pub spread: f64,
    /// A job younger than this may answer 404 without being lost: 30 s.
    pub not_found_grace: Duration,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self {
            share_of_age: 0.22,
            shortest: Duration::from_secs(1),
            longest: Duration::from_secs(10),
            late_after: Duration::from_secs(15 * 60),
            longest_late: Duration::from_secs(60),
            spread: 0.2,
            not_found_grace: Duration::from_secs(30),
        }
    }
}

impl PollPolicy {
    /// The longest that a server's `Retry-After` is obeyed: 300 s.
    pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

    /// For how long after the submit a webhook is awaited before the job is looked at: three times as long as 95 of 100 jobs
    /// took (`p95`, where that is known), at least 30 s; at most 5 minutes, and at most a third of the time there is.
    ///
    /// ```
    /// use std::time::Duration;
    /// use image_intelligence_core::PollPolicy;
    ///
    /// let patience = |p95, limit| PollPolicy::patience(p95, Duration::from_secs(limit));
    /// assert_eq!(patience(None, 900), Duration::from_secs(30));
    /// assert_eq!(patience(Some(Duration::from_secs(40)), 900), Duration::from_secs(120));
    /// assert_eq!(patience(Some(Duration::from_secs(40)), 60), Duration::from_secs(20));
    /// ```
    pub fn patience(p95: Option<Duration>, limit: Duration) -> Duration {
        const LEAST: Duration = Duration::from_secs(30);
        within(p95.map_or(LEAST, |p95| p95.saturating_mul(3)).max(LEAST), limit)
    }

    /// How long to leave a job of this age alone. `jitter` is a random number from 0 to 1.
    pub fn interval(&self, age: Duration, jitter: f64) -> Duration {
        let longest = if age > self.late_after { self.longest_late } else { self.longest };
        let interval = stretch(age, self.share_of_age).min(longest).max(self.shortest);
        stretch(interval, 1.0 + (self.spread * jitter.clamp(0.0, 1.0)).max(0.0))
    }
}

/// No patience is longer than 5 minutes, nor than a third of the time there is.
fn within(patience: Duration, limit: Duration) -> Duration {
    const MOST: Duration = Duration::from_secs(300);
    patience.min(MOST).min(limit / 3)
}

/// One wait for one job.
///
/// ```
/// use std::time::Duration;
/// use image_intelligence_core::{JobStatus, PollPolicy, Seen, Step, Wait};
///
/// let wait = Wait::new(PollPolicy::default(), Duration::ZERO, Duration::from_secs(900));
/// let pending = JobStatus::InProgress;
/// assert_eq!(wait.step(Duration::from_secs(1), Seen::Status(&pending), 0.0), Step::Again(Duration::from_secs(1)));
/// assert_eq!(wait.step(Duration::from_secs(900), Seen::Status(&pending), 0.0), Step::TimeOut);
/// assert_eq!(wait.step(Duration::from_secs(2), Seen::Status(&JobStatus::CompletedAllError), 0.0), Step::Finish);
/// ```
#[derive(Debug, Clone)]
pub struct Wait {
    policy: PollPolicy,
    age: Duration,
    limit: Duration,
}

/// What a look at the job showed.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// It answered with a status.
    Status(&'a JobStatus),
    /// It could not be looked at.
    Failed(&'a Error),
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The job is done.
    Finish,
    /// Look again after this long.
    Again(Duration),
    /// The error is for good: give it to the caller.
    Fail,
    /// The job is gone: `job_lost`.
    Lost,
    /// The deadline has come: `wait_timeout`.
    TimeOut,
}

impl Wait {
    /// The deadline where none is given: 15 minutes.
    pub const DEFAULT_LIMIT: Duration = Duration::from_secs(15 * 60);

    /// A wait that starts now: the job is `age` old, and the wait ends after `limit`.
    pub const fn new(policy: PollPolicy, age: Duration, limit: Duration) -> Self {
        Self { policy, age, limit }
    }

    /// How long to wait before the first look at a job that was just submitted and so cannot be done yet.
    pub fn first(&self, jitter: f64) -> Duration {
        self.delay(Duration::ZERO, None, jitter)
    }

    /// How long to leave a job alone whose webhook is awaited for so long after the submit: what is left of that, and of no
    /// more of it than a third of this wait's time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use image_intelligence_core::{PollPolicy, Wait};
    ///
    /// let (age, limit) = (Duration::from_secs(10), Duration::from_secs(900));
    /// let wait = Wait::new(PollPolicy::default(), age, limit);
    /// assert_eq!(wait.quiet(Duration::from_secs(45)), Duration::from_secs(35));
    /// assert_eq!(wait.quiet(Duration::from_secs(5)), Duration::ZERO);
    /// assert_eq!(wait.quiet(Duration::MAX), Duration::from_secs(290));
    /// ```
    pub fn quiet(&self, patience: Duration) -> Duration {
        within(patience, self.limit).saturating_sub(self.age)
    }

    /// What to do after a look at the job, `waited` after this wait began. `jitter` is a random number from 0 to 1.
    ///
    /// There is always one look at the deadline, and only that one may come sooner than the shortest interval.
    pub fn step(&self, waited: Duration, seen: Seen<'_>, jitter: f64) -> Step {
        let mut floor = None;
        match seen {
            Seen::Status(status) if status.is_done() => return Step::Finish,
            Seen::Status(_) => {}
            Seen::Failed(error) => {
                let missing = error.kind() == ErrorKind::NotFound;
                if missing && self.age.saturating_add(waited) >= self.policy.not_found_grace {
                    return Step::Lost;
                }
                if !missing && !is_transient(error) {
                    return Step::Fail;
                }
                floor = error.retry_after();
            }
        }
        if waited >= self.limit {
            return Step::TimeOut;
        }
        Step::Again(self.delay(waited, floor, jitter))
    }

    fn delay(&self, waited: Duration, floor: Option<Duration>, jitter: f64) -> Duration {
        let left = self.limit.saturating_sub(waited);
        let mut delay = self.policy.interval(self.age.saturating_add(waited), jitter);
        if let Some(floor) = floor {
            delay = delay.max(floor.min(PollPolicy::LONGEST_RETRY_AFTER));
        }
        // Looking just before the deadline and once more at it would be two looks in less than the shortest interval.
        if delay.saturating_add(self.policy.shortest) > left { left } else { delay }
    }
}

/// Whether looking again may show the job. A look is a read, so whatever a read may be repeated after passes; so does an
/// answer that cannot be read, but for a redirect, which will not go away.
fn is_transient(error: &Error) -> bool {
    let repeats = |status| Failure::Status(status).may_repeat(Repeat::Harmless);
    let unreadable = error.kind() == ErrorKind::InvalidResponse && error.status().is_none_or(|status| status < 300);
    error.retryable() || unreadable || error.status().is_some_and(repeats)
}
