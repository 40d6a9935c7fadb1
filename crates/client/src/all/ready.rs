//! Results that wait to be taken: as they came, or in the order of the inputs.

use std::collections::{BTreeMap, VecDeque};

use super::item::Item;
use crate::kind::JobKind;

/// The batch that a result belongs to; none where it was refused before it came into one.
pub(crate) type Owner = Option<u64>;

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

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::AsTheyCome(items) => items.is_empty(),
            Self::InOrder { items, .. } => items.is_empty(),
        }
    }
}
