//! Who waits for the end of which job.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use image_intelligence_core::Rid;
use tokio::sync::watch;

/// Tells those who wait in this process that a job of ours has come to its end; what it was stands in the store.
#[derive(Default)]
pub(crate) struct Ends(Mutex<HashMap<Rid, watch::Sender<bool>>>);

impl Ends {
    /// Is told once the job is at its end, from now on.
    pub(crate) fn watch(&self, rid: Rid) -> watch::Receiver<bool> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those whom nobody waits for any more go whenever the map would grow.
        if all.len() == all.capacity() {
            all.retain(|_, one| one.receiver_count() > 0);
        }
        all.entry(rid).or_insert_with(|| watch::Sender::new(false)).subscribe()
    }

    /// The job is at its end.
    pub(crate) fn tell(&self, rid: Rid) {
        if let Some(one) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&rid) {
            one.send_replace(true);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
