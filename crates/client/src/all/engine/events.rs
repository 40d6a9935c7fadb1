//! What becomes of what was sent.

use image_intelligence_core::{Error, ErrorKind, Timestamp};

use super::Engine;
use crate::all::batch::Refused;
use crate::all::course::Witness;
use crate::all::item::{Item, Meta, Outcome};
use crate::all::manifest::Fate;
use crate::all::ready::Owner;
use crate::all::run::{Ended, Event};
use crate::kind::JobKind;

impl<K: JobKind> Engine<K> {
    pub(super) fn take(&mut self, event: Event<K>) {
        match event {
            Event::Accepted { owner, pictures } => self.accepted(owner, pictures),
            Event::Refused { batch, refused } => self.divide(batch, refused),
            Event::Found { number, id, created_at, trying } => {
                self.found(number, id, created_at);
                drop(trying);
            }
            Event::NeverMade { number, trying } => {
                self.never_made(number);
                drop(trying);
            }
            Event::Ended { owner: Owner::Batch(batch), ended } => self.end(batch, ended),
            Event::Ended { owner: Owner::Earlier(number), ended } => self.end_earlier(number, ended),
            Event::Ended { owner: Owner::Nobody, .. } => {}
        }
    }

    fn accepted(&mut self, owner: Owner, pictures: usize) {
        let batch = match owner {
            Owner::Batch(batch) => self.open.get_mut(&batch),
            _ => None,
        };
        let in_flight = batch.map(|open| {
            (open.accepted, open.in_flight) = (true, pictures);
            self.parts.accepted();
            pictures
        });
        self.run.control.count(|progress| {
            progress.jobs += 1;
            progress.in_flight += in_flight.unwrap_or_default();
        });
    }

    fn end(&mut self, batch: u64, ended: Ended<K>) {
        let Some(open) = self.open.get_mut(&batch) else { return };
        open.ended = true;
        let pictures = std::mem::take(&mut open.pictures);
        let in_flight = std::mem::take(&mut open.in_flight);
        let outcomes = match ended.outcomes {
            Ok(outcomes) => outcomes,
            Err(error) => pictures.iter().map(|_| Outcome::failed(error.clone())).collect(),
        };
        self.landed(in_flight);
        for (meta, outcome) in pictures.into_iter().zip(outcomes) {
            self.give(Owner::Batch(batch), Item::new(meta, ended.job_id.clone(), outcome));
        }
    }

    fn landed(&self, pictures: usize) {
        self.run.control.count(|progress| progress.in_flight = progress.in_flight.saturating_sub(pictures));
    }

    /// The job of a batch was refused: its halves are sent each as a job of its own, and a picture that was alone gets the
    /// error.
    fn divide(&mut self, batch: u64, refused: Refused<K>) {
        let Refused { error, pictures, mut outcomes, turn } = refused;
        let bytes = pictures.iter().map(|(_, picture)| picture.size).fold(0, usize::saturating_add);
        if error.kind() == ErrorKind::TooLarge && pictures.len() > 1 {
            self.forming.shrink(bytes);
        }
        let hopeless = if pictures.len() == 1 { self.parts.single(&error) } else { Vec::new() };
        if pictures.len() == 1 || self.parts.is_hopeless() {
            for (place, _) in pictures {
                if let Some(outcome) = outcomes.get_mut(place) {
                    *outcome = Outcome::failed(error.clone());
                }
            }
            drop(turn);
            self.end(batch, Ended { job_id: None, outcomes: Ok(outcomes) });
            for (picture, error) in hopeless {
                self.refuse(picture.meta, error);
            }
            return;
        }
        tracing::debug!(error.type = error.kind().as_str(), pictures = pictures.len(), "a job was refused; sending its halves");
        let Some(open) = self.open.remove(&batch) else { return };
        for (meta, outcome) in open.pictures.into_iter().zip(outcomes) {
            if let Some(error) = outcome.error {
                self.refuse(meta, error);
            }
        }
        self.parts.halve(pictures.into_iter().map(|(_, picture)| picture).collect(), turn, &error);
    }

    fn end_earlier(&mut self, number: usize, ended: Ended<K>) {
        let unsettled = self.unsettled.take(number);
        let stays_unknown = unsettled.is_some();
        let count = self.earlier.job(number).map_or(0, |past| past.pictures.len());
        for (place, picture) in unsettled.unwrap_or_default() {
            self.taken_up.meet(number, place, count, picture.meta);
        }
        let items = self.taken_up.end(number, ended);
        if !stays_unknown {
            self.landed(items.len());
        }
        for item in items {
            self.give(Owner::Earlier(number), item);
        }
    }

    /// A job of an earlier run is found to exist.
    fn found(&mut self, number: usize, id: String, created_at: Option<Timestamp>) {
        self.earlier.settle(number, Fate::Accepted { id, created_at });
        // Whoever waits for a witness or for more to be sent has something to wait for.
        self.run.course.tell(true);
        if let Some(witness) = self.earlier.job(number).and_then(Witness::of) {
            self.run.course.made(witness);
        }
        for (place, picture) in self.unsettled.take(number).unwrap_or_default() {
            self.take_up(number, place, picture.meta);
        }
    }

    /// There is proof that a job of an earlier run does not exist: its pictures are sent.
    fn never_made(&mut self, number: usize) {
        self.earlier.settle(number, Fate::None);
        self.run.course.tell(true);
        let mut pictures: Vec<_> = self.unsettled.take(number).unwrap_or_default();
        pictures.sort_by_key(|(_, picture)| picture.meta.index);
        for batch in self.forming.divide(pictures.into_iter().map(|(_, picture)| picture)) {
            self.parts.push(batch, None, None);
        }
    }

    /// A picture that comes into no job.
    pub(super) fn refuse(&mut self, meta: Meta, error: Error) {
        self.refused += 1;
        self.give(Owner::Nobody, Item::new(meta, None, Outcome::failed(error)));
    }
}
