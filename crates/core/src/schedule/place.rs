//! The jobs of one kind and namespace: which stretch of time to search, and what the searches have taught.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::{Brought, SchedulePolicy, Ticket, Window};
use crate::Kind;

/// A search of fewer rows is never taken for one that was capped.
const FEWEST_CAPPED: usize = 10;
/// So many jobs were missing from full answers and yet there: the server caps its answers.
const PROOFS: u8 = 2;
/// A recognition search asks for so many rows.
const RECOGNIZE_ROWS: usize = 100;
/// So many searches in a row that failed, and the place is asked by ids for a while.
const FAILURES: u8 = 3;
/// How long that while is.
const OFF: Duration = Duration::from_secs(60);
/// How long it is where they failed only by showing nothing, which may soon be otherwise.
const USELESS: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) namespace: Option<String>,
    pub(super) ids: HashMap<Arc<str>, Ticket>,
    by_created: BTreeSet<(i64, Ticket)>,
    /// Halves of windows that were full, to be searched next.
    pub(super) halves: VecDeque<(i64, i64)>,
    /// Rows a millisecond, ours and others, as far as they were seen.
    density: Option<f64>,
    /// Bytes a row.
    row: f64,
    cap: Option<(usize, Duration)>,
    suspect: usize,
    proofs: u8,
    failures: u8,
    off_until: Duration,
}

impl Place {
    pub(super) fn new(kind: Kind, namespace: Option<String>) -> Self {
        Self {
            kind,
            namespace,
            ids: HashMap::new(),
            by_created: BTreeSet::new(),
            halves: VecDeque::new(),
            density: None,
            row: 1024.0,
            cap: (kind == Kind::Recognize).then_some((RECOGNIZE_ROWS, Duration::MAX)),
            suspect: 0,
            proofs: 0,
            failures: 0,
            off_until: Duration::ZERO,
        }
    }

    pub(super) fn is(&self, kind: Kind, namespace: Option<&str>) -> bool {
        self.kind == kind && self.namespace.as_deref() == namespace
    }

    pub(super) fn add(&mut self, id: &Arc<str>, created: Option<i64>, ticket: Ticket) {
        self.ids.insert(Arc::clone(id), ticket);
        if let Some(created) = created {
            self.by_created.insert((created, ticket));
        }
    }

    pub(super) fn remove(&mut self, id: &Arc<str>, created: Option<i64>, ticket: Ticket) {
        self.ids.remove(id);
        if let Some(created) = created {
            self.by_created.remove(&(created, ticket));
        }
    }

    /// Our jobs made from one moment to another, both included.
    pub(super) fn made(&self, from: i64, to: i64) -> impl Iterator<Item = Ticket> + '_ {
        self.by_created.range((from, Ticket::FIRST)..=(to, Ticket::LAST)).map(|(_, ticket)| *ticket)
    }

    pub(super) fn is_off(&self, now: Duration) -> bool {
        now < self.off_until
    }

    fn density(&self) -> f64 {
        self.density.unwrap_or_else(|| {
            let (first, last) = (self.by_created.first(), self.by_created.last());
            let span = first.zip(last).map_or(0, |(first, last)| last.0 - first.0);
            self.by_created.len() as f64 / (span as f64 + 1000.0)
        })
    }

    /// How many rows of others so many bytes are.
    fn spare_rows(&self, bytes: f64) -> f64 {
        (bytes / self.row).max(1.0)
    }

    /// How many rows an answer may have.
    fn most_rows(&self, policy: &SchedulePolicy) -> f64 {
        let by_bytes = policy.largest_answer as f64 * 0.8 / self.row;
        self.cap.map_or(by_bytes, |(cap, _)| by_bytes.min(cap as f64 * 0.7))
    }

    /// How much wider than its jobs a search is on each side, in milliseconds. Where answers are capped the margins must
    /// leave room for what is between them.
    pub(super) fn margin(&self, policy: &SchedulePolicy) -> i64 {
        let margin = policy.margin.as_millis() as f64;
        let room = self.most_rows(policy) / self.density() / 4.0;
        (if self.cap.is_some() { margin.min(room.max(1.0)) } else { margin }) as i64
    }

    /// The stretch of time around a job that is worth searching. `weight` says how much a look at each other job is worth;
    /// `None` where it is not to be looked for.
    pub(super) fn span(
        &self,
        created: i64,
        spare: f64,
        policy: &SchedulePolicy,
        weight: impl Fn(Ticket) -> Option<f64>,
    ) -> (i64, i64) {
        let density = self.density();
        let (margins, most) = (2.0 * self.margin(policy) as f64, self.most_rows(policy));
        let spare = self.spare_rows(spare);
        let (mut from, mut to) = (created, created);
        let fits = |from: i64, to: i64| density * ((to - from) as f64 + margins) <= most;
        let worth = |gap: i64, weight: f64| density * gap as f64 <= spare * weight;
        for (other, ticket) in self.by_created.range((created, Ticket::FIRST)..) {
            if !fits(from, *other) || !worth(other - to, 1.0) {
                break;
            }
            if weight(*ticket).is_some_and(|weight| worth(other - to, weight)) {
                to = *other;
            }
        }
        for (other, ticket) in self.by_created.range(..(created, Ticket::FIRST)).rev() {
            if !fits(*other, to) || !worth(from - other, 1.0) {
                break;
            }
            if weight(*ticket).is_some_and(|weight| worth(from - other, weight)) {
                from = *other;
            }
        }
        (from, to)
    }

    /// Whether a search of that width for so many jobs costs more than asking for one of them.
    pub(super) fn is_dear(&self, width: i64, wanted: usize, spare: f64, policy: &SchedulePolicy) -> bool {
        let margins = 2.0 * self.margin(policy) as f64;
        let rows = self.density() * (width as f64 + margins);
        rows - wanted as f64 > self.spare_rows(spare) * wanted.saturating_sub(1) as f64
    }

    /// Learns from an answer; says whether it was full, so that what is missing may have been cut off.
    pub(super) fn learn(&mut self, window: &Window, brought: Brought, missing: bool, now: Duration) -> bool {
        if !missing {
            self.failures = 0;
        }
        let width = (window.before.as_millis() - window.after.as_millis()).max(1) as f64;
        let (rows, seen) = (brought.rows as f64, brought.rows as f64 / width);
        let full = brought.too_large || self.cap.is_some_and(|(cap, _)| brought.rows >= cap);
        let known = self.density.unwrap_or(seen);
        self.density = Some(if full { known.max(seen) } else { f64::midpoint(known, seen) });
        if brought.rows > 0 {
            self.row = f64::midpoint(self.row, brought.bytes as f64 / rows).max(1.0);
        }
        if missing && !full && brought.rows >= FEWEST_CAPPED && self.suspect != brought.rows {
            (self.suspect, self.proofs) = (brought.rows, 0);
        }
        self.forget(now);
        full && missing
    }

    /// A job that was missing from two answers is there. True where that shows, for the first time, that the server caps its
    /// answers.
    pub(super) fn prove(&mut self, now: Duration, policy: &SchedulePolicy) -> bool {
        if self.suspect < FEWEST_CAPPED || self.cap.is_some() {
            return false;
        }
        self.proofs += 1;
        if self.proofs < PROOFS {
            return false;
        }
        self.cap = Some((self.suspect, now + policy.cap_for));
        self.proofs = 0;
        true
    }

    /// Forgets a cap that was seen too long ago.
    pub(super) fn forget(&mut self, now: Duration) {
        if self.cap.is_some_and(|(_, until)| now >= until) {
            (self.cap, self.suspect, self.proofs) = (None, 0, 0);
        }
    }

    /// The halves of a window that was full; none where they would be too narrow.
    pub(super) fn halve((from, to): (i64, i64), policy: &SchedulePolicy) -> Vec<(i64, i64)> {
        let middle = i64::midpoint(from, to);
        if middle - from < policy.narrowest.as_millis() as i64 {
            return Vec::new();
        }
        vec![(from, middle), (middle + 1, to)]
    }

    /// A search failed, or showed none of the jobs that it was for.
    pub(super) fn failed(&mut self, how: Failing, now: Duration, policy: &SchedulePolicy) {
        self.failures += 1;
        let off = match how {
            Failing::ForGood => policy.cap_for,
            _ if self.failures < FAILURES => return,
            Failing::ThisTime => OFF,
            Failing::Useless => USELESS,
        };
        self.off_until = now + off;
        self.failures = 0;
        self.halves.clear();
    }
}

/// How a search failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    /// It will always fail.
    ForGood,
    /// Another may not.
    ThisTime,
    /// It showed none of the jobs that it was for.
    Useless,
}
