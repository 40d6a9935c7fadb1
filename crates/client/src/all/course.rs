//! What the tasks that settle jobs of an earlier run know of one another, and of the run.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{Rid, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::manifest::Past;

/// How many searches for such jobs there are at one time.
const AT_ONE_TIME: usize = 4;

/// What is known in a run that bears on jobs of an earlier one.
pub(crate) struct Course {
    now: watch::Sender<Now>,
    pub(crate) searches: Semaphore,
}

#[derive(Debug, Clone)]
struct Now {
    /// Whether the run may still send something.
    more: bool,
    /// How many tasks may yet find something out: those that wait for a witness do not count.
    trying: usize,
    /// Of the jobs of earlier runs that are known to exist, the one that left the latest.
    earlier: Option<Witness>,
    /// The first job of this run, which a search has had the most time to know of, and the last one.
    first: Option<Witness>,
    last: Option<Witness>,
}

/// A job that exists, and that a search should find.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    pub(crate) rid: Rid,
    pub(crate) custom_id: String,
    pub(crate) at: Timestamp,
    /// After how many lines of the file it left: more than all of them where that was in this run.
    left: u64,
    pub(crate) known: Instant,
}

impl Witness {
    /// A job of this run.
    pub(crate) fn of_this_run(rid: Rid, custom_id: String, at: Timestamp) -> Self {
        Self { rid, custom_id, at, left: u64::MAX, known: Instant::now() }
    }

    /// A job of an earlier run that is known to exist.
    pub(crate) fn of(past: &Past) -> Option<Self> {
        let (left, at) = past.left?;
        Some(Self { rid: past.rid, custom_id: past.custom_id.clone(), at, left, known: Instant::now() })
    }
}

impl Now {
    /// Those that left later than so many lines, the one first that a search has had the most time to know of.
    fn later_than(&self, left: u64) -> impl Iterator<Item = &Witness> {
        let all = [&self.earlier, &self.first, &self.last].into_iter().flatten();
        all.filter(move |witness| witness.left > left)
    }

    fn add(&mut self, witness: Witness) {
        if witness.left < u64::MAX {
            if self.earlier.as_ref().is_none_or(|known| known.left < witness.left) {
                self.earlier = Some(witness);
            }
        } else if self.first.is_none() {
            self.first = Some(witness);
        } else {
            self.last = Some(witness);
        }
    }
}

impl Course {
    pub(crate) fn new(latest: Option<&Past>) -> Self {
        let earlier = latest.and_then(Witness::of);
        let now = Now { more: true, trying: 0, earlier, first: None, last: None };
        Self { now: watch::Sender::new(now), searches: Semaphore::new(AT_ONE_TIME) }
    }

    /// Says whether the run may still send something, whatever the tasks find out.
    pub(crate) fn tell(&self, more: bool) {
        self.now.send_if_modified(|now| std::mem::replace(&mut now.more, more) != more);
    }

    pub(crate) fn made(&self, witness: Witness) {
        self.now.send_modify(|now| now.add(witness));
    }

    pub(crate) fn may_send_more(&self) -> bool {
        self.now.borrow().more
    }

    /// Lets time pass, or less of it where the run comes to send no more.
    pub(crate) async fn pass(&self, time: Duration) {
        let mut now = self.now.subscribe();
        if !now.borrow_and_update().more {
            return tokio::time::sleep(time).await;
        }
        let _ = tokio::time::timeout(time, now.wait_for(|now| !now.more)).await;
    }

    /// Begins to find something out.
    pub(crate) fn begin(self: &Arc<Self>) -> Trying {
        self.now.send_modify(|now| now.trying += 1);
        Trying { course: Arc::clone(self), counts: true }
    }
}

/// Somebody finds something out, or what he found has not reached the run: until it is dropped.
pub(crate) struct Trying {
    course: Arc<Course>,
    counts: bool,
}

impl Trying {
    fn count(&mut self, counts: bool) {
        if std::mem::replace(&mut self.counts, counts) != counts {
            self.course.now.send_modify(|now| if counts { now.trying += 1 } else { now.trying -= 1 });
        }
    }

    /// Waits for jobs that left later than so many lines: at most three, and none where there will be none.
    pub(crate) async fn witnesses(&mut self, left: u64) -> Vec<Witness> {
        let mut now = self.course.now.subscribe();
        let found = |now: &Now| now.later_than(left).cloned().collect::<Vec<_>>();
        let known = found(&now.borrow_and_update());
        if !known.is_empty() {
            return known;
        }
        self.count(false);
        let none_will_be = |now: &Now| !now.more && now.trying == 0;
        let there = now.wait_for(|now| now.later_than(left).next().is_some() || none_will_be(now)).await;
        let known = there.map(|now| found(&now)).unwrap_or_default();
        self.count(true);
        known
    }
}

impl Drop for Trying {
    fn drop(&mut self) {
        self.count(false);
    }
}
