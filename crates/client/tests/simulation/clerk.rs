//! Somebody who is told of every submit, as a journal or a receiver is: what he was told must make sense, and he fails at times.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use image_intelligence::{Callbacks, Error, ErrorKind, Intent, JobRef, Later, Result, Rid};

use crate::chance::Chance;
use crate::play::Outcome;

/// What was told of a submit.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Line {
    Recorded,
    Leaving,
    CameBack,
    Accepted(String),
    Refused,
    Unknown,
}

pub struct Clerk {
    book: Mutex<(BTreeMap<String, Vec<Line>>, Chance)>,
    /// Share of the lines that cannot be written.
    fails: f64,
}

impl Clerk {
    pub fn new(chance: Chance, fails: f64) -> Self {
        Self { book: Mutex::new((BTreeMap::new(), chance)), fails }
    }

    /// Writes a line, which takes a moment.
    fn write(&self, rid: Rid, line: Line) -> Later<'_, Result<()>> {
        let (fails, takes) = {
            let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            (book.1.happens(self.fails), book.1.seconds(0.0, 0.02))
        };
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            if fails {
                return Err(Error::new(ErrorKind::Store, "the disk is full (simulated)"));
            }
            let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            book.0.entry(rid.to_string()).or_default().push(line);
            Ok(())
        })
    }

    /// What does not hold of what was told.
    pub fn check(&self, outcomes: &[Outcome]) -> Vec<String> {
        let mut broken = Vec::new();
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        for (rid, lines) in &book.0 {
            if let Err(what) = read(lines, self.fails > 0.0) {
                broken.push(format!("rid {rid}: {what}: {lines:?}"));
            }
        }
        if self.fails > 0.0 {
            return broken;
        }
        let mut last: Vec<&Line> = book.0.values().filter_map(|lines| lines.last()).collect();
        last.sort_unstable();
        let count =
            |line: &Line| last.partition_point(|last| *last <= line) - last.partition_point(|last| *last < line);
        for submitted in outcomes.iter().filter_map(|outcome| outcome.submitted.as_ref().ok()) {
            if count(&Line::Accepted(submitted.id.clone())) != 1 {
                broken.push(format!("job {}: it was not told that it was accepted, once", submitted.id));
            }
        }
        let errors = || outcomes.iter().filter_map(|outcome| outcome.submitted.as_ref().err());
        let unknown = errors().filter(|error| error.kind() == ErrorKind::OutcomeUnknown).count();
        for (line, happened) in [(Line::Unknown, unknown), (Line::Refused, errors().count() - unknown)] {
            if count(&line) != happened {
                broken.push(format!("{happened} submits ended with {line:?}, and {} were told so", count(&line)));
            }
        }
        broken
    }
}

/// Reads the lines of one submit as a story.
fn read(lines: &[Line], some_missing: bool) -> std::result::Result<(), &'static str> {
    let mut lines = lines.iter();
    if lines.next() != Some(&Line::Recorded) && !some_missing {
        return Err("the intent was not recorded first");
    }
    let (mut under_way, mut ended) = (false, false);
    for line in lines {
        if ended {
            return Err("something was told after the end");
        }
        match line {
            Line::Recorded => return Err("it was recorded twice"),
            Line::Leaving if under_way && !some_missing => return Err("it left twice without coming back"),
            Line::Leaving => under_way = true,
            Line::CameBack => under_way = false,
            Line::Accepted(_) | Line::Unknown if !under_way => return Err("nothing was under way"),
            Line::Accepted(_) | Line::Unknown | Line::Refused => ended = true,
        }
    }
    if ended || some_missing { Ok(()) } else { Err("its end was not told") }
}

impl Callbacks for Clerk {
    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        self.write(intent.rid, Line::Recorded)
    }

    fn leaving(&self, rid: Rid) -> Later<'_, Result<()>> {
        self.write(rid, Line::Leaving)
    }

    fn came_back(&self, rid: Rid) -> Later<'_, Result<()>> {
        self.write(rid, Line::CameBack)
    }

    fn accepted(&self, rid: Rid, job: JobRef) -> Later<'_, Result<()>> {
        self.write(rid, Line::Accepted(job.id))
    }

    fn refused(&self, rid: Rid, _: Error) -> Later<'_, Result<()>> {
        self.write(rid, Line::Refused)
    }

    fn unknown(&self, rid: Rid, _: Error) -> Later<'_, Result<()>> {
        self.write(rid, Line::Unknown)
    }
}
