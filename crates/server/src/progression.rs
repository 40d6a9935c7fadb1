//! How a job becomes done: by the real work, held back by a script where a test wants that.

use std::str::FromStr;
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Timestamp};

use crate::clock::{Clock, after};
use crate::job::Job;

/// When a job may be shown as done. It is done once the real work is over **and** this allows it.
///
/// ```
/// use std::time::Duration;
/// use image_intelligence_server::Progression;
///
/// let progression: Progression = "polls(3)".parse()?;
/// assert_eq!(progression, Progression::Polls(3));
/// assert_eq!("time(2.5)".parse::<Progression>()?, Progression::Time(Duration::from_millis(2500)));
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Progression {
    /// As soon as the work is over.
    #[default]
    Immediate,
    /// This long after the job was made, by the server's clock (which `time_scale` speeds up).
    Time(Duration),
    /// At the n-th read or search that shows the job. The answer to the POST does not count.
    Polls(u32),
    /// Not at all: the job stays in progress, and memory keeps it.
    Never,
}

impl FromStr for Progression {
    type Err = Error;

    /// Reads `immediate`, `never`, `polls(3)` or `time(2.5)`, in seconds.
    fn from_str(text: &str) -> Result<Self, Error> {
        let inside = |name: &str| text.trim().strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')').map(str::trim);
        let seconds = |text: &str| Duration::try_from_secs_f64(text.parse().ok()?).ok();
        let read = match text.trim() {
            "immediate" => Some(Self::Immediate),
            "never" => Some(Self::Never),
            _ => inside("polls")
                .and_then(|count| count.parse().ok().map(Self::Polls))
                .or_else(|| inside("time").and_then(|span| seconds(span.trim_end_matches('s')).map(Self::Time))),
        };
        read.ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!("progression: \"{text}\" given; one is immediate, never, polls(3) or time(2.5) in seconds"),
            )
        })
    }
}

/// The progression with its clock: the one judge of whether a job is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    pub(crate) progression: Progression,
    pub(crate) clock: Clock,
}

impl Gate {
    /// Whether the script lets a job of this age and this many showings be done.
    fn allows(&self, created_at: Timestamp, shown: u32) -> bool {
        match self.progression {
            Progression::Immediate => true,
            Progression::Time(span) => self.clock.now() >= after(created_at, span),
            Progression::Polls(count) => shown >= count,
            Progression::Never => false,
        }
    }

    pub(crate) fn is_done(&self, job: &Job) -> bool {
        job.outcomes.is_some() && self.allows(job.created_at, job.shown)
    }

    /// From when on a job whose work is over is shown as done; `None` where only showings can bring that, or nothing.
    pub(crate) fn due(&self, job: &Job) -> Option<Timestamp> {
        job.outcomes.as_ref()?;
        match self.progression {
            Progression::Time(span) => Some(after(job.created_at, span).max(self.clock.now())),
            _ => self.allows(job.created_at, job.shown).then(|| self.clock.now()),
        }
    }

    /// Whether showings have to be counted.
    pub(crate) fn counts(&self) -> bool {
        matches!(self.progression, Progression::Polls(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_script_allows_what_it_says() {
        let clock = Clock::start(10.0, None);
        let born = clock.now();
        let gate = |progression| Gate { progression, clock };

        assert!(gate(Progression::Immediate).allows(born, 0));
        assert!(!gate(Progression::Never).allows(born, 1_000));
        assert!(!gate(Progression::Polls(3)).allows(born, 2));
        assert!(gate(Progression::Polls(3)).allows(born, 3));

        let slow = gate(Progression::Time(Duration::from_secs(20)));
        tokio::time::advance(Duration::from_millis(1_999)).await;
        assert!(!slow.allows(born, 0));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(slow.allows(born, 0));
    }

    #[test]
    fn is_read_from_text() {
        let read = |text: &str| text.parse::<Progression>().ok();
        assert_eq!(read("immediate"), Some(Progression::Immediate));
        assert_eq!(read(" polls(12) "), Some(Progression::Polls(12)));
        assert_eq!(read("time(0.5)"), Some(Progression::Time(Duration::from_millis(500))));
        assert_eq!(read("time(2s)"), Some(Progression::Time(Duration::from_secs(2))));
        for bad in ["", "soon", "polls", "polls(x)", "polls(-1)", "time(-1)", "time(1e400)"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
