//! Results that wait to be taken: as they came, or in the order of the inputs.

use std::collections::{BTreeMap, VecDeque};

use super::item::Item;
use crate::kind::JobKind;

/// What a result belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// It was refused before it came into a batch.
    Nobody,
    /// A batch of this run.
    Batch(u64),
    /// A job of an earlier run, by its number in the manifest.
    Earlier(usize),
}

pub(crate) enum Ready<K: JobKind> {
    AsTheyCome(VecDeque<(Owner, Item<K>)>),
    InOrder { next: usize, items: BTreeMap<usize, (Owner, Item<K>)> },
}

impl<K: JobKind> Ready<K> {
    pub(crate) fn new(in_order: bool) -> Self {
        if in_order { Self::InOrder { next: 0, items: BTreeMap::new() } } else { Self::AsTheyCome(VecDeque::new()) }
    }

    pub(crate) fn push(&mut self, owner: Owner, item: Item<K>) {
        match self {
            Self::AsTheyCome(items) => items.push_back((owner, item)),
            Self::InOrder { items, .. } => {
                items.insert(item.index, (owner, item));
            }
        }
    }

    /// The next that may be given.
    pub(crate) fn pop(&mut self) -> Option<(Owner, Item<K>)> {
        match self {
            Self::AsTheyCome(items) => items.pop_front(),
            Self::InOrder { next, items } => {
                let item = items.remove(next)?;
                *next += 1;
                Some(item)
            }
        }
    }

    /// The place among the inputs of the one result that alone may be given next.
    pub(crate) fn awaits(&self) -> Option<usize> {
        match self {
            Self::AsTheyCome(_) => None,
            Self::InOrder { next, .. } => Some(*next),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::AsTheyCome(items) => items.is_empty(),
            Self::InOrder { items, .. } => items.is_empty(),
        }
    }
}
