//! How persistent the server is with webhooks.

use std::time::Duration;

use image_intelligence_core::Timestamp;

use super::queue::Lanes;
use crate::clock::{Clock, after};
use crate::faults::Random;

/// What can be chosen about deliveries.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// For the whole exchange, in real time: whoever answers lives in it.
    pub(crate) timeout: Duration,
    /// Attempts in all, the first included.
    pub(crate) attempts: u32,
    /// Before each further attempt, by the server's clock; the last counts for all beyond.
    pub(crate) backoff: Vec<Duration>,
    pub(crate) in_all: usize,
    pub(crate) a_target: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            attempts: 6,
            backoff: [5, 30, 120, 600, 3_600].map(Duration::from_secs).to_vec(),
            in_all: 128,
            a_target: 16,
        }
    }
}

impl Settings {
    pub(super) fn lanes(&self) -> Lanes {
        Lanes { in_all: self.in_all, a_target: self.a_target }
    }

    /// When the next attempt is due after so many; `None` where that were enough. Spread by a tenth to either side, by the
    /// delivery's own chances, so that those that failed together do not come back together.
    pub(super) fn again(&self, id: &str, tries: u32, clock: &Clock) -> Option<Timestamp> {
        if tries >= self.attempts {
            return None;
        }
        let step = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
        let span = self.backoff.get(step).or(self.backoff.last()).copied().unwrap_or_default();
        let seed = id.bytes().fold(u64::from(tries), |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let jitter = 0.9 + 0.2 * Random::new(seed).fraction();
        Some(after(clock.now(), span.mul_f64(jitter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_and_five_attempts_ever_further_apart() {
        let (clock, settings) = (Clock::start(1.0, None), Settings::default());
        let spans =
            (1..=6).map(|tries| settings.again("a", tries, &clock).map(|at| at.since(clock.now()).as_secs_f64()));
        let spans: Vec<_> = spans.collect();
        for (span, expected) in spans.iter().zip([5.0, 30.0, 120.0, 600.0, 3_600.0]) {
            let off = span.unwrap() / expected;
            assert!((0.89..1.11).contains(&off), "{spans:?}");
        }
        assert_eq!(spans[5], None);
        assert_ne!(settings.again("a", 5, &clock), settings.again("b", 5, &clock));
        let none = Settings { backoff: Vec::new(), ..settings };
        assert_eq!(none.again("a", 1, &clock), Some(clock.now()));
    }
}
