//! Room for pictures: one stretch of memory, filled round and round.
//!
//! Each on its own in the heap, pictures of tens of kilobytes that come and go for days leave holes which nothing else
//! fits into, and the process grows by a third over what it keeps (`cargo xtask bench memory`).

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;

/// No stretch is longer, whatever the store may keep: what does not fit lies in the heap.
const LONGEST: usize = 256 << 20;

pub(super) struct Album {
    size: usize,
    /// Empty until the first picture; then zeroes, which the system hands out page by page as they are written over.
    room: Vec<u8>,
    /// Where each picture begins, and where it ends.
    taken: BTreeMap<usize, usize>,
    /// Where to look for room first: behind the newest, where the oldest go next.
    next: usize,
}

/// A picture that is kept.
pub(super) enum Pasted {
    Here(Range<usize>),
    InTheHeap(Bytes),
}

impl Album {
    pub(super) fn new(size: usize) -> Self {
        Self { size: size.min(LONGEST), room: Vec::new(), taken: BTreeMap::new(), next: 0 }
    }

    /// Copies a picture in; `None` where no gap is long enough.
    pub(super) fn paste(&mut self, picture: &[u8]) -> Option<Pasted> {
        let start = self.gap(self.next..self.size, picture.len()).or_else(|| self.gap(0..self.size, picture.len()))?;
        let place = start..start + picture.len();
        if self.room.is_empty() {
            self.room = vec![0; self.size];
        }
        self.room.get_mut(place.clone())?.copy_from_slice(picture);
        // One without bytes takes no room, and must not hide the one that begins there too.
        if !place.is_empty() {
            self.taken.insert(place.start, place.end);
        }
        self.next = place.end;
        Some(Pasted::Here(place))
    }

    /// Where the first gap of that length begins that lies in the stretch.
    fn gap(&self, stretch: Range<usize>, length: usize) -> Option<usize> {
        let before = self.taken.range(..stretch.start).next_back().map_or(0, |(_, &end)| end);
        let mut free = stretch.start.max(before);
        for (&start, &end) in self.taken.range(stretch.start..stretch.end) {
            if start.saturating_sub(free) >= length {
                return Some(free);
            }
            free = free.max(end);
        }
        (stretch.end.saturating_sub(free) >= length).then_some(free)
    }

    pub(super) fn get(&self, picture: &Pasted) -> Bytes {
        match picture {
            Pasted::Here(place) => Bytes::copy_from_slice(self.room.get(place.clone()).unwrap_or_default()),
            Pasted::InTheHeap(bytes) => bytes.clone(),
        }
    }

    pub(super) fn remove(&mut self, picture: &Pasted) {
        if let Pasted::Here(place) = picture {
            self.taken.remove(&place.start);
        }
    }
}

impl Pasted {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Here(place) => place.len(),
            Self::InTheHeap(bytes) => bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn round_and_round_and_every_picture_stays_as_it_was() {
        let mut album = Album::new(10_000);
        let mut kept: VecDeque<(Vec<u8>, Pasted)> = VecDeque::new();
        for turn in 0..2_000_usize {
            let picture = vec![turn as u8; turn * 37 % 900];
            let pasted = loop {
                if let Some(pasted) = album.paste(&picture) {
                    break pasted;
                }
                // A picture that is still needed stands in the way, and is gone around.
                let oldest = kept.iter().position(|(picture, _)| picture.first() != Some(&100)).unwrap();
                let (_, gone) = kept.remove(oldest).unwrap();
                album.remove(&gone);
            };
            kept.push_back((picture, pasted));
            for (picture, pasted) in &kept {
                assert_eq!(album.get(pasted), picture.as_slice(), "after {turn}");
            }
        }
        assert!(kept.iter().map(|(picture, _)| picture.len()).sum::<usize>() > 5_000, "most of the room is used");
    }

    #[test]
    fn what_is_longer_than_the_room_finds_none() {
        assert!(Album::new(10).paste(&[0; 11]).is_none());
        assert!(Album::new(10).paste(&[0; 10]).is_some());
        assert!(Album::new(0).paste(&[]).is_some());
    }
}
