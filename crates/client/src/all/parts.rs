//! Batches that were read and are to be sent before more is read: halves of one that was refused, and what an earlier run did
//! not get sent.
//!
//! Where the API refuses a job for one of its pictures, halving finds the one. Where it would refuse every job, as for a class
//! that it does not know, that would only cost requests: so while no job was ever accepted halves are sent one at a time, and
//! where the first two single pictures, one from each end, are refused in the same words, all of them get that error.

use std::collections::BTreeMap;

use image_intelligence_core::Error;

use super::look::Picture;
use super::run::Turn;

/// A batch in waiting.
pub(crate) struct Part {
    pub(crate) pictures: Vec<Picture>,
    /// Where its pictures are in memory already.
    pub(crate) turn: Option<Turn>,
    /// Why the batch that it is a half of was refused.
    refused: Option<Error>,
}

/// Batches in waiting, by the place among the inputs of their first picture.
pub(crate) struct Parts {
    waiting: BTreeMap<usize, Part>,
    trial: Trial,
}

/// Whether jobs as these are accepted at all.
enum Trial {
    /// Not known.
    Open,
    /// Not known, and a single picture was refused.
    Refused(Error),
    /// Some are, or what is wrong is wrong with the pictures.
    Over,
    /// It seems that none is.
    Hopeless,
}

impl Parts {
    /// `accepted`: whether a job of this kind ever was.
    pub(crate) fn new(accepted: bool) -> Self {
        Self { waiting: BTreeMap::new(), trial: if accepted { Trial::Over } else { Trial::Open } }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A job was accepted.
    pub(crate) fn accepted(&mut self) {
        self.trial = Trial::Over;
    }

    /// Whether one is to be sent at a time.
    pub(crate) fn is_trial(&self) -> bool {
        matches!(self.trial, Trial::Open | Trial::Refused(_))
    }

    /// Whether every job seems to be refused.
    pub(crate) fn is_hopeless(&self) -> bool {
        matches!(self.trial, Trial::Hopeless)
    }

    pub(crate) fn push(&mut self, pictures: Vec<Picture>, turn: Option<Turn>, refused: Option<Error>) {
        if let Some(first) = pictures.first() {
            self.waiting.insert(first.meta.index, Part { pictures, turn, refused });
        }
    }

    /// Puts both halves of a refused batch in waiting.
    pub(crate) fn halve(&mut self, mut pictures: Vec<Picture>, turn: Turn, refused: &Error) {
        let second = pictures.split_off(pictures.len() / 2);
        self.push(pictures, Some(Turn::clone(&turn)), Some(refused.clone()));
        self.push(second, Some(turn), Some(refused.clone()));
    }

    /// The next to be sent: the first, but the last where a picture at the beginning was refused and none accepted. Without
    /// room for another batch in memory, of those that are in memory.
    pub(crate) fn pop(&mut self, room: bool) -> Option<Part> {
        let fits = |(_, part): &(&usize, &Part)| room || part.turn.is_some();
        let place = match &self.trial {
            Trial::Refused(_) => self.waiting.iter().rev().find(fits),
            _ => self.waiting.iter().find(fits),
        };
        let place = *place?.0;
        self.waiting.remove(&place)
    }

    /// A picture was refused that was alone in its job. Where that makes it hopeless: the pictures of all refused batches that
    /// wait, each with its error.
    pub(crate) fn single(&mut self, error: &Error) -> Vec<(Picture, Error)> {
        let same = |before: &Error| before.status() == error.status() && before.message() == error.message();
        match &self.trial {
            Trial::Open => self.trial = Trial::Refused(error.clone()),
            Trial::Refused(before) if same(before) => self.trial = Trial::Hopeless,
            Trial::Refused(_) => self.trial = Trial::Over,
            Trial::Over | Trial::Hopeless => {}
        }
        if !self.is_hopeless() {
            return Vec::new();
        }
        let (refused, others) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, part)| part.refused.is_some());
        self.waiting = others;
        let refused: BTreeMap<_, Part> = refused;
        let with_error = refused.into_values().flat_map(|Part { pictures, refused, .. }| {
            pictures.into_iter().filter_map(move |picture| Some((picture, refused.clone()?)))
        });
        with_error.collect()
    }

    /// Every picture that waits.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Picture> + use<> {
        std::mem::take(&mut self.waiting).into_values().flat_map(|part| part.pictures)
    }
}
