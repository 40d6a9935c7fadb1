//! The batch that is being put together.

use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::look::Picture;

/// How long a picture waits for others to come along.
const LINGER: Duration = Duration::from_secs(1);

/// However little a server takes, a batch may have so many bytes.
const LEAST_BYTES: usize = 256 * 1024;

/// Pictures that will be one job: as many as may be, or as their bytes allow, or as come within a second.
pub(crate) struct Forming {
    most: usize,
    most_bytes: usize,
    pictures: Vec<Picture>,
    bytes: usize,
    names: HashSet<String>,
    linger: Option<Pin<Box<Sleep>>>,
    overdue: bool,
}

impl Forming {
    pub(crate) fn new(most: usize, most_bytes: usize) -> Self {
        Self { most, most_bytes, pictures: Vec::new(), bytes: 0, names: HashSet::new(), linger: None, overdue: false }
    }

    /// Has batches be smaller from here on: so many bytes were too many.
    pub(crate) fn shrink(&mut self, refused: usize) {
        self.most_bytes = self.most_bytes.min((refused / 2).max(LEAST_BYTES));
    }

    /// Puts pictures together that are at hand, as it does those that come.
    pub(crate) fn divide(&self, pictures: impl IntoIterator<Item = Picture>) -> Vec<Vec<Picture>> {
        let mut forming = Self::new(self.most, self.most_bytes);
        let mut batches = Vec::new();
        for picture in pictures {
            if !forming.fits(&picture) {
                batches.push(forming.take());
            }
            forming.add(picture);
        }
        batches.push(forming.take());
        batches
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// The place among the inputs of its first picture.
    pub(crate) fn first(&self) -> Option<usize> {
        self.pictures.first().map(|picture| picture.meta.index)
    }

    /// How many more pictures may come.
    pub(crate) fn room(&self) -> usize {
        self.most.saturating_sub(self.pictures.len())
    }

    /// Whether it is to leave without waiting for more.
    pub(crate) fn is_full(&self) -> bool {
        self.overdue || self.pictures.len() >= self.most || self.bytes >= self.most_bytes
    }

    /// Whether a picture may come along: two of one name could not be told apart in a result.
    pub(crate) fn fits(&self, picture: &Picture) -> bool {
        let named = picture.meta.custom_id.as_ref();
        self.is_empty()
            || (!self.is_full()
                && self.bytes.saturating_add(picture.size) <= self.most_bytes
                && named.is_none_or(|name| !self.names.contains(name)))
    }

    pub(crate) fn push(&mut self, picture: Picture) {
        if self.pictures.is_empty() {
            self.linger = Some(Box::pin(tokio::time::sleep(LINGER)));
        }
        self.add(picture);
    }

    fn add(&mut self, picture: Picture) {
        self.bytes = self.bytes.saturating_add(picture.size);
        self.names.extend(picture.meta.custom_id.clone());
        self.pictures.push(picture);
    }

    /// Watches the clock.
    pub(crate) fn poll_linger(&mut self, cx: &mut Context<'_>) {
        if let Some(linger) = &mut self.linger
            && let Poll::Ready(()) = linger.as_mut().poll(cx)
        {
            self.linger = None;
            self.overdue = true;
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Picture> {
        let pictures = std::mem::take(&mut self.pictures);
        *self = Self::new(self.most, self.most_bytes);
        pictures
    }
}
