//! Which failed request may be sent again, and when. Time and jitter come in; nothing sleeps here.

use std::time::Duration;

use crate::{PollPolicy, Timestamp};

/// What sending a request twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Nothing: a read, a search, a token.
    Harmless,
    /// It may make, and bill, a second job.
    Creates,
}

/// How a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// No connection was made, so nothing was sent.
    Connect,
    /// The connection broke, or time ran out, after something may have been sent.
    Lost,
    /// The server answered with this status.
    Status(u16),
    /// It answered 200 with something that cannot be read.
    Unreadable,
    /// We did not let it go, and trying again is no cure.
    Withheld,
}

impl Failure {
    /// Whether the request may be sent again by itself. Refreshing the token on a 401 is another matter.
    ///
    /// ```
    /// use image_intelligence_core::{Failure, Repeat};
    ///
    /// assert!(Failure::Status(503).may_repeat(Repeat::Harmless));
    /// assert!(!Failure::Status(503).may_repeat(Repeat::Creates)); // the job may exist
    /// assert!(Failure::Connect.may_repeat(Repeat::Creates)); // it cannot
    /// assert!(!Failure::Withheld.may_repeat(Repeat::Harmless)); // it would be withheld once more
    /// ```
    pub const fn may_repeat(self, repeat: Repeat) -> bool {
        match (self, repeat) {
            (Self::Connect | Self::Status(429), _) | (Self::Lost | Self::Unreadable, Repeat::Harmless) => true,
            (Self::Status(status), Repeat::Harmless) => matches!(status, 408 | 425 | 500..=599),
            (Self::Withheld, _) | (_, Repeat::Creates) => false,
        }
    }

    /// Whether a request that creates something may have done so.
    pub const fn may_have_created(self) -> bool {
        match self {
            Self::Lost | Self::Unreadable => true,
            Self::Status(status) => matches!(status, 408 | 500..=599),
            Self::Connect | Self::Withheld => false,
        }
    }
}

/// How often and how long to try again: exponential backoff with full jitter, capped, within a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries in all, the first one too: 5.
    pub attempts: u32,
    /// The first pause is a random time up to this, and doubles: 250 ms.
    pub base: Duration,
    /// No pause is longer, but for a server's `Retry-After`: 8 s.
    pub longest: Duration,
    /// Tries and pauses together, a server's `Retry-After` too: no try begins later than this. 60 s.
    pub budget: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(250),
            longest: Duration::from_secs(8),
            budget: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// Tries once and never again.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// How long to pause after `failed` tries in a row that took `spent` with their pauses; `None`: give up. `jitter` is a random
    /// number from 0 to 1. A server's `retry_after` is a floor, up to 300 s.
    pub fn pause(&self, failed: u32, spent: Duration, retry_after: Option<Duration>, jitter: f64) -> Option<Duration> {
        if failed >= self.attempts {
            return None;
        }
        let doublings = failed.saturating_sub(1).min(20);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.longest);
        let jittered = stretch(ceiling, jitter.clamp(0.0, 1.0));
        let floor = retry_after.unwrap_or_default().min(PollPolicy::LONGEST_RETRY_AFTER);
        let pause = jittered.max(floor);
        (spent.saturating_add(pause) <= self.budget).then_some(pause)
    }
}

/// A time that many times over. A factor that is no number, or a time that is none, leaves it as it is: whoever drew the
/// jitter badly waits all the same.
pub(crate) fn stretch(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(time)
}

/// Reads a `Retry-After` header: whole seconds, or an HTTP date. At most 300 s; `None` for anything else.
///
/// ```
/// use std::time::Duration;
/// use image_intelligence_core::{Timestamp, parse_retry_after};
///
/// let now = Timestamp::from_millis(784_111_770_000);
/// assert_eq!(parse_retry_after("7", now), Some(Duration::from_secs(7)));
/// assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
/// assert_eq!(parse_retry_after("86400", now), Some(Duration::from_secs(300)));
/// assert_eq!(parse_retry_after("soon", now), None);
/// ```
pub fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long time, too.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        parse_http_date(value)?.since(now)
    };
    Some(wait.min(PollPolicy::LONGEST_RETRY_AFTER))
}

/// Reads a moment as HTTP writes it.
pub(crate) fn parse_http_date(value: &str) -> Option<Timestamp> {
    let then = httpdate::parse_http_date(value.trim()).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(i64::try_from(then.as_millis()).ok()?))
}
