//! How far a run has come: a bar on a terminal, and elsewhere a line now and then, on stderr.

use std::cell::Cell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use image_intelligence::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::output::{Format, json_line, remark};
use crate::pictures::grouped;

/// How often a line is written where there is no bar.
const NOW_AND_THEN: Duration = Duration::from_secs(10);
/// Over how long the rate is taken: long enough for several jobs, short enough for what was done before this run.
const WINDOW: Duration = Duration::from_secs(30);

/// Shows how far a run has come.
pub(crate) struct Gauge {
    bar: ProgressBar,
    total: Option<usize>,
    format: Format,
    said: Instant,
    rate: Rate,
    stopping: Cell<bool>,
}

impl Gauge {
    pub(crate) fn start(total: Option<usize>, format: Format) -> Self {
        // Lines of logs would tear it.
        let logs = tracing::enabled!(tracing::Level::INFO);
        let target = if logs { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(total.map(|total| total as u64), target);
        let template = if total.is_some() { "[{bar:10.cyan}] {wide_msg}" } else { "{spinner:.cyan} {wide_msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, total, format, said: Instant::now(), rate: Rate::default(), stopping: Cell::new(false) }
    }

    /// Whether there is a bar.
    fn is_seen(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// No more is sent.
    pub(crate) fn stopping(&self) {
        self.stopping.set(true);
        if !self.is_seen() && self.format == Format::Text {
            remark("stopping: what was sent is still waited for; stop it again to end at once\n");
        }
    }

    pub(crate) fn show(&mut self, progress: &Progress) {
        let finished = progress.done + progress.failed;
        let rate = self.rate.of(progress.elapsed, finished);
        if self.is_seen() {
            self.bar.set_position(finished as u64);
            let stopping = if self.stopping.get() { "stopping (Ctrl-C again ends at once); " } else { "" };
            self.bar.set_message(format!("{stopping}{}", words(progress, self.total, rate)));
        } else if self.said.elapsed() >= NOW_AND_THEN {
            self.said = Instant::now();
            match self.format {
                Format::Text => remark(&format!("{}\n", words(progress, self.total, rate))),
                Format::Json | Format::Ndjson => remark(&document(progress, self.total, rate)),
            }
        }
    }

    /// Writes what the bar would tear.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// How many pictures a second were finished lately.
#[derive(Default)]
struct Rate(VecDeque<(Duration, usize)>);

impl Rate {
    fn of(&mut self, now: Duration, finished: usize) -> Option<f64> {
        if self.0.back().is_none_or(|(last, _)| now.saturating_sub(*last) >= Duration::from_secs(1)) {
            self.0.push_back((now, finished));
        }
        while self.0.get(1).is_some_and(|(second, _)| now.saturating_sub(*second) >= WINDOW) {
            self.0.pop_front();
        }
        let (since, before) = *self.0.front()?;
        let span = now.saturating_sub(since).as_secs_f64();
        (span >= 1.0 && finished > before).then(|| (finished - before) as f64 / span)
    }
}

fn left(progress: &Progress, total: Option<usize>, rate: Option<f64>) -> Option<Duration> {
    let open = total?.saturating_sub(progress.done + progress.failed);
    Duration::try_from_secs_f64(open as f64 / rate?).ok()
}

fn words(progress: &Progress, total: Option<usize>, rate: Option<f64>) -> String {
    let done = match total {
        Some(total) => format!("{} of {} done", grouped(progress.done), grouped(total)),
        None => format!("{} done", grouped(progress.done)),
    };
    let mut words = vec![
        done,
        format!("{} failed", grouped(progress.failed)),
        format!("{} in flight", grouped(progress.in_flight)),
    ];
    words.extend(rate.map(|rate| if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }));
    words.extend(left(progress, total, rate).map(|left| format!("{} left", span(left))));
    words.join(", ")
}

/// A span of time for a person.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[derive(Serialize)]
struct ProgressDocument {
    progress: Counts,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    done: usize,
    failed: usize,
    in_flight: usize,
    jobs: usize,
    elapsed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
}

fn document(progress: &Progress, total: Option<usize>, rate: Option<f64>) -> String {
    json_line(&ProgressDocument {
        progress: Counts {
            total,
            done: progress.done,
            failed: progress.failed,
            in_flight: progress.in_flight,
            jobs: progress.jobs,
            elapsed: progress.elapsed.as_secs(),
            left: left(progress, total, rate).map(|left| left.as_secs()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done: usize) -> Progress {
        let mut progress = Progress::default();
        (progress.done, progress.failed, progress.in_flight) = (done, 5, 512);
        progress
    }

    #[test]
    fn it_says_how_far_it_has_come_and_how_long_it_takes() {
        assert_eq!(words(&progress(1275), None, None), "1,275 done, 5 failed, 512 in flight");
        assert_eq!(
            words(&progress(1275), Some(5000), Some(40.0)),
            "1,275 of 5,000 done, 5 failed, 512 in flight, 40/s, 1 min 33 s left"
        );
        let json = document(&progress(1275), Some(5000), Some(40.0));
        assert_eq!(
            json,
            "{\"progress\":{\"total\":5000,\"done\":1275,\"failed\":5,\"inFlight\":512,\"jobs\":0,\"elapsed\":0,\"left\":93}}\n"
        );
        assert_eq!(
            [59, 61, 7260].map(|seconds| span(Duration::from_secs(seconds))),
            ["59 s", "1 min 1 s", "2 h 1 min"]
        );
    }

    #[test]
    fn the_rate_is_that_of_the_last_half_minute() {
        let mut rate = Rate::default();
        let at = Duration::from_secs;
        assert_eq!(rate.of(at(0), 4000), None);
        assert_eq!(rate.of(at(2), 4020), Some(10.0));
        for second in 3..100 {
            rate.of(at(second), 4020 + second as usize);
        }
        assert_eq!(rate.of(at(100), 4120), Some(1.0));
    }
}
