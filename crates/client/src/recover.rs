//! Looking for a job whose submit's answer never came.

use std::time::Duration;

use image_intelligence_core::{CallbackToken, Error, ErrorKind, JobSearch, Result, Rid, Secret, Timestamp};

use tokio::time::Instant;

use crate::client::Client;
use crate::create::happened;
use crate::http::Failed;
use crate::jobs::Jobs;
use crate::kind::{Facts, JobKind};

/// A job that may have been made, and how one would know it.
#[derive(Debug, Clone)]
pub(crate) struct Sought {
    pub(crate) rid: Rid,
    pub(crate) custom_id: String,
    /// Whether the customId is our rid, and so proves that a job is ours.
    pub(crate) ours: bool,
    /// The URL that was minted for this job alone.
    pub(crate) minted: Option<String>,
    pub(crate) namespace: Option<String>,
    /// When it was sent, by this machine's clock.
    pub(crate) at: Timestamp,
}

/// What a look for a job found.
pub(crate) enum Found<J> {
    Ours(J),
    /// The ids of jobs that may be it, none proven.
    Candidates(Vec<String>),
}

/// What a strict look for a job shows.
pub(crate) enum Sight<J> {
    Ours(J),
    /// The answer was an empty list.
    Nothing,
    /// There were rows, and none is provably it: the ids of those that may be.
    Others(Vec<String>),
}

impl Sought {
    /// Looks for the job for so long, and once at least. Where it is not found: the ids of jobs that may be it, or `None` where
    /// the API could not be searched at all.
    pub(crate) async fn find<K: JobKind>(
        &self,
        client: &Client,
        limit: Duration,
    ) -> Result<K::Job, Option<Vec<String>>> {
        let inner = client.inner();
        let began = Instant::now();
        let end = began + limit;
        let mut candidates = None;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left.max(LAST_LOOK), self.look::<K>(client)).await {
                Ok(Ok(Found::Ours(job))) => return Ok(job),
                Ok(Ok(Found::Candidates(some))) => candidates = Some(some),
                Ok(Err(_)) | Err(_) => {}
            }
            let wait = inner.poll.interval(began.elapsed(), inner.outside().jitter());
            if Instant::now() + wait > end {
                return Err(candidates);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Looks once.
    pub(crate) async fn look<K: JobKind>(&self, client: &Client) -> Result<Found<K::Job>> {
        let jobs = Jobs::<K>::new(client.clone(), self.namespace.clone());
        let named = JobSearch::new().custom_id(&self.custom_id);
        let mut found = jobs.search(&K::search_of(named.clone())).await?;
        let mut ours = found.iter().position(|job| self.is_ours(&K::facts(job)));
        if ours.is_none() && !self.ours && found.len() >= FULL {
            // A name that repeats may fill an answer with older jobs.
            let recent = named.after(self.earlier(RECENT));
            found.extend(jobs.search(&K::search_of(recent)).await?);
            ours = found.iter().position(|job| self.is_ours(&K::facts(job)));
        }
        if let Some(ours) = ours {
            return Ok(Found::Ours(found.swap_remove(ours)));
        }
        Ok(Found::Candidates(self.candidates(found.iter().map(K::facts))))
    }

    /// The ids of those that may be it, each once.
    fn candidates<'a>(&self, found: impl Iterator<Item = Facts<'a>>) -> Vec<String> {
        let mut candidates = Vec::new();
        for facts in found.filter(|facts| self.may_be(facts)) {
            if candidates.iter().all(|id| id != facts.id) {
                candidates.push(facts.id.to_owned());
            }
        }
        candidates
    }

    /// Looks once for a job whose customId is our rid, where finding nothing is to prove something. Gives nothing where the
    /// answer is of other jobs: such a search does not look for what it was asked for.
    pub(crate) async fn look_strictly<K: JobKind>(&self, client: &Client) -> Result<Sight<K::Job>> {
        let jobs = Jobs::<K>::new(client.clone(), self.namespace.clone());
        let named = K::search_of(JobSearch::new().custom_id(&self.custom_id));
        let (mut found, nothing) = jobs.search_or_nothing(&named).await?;
        Ok(match found.iter().position(|job| self.is_ours(&K::facts(job))) {
            Some(ours) => Sight::Ours(found.swap_remove(ours)),
            None if nothing && self.ours => Sight::Nothing,
            None => Sight::Others(self.candidates(found.iter().map(K::facts))),
        })
    }

    fn is_ours(&self, job: &Facts<'_>) -> bool {
        let named = self.ours && job.custom_id == Some(self.custom_id.as_str());
        let called = job
            .webhook_url
            .is_some_and(|url| self.minted.as_deref() == Some(url) || CallbackToken::named_in(url) == Some(self.rid));
        named || called || job.image_custom_ids.iter().any(|id| self.rid.stamped(id).is_some())
    }

    /// Takes the URL that was minted, and the token in it, out of the words of a server that repeats them.
    pub(crate) fn without_callback(&self, failed: Failed) -> Failed {
        let Some(url) = &self.minted else { return failed };
        let failed = failed.without(&Secret::from(url.as_str()));
        match url.rsplit_once("/cb/") {
            Some((_, token)) => failed.without(&Secret::from(token)),
            None => failed,
        }
    }

    /// Whether nothing says that a job is another one.
    fn may_be(&self, job: &Facts<'_>) -> bool {
        // A server that does not know the condition gives jobs of other names, too.
        let named = job.custom_id.is_none_or(|id| id == self.custom_id);
        // Clocks differ, but hardly by a day.
        let older = job.created_at.is_some_and(|created| created < self.earlier(OLD));
        named && !older && !job.image_custom_ids.iter().any(|id| is_stamp(id))
    }

    fn earlier(&self, by: Duration) -> Timestamp {
        Timestamp::from_millis(self.at.as_millis().saturating_sub(by.as_millis() as i64))
    }

    /// The error of a job that was looked for in vain for so long; the cause is why its answer was lost, if this process saw it.
    /// `candidates` are the ids of jobs that may be it, `None` where the API could not be searched at all.
    pub(crate) fn unknown(
        &self,
        cause: Option<&Error>,
        sought_for: Duration,
        candidates: Option<Vec<String>>,
    ) -> Error {
        let searched = candidates.is_some();
        let candidates = candidates.unwrap_or_default();
        let id = &self.custom_id;
        let outcome = match candidates.len() {
            _ if !searched => format!("and the API could not be searched for customId {id}"),
            0 => format!("and no job with customId {id} was found in {} s", sought_for.as_secs()),
            1 => format!("and a job with customId {id} cannot be proven to be it"),
            several => format!("and {several} jobs with customId {id} cannot be proven to be it"),
        };
        let (what, happened) = match cause {
            Some(error) => ("the answer to a submit was lost", format!(" (what happened: {})", happened(error))),
            None => ("a submit was cut off before its answer came", String::new()),
        };
        let message =
            format!("{what} {outcome}; it was not sent again: look for that customId before you do{happened}");
        Error::new(ErrorKind::OutcomeUnknown, message).with_candidates(id, candidates)
    }
}

/// Whether a customId is one that we stamp on a picture, of whichever job.
fn is_stamp(custom_id: &str) -> bool {
    let rid = custom_id.split_once('-').and_then(|(rid, _)| Rid::from_hex(rid));
    rid.is_some_and(|rid| rid.stamped(custom_id).is_some())
}

/// From so many rows on an answer may be as long as the server makes one.
const FULL: usize = 10;

/// How much earlier than our submit a job may seem to be made and still count as recent, clocks being what they are.
const RECENT: Duration = Duration::from_secs(120);

/// A job that is so much older than our submit is another.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// How long a look may take that begins at the end of the time.
pub(crate) const LAST_LOOK: Duration = Duration::from_secs(5);
