//! The store in memory: bounded, the oldest finished out first, gone with the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use image_intelligence_core::{Kind, Timestamp};
use rusqlite::Connection;

use super::album::{Album, Pasted};
use super::records::{Bounds, NewDelivery, RecordError, Records};
use super::schema::{OUTBOX, RECORDS};
use super::{Ending, Query, Store, StoreError};
use crate::delivery::Scheduled;
use crate::job::{Among, Job, Outcome};
use crate::progression::Gate;

/// How many bytes jobs may take without their pictures: one with hundreds of classes takes the place of many.
const MOST_JOB_BYTES: usize = 64 << 20;

/// Keeps so many jobs and so many bytes of pictures. A job that a caller would still see in progress is never thrown out.
pub(crate) struct Memory {
    gate: Gate,
    most_jobs: usize,
    most_bytes: usize,
    kept: Mutex<Kept>,
    bounds: Bounds,
    /// What is no job; made when first there is something.
    records: Mutex<Option<Connection>>,
}

struct Kept {
    next: u64,
    /// In the order in which they were made.
    jobs: BTreeMap<u64, Arc<Job>>,
    job_places: HashMap<String, u64>,
    job_bytes: usize,
    /// In the order in which they came.
    pictures: BTreeMap<u64, Picture>,
    picture_places: HashMap<String, u64>,
    bytes: usize,
    album: Album,
}

struct Picture {
    id: String,
    bytes: Pasted,
    /// Whether its job still needs it: it came with the request and cannot be fetched again.
    needed: bool,
}

impl Memory {
    pub(crate) fn new(gate: Gate, most_jobs: usize, most_bytes: usize, bounds: Bounds) -> Self {
        let (kept, records) = (Mutex::new(Kept::new(most_bytes)), Mutex::default());
        Self { gate, most_jobs, most_bytes, kept, bounds, records }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work on what is no job. Where it fails, nothing is changed.
    fn work<T>(&self, write: bool, work: impl FnOnce(&Records<'_>) -> Result<T, RecordError>) -> Result<T, StoreError> {
        let (mut work, mut done) = (Some(work), None);
        self.records(write, &mut |records| {
            done = work.take().map(|work| work(records));
            matches!(done, Some(Ok(_)))
        })?;
        let done = done.ok_or_else(|| StoreError::Failed("the store did not do the work".into()))?;
        done.map_err(RecordError::into_store)
    }

    fn take_in(&self, job: Job, pictures: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        let mut kept = self.kept();
        self.make_room_for(&job, &mut kept)?;
        let place = kept.place();
        for (id, bytes) in pictures {
            kept.put_picture(id, bytes, true);
        }
        kept.job_places.insert(job.id.clone(), place);
        kept.job_bytes += job_weight(&job);
        kept.jobs.insert(place, Arc::new(job));
        kept.trim_pictures(self.most_bytes);
        Ok(())
    }

    /// The job, now that its work is over; `None` where it is no longer kept.
    fn end(&self, job: &Job, outcomes: Vec<Outcome>) -> Option<Arc<Job>> {
        let mut kept = self.kept();
        let place = kept.job_places.get(&job.id).copied()?;
        let job = kept.jobs.get_mut(&place)?;
        let before = job_weight(job);
        Arc::make_mut(job).outcomes = Some(outcomes.into());
        let (after, job) = (job_weight(job), Arc::clone(job));
        kept.job_bytes = kept.job_bytes + after - before;
        for id in job.pictures.iter() {
            kept.release_picture(id);
        }
        kept.trim_pictures(self.most_bytes);
        Some(job)
    }

    fn make_room_for(&self, job: &Job, kept: &mut Kept) -> Result<(), StoreError> {
        while kept.jobs.len() >= self.most_jobs.max(1)
            || (!kept.jobs.is_empty() && kept.job_bytes + job_weight(job) > MOST_JOB_BYTES)
        {
            let finished = kept.jobs.iter().find(|(_, job)| self.gate.is_done(job)).map(|(place, _)| *place);
            let job = finished.and_then(|place| kept.jobs.remove(&place)).ok_or(StoreError::Full)?;
            kept.job_places.remove(&job.id);
            kept.job_bytes -= job_weight(&job);
            for picture in job.pictures.iter() {
                kept.drop_picture(picture);
            }
        }
        Ok(())
    }
}

impl Kept {
    fn new(most_bytes: usize) -> Self {
        Self {
            next: 0,
            jobs: BTreeMap::new(),
            job_places: HashMap::new(),
            job_bytes: 0,
            pictures: BTreeMap::new(),
            picture_places: HashMap::new(),
            bytes: 0,
            album: Album::new(most_bytes),
        }
    }

    fn place(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn put_picture(&mut self, id: String, bytes: Bytes, needed: bool) {
        self.drop_picture(&id);
        let bytes = loop {
            if let Some(pasted) = self.album.paste(&bytes) {
                break pasted;
            }
            if !self.drop_oldest_picture() {
                break Pasted::InTheHeap(bytes);
            }
        };
        let place = self.place();
        self.bytes += weight(bytes.len());
        self.picture_places.insert(id.clone(), place);
        self.pictures.insert(place, Picture { id, bytes, needed });
    }

    /// Throws out the oldest picture that no job needs any more; says whether there was one.
    fn drop_oldest_picture(&mut self) -> bool {
        let oldest = self.pictures.values().find(|picture| !picture.needed).map(|picture| picture.id.clone());
        oldest.inspect(|id| self.drop_picture(id)).is_some()
    }

    fn drop_picture(&mut self, id: &str) {
        if let Some(picture) = self.picture_places.remove(id).and_then(|place| self.pictures.remove(&place)) {
            self.bytes -= weight(picture.bytes.len());
            self.album.remove(&picture.bytes);
        }
    }

    fn release_picture(&mut self, id: &str) {
        let place = self.picture_places.get(id);
        if let Some(picture) = place.and_then(|place| self.pictures.get_mut(place)) {
            picture.needed = false;
        }
    }

    /// Throws out the oldest pictures that no job needs any more.
    fn trim_pictures(&mut self, most_bytes: usize) {
        while self.bytes > most_bytes && self.drop_oldest_picture() {}
    }

    fn show(&mut self, place: u64, count: bool) -> Option<Arc<Job>> {
        let job = self.jobs.get_mut(&place)?;
        if count {
            let job = Arc::make_mut(job);
            job.shown = job.shown.saturating_add(1);
        }
        Some(Arc::clone(job))
    }
}

fn job_weight(job: &Job) -> usize {
    let outcomes = job.outcomes.as_deref().unwrap_or_default();
    512 + job.weight + outcomes.iter().map(Outcome::weight).sum::<usize>()
}

/// What a picture costs: its bytes, and about what it takes to keep track of it.
fn weight(bytes: usize) -> usize {
    bytes + 256
}

impl Store for Memory {
    fn blocks(&self) -> bool {
        false
    }

    fn insert(
        &self,
        job: Job,
        pictures: Vec<(String, Bytes)>,
        delivery: Option<NewDelivery>,
    ) -> Result<(), StoreError> {
        let Some(delivery) = delivery else { return self.take_in(job, pictures) };
        let (id, kind, now) = (job.id.clone(), job.request.kind(), job.created_at);
        self.work(true, |records| records.await_job(&delivery, &id, kind, now))?;
        self.take_in(job, pictures).inspect_err(|_| {
            // What stays behind waits for a job that is not there, and is never shown.
            let _ = self.work(true, |records| records.forget_delivery(&delivery.id));
        })
    }

    fn job(&self, owner: &str, among: Option<&Among>, id: &str, count: bool) -> Result<Option<Arc<Job>>, StoreError> {
        let mut kept = self.kept();
        let place = kept.job_places.get(id).copied();
        let is_it = |job: &Arc<Job>| job.owner == owner && among.is_none_or(|among| job.is_among(among));
        let own = place.filter(|place| kept.jobs.get(place).is_some_and(is_it));
        Ok(own.and_then(|place| kept.show(place, count)))
    }

    fn search(&self, owner: &str, among: &Among, query: &Query, count: bool) -> Result<Vec<Arc<Job>>, StoreError> {
        let mut kept = self.kept();
        let is_it = |job: &Job| job.owner == owner && job.is_among(among) && query.takes(job);
        let places = query.pick(kept.jobs.iter().filter(|(_, job)| is_it(job)).map(|(place, _)| *place));
        Ok(places.into_iter().filter_map(|place| kept.show(place, count)).collect())
    }

    fn finish(&self, job: &Job, mut outcomes: Vec<Outcome>, ending: &Ending) -> Result<Vec<Scheduled>, StoreError> {
        let mut scheduled = Vec::new();
        if job.request.kind() == Kind::Recognize && !outcomes.iter().all(|outcome| outcome.faces.is_empty()) {
            let shown = |id: &str| Ok(self.kept().picture_places.contains_key(id));
            scheduled = self.work(true, |records| records.end_faces(job, &mut outcomes, ending, &shown))?;
        }
        let Some(ended) = self.end(job, outcomes) else { return Ok(scheduled) };
        if let Some(due) = ending.gate.due(&ended)
            && ended.request.options().webhook_url.is_some()
        {
            scheduled.extend(self.work(true, |records| records.release(&ended.id, due, &ending.gate.clock))?);
        }
        Ok(scheduled)
    }

    fn keep_picture(&self, job: &str, id: &str, bytes: Bytes) -> Result<(), StoreError> {
        let mut kept = self.kept();
        if kept.job_places.contains_key(job) && weight(bytes.len()) <= self.most_bytes {
            kept.put_picture(id.to_owned(), bytes, false);
            kept.trim_pictures(self.most_bytes);
        }
        Ok(())
    }

    fn picture(&self, id: &str) -> Result<Option<Bytes>, StoreError> {
        let kept = self.kept();
        let picture = kept.picture_places.get(id).and_then(|place| kept.pictures.get(place));
        Ok(picture.map(|picture| kept.album.get(&picture.bytes)))
    }

    fn unfinished(&self) -> Result<Vec<Arc<Job>>, StoreError> {
        Ok(self.kept().jobs.values().filter(|job| job.outcomes.is_none()).cloned().collect())
    }

    fn newest(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.kept().jobs.values().next_back().map(|job| job.created_at))
    }

    fn records(&self, write: bool, work: &mut dyn FnMut(&Records<'_>) -> bool) -> Result<(), StoreError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = if let Some(connection) = &mut *records {
            connection
        } else {
            let connection = Connection::open_in_memory()?;
            connection.execute_batch(RECORDS)?;
            connection.execute_batch(OUTBOX)?;
            records.insert(connection)
        };
        let transaction = connection.transaction()?;
        let done = work(&Records { connection: &transaction, bounds: self.bounds });
        if write && done { Ok(transaction.commit()?) } else { Ok(transaction.rollback()?) }
    }
}
