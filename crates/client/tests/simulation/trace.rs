//! What travelled, and when.

use std::time::Duration;

use crate::server::What;

/// How a request ended, as the client saw it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ended {
    /// Not yet, or the client gave it up.
    Open,
    Status(u16),
    /// A success whose body is of no use.
    Spoilt,
    Refused,
    Lost,
    /// Held back by the client itself, before its last bytes left.
    HeldBack,
}

impl Ended {
    /// Whether the server may have done what was asked, as far as a client can tell.
    pub fn is_unclear(self) -> bool {
        match self {
            Self::Open | Self::Spoilt | Self::Lost => true,
            Self::Status(code) => code == 408 || code >= 500,
            Self::Refused | Self::HeldBack => false,
        }
    }
}

pub struct Entry {
    pub at: Duration,
    pub what: What,
    pub ended: Ended,
    pub ended_at: Duration,
    pub bytes: usize,
}

/// Every request of a run, in the order of their leaving.
#[derive(Default)]
pub struct Trace {
    pub entries: Vec<Entry>,
    /// When the server asked to be left alone by everybody: from, to.
    pub quiet: Vec<(Duration, Duration)>,
    /// When it asked to be left alone about one job.
    pub quiet_about: Vec<(usize, Duration, Duration)>,
    hash: u64,
}

impl Trace {
    pub fn begin(&mut self, at: Duration, what: What, text: &[&[u8]]) -> usize {
        self.note(format!("{} {what:?}", at.as_nanos()).as_bytes());
        for text in text {
            self.note(text);
        }
        self.entries.push(Entry { at, what, ended: Ended::Open, ended_at: at, bytes: 0 });
        self.entries.len() - 1
    }

    pub fn end(&mut self, entry: usize, at: Duration, ended: Ended, bytes: usize) {
        self.note(format!("{entry} {} {ended:?} {bytes}", at.as_nanos()).as_bytes());
        let entry = &mut self.entries[entry];
        (entry.ended, entry.ended_at, entry.bytes) = (ended, at, bytes);
    }

    /// Takes something into the fingerprint of the run.
    pub fn note(&mut self, text: &[u8]) {
        // FNV-1a, with a mark between texts.
        for byte in text.iter().chain(&[0xFF]) {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    pub fn fingerprint(&self) -> u64 {
        self.hash
    }

    /// Requests and bytes of waiting: neither submits nor tokens, nor what looks for a lost submit.
    pub fn of_waiting(&self) -> (usize, usize) {
        let waiting = self.entries.iter().filter(|entry| matches!(entry.what, What::Look(_) | What::Sweep));
        waiting.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.bytes))
    }
}
