//! A body, as far as it has come.

use bytes::{Bytes, BytesMut};

/// Memory is set aside ahead of a body up to here; beyond, only as it comes.
const AHEAD: usize = 64 << 10;

/// The pieces of a body. Most come in one, which is kept as it is.
pub(crate) struct Pieces {
    come: Come,
    /// How long the body says it is.
    expected: usize,
}

enum Come {
    One(Bytes),
    Many(BytesMut),
}

impl Pieces {
    pub(crate) fn expecting(length: Option<u64>) -> Self {
        Self { come: Come::One(Bytes::new()), expected: length.unwrap_or_default() as usize }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.come {
            Come::One(piece) => piece.len(),
            Come::Many(pieces) => pieces.len(),
        }
    }

    pub(crate) fn push(&mut self, piece: Bytes) {
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
