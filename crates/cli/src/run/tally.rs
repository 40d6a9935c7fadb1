//! What became of the pictures of a run, and so how its command ends.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use console::style;
use image_intelligence::{Error, ErrorKind, Item, JobKind, Progress};

use crate::failure::{Failure, find_command};
use crate::kinds::Where;
use crate::pictures::{count, grouped};
use crate::run::gauge::span;

/// Counts what became of the pictures.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) looked_at: usize,
    /// Those with an error.
    pub(crate) failed: usize,
    /// Of these, those of which the service says what went wrong.
    refused: usize,
    /// Those that were read and not sent, as the run was stopped.
    pub(crate) unsent: usize,
    /// The customIds of submits of unknown outcome, and how many pictures went with them.
    unknown: BTreeSet<String>,
    in_unknown: usize,
    /// The resume tokens of jobs that were not done in time.
    late: BTreeSet<String>,
    first: Option<Error>,
    /// What every further job would have met.
    last: Option<Error>,
}

impl Tally {
    /// Counts a picture; says whether it was merely not sent, as the run was stopped.
    pub(crate) fn count<K: JobKind>(&mut self, item: &Item<K>, stopped: bool) -> bool {
        match &item.error {
            None => self.looked_at += 1,
            Some(error) if stopped && error.kind() == ErrorKind::Cancelled && item.job_id.is_none() => {
                self.unsent += 1;
                return true;
            }
            Some(_) if item.result.is_some() => {
                self.failed += 1;
                self.refused += 1;
            }
            Some(error) => self.fail(error),
        }
        false
    }

    /// Counts a picture of which there is no result.
    fn fail(&mut self, error: &Error) {
        self.failed += 1;
        self.first.get_or_insert_with(|| error.clone());
        match error.kind() {
            ErrorKind::OutcomeUnknown => {
                self.in_unknown += 1;
                self.unknown.extend(error.custom_id().map(str::to_owned));
            }
            ErrorKind::WaitTimeout => self.late.extend(error.resume_token().map(str::to_owned)),
            ErrorKind::Authentication
            | ErrorKind::PermissionDenied
            | ErrorKind::Config
            | ErrorKind::Store
            | ErrorKind::Closed => {
                self.last.get_or_insert_with(|| error.clone());
            }
            _ => {}
        }
    }

    /// How many pictures have results, or errors of their own.
    fn finished(&self) -> usize {
        self.looked_at + self.failed
    }

    pub(crate) fn summary(&self, progress: &Progress) -> String {
        let not = match self.failed {
            0 => String::new(),
            failed => format!(", {}", style(format!("{} not", grouped(failed))).red().for_stderr()),
        };
        let words = format!("{}: {} looked at{not}", count(self.finished()), grouped(self.looked_at));
        let jobs = if progress.jobs == 1 { "1 job".to_owned() } else { format!("{} jobs", grouped(progress.jobs)) };
        format!("{words}; {jobs} in {}\n", span(progress.elapsed.max(Duration::from_secs(1))))
    }

    /// How a run that came to its end, or was cut off, ends.
    pub(crate) fn end(self, place: &Where) -> Result<ExitCode, Failure> {
        if self.in_unknown > 0 {
            let pictures = count(self.in_unknown);
            let mut error = Error::new(
                ErrorKind::OutcomeUnknown,
                format!("of {pictures} it is not known whether a job was made; they were not sent again"),
            );
            if let (Some(name), 1) = (self.unknown.first(), self.unknown.len()) {
                error = error.with_candidates(name, Vec::new());
            }
            let find: Vec<_> = self.unknown.iter().map(|name| find_command(name, place)).collect();
            return Err(Failure::from(error).hint(format!("to look for it: {}", find.join("; "))));
        }
        if let Some(error) = self.last {
            return Err(error.into());
        }
        if let Some(error) = self.first.filter(|_| self.looked_at + self.refused == 0 && self.late.is_empty()) {
            return Err(error.into());
        }
        if !self.late.is_empty() {
            let late: Vec<_> = self.late.into_iter().collect();
            let jobs = if late.len() == 1 { "1 job was".to_owned() } else { format!("{} jobs were", late.len()) };
            let message = format!("{jobs} not done in time, and may still finish");
            return Err(Failure::from(Error::new(ErrorKind::WaitTimeout, message)).with_tokens(late));
        }
        Ok(ExitCode::from(if self.failed > 0 { 3 } else { 0 }))
    }

    /// What to say of a run that was stopped.
    pub(crate) fn stopped(&self, total: Option<usize>) -> String {
        let finished = self.finished();
        match total {
            Some(total) => {
                let left = count(total.saturating_sub(finished));
                format!("stopped; {} of {} are finished, {left} left", grouped(finished), count(total))
            }
            None => format!("stopped; {} finished", count(finished)),
        }
    }
}

#[cfg(test)]
mod tests {
    use image_intelligence::Kind;

    use super::*;

    fn end(looked_at: usize, refused: usize, errors: &[Error]) -> Result<ExitCode, (ErrorKind, String)> {
        let mut tally = Tally { looked_at, refused, failed: refused, ..Tally::default() };
        for error in errors {
            tally.fail(error);
        }
        tally.end(&Where::of(Kind::Detect, None)).map_err(|failure| (failure.kind(), format!("{failure:?}")))
    }

    #[test]
    fn how_a_run_ends_is_what_went_wrong_with_its_pictures() {
        let of = |kind| Error::new(kind, "x");
        let unknown = of(ErrorKind::OutcomeUnknown).with_candidates("c1", Vec::new());
        let late = of(ErrorKind::WaitTimeout).with_job(None, "ii1_x");
        let three = Ok(ExitCode::from(3));
        assert_eq!(end(5, 0, &[]), Ok(ExitCode::SUCCESS));
        assert_eq!(end(5, 1, &[]), three);
        assert_eq!(end(0, 1, &[of(ErrorKind::InvalidRequest)]), three, "the service has looked at one");
        assert_eq!(end(5, 0, &[of(ErrorKind::Connection)]), three);
        let kind = |ended: Result<ExitCode, (ErrorKind, String)>| ended.unwrap_err().0;
        assert_eq!(kind(end(0, 0, &[of(ErrorKind::Connection)])), ErrorKind::Connection);
        assert_eq!(
            kind(end(5, 0, &[of(ErrorKind::Connection), of(ErrorKind::Authentication)])),
            ErrorKind::Authentication
        );
        let (kind, said) = end(5, 1, std::slice::from_ref(&late)).unwrap_err();
        assert_eq!(kind, ErrorKind::WaitTimeout);
        assert!(said.contains("1 job was not done in time") && said.contains("ii1_x"), "{said}");
        let (kind, said) = end(5, 1, &[late, unknown.clone(), unknown]).unwrap_err();
        assert_eq!(kind, ErrorKind::OutcomeUnknown);
        assert!(said.contains("of 2 pictures") && said.matches("ii jobs find --custom-id c1").count() == 1, "{said}");
    }
}
