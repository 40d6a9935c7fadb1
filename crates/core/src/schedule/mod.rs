//! Many waits, few requests: which jobs to ask for next, one by one or a stretch of time in one search. Time comes in;
//! nothing sleeps here and nothing is sent.

mod jobs;
mod place;
mod policy;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use jobs::Ticket;
use jobs::{Entry, Jobs};
use place::{Failing, Place};
pub use policy::SchedulePolicy;
pub use rows::{JobBrief, RowSplitter};

use crate::{JobRef, Timestamp};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Ask for one job.
    Look(Ticket),
    /// Ask for every job of a stretch of time.
    Search(Window),
    /// Nothing before this moment, unless a job comes or goes.
    Rest(Duration),
}

/// A stretch of time to search, in one place: a kind, and a namespace where the kind has one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// The place, by [`Schedule::place`].
    pub place: usize,
    /// Jobs made after this moment.
    pub after: Timestamp,
    /// Jobs made before this moment.
    pub before: Timestamp,
    /// The jobs that are looked for.
    pub wanted: Vec<Ticket>,
    /// When they were made, from the first to the last.
    span: (i64, i64),
}

/// What a search brought, beside the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Brought {
    /// How many rows there were, ours and others.
    pub rows: usize,
    /// How many bytes.
    pub bytes: usize,
    /// Whether it was left off because it was too large.
    pub too_large: bool,
}

/// All that one client waits for. Moments are durations since a beginning of the caller's choice.
#[derive(Debug)]
pub struct Schedule {
    policy: SchedulePolicy,
    places: Vec<Place>,
    jobs: Jobs,
    /// No request before this, while more than a few jobs are open.
    slot: Duration,
    /// Whether one that searches do not show is next.
    by_id_next: bool,
}

/// So many searches in a row without a job, and it is asked for by its id.
const MISSES: u8 = 2;

/// So many of the jobs that are due first are looked through for one that may be asked for.
const LOOKED_THROUGH: usize = 2048;

impl Schedule {
    /// A schedule without jobs.
    pub fn new(policy: SchedulePolicy) -> Self {
        Self { policy, places: Vec::new(), jobs: Jobs::default(), slot: Duration::ZERO, by_id_next: false }
    }

    /// Whether there is no job at all.
    pub fn is_empty(&self) -> bool {
        self.jobs.len() == 0
    }

    /// How many jobs are waited for.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// A kind and namespace in which jobs are searched.
    pub fn place(&self, place: usize) -> Option<(crate::Kind, Option<&str>)> {
        self.places.get(place).map(|place| (place.kind, place.namespace.as_deref()))
    }

    /// The job of an id in a place, if it is waited for.
    pub fn find(&self, place: usize, id: &str) -> Option<Ticket> {
        self.places.get(place)?.ids.get(id).copied()
    }

    /// The job of a ticket: its place, and its id.
    pub fn job(&self, ticket: Ticket) -> Option<(usize, &Arc<str>)> {
        self.jobs.get(ticket).map(|entry| (entry.place as usize, &entry.id))
    }

    /// Whether the job is waited for already.
    pub fn known(&self, job: &JobRef) -> Option<Ticket> {
        let place = self.places.iter().find(|place| place.is(job.kind, job.namespace.as_deref()))?;
        place.ids.get(job.id.as_str()).copied()
    }

    /// The job whose deadline is first, and the deadline, but for those that are being asked for.
    pub fn first_deadline(&self) -> Option<(Duration, Ticket)> {
        self.jobs.first_deadline()
    }

    /// Takes a job in, to be asked for at `due`; whoever waits for it gives up at `deadline`. Where it is here already it
    /// becomes due [no later](Self::hurry).
    pub fn add(&mut self, job: &JobRef, id: &Arc<str>, now: Duration, due: Duration, deadline: Duration) -> Ticket {
        if let Some(ticket) = self.known(job) {
            self.hurry(ticket, due, deadline);
            return ticket;
        }
        let namespace = job.namespace.as_deref();
        let place = self.places.iter().position(|place| place.is(job.kind, namespace)).unwrap_or_else(|| {
            self.places.push(Place::new(job.kind, job.namespace.clone()));
            self.places.len() - 1
        });
        let created = job.created_at.map(Timestamp::as_millis);
        let ticket = self.jobs.insert(Entry {
            id: Arc::clone(id),
            place: u32::try_from(place).unwrap_or(u32::MAX),
            created,
            last: now,
            due,
            not_before: Duration::ZERO,
            deadline,
            misses: 0,
            busy: false,
            asked: false,
            quiet: false,
        });
        self.places[place].add(id, created, ticket);
        ticket
    }

    /// Somebody wants a job no later than at `due`, though never twice within the shortest interval.
    pub fn hurry(&mut self, ticket: Ticket, due: Duration, deadline: Duration) {
        let shortest = self.policy.shortest;
        self.jobs.change(ticket, |entry| {
            let earliest = if entry.asked { entry.last + shortest } else { due };
            entry.due = entry.due.min(due.max(earliest));
            entry.deadline = entry.deadline.min(deadline);
            entry.quiet = false;
        });
    }

    /// Leaves a job alone until it is due, as it will most likely be told of without being asked for: until then it is none
    /// of those that share the requests, and no search is made for it. One that shows it all the same is as good as any.
    pub fn leave_alone(&mut self, ticket: Ticket) {
        self.jobs.change(ticket, |entry| entry.quiet = !entry.busy);
    }

    /// Takes a job out: nobody waits for it any more.
    pub fn remove(&mut self, ticket: Ticket) {
        if let Some(entry) = self.jobs.remove(ticket) {
            self.places[entry.place as usize].remove(&entry.id, entry.created, ticket);
        }
    }

    /// A job was seen, or asked for in vain, and is due again at `due`; a server that asked for peace has it until
    /// `not_before`, or for longer where it asked for that before.
    pub fn again(&mut self, ticket: Ticket, now: Duration, due: Duration, not_before: Duration, deadline: Duration) {
        self.jobs.change(ticket, |entry| {
            entry.not_before = entry.not_before.max(not_before);
            (entry.last, entry.due, entry.deadline) = (now, due.max(entry.not_before), deadline);
            (entry.busy, entry.misses, entry.quiet) = (false, 0, false);
        });
    }

    /// What became of a look at one job, to be said before it is told [again](Self::again): whether the service knows it.
    pub fn looked(&mut self, ticket: Ticket, known: bool, now: Duration) {
        let Some(entry) = self.jobs.get_mut(ticket) else { return };
        let missed = std::mem::take(&mut entry.misses) >= MISSES;
        let place = entry.place as usize;
        if missed && known && self.places[place].prove(now, &self.policy) {
            // A cap explains why they were missing.
            let tickets: Vec<_> = self.places[place].ids.values().copied().collect();
            for ticket in tickets {
                if let Some(entry) = self.jobs.get_mut(ticket) {
                    entry.misses = 0;
                }
            }
        }
    }

    /// What became of a search, once every row that is ours was told by [`again`](Self::again) or [`remove`](Self::remove):
    /// those that did not come are due still.
    pub fn searched(&mut self, window: &Window, brought: Brought, now: Duration) {
        let missing: Vec<_> = window
            .wanted
            .iter()
            .copied()
            .filter(|ticket| self.jobs.get(*ticket).is_some_and(|entry| entry.busy))
            .collect();
        let full = self.places[window.place].learn(window, brought, !missing.is_empty(), now);
        if missing.len() == window.wanted.len() && !full {
            self.places[window.place].failed(Failing::Useless, now, &self.policy);
        }
        let halves = if full { Place::halve(window.span, &self.policy) } else { Vec::new() };
        let by_id = full && halves.is_empty();
        let mut left = Vec::new();
        for ticket in missing {
            let Some(entry) = self.jobs.get_mut(ticket) else { continue };
            if by_id {
                entry.misses = MISSES;
            } else if !full {
                entry.misses = entry.misses.saturating_add(1);
            }
            left.extend(entry.created);
            self.back(ticket);
        }
        let wanted = |half: &(i64, i64)| left.iter().any(|created| (half.0..=half.1).contains(created));
        self.places[window.place].halves.extend(halves.into_iter().filter(wanted));
    }

    /// A search failed: its jobs are due still, but for those that were told by [`again`](Self::again). One that will fail
    /// for good is not tried again for a while, and neither is one that failed three times in a row.
    pub fn search_failed(&mut self, window: &Window, for_good: bool, now: Duration) {
        let failing = if for_good { Failing::ForGood } else { Failing::ThisTime };
        self.places[window.place].failed(failing, now, &self.policy);
        for ticket in &window.wanted {
            self.back(*ticket);
        }
    }

    /// Whether a job is being asked for.
    pub fn is_asked_for(&self, ticket: Ticket) -> bool {
        self.jobs.get(ticket).is_some_and(|entry| entry.busy)
    }

    /// Gives back a job that was not asked for after all.
    pub fn back(&mut self, ticket: Ticket) {
        self.jobs.change(ticket, |entry| entry.busy = false);
    }

    /// What to do at this moment. What it says counts as begun: say it was done, or [give it back](Self::back).
    pub fn next(&mut self, now: Duration) -> Next {
        self.jobs.rouse(now);
        match self.next_of_open(now) {
            Next::Rest(until) => Next::Rest(until.min(self.jobs.first_quiet())),
            next => next,
        }
    }

    fn next_of_open(&mut self, now: Duration) -> Next {
        let deadline = self.jobs.first_deadline();
        let first_deadline = deadline.map_or(Duration::MAX, |(deadline, _)| deadline);
        if let Some((deadline, ticket)) = deadline
            && deadline <= now
        {
            self.jobs.change(ticket, |entry| entry.quiet = false);
            // A last search that did not show it leaves no time for another.
            let missed = self.jobs.get(ticket).is_some_and(|entry| entry.misses > 0);
            return if missed || self.jobs.open() <= self.policy.few {
                self.take(ticket)
            } else {
                self.around(ticket, now)
            };
        }
        if self.jobs.open() <= self.policy.few {
            let due = self.jobs.due();
            let due = due
                .filter_map(|(due, ticket)| Some((self.policy.unless_near(self.jobs.get(ticket)?, due, now), ticket)));
            let Some((due, ticket)) = due.min() else { return Next::Rest(first_deadline) };
            return if due <= now { self.take(ticket) } else { Next::Rest(due.min(first_deadline)) };
        }
        if now < self.slot {
            return Next::Rest(self.slot.min(first_deadline));
        }
        let next = self.half(now).unwrap_or_else(|| {
            let (ready, ticket) = self.readiest(now);
            match ticket {
                Some(ticket) => self.around(ticket, now),
                None => Next::Rest(ready.min(first_deadline)),
            }
        });
        if !matches!(next, Next::Rest(_)) {
            self.slot = now + self.policy.gap();
        }
        next
    }

    /// The job that is due first among those that may be asked for now; else when the first of them may be. Those that
    /// searches do not show take turns with the others, so that neither sort waits for all of the other.
    fn readiest(&mut self, now: Duration) -> (Duration, Option<Ticket>) {
        let (mut earliest, mut first) = (Duration::MAX, [None; 2]);
        for (_, ticket) in self.jobs.due().take(LOOKED_THROUGH) {
            let Some(entry) = self.jobs.get(ticket) else { continue };
            let ready = self.policy.ready(entry, now);
            if ready <= now {
                first[usize::from(entry.misses >= MISSES)].get_or_insert(ticket);
                if first.iter().all(Option::is_some) {
                    break;
                }
            }
            earliest = earliest.min(ready);
        }
        let [shown, missing] = first;
        self.by_id_next ^= shown.is_some() && missing.is_some();
        let chosen = if self.by_id_next { missing.or(shown) } else { shown.or(missing) };
        (earliest, chosen)
    }

    /// A half of a window that was full.
    fn half(&mut self, now: Duration) -> Option<Next> {
        for place in 0..self.places.len() {
            while let Some((from, to)) = self.places[place].halves.pop_front() {
                let wanted = self.wanted(place, from, to);
                match wanted.as_slice() {
                    [] => {}
                    // It may be here for nothing but its moment, and not due at all.
                    [one] if self.jobs.get(*one).is_none_or(|entry| self.policy.ready(entry, now) > now) => {}
                    [one] => return Some(self.take(*one)),
                    _ if self.places[place].is_off(now) => {}
                    _ => return Some(self.search(place, from, to, wanted)),
                }
            }
        }
        None
    }

    /// The look that shows this job, and as many others as are worth it.
    fn around(&mut self, ticket: Ticket, now: Duration) -> Next {
        let Some(entry) = self.jobs.get(ticket) else { return Next::Rest(now) };
        let (place, misses, due) = (entry.place as usize, entry.misses, entry.due);
        let Some(created) = entry.created.filter(|_| self.policy.search && misses < MISSES) else {
            return self.take(ticket);
        };
        if self.places[place].is_off(now) {
            return self.take(ticket);
        }
        self.places[place].forget(now);
        // Whoever is late may cost more.
        let late = now.saturating_sub(due).as_secs_f64();
        let spare = self.policy.spare_bytes as f64 * (1.0 + self.policy.haste * late);
        let (from, to) = self.places[place].span(created, spare, &self.policy, |ticket| {
            let entry = self.jobs.get(ticket)?;
            (!entry.busy && !entry.quiet).then(|| self.policy.weight(entry, now))
        });
        let wanted = self.wanted(place, from, to);
        if wanted.len() < 2 || self.places[place].is_dear(to - from, wanted.len(), spare, &self.policy) {
            return self.take(ticket);
        }
        self.search(place, from, to, wanted)
    }

    /// The jobs of a stretch of time that nobody is asking for, but for those that are left alone.
    fn wanted(&self, place: usize, from: i64, to: i64) -> Vec<Ticket> {
        let made = self.places[place].made(from, to);
        made.filter(|ticket| self.jobs.get(*ticket).is_some_and(|entry| !entry.busy && !entry.quiet)).collect()
    }

    fn take(&mut self, ticket: Ticket) -> Next {
        self.jobs.begin(ticket);
        Next::Look(ticket)
    }

    fn search(&mut self, place: usize, from: i64, to: i64, wanted: Vec<Ticket>) -> Next {
        for ticket in &wanted {
            self.jobs.begin(*ticket);
        }
        let margin = self.places[place].margin(&self.policy);
        Next::Search(Window {
            place,
            after: Timestamp::from_millis(from.saturating_sub(margin)),
            before: Timestamp::from_millis(to.saturating_add(margin)),
            wanted,
            span: (from, to),
        })
    }
}
