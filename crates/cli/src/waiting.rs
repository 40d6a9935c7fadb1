//! Waiting for a job: the bar on a terminal, the deadline, and Ctrl-C.

use std::time::{Duration, Instant};

use image_intelligence::{Error, ErrorKind, Job, JobKind, JobStatus, Kind, Update};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::failure::Failure;
use crate::interrupt::{Interrupt, cancelled};
use crate::output::printable;

/// How long to wait where nothing is said.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_mins(15);

/// Until when a command may wait, counted from its own start: what it did before the wait is taken off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    began: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn start(limit: Option<Duration>) -> Self {
        Self { began: Instant::now(), limit: limit.unwrap_or(DEFAULT_TIMEOUT) }
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Nothing is left of it at some time, but a wait looks at least once all the same.
    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.began.elapsed())
    }

    /// How long the command has taken, for a person.
    pub(crate) fn waited(&self) -> f64 {
        (self.began.elapsed().as_secs_f64() * 10.0).round() / 10.0
    }
}

/// A bar that moves while something is under way; shown on a terminal only, on stderr. The API tells nothing about
/// single pictures, so it does not pretend to know how much is left.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn start(message: impl Into<String>) -> Self {
        // Lines of logs would tear it.
        let logs = tracing::enabled!(tracing::Level::INFO);
        let target = if logs { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {elapsed:>4} {wide_msg}") {
            bar.set_style(style.tick_strings(&[
                "[=>        ]",
                "[ ==>      ]",
                "[  ===>    ]",
                "[   ====>  ]",
                "[    =====>]",
                "[     ====>]",
                "[      ===>]",
                "[       ==>]",
                "[        =>]",
                "[         >]",
                "[          ]",
                "[==========]",
            ]));
        }
        bar.set_message(printable(&message.into()).into_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    pub(crate) fn say(&self, message: impl Into<String>) {
        self.0.set_message(printable(&message.into()).into_owned());
    }
}

impl Bar {
    /// Writes what the bar would tear.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Waits until the job is done.
pub(crate) async fn wait<K: JobKind>(
    job: &Job<K>,
    deadline: Deadline,
    bar: &Bar,
    interrupt: &mut Interrupt,
) -> Result<K::Job, Failure> {
    let token = job.resume_token();
    let stopped = || {
        let error = cancelled(format!("stopped waiting; {} job {} goes on", K::KIND, job.id())).with_job(None, &token);
        Failure::from(error).hint(format!("to wait on: ii jobs wait {token}"))
    };
    interrupt.or(watch(job, deadline, bar), stopped).await
}

/// The same, with nobody to stop it.
pub(crate) async fn watch<K: JobKind>(job: &Job<K>, deadline: Deadline, bar: &Bar) -> Result<K::Job, Failure> {
    bar.say(format!("waiting for job {}", job.id()));
    let mut updates = job.updates_for(deadline.left());
    while let Some(update) = updates.next().await {
        match update {
            Ok(Update::Done(done)) => return Ok(done),
            Ok(Update::Progress { status, .. }) => bar.say(format!("waiting for job {}: {status}", job.id())),
            Ok(Update::PollFailed(error)) => {
                tracing::warn!(%error, "a look at the job failed; the wait goes on");
                bar.say(format!("waiting for job {}: {error}; trying again", job.id()));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WaitTimeout => {
                return Err(timed_out(job, deadline, error.last_status()));
            }
            // Whatever went wrong, the job is there and may be taken up again.
            Err(error) if error.resume_token().is_none() => {
                let (token, last) = (job.resume_token(), error.last_status().cloned());
                let failure = Failure::from(error.with_job(last, &token));
                return Err(failure.hint(format!("the job goes on; to wait on: ii jobs wait {token}")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(job.get().await?)
}

/// The library speaks of its own calls; a person at a terminal needs the command.
pub(crate) fn timed_out<K: JobKind>(job: &Job<K>, deadline: Deadline, last: Option<&JobStatus>) -> Failure {
    late(K::KIND, job.id(), &job.resume_token(), deadline, last)
}

/// The same, of a job of a kind that is only known when the program runs.
pub(crate) fn late(kind: Kind, id: &str, token: &str, deadline: Deadline, last: Option<&JobStatus>) -> Failure {
    let status = last.map(JobStatus::as_str).filter(|status| !status.is_empty()).unwrap_or("unknown");
    let waited = deadline.waited();
    let message = format!("waited {waited} s for {kind} job {id}, last status {status}; it may still finish");
    Error::new(ErrorKind::WaitTimeout, message).with_job(last.cloned(), token).into()
}
