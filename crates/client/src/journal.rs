//! What became of each submit, in a file: so that a crash between a request and its answer loses no job.

mod lines;
mod recovered;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use image_intelligence_core::{BaseUrl, Callbacks, Error, Intent, JobRef, Later, Result, Rid};

use crate::durable_log::{DurableLog, Format};
use lines::{Intended, Line};
pub use recovered::{Recovered, SubmitOutcome};

const FORMAT: Format = Format { name: "journal", version: 1 };

/// Of so many accepted jobs whose result nobody took the newest are remembered.
const MOST_ACCEPTED: usize = 10_000;

/// Keeps track of submits in a file.
pub(crate) struct Journal {
    log: DurableLog<Line>,
    state: Mutex<State>,
    /// The API at which the submits of this process are.
    api: String,
}

/// What the lines of the file say.
#[derive(Default)]
struct State {
    entries: HashMap<Rid, Entry>,
    /// In the order in which they were accepted; some may be settled by now.
    accepted: VecDeque<Rid>,
    /// How many lines the file has.
    lines: usize,
}

/// A submit that is not settled.
#[derive(Clone)]
struct Entry {
    intent: Intended,
    stage: Stage,
    /// Whether it is of an earlier process.
    earlier: bool,
}

/// How far a submit came.
#[derive(Clone)]
enum Stage {
    /// Nothing of it has left that could make a job.
    Here,
    /// It left, and no more is known.
    Left,
    /// The job exists.
    Accepted { id: String, created_at: Option<i64> },
}

impl Journal {
    /// Opens the file or makes it, and takes out what is settled.
    pub(crate) fn open(path: PathBuf, base: &BaseUrl) -> Result<Self> {
        let mut state = State::default();
        let mut log = DurableLog::open(path, FORMAT, |line| state.apply(line))?;
        for entry in state.entries.values_mut() {
            entry.earlier = true;
        }
        let kept = state.snapshot();
        if kept.len() < state.lines {
            log = log.rewrite(&kept)?;
            state.lines = kept.len();
        }
        Ok(Self { log, state: Mutex::new(state), api: base.fingerprint() })
    }

    /// Lets others open the file; what is not written yet is, and nothing after that.
    pub(crate) fn close(&self) {
        self.log.close();
    }

    /// The result of a job is in the caller's hands, so that nothing of it is left to recover.
    pub(crate) fn taken(&self, rid: Rid) {
        let mut state = self.state();
        // Of no consequence where it fails: the job is listed once more.
        if state.entries.contains_key(&rid) {
            let _ = self.put(&mut state, Line::Settled { rid });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, state: &mut State, line: Line) -> Result<u64> {
        let mut number = self.log.put(&line)?;
        state.apply(line);
        // The file holds what is open and a multiple of it, however long the process lives.
        if state.lines > 4_096 + 8 * state.entries.len() {
            let kept = state.snapshot();
            number = self.log.put_anew(&kept)?;
            state.lines = kept.len();
        }
        Ok(number)
    }

    async fn write(&self, line: Line, synced: bool) -> Result<()> {
        let number = self.put(&mut self.state(), line)?;
        self.log.reach(number, synced).await
    }
}

impl State {
    fn apply(&mut self, line: Line) {
        self.lines += 1;
        match line {
            Line::Intended(intent) => {
                let entry = Entry { intent, stage: Stage::Here, earlier: false };
                self.entries.entry(entry.intent.rid).or_insert(entry);
            }
            Line::Leaving { rid } => self.step(rid, |stage| {
                if matches!(stage, Stage::Here) {
                    *stage = Stage::Left;
                }
            }),
            Line::CameBack { rid } => self.step(rid, |stage| {
                if matches!(stage, Stage::Left) {
                    *stage = Stage::Here;
                }
            }),
            Line::Accepted { rid, id, created_at } => {
                self.step(rid, |stage| *stage = Stage::Accepted { id, created_at });
                self.accepted.push_back(rid);
                if self.accepted.len() > MOST_ACCEPTED
                    && let Some(oldest) = self.accepted.pop_front()
                {
                    self.entries.remove(&oldest);
                }
            }
            Line::Settled { rid } => {
                self.entries.remove(&rid);
            }
        }
    }

    fn step(&mut self, rid: Rid, step: impl FnOnce(&mut Stage)) {
        if let Some(entry) = self.entries.get_mut(&rid) {
            step(&mut entry.stage);
        }
    }

    /// The lines that say what is open, and no more.
    fn snapshot(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let open = self.entries.values().filter(|entry| !matches!(entry.stage, Stage::Accepted { .. }));
        for Entry { intent, stage, .. } in open {
            lines.push(Line::Intended(intent.clone()));
            if matches!(stage, Stage::Left) {
                lines.push(Line::Leaving { rid: intent.rid });
            }
        }
        for rid in &self.accepted {
            if let Some(Entry { intent, stage: Stage::Accepted { id, created_at }, .. }) = self.entries.get(rid) {
                lines.push(Line::Intended(intent.clone()));
                lines.push(Line::Accepted { rid: *rid, id: id.clone(), created_at: *created_at });
            }
        }
        lines
    }
}

impl Callbacks for Journal {
    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        Box::pin(self.write(Line::Intended(Intended::new(intent, &self.api)), true))
    }

    fn leaving(&self, rid: Rid) -> Later<'_, Result<()>> {
        Box::pin(self.write(Line::Leaving { rid }, true))
    }

    // What follows is written and not synced. Lost, it leaves a submit that left and has no end: that is looked for.

    fn came_back(&self, rid: Rid) -> Later<'_, Result<()>> {
        Box::pin(self.write(Line::CameBack { rid }, false))
    }

    fn accepted(&self, rid: Rid, job: JobRef) -> Later<'_, Result<()>> {
        let created_at = job.created_at.map(image_intelligence_core::Timestamp::as_millis);
        Box::pin(self.write(Line::Accepted { rid, id: job.id, created_at }, false))
    }

    fn refused(&self, rid: Rid, _: Error) -> Later<'_, Result<()>> {
        Box::pin(self.write(Line::Settled { rid }, false))
    }

    /// Nothing to write: what left and has no end is unknown.
    fn unknown(&self, _: Rid, _: Error) -> Later<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests;
