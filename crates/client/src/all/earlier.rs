//! Jobs of an earlier run, taken up again as their pictures are met among the inputs.

use std::collections::HashMap;

use super::item::{Item, Meta, Outcome};
use super::run::Ended;
use crate::kind::JobKind;

/// The jobs of an earlier run that were taken up, by their numbers in the manifest.
pub(crate) struct TakenUp<K: JobKind> {
    jobs: HashMap<usize, Job<K>>,
    /// Those with a result that has not been taken.
    busy: usize,
}

struct Job<K: JobKind> {
    /// How many of its pictures have not been met.
    unmet: usize,
    /// Pictures that wait for the job, each with its place in it.
    waiting: Vec<(usize, Meta)>,
    ended: Option<Past<K>>,
    /// Pictures that were met and whose results have not been taken.
    left: usize,
}

/// A job that is over.
struct Past<K: JobKind> {
    id: Option<String>,
    outcomes: Vec<Outcome<K>>,
}

/// What meeting a picture of an earlier job calls for.
pub(crate) enum Met<K: JobKind> {
    /// It is the first of its job, which is to be waited for.
    First,
    /// The job is waited for.
    Waits,
    /// The job is over.
    Done(Box<Item<K>>),
}

impl<K: JobKind> TakenUp<K> {
    pub(crate) fn new() -> Self {
        Self { jobs: HashMap::new(), busy: 0 }
    }

    /// How many jobs have results that have not been taken.
    pub(crate) fn busy(&self) -> usize {
        self.busy
    }

    /// Whether the job was taken up, and not all of its pictures have been given.
    pub(crate) fn knows(&self, number: usize) -> bool {
        self.jobs.contains_key(&number)
    }

    /// Whether any job is waited for.
    pub(crate) fn waits(&self) -> bool {
        self.jobs.values().any(|job| job.ended.is_none())
    }

    /// A picture was met that is at that place of a job of so many.
    pub(crate) fn meet(&mut self, number: usize, place: usize, pictures: usize, meta: Meta) -> Met<K> {
        let first = !self.jobs.contains_key(&number);
        let new = || Job { unmet: pictures, waiting: Vec::new(), ended: None, left: 0 };
        let job = self.jobs.entry(number).or_insert_with(new);
        job.unmet = job.unmet.saturating_sub(1);
        job.left += 1;
        if job.left == 1 {
            self.busy += 1;
        }
        if let Some(past) = &mut job.ended {
            return Met::Done(Box::new(past.item(place, meta)));
        }
        job.waiting.push((place, meta));
        if first { Met::First } else { Met::Waits }
    }

    /// A job is over: gives what became of the pictures that waited.
    pub(crate) fn end(&mut self, number: usize, ended: Ended<K>) -> Vec<Item<K>> {
        let Some(job) = self.jobs.get_mut(&number) else { return Vec::new() };
        let waiting = std::mem::take(&mut job.waiting);
        let outcomes = ended.outcomes.unwrap_or_else(|error| {
            let pictures = job.unmet + waiting.len();
            (0..pictures).map(|_| Outcome::failed(error.clone())).collect()
        });
        let past = job.ended.insert(Past { id: ended.job_id, outcomes });
        waiting.into_iter().map(|(place, meta)| past.item(place, meta)).collect()
    }

    /// A result was taken. Says whether it was the last that there is by now.
    pub(crate) fn given(&mut self, number: usize) -> bool {
        let Some(job) = self.jobs.get_mut(&number) else { return false };
        job.left = job.left.saturating_sub(1);
        if job.left > 0 {
            return false;
        }
        self.busy = self.busy.saturating_sub(1);
        if job.unmet == 0 {
            self.jobs.remove(&number);
        }
        true
    }
}

impl<K: JobKind> Past<K> {
    fn item(&mut self, place: usize, meta: Meta) -> Item<K> {
        let outcome = self.outcomes.get_mut(place).map(|outcome| std::mem::replace(outcome, Outcome::nothing()));
        Item::new(meta, self.id.clone(), outcome.unwrap_or_else(Outcome::nothing))
    }
}
