//! A run under way: results are told as they come, until there are no more, or nobody wants them.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use image_intelligence::{All, Progress};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::feed::Open;
use super::gauge::Gauge;
use super::tally::Tally;
use super::teller::Teller;
use crate::interrupt::{Interrupt, Signal};
use crate::kinds::Told;

/// How long jobs that are just being sent are waited for once nobody reads results any more.
const SETTLE: Duration = Duration::from_secs(40);

/// A run under way.
pub(super) struct Going<K: Told> {
    pub(super) all: All<K>,
    pub(super) teller: Teller,
    pub(super) gauge: Gauge,
    pub(super) tally: Tally,
    pub(super) interrupt: Interrupt,
    pub(super) open: Arc<Open>,
    /// What stopped it: no more is sent.
    pub(super) stopped: Option<Signal>,
}

/// Why a run is over.
pub(super) enum Over {
    /// There is no more.
    Done,
    /// Somebody stopped it a second time. These jobs go on.
    Quit(Signal, Vec<String>),
    /// Stdout cannot be written to. These jobs go on.
    Unheard(std::io::Error, Vec<String>),
}

impl<K: Told> Going<K> {
    pub(super) async fn on(&mut self) -> Over {
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            // Of before the next result is taken: should it not be heard, its job is one of these.
            let tokens = self.all.in_flight();
            let item = tokio::select! {
                biased;
                signal = self.interrupt.asked() => {
                    if !stop(&self.all, &self.gauge, &mut self.stopped, signal) {
                        return Over::Quit(signal, tokens);
                    }
                    continue;
                }
                item = self.all.next() => item,
                _ = second.tick() => {
                    self.gauge.show(&self.progress());
                    continue;
                }
            };
            let Some(item) = item else { return Over::Done };
            self.gauge.show(&self.progress());
            if self.tally.count(&item, self.stopped.is_some()) {
                continue;
            }
            let told = {
                let mut telling = pin!(self.teller.tell(item, &self.gauge));
                loop {
                    tokio::select! {
                        biased;
                        signal = self.interrupt.asked() => {
                            if !stop(&self.all, &self.gauge, &mut self.stopped, signal) {
                                return Over::Quit(signal, tokens);
                            }
                        }
                        told = &mut telling => break told,
                    }
                }
            };
            if let Err(error) = told {
                return Over::Unheard(error, self.settle(tokens).await);
            }
            if self.teller.unwritten.is_some() {
                self.all.stop();
            }
        }
    }

    /// Without what was merely not sent.
    pub(super) fn progress(&self) -> Progress {
        let mut progress = self.all.progress();
        progress.failed = progress.failed.saturating_sub(self.tally.unsent);
        progress
    }

    /// Whether each picture that was handed over is in a job, or certainly in none.
    pub(super) fn is_settled(&self) -> bool {
        let progress = self.all.progress();
        progress.done + progress.failed + progress.in_flight >= self.open.handed_over()
    }

    /// Sends no more, and waits until what was being sent has arrived. Gives the jobs whose results were not all told.
    async fn settle(&mut self, tokens: Vec<String>) -> Vec<String> {
        self.all.stop();
        let mut tokens: BTreeSet<String> = tokens.into_iter().collect();
        let end = Instant::now() + SETTLE;
        loop {
            tokens.extend(self.all.in_flight());
            if self.is_settled() || Instant::now() >= end {
                break;
            }
            tokio::select! {
                biased;
                _ = self.interrupt.asked() => break,
                item = self.all.next() => if item.is_none() { break },
                () = sleep(Duration::from_millis(50)) => {}
            }
        }
        tokens.into_iter().collect()
    }
}

/// The first signal stops the sending; whether this was the first.
fn stop<K: Told>(all: &All<K>, gauge: &Gauge, stopped: &mut Option<Signal>, signal: Signal) -> bool {
    if stopped.is_some() {
        return false;
    }
    *stopped = Some(signal);
    all.stop();
    gauge.stopping();
    true
}
