//! What a run cost, and how late its results came.

use std::fmt;

use crate::play::Played;

/// The figures of waiting for many jobs.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    pub jobs: usize,
    pub completed: usize,
    /// Requests that waiting took: looks and searches, not submits.
    pub requests: usize,
    pub bytes: usize,
    /// Seconds from the end of a job to the end of its wait, the shortest first.
    lags: Vec<f64>,
}

impl Measured {
    pub fn new(jobs: usize, (requests, bytes): (usize, usize), mut lags: Vec<f64>) -> Self {
        lags.sort_by(f64::total_cmp);
        Self { jobs, completed: lags.len(), requests, bytes, lags }
    }

    pub fn of(played: &Played) -> Self {
        let state = played.network.state();
        let lags = played.outcomes.iter().filter_map(|outcome| {
            let waited = outcome.waited.as_ref().filter(|waited| waited.result.is_ok())?;
            let place = state.server.place(&outcome.submitted.as_ref().ok()?.id)?;
            let job = &state.server.jobs[place];
            // A wait that begins after the end of the job can be no earlier.
            Some(waited.ended.saturating_sub(job.done.max(waited.began)).as_secs_f64())
        });
        Self::new(played.outcomes.len(), state.trace.of_waiting(), lags.collect())
    }

    pub fn mean_lag(&self) -> f64 {
        self.lags.iter().sum::<f64>() / self.lags.len().max(1) as f64
    }

    /// The lag that this share of the jobs does not exceed.
    pub fn lag_of(&self, share: f64) -> f64 {
        let rank = (self.lags.len() as f64 * share).ceil() as usize;
        self.lags.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    pub fn requests_a_job(&self) -> f64 {
        self.requests as f64 / self.jobs.max(1) as f64
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>6} of {:<6} {:>7} requests {:>7.2} a job {:>8.2} MB   lag: mean {:>6.2} s, p95 {:>6.2} s",
            self.completed,
            self.jobs,
            self.requests,
            self.requests_a_job(),
            self.bytes as f64 / 1e6,
            self.mean_lag(),
            self.lag_of(0.95),
        )
    }
}
