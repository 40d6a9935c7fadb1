//! How long to leave alone what cannot be done now.

use std::time::Duration;

use image_intelligence_core::{Error, PollPolicy, RetryPolicy};

use super::settings::Settings;

/// The pauses between looks, and between tries that failed.
pub(super) struct Pace {
    looks: PollPolicy,
    tries: RetryPolicy,
}

impl Pace {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut looks = PollPolicy::default();
        looks.shortest = settings.shortest_pause;
        looks.longest = settings.longest_pause;
        looks.longest_late = settings.longest_pause;
        let mut tries = RetryPolicy::default();
        tries.attempts = u32::MAX;
        tries.base = Duration::from_secs(2);
        tries.longest = Duration::from_mins(2);
        tries.budget = Duration::MAX;
        Self { looks, tries }
    }

    /// Until the next look at a job of this age.
    pub(super) fn by_age(&self, age: Duration) -> Duration {
        self.looks.interval(age, jitter())
    }

    /// Until the next try after `tries` that failed; a server's `Retry-After` is a floor.
    pub(super) fn after_failure(&self, tries: u32, error: Option<&Error>) -> Duration {
        let floor = error.and_then(Error::retry_after);
        // Never near nothing, as full jitter would have it: there may be many.
        let jitter = 0.5 + jitter() / 2.0;
        self.tries.pause(tries.saturating_add(1), Duration::ZERO, floor, jitter).unwrap_or(self.tries.longest)
    }
}

/// Between once and 1.2 times as long, so that many do not meet.
pub(super) fn spread(time: Duration) -> Duration {
    time.saturating_add(time.mul_f64(0.2 * jitter()))
}

/// A number from 0 to 1. Without randomness the pauses are merely less spread.
fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}
