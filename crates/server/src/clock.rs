//! The server's clock: real time, or faster.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use image_intelligence_core::Timestamp;
use tokio::time::Instant;

/// Starts at the machine's time and runs at `scale` times its speed. It never jumps, whatever happens to the machine's
/// clock, and stands still with tokio's where a test pauses that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    began: Timestamp,
    origin: Instant,
    scale: f64,
}

impl Clock {
    /// Starts the clock: now, or `not_before` where the machine says it is earlier. A sped-up clock that a database
    /// remembers would otherwise run backwards at a restart.
    pub(crate) fn start(scale: f64, not_before: Option<Timestamp>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let machine = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Self { began: not_before.map_or(machine, |at| at.max(machine)), origin: Instant::now(), scale }
    }

    pub(crate) fn now(&self) -> Timestamp {
        after(self.began, self.origin.elapsed().mul_f64(self.scale))
    }

    /// The moment that comes a span of real time after this one.
    pub(crate) fn later(&self, at: Timestamp, real: Duration) -> Timestamp {
        after(at, real.mul_f64(self.scale))
    }

    /// How long it really takes until this moment; nothing where it is past.
    pub(crate) fn until(&self, at: Timestamp) -> Duration {
        at.since(self.now()).div_f64(self.scale)
    }
}

/// A moment and a span later.
pub(crate) fn after(at: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn runs_at_its_scale_and_stands_still_when_paused() {
        let clock = Clock::start(60.0, None);
        let first = clock.now();
        assert_eq!(clock.now(), first);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now().since(first), Duration::from_mins(2));
    }

    #[tokio::test(start_paused = true)]
    async fn never_starts_behind_what_is_remembered() {
        let future = after(Clock::start(1.0, None).now(), Duration::from_hours(50));
        assert_eq!(Clock::start(1.0, Some(future)).now(), future);
    }
}
