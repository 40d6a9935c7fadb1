//! What crosses to other languages: bytes, which core has judged, and from which each language builds its own objects.

use bytes::Bytes;
use image_intelligence_core::{EventKind, GaveUp, judge};
use serde::Serialize;

use crate::{Counts, Delivery, Entry, Pruned};

impl Delivery {
    /// What came, in a word, and its canonical JSON; `None` for what no version of ours can name, of which
    /// [`raw`](Self::raw) is all.
    #[doc(hidden)]
    pub fn judged(&self) -> (EventKind, Option<Vec<u8>>) {
        let unknown = (EventKind::Unknown, None);
        let known = match self.kind() {
            EventKind::GaveUp => {
                return GaveUp::from_json(self.raw())
                    .map_or(unknown, |gave_up| (EventKind::GaveUp, Some(gave_up.to_json())));
            }
            // A later version may know it.
            EventKind::Unknown => None,
            known => Some(known),
        };
        match judge(self.raw(), known) {
            Ok(judged) if judged.event != EventKind::Unknown => (judged.event, Some(judged.json.into_owned())),
            _ => unknown,
        }
    }
}

impl Entry {
    /// As JSON without its body, and the body.
    #[doc(hidden)]
    pub fn into_json(mut self) -> (Vec<u8>, Option<Bytes>) {
        let body = self.body.take();
        (to_json(&self), body)
    }
}

impl Counts {
    /// As JSON.
    #[doc(hidden)]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }
}

impl Pruned {
    /// As JSON.
    #[doc(hidden)]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    // Of numbers and texts, so it never fails.
    serde_json::to_vec(value).unwrap_or_default()
}
