//! Looking after jobs whose webhook is overdue, and for jobs of which nobody knows whether they exist.

use std::time::Duration;

use image_intelligence_core::{AnyJob, Error, GaveUpReason, JobRef, JobSearch, Result, Rid, Timestamp};

use super::Core;
use super::confirm::Health;
use super::pace::spread;
use super::proof::is_ours;
use super::sources::{Found, Sight};
use crate::store::Overdue;

/// What is odd about a job, and since when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubt {
    what: Odd,
    since: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    /// The API does not know it.
    Missing,
    /// The API cannot be asked, though the job is past its time.
    Unanswered,
}

impl Core {
    /// Looks at a job once, or for it. `now` is the store's time.
    pub(super) async fn look(&self, of: &Overdue, now: Timestamp) -> Result<Health> {
        match &of.job {
            Some(job) => self.look_at(of, job, now).await,
            None => self.look_for(of, now).await,
        }
    }

    async fn look_at(&self, of: &Overdue, job: &JobRef, now: Timestamp) -> Result<Health> {
        let (age, rid) = (now.since(of.at), of.rid);
        let past = age >= self.settings.give_up_after;
        match self.sources.fetch(Some(rid), job).await {
            Sight::Job(job) if job.status().is_done() => {
                self.complete(rid, of.kind, of.namespace.clone(), &job, false).await?;
            }
            Sight::Job(_) if past => self.give_up(of, GaveUpReason::NeverEnded, now).await?,
            Sight::Job(_) => {
                self.clear(rid);
                self.again(rid, self.pace.by_age(age), None).await?;
            }
            // One answer may be wrong, as where a job is not everywhere yet; and no result must be given up for that.
            Sight::Missing => {
                let grace = self.settings.missing_grace;
                if age >= grace && self.lasts(rid, Odd::Missing, now, grace) {
                    self.give_up(of, GaveUpReason::JobLost, now).await?;
                } else {
                    self.again(rid, spread(grace), None).await?;
                }
            }
            Sight::Refused(error) | Sight::Unsure(error) => {
                if past && self.lasts(rid, Odd::Unanswered, now, UNANSWERED) {
                    self.give_up(of, GaveUpReason::NeverEnded, now).await?;
                } else {
                    self.again(rid, self.pause(of, age, &error), None).await?;
                }
                return Ok(Health::after(&error));
            }
        }
        Ok(Health::Well)
    }

    async fn look_for(&self, of: &Overdue, now: Timestamp) -> Result<Health> {
        let (age, rid) = (now.since(of.at), of.rid);
        let named = JobSearch::new().custom_id(&of.custom_id);
        let Found { mut rows, mut failed } = self.find(of, &named).await;
        if rows.len() >= FULL && !rows.iter().any(|row| is_ours(row, rid)) {
            // A name that repeats may fill an answer with older jobs.
            let recent = self.find(of, &named.after(earlier(of.at, RECENT))).await;
            rows.extend(recent.rows);
            failed = failed.or(recent.failed);
        }
        if let Some(job) = rows.iter().find(|row| is_ours(row, rid)) {
            self.clear(rid);
            if job.status().is_done() {
                self.complete(rid, of.kind, of.namespace.clone(), job, false).await?;
            } else {
                self.again(rid, self.pace.by_age(age), Some(made(of, job))).await?;
            }
            return Ok(Health::Well);
        }
        // As long as its URL is good its webhook may come.
        let past = age >= self.settings.life;
        match failed {
            None if past => self.never_found(rid, "no such job was ever found").await?,
            None => {
                self.clear(rid);
                self.again(rid, self.pace.by_age(age), None).await?;
            }
            Some(error) => {
                if past && age >= self.settings.give_up_after && self.lasts(rid, Odd::Unanswered, now, UNANSWERED) {
                    self.never_found(rid, "the API could not be searched for it").await?;
                } else {
                    self.again(rid, self.pause(of, age, &error), None).await?;
                }
                return Ok(Health::after(&error));
            }
        }
        Ok(Health::Well)
    }

    async fn find(&self, of: &Overdue, search: &JobSearch) -> Found {
        self.sources.find(of.rid, of.kind, of.namespace.as_deref(), search).await
    }

    /// It was never known to exist, so that nobody is told of an end.
    async fn never_found(&self, rid: Rid, why: &str) -> Result<()> {
        self.hub.store.refused(rid, why.to_owned()).await?;
        self.clear(rid);
        self.sources.forget(rid);
        Ok(())
    }

    async fn again(&self, rid: Rid, pause: Duration, found: Option<JobRef>) -> Result<()> {
        self.hub.store.look_again(rid, pause, found).await
    }

    /// Until a job is looked at again that could not be: soon where the API may be back, else as by its age.
    fn pause(&self, of: &Overdue, age: Duration, error: &Error) -> Duration {
        let pause = self.pace.after_failure(of.tries, Some(error));
        if error.retryable() { pause } else { pause.max(self.pace.by_age(age)) }
    }

    /// Whether something has been odd about a job for so long, as far as this process has seen.
    fn lasts(&self, rid: Rid, what: Odd, now: Timestamp, long: Duration) -> bool {
        let mut doubts = self.doubts();
        if doubts.len() >= MOST_DOUBTS {
            // What is dropped here is merely doubted anew.
            doubts.clear();
        }
        let doubt = doubts.entry(rid).or_insert(Doubt { what, since: now });
        if doubt.what != what {
            *doubt = Doubt { what, since: now };
        }
        now.since(doubt.since) >= long
    }

    /// Nothing is odd about it any more.
    pub(super) fn clear(&self, rid: Rid) {
        self.doubts().remove(&rid);
    }

    fn doubts(&self) -> std::sync::MutexGuard<'_, std::collections::HashMap<Rid, Doubt>> {
        self.doubts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn made(of: &Overdue, job: &AnyJob) -> JobRef {
    JobRef::new(of.kind, job.id()).in_namespace(of.namespace.clone()).created_at(job.created_at())
}

fn earlier(moment: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(moment.as_millis().saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

/// From so many rows on an answer may be as long as the server makes one.
const FULL: usize = 10;

/// How much earlier than our submit a job may seem to be made and still count as recent, clocks being what they are.
const RECENT: Duration = Duration::from_mins(2);

/// A job past its time is not given up because the API was down for less than this.
const UNANSWERED: Duration = Duration::from_hours(1);

/// Of so many jobs it is kept in mind what is odd.
const MOST_DOUBTS: usize = 100_000;
