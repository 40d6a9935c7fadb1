//! A body, as far as it has come, and the room that it takes.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::refusal::Refusal;

/// Memory is set aside ahead of a body up to here; beyond, only as it comes.
const AHEAD: usize = 64 << 10;

/// The pieces of a body. Most come in one, which is kept as it is.
pub(crate) struct Pieces {
    come: Come,
    /// How long the body says it is.
    expected: usize,
    /// What it takes up of what all bodies may.
    room: Option<OwnedSemaphorePermit>,
}

enum Come {
    One(Bytes),
    Many(BytesMut),
}

impl Pieces {
    pub(crate) fn expecting(length: Option<u64>) -> Self {
        Self { come: Come::One(Bytes::new()), expected: length.unwrap_or_default() as usize, room: None }
    }

    /// Adds a piece, where the body has not become longer than `most` by it, and there is room for it.
    pub(crate) fn add(&mut self, piece: Bytes, most: usize, room: &Arc<Semaphore>) -> Result<(), Refusal> {
        if piece.is_empty() {
            return Ok(());
        }
        if self.len() + piece.len() > most {
            return Err(Refusal::TOO_LARGE);
        }
        self.make_room(piece.len(), room)?;
        self.push(piece);
        Ok(())
    }

    /// The room that it takes. An empty one takes some too, so that a shutdown waits for it.
    pub(crate) fn take_room(&mut self, room: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
        if self.room.is_none() {
            self.make_room(1, room)?;
        }
        self.room.take().ok_or(Refusal::FULL)
    }

    /// Lets go of it, as nothing will become of it.
    pub(crate) fn let_go(&mut self) {
        self.take();
        self.room = None;
    }

    fn make_room(&mut self, bytes: usize, room: &Arc<Semaphore>) -> Result<(), Refusal> {
        let bytes = u32::try_from(bytes).map_err(|_| Refusal::FULL)?;
        let more = Arc::clone(room).try_acquire_many_owned(bytes).map_err(|error| match error {
            TryAcquireError::NoPermits => Refusal::FULL,
            TryAcquireError::Closed => Refusal::CLOSING,
        })?;
        match &mut self.room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        match &self.come {
            Come::One(piece) => piece.len(),
            Come::Many(pieces) => pieces.len(),
        }
    }

    fn push(&mut self, piece: Bytes) {
        let length = self.len() + piece.len();
        match &mut self.come {
            Come::One(first) if first.is_empty() => *first = piece,
            Come::One(first) => {
                let mut pieces = BytesMut::with_capacity(self.expected.min(AHEAD).max(length));
                pieces.extend_from_slice(first);
                pieces.extend_from_slice(&piece);
                self.come = Come::Many(pieces);
            }
            Come::Many(pieces) => pieces.extend_from_slice(&piece),
        }
    }

    /// All of it; nothing is left.
    pub(crate) fn take(&mut self) -> Bytes {
        match std::mem::replace(&mut self.come, Come::One(Bytes::new())) {
            Come::One(piece) => piece,
            Come::Many(pieces) => pieces.freeze(),
        }
    }
}
