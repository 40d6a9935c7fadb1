//! The settings of a schedule.

use std::time::Duration;

use super::jobs::Entry;

/// How the waits of a client share their requests.
///
/// ```
/// use image_intelligence_core::SchedulePolicy;
///
/// let mut policy = SchedulePolicy::default();
/// policy.requests_per_second = 5.0; // more requests, sooner results
/// policy.search = false; // every job by its id
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SchedulePolicy {
    /// Up to so many open jobs are each asked for at their own pace: 4.
    pub few: usize,
    /// Requests a second in all, once more than a few jobs are open: 2. A look at a deadline is not held up by it.
    pub requests_per_second: f64,
    /// Whether jobs may be asked for by searches, many at once: true.
    pub search: bool,
    /// How much wider than its jobs a search is on each side, as bounds may be left out or rounded: 1 s.
    pub margin: Duration,
    /// A search of less time than this is not made narrower, but its jobs asked for by id: 1 s.
    pub narrowest: Duration,
    /// No answer to a search is read beyond so many bytes: 8 MiB.
    pub largest_answer: usize,
    /// For how long a server is believed to cap its searches once it was seen to: 10 minutes.
    pub cap_for: Duration,
    /// So many bytes of other jobs' rows are read to be spared one request: 48 KiB.
    pub spare_bytes: usize,
    /// By how many times more for each second that a job is late: 5.
    pub haste: f64,
    /// No job is asked for twice within this time: 1 s.
    pub shortest: Duration,
    /// While the budget has room, a job is asked for ahead of time, from this share of its interval on: 0.4.
    pub ahead: f64,
}

impl Default for SchedulePolicy {
    fn default() -> Self {
        Self {
            few: 4,
            requests_per_second: 2.0,
            search: true,
            margin: Duration::from_secs(1),
            narrowest: Duration::from_secs(1),
            largest_answer: 8 * 1024 * 1024,
            cap_for: Duration::from_secs(600),
            spare_bytes: 48 * 1024,
            haste: 5.0,
            shortest: Duration::from_secs(1),
            ahead: 0.4,
        }
    }
}

impl SchedulePolicy {
    /// The time between two requests. A rate that is none, or nearly, makes one a minute.
    pub(super) fn gap(&self) -> Duration {
        let slowest = Duration::from_secs(60);
        Duration::try_from_secs_f64(1.0 / self.requests_per_second).unwrap_or(slowest).min(slowest)
    }

    /// From when on a job may be asked for ahead of time.
    pub(super) fn ready(&self, entry: &Entry, now: Duration) -> Duration {
        let interval = entry.due.saturating_sub(entry.last);
        let ahead = Duration::try_from_secs_f64(interval.as_secs_f64() * self.ahead).unwrap_or(interval);
        let ready = (entry.last + ahead.max(self.shortest)).min(entry.due).max(entry.not_before);
        self.unless_near(entry, ready, now)
    }

    /// When a job that may be asked for at a moment is asked for: one whose deadline is near is asked for then, not just
    /// before it as well.
    pub(super) fn unless_near(&self, entry: &Entry, moment: Duration, now: Duration) -> Duration {
        let near = moment.max(now).saturating_add(self.shortest) > entry.deadline;
        if near { entry.deadline.max(moment) } else { moment }
    }

    /// How much a look at a job is worth: 0 just after one, 1 once it is due.
    pub(super) fn weight(&self, entry: &Entry, now: Duration) -> f64 {
        if now < entry.not_before || now < entry.last + self.shortest.min(entry.due.saturating_sub(entry.last)) {
            return 0.0;
        }
        let interval = entry.due.saturating_sub(entry.last).as_secs_f64();
        if interval <= 0.0 { 1.0 } else { (now.saturating_sub(entry.last).as_secs_f64() / interval).min(1.0) }
    }
}
