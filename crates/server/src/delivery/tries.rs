//! One try of a delivery: what is posted, what became of it, and when the next is due.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use image_intelligence_core::{Secret, Timestamp, sign};
use tokio::sync::watch;
use tokio::time::Instant;

use super::queue::Scheduled;
use super::sender::{Failed, Message, Sender};
use super::{DeliveryAttempt, Settings};
use crate::clock::Clock;
use crate::faults::{Spoilt, webhook};
use crate::store::Shelf;
use crate::store::records::{Due, RecordError, Verdict, What};

/// What every try works with.
pub(super) struct Tries {
    pub(super) shelf: Shelf,
    pub(super) clock: Clock,
    pub(super) settings: Settings,
    pub(super) sender: Sender,
    /// Where this server is reached from this machine.
    pub(super) origin: String,
    pub(super) closing: watch::Receiver<bool>,
}

impl Tries {
    /// Tries a delivery once, and says when it is to be tried again.
    pub(super) async fn run(&self, scheduled: Scheduled) -> Option<Scheduled> {
        let Scheduled { id, round, .. } = &scheduled;
        let due = self.lasting("a webhook cannot be read", || {
            let (id, round) = (id.clone(), *round);
            async move { self.shelf.read(move |records| records.due_delivery(&id, round)).await }
        });
        // Another round began, or it is over.
        let due = due.await??;
        let spoilt = webhook::spoilt(&due.faults, due.tries);
        let (attempts, failed) = match self.message(&due, &spoilt).await? {
            _ if spoilt.drop => (vec![lost(self.clock.now(), &spoilt)], None),
            Ok(message) => self.attempts(&due.url, &message, &spoilt).await,
            Err(problem) => (vec![attempt(self.clock.now(), Duration::ZERO, Err(&problem), &spoilt)], Some(problem)),
        };
        let verdict = match &failed {
            None => Verdict::Delivered,
            Some(Failed::ForGood(_)) => Verdict::GivenUp,
            Some(Failed::Now(_)) => {
                self.settings.again(id, due.tries + 1, &self.clock).map_or(Verdict::GivenUp, Verdict::Again)
            }
        };
        tell(&scheduled, &due, &attempts, verdict);
        let current = self.lasting("a webhook's attempt cannot be written down", || {
            let (id, round, attempts) = (id.clone(), *round, attempts.clone());
            async move { self.shelf.write(move |records| records.tried(&id, round, attempts, verdict)).await }
        });
        match (current.await?, verdict) {
            (true, Verdict::Again(due)) => Some(Scheduled { due, held: None, ..scheduled }),
            _ => None,
        }
    }

    /// What the store answers, however often it must be asked; `None` where the server closes first.
    async fn lasting<T, F>(&self, problem: &'static str, mut ask: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, RecordError>>,
    {
        let mut pause = Duration::from_millis(100);
        let mut closing = self.closing.clone();
        loop {
            match ask().await {
                Ok(answer) => return Some(answer),
                Err(error) => tracing::error!(error = %error.into_store(), "{problem}; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(10)),
                _ = closing.wait_for(|&closing| closing) => return None,
            }
        }
    }

    /// What is to be posted, or why nothing can be; `None` where the server closes first.
    async fn message(&self, due: &Due, spoilt: &Spoilt) -> Option<Result<Message, Failed>> {
        let (body, secret) = match &due.what {
            What::Event { body, secret } => (Bytes::from(body.clone()), secret.clone()),
            What::Job { id } => {
                let job = self.lasting("a webhook's job cannot be read", || {
                    let (owner, id) = (due.owner.clone(), id.clone());
                    async move {
                        let job = self.shelf.call(move |store| store.job(&owner, None, &id, false)).await;
                        job.map_err(RecordError::from)
                    }
                });
                let Some(job) = job.await? else {
                    return Some(Err(Failed::ForGood("the job is no longer kept".into())));
                };
                let origin = due.origin.as_deref().unwrap_or(&self.origin);
                match serde_json::to_vec(&job.answer(origin, true)) {
                    Ok(body) => (body.into(), None),
                    Err(error) => return Some(Err(Failed::ForGood(format!("the job cannot be written: {error}")))),
                }
            }
        };
        let body = if spoilt.oversize { padded(&body) } else { body };
        let signature = secret.as_ref().map(|secret| sign(&body, secret));
        let signature = if spoilt.bad_signature { Some(wrong(signature, &body)) } else { signature };
        Some(Ok(Message { body, signature }))
    }

    /// Posts it, as often as a fault wants that. Where one was answered 200 it is delivered; else why not.
    async fn attempts(&self, url: &str, message: &Message, spoilt: &Spoilt) -> (Vec<DeliveryAttempt>, Option<Failed>) {
        let (mut ended, copies) = (Vec::new(), 1 + spoilt.extra);
        // Of several some come at once and some after another, as duplicates do.
        for together in [copies.div_ceil(2), copies / 2] {
            ended.extend(join_all((0..together).map(|_| self.attempt(url, message, spoilt))).await);
        }
        let delivered = ended.iter().any(|(_, failed)| failed.is_none());
        let (attempts, failed): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
        (attempts, if delivered { None } else { failed.into_iter().flatten().next_back() })
    }

    async fn attempt(&self, url: &str, message: &Message, spoilt: &Spoilt) -> (DeliveryAttempt, Option<Failed>) {
        let (at, began) = (self.clock.now(), Instant::now());
        let answered = self.sender.send(url, message, spoilt).await;
        let record = attempt(at, began.elapsed(), answered.as_ref().copied(), spoilt);
        let failed = match answered {
            Ok(200) => None,
            Ok(status) => Some(Failed::Now(unwanted(status))),
            Err(failed) => Some(failed),
        };
        (record, failed)
    }
}

fn tell(scheduled: &Scheduled, due: &Due, attempts: &[DeliveryAttempt], verdict: Verdict) {
    let job = if let What::Job { id } = &due.what { id.as_str() } else { "none" };
    let (id, host) = (&scheduled.id, &scheduled.target);
    for DeliveryAttempt { ms, status, error, faults, .. } in attempts {
        let status = *status;
        match error {
            None => tracing::info!(delivery = %id, job, host, status, ms, ?faults, "webhook delivered"),
            Some(error) => {
                tracing::warn!(delivery = %id, job, host, status, ms, error, ?faults, "webhook not delivered");
            }
        }
    }
    if verdict == Verdict::GivenUp {
        tracing::warn!(delivery = %id, job, host, attempts = due.tries + 1, "webhook given up");
    }
}

/// Beyond what a receiver takes.
const OVERSIZE: usize = (4 << 20) + (64 << 10);

/// The same JSON, with so much space after it that it is too large.
fn padded(body: &Bytes) -> Bytes {
    let mut padded = body.to_vec();
    padded.resize(OVERSIZE.max(padded.len()), b' ');
    padded.into()
}

/// A signature of the right form that is wrong.
fn wrong(signature: Option<String>, body: &Bytes) -> String {
    let mut signature = signature.unwrap_or_else(|| sign(body, &Secret::from("of nobody at all")));
    let last = signature.pop();
    signature.push(if last == Some('0') { '1' } else { '0' });
    signature
}

fn lost(at: Timestamp, spoilt: &Spoilt) -> DeliveryAttempt {
    let error = Some("not sent, on purpose".to_owned());
    DeliveryAttempt { at, ms: 0, status: None, error, faults: spoilt.names.clone() }
}

fn unwanted(status: u16) -> String {
    match status {
        300..=399 => format!("HTTP status {status}: redirects are not followed, 200 is wanted"),
        _ => format!("HTTP status {status}: 200 is wanted"),
    }
}

fn attempt(at: Timestamp, took: Duration, answered: Result<u16, &Failed>, spoilt: &Spoilt) -> DeliveryAttempt {
    let error = match answered {
        Ok(200) => None,
        Ok(status) => Some(unwanted(status)),
        Err(Failed::Now(problem) | Failed::ForGood(problem)) => Some(problem.clone()),
    };
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    DeliveryAttempt { at, ms, status: answered.ok(), error, faults: spoilt.names.clone() }
}
