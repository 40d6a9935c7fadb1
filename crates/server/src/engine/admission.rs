//! How much work may wait: so many jobs, so many bytes of pictures.

use std::sync::{Arc, Mutex, PoisonError};

/// Bounds what has been taken on and is not done.
pub(crate) struct Admission {
    most_jobs: usize,
    most_bytes: usize,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Pending {
    jobs: usize,
    bytes: usize,
}

/// A place among the pending; given back when dropped.
pub(crate) struct Ticket {
    admission: Arc<Admission>,
    bytes: usize,
}

impl Admission {
    pub(crate) fn new(most_jobs: usize, most_bytes: usize) -> Arc<Self> {
        Arc::new(Self { most_jobs, most_bytes, pending: Mutex::default() })
    }

    /// A place for a job with so many bytes of pictures; `None` while there is none.
    pub(crate) fn admit(self: &Arc<Self>, bytes: usize) -> Option<Ticket> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        // A single job may be larger than the bound: refused for ever, it could never be sent.
        let fits = pending.jobs == 0 || pending.bytes.saturating_add(bytes) <= self.most_bytes;
        if pending.jobs >= self.most_jobs || !fits {
            return None;
        }
        Some(self.take(&mut pending, bytes))
    }

    /// A place whatever the bounds say, for what was taken on before a restart.
    pub(crate) fn readmit(self: &Arc<Self>) -> Ticket {
        self.take(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner), 0)
    }

    fn take(self: &Arc<Self>, pending: &mut Pending, bytes: usize) -> Ticket {
        pending.jobs += 1;
        pending.bytes += bytes;
        Ticket { admission: Arc::clone(self), bytes }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut pending = self.admission.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.jobs -= 1;
        pending.bytes -= self.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_and_bytes_are_bounded_and_come_back() {
        let admission = Admission::new(2, 100);
        let first = admission.admit(60).unwrap();
        assert!(admission.admit(41).is_none());
        let second = admission.admit(40).unwrap();
        assert!(admission.admit(0).is_none());
        drop((first, second));
        assert!(admission.admit(1_000).is_some(), "one that is larger than the bound goes alone");
    }
}
