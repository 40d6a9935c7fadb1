//! Which connections keep us waiting, and for how long.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Whoever keeps us waiting for less is let be: a whole request takes less than this to come in.
const GRACE: Duration = Duration::from_millis(100);

/// The open connections. Where there are too many, those that trickle must not keep out those that send.
pub(crate) struct Lines {
    opened: Instant,
    lines: Mutex<HashMap<u64, Arc<Line>>>,
}

/// One connection.
pub(crate) struct Line {
    opened: Instant,
    /// Since when we wait for its sender, in milliseconds after `opened`; [`OURS`] while it waits for us.
    waiting_since: AtomicU64,
    cut: Notify,
}

/// It is our turn: there is a whole request to answer.
const OURS: u64 = u64::MAX;

impl Lines {
    pub(crate) fn new() -> Self {
        Self { opened: Instant::now(), lines: Mutex::default() }
    }

    pub(crate) fn open(&self, number: u64) -> Arc<Line> {
        let line = Arc::new(Line { opened: self.opened, waiting_since: AtomicU64::new(0), cut: Notify::new() });
        line.theirs();
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::clone(&line));
        line
    }

    pub(crate) fn close(&self, number: u64) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    /// Cuts the connection that has kept us waiting the longest, if any has for long enough to be suspect.
    pub(crate) fn cut_longest(&self) {
        let latest = millis(self.opened.elapsed()).saturating_sub(millis(GRACE));
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = lines.values().min_by_key(|line| line.waiting_since.load(Ordering::Relaxed));
        if let Some(line) = longest.filter(|line| line.waiting_since.load(Ordering::Relaxed) <= latest) {
            line.cut.notify_one();
        }
    }
}

impl Line {
    /// We wait for the sender from now on.
    pub(crate) fn theirs(&self) {
        self.waiting_since.store(millis(self.opened.elapsed()), Ordering::Relaxed);
    }

    /// The sender waits for us from now on.
    pub(crate) fn ours(&self) {
        self.waiting_since.store(OURS, Ordering::Relaxed);
    }

    /// Resolves when the connection is to be cut.
    pub(crate) async fn cut(&self) {
        loop {
            self.cut.notified().await;
            // The rest of the request may have come in the meantime.
            if self.waiting_since.load(Ordering::Relaxed) != OURS {
                return;
            }
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_one_that_keeps_us_waiting_the_longest_is_cut() {
        let lines = Lines::new();
        let first = lines.open(1);
        tokio::time::advance(Duration::from_millis(60)).await;
        let second = lines.open(2);
        tokio::time::advance(Duration::from_millis(60)).await;
        // The first has said all and waits for us; the second is too young.
        first.ours();
        lines.cut_longest();
        for line in [&first, &second] {
            assert!(tokio::time::timeout(Duration::from_millis(1), line.cut()).await.is_err());
        }
        tokio::time::advance(Duration::from_millis(60)).await;
        first.theirs();
        lines.cut_longest();
        second.cut().await;
        assert!(tokio::time::timeout(Duration::from_millis(1), first.cut()).await.is_err());
        lines.close(2);
        tokio::time::advance(GRACE).await;
        lines.cut_longest();
        first.cut().await;
    }
}
