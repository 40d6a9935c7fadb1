//! What became of a job that an earlier run sent and whose answer it did not see.
//!
//! Such a job is looked for, and taken up where it is found. Its pictures are sent again only where there is proof that it was
//! never made, and all of this is the proof:
//! - Whoever sent it sends no more: the intent is one of those that were in the manifest when it was opened, and it is held by
//!   one run at a time. What a run sends is never settled by the same run.
//! - At least three searches by its customId, which is our rid, were answered with an empty list, the last of them at least as
//!   long after the first as lost answers are looked for (`recover_for`, 30 s); and it left at least 60 s ago, or 30 s lie
//!   between these searches. An answer with rows of other jobs begins the count anew.
//! - There is a witness: asked right after the last of these searches, the same kind of search shows another job of the manifest
//!   by its customId, one that left later: a job of an earlier run that is known to exist, or one that this run has made. So
//!   the search works, and knows of jobs that are no older.
//!
//! While there is no witness one is waited for, as long as the run may send something. Without one it stays unknown.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{Callbacks as _, Error, ErrorKind, JobRef, Result, Timestamp};
use tokio::time::Instant;

use super::batch::{Report, dropped};
use super::course::{Trying, Witness};
use super::manifest::{Fate, Past};
use super::ready::Owner;
use super::run::{Event, Run};
use crate::kind::JobKind;
use crate::recover::{LAST_LOOK, Sight, Sought};
use crate::told;

/// So many searches that find nothing are part of the proof.
const LEAST_SEARCHES: usize = 3;

/// They are spread over so long where the job left but now.
const LEAST_TIME: Duration = Duration::from_secs(30);

/// From this age on a job is not one that left but now.
const LEAST_AGE: Duration = Duration::from_secs(60);

/// Finds out what became of a job of an earlier run, and says so.
pub(crate) async fn settle<K: JobKind>(run: Arc<Run<K>>, number: usize, past: Past, mut trying: Trying) {
    let mut report = Report::new(&run, Owner::Earlier(number));
    let inner = run.client.inner();
    let mut question = Question::new(&run, &past);
    let answer = tokio::select! {
        biased;
        () = run.control.until_dropped() => Err(dropped()),
        answer = inner.while_open(question.answer(&mut trying)) => answer,
    };
    let settled = match answer {
        Ok(Answer::Made(job)) => {
            run.note(|manifest| manifest.accepted(past.rid, job.clone())).await;
            told::settled(past.rid, inner.callbacks.clone(), Ok(job.clone())).await;
            Ok(Event::Found { number, id: job.id, created_at: job.created_at, trying })
        }
        Ok(Answer::NeverMade(witness)) => {
            question.never_made(&witness).await.map(|()| Event::NeverMade { number, trying })
        }
        Ok(Answer::Unknown(error)) => {
            if !matches!(past.fate, Fate::Unknown) {
                run.note(|manifest| manifest.unknown(past.rid, error.clone())).await;
            }
            Err(error)
        }
        Err(error) => Err(error),
    };
    match settled {
        Ok(event) => report.tell_event(event),
        Err(error) => report.tell(run.failed(error)),
    }
}

/// What became of a job.
enum Answer {
    Made(JobRef),
    /// There is proof, and this job bore witness.
    NeverMade(Witness),
    Unknown(Error),
}

/// Why there is no proof.
#[derive(Debug, Clone)]
enum Lack {
    Witness,
    /// This one exists, and searches do not show it.
    Sight(String),
    Time,
}

/// A job that is looked for.
struct Question<'a, K: JobKind> {
    run: &'a Run<K>,
    sought: Sought,
    left: (u64, Timestamp),
    began: Instant,
    /// How many searches found nothing, when the first of them was answered, and when the last was asked.
    empty: usize,
    between: Option<(Instant, Instant)>,
    /// Whether the last answer had rows of other jobs.
    others: bool,
    /// Jobs that may be it; none while no search was answered.
    candidates: Option<Vec<String>>,
}

impl<'a, K: JobKind> Question<'a, K> {
    fn new(run: &'a Run<K>, past: &Past) -> Self {
        let sought = run.sought(past.rid, past.custom_id.clone(), past.at);
        // What is not known to have left is not asked about.
        let left = past.left.unwrap_or((u64::MAX, past.at));
        let (began, others) = (Instant::now(), false);
        Self { run, sought, left, began, empty: 0, between: None, others, candidates: None }
    }

    async fn answer(&mut self, trying: &mut Trying) -> Result<Answer> {
        let recover_for = self.run.client.inner().recover_for;
        let course = &self.run.course;
        let end = self.began + recover_for;
        loop {
            if let Some(job) = self.look().await {
                return Ok(Answer::Made(job));
            }
            let wait = self.interval();
            if Instant::now() + wait > end {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        let sought_until = Instant::now();
        loop {
            let witnesses = trying.witnesses(self.left.0).await;
            let Some(newest) = witnesses.iter().map(|witness| witness.known).max() else {
                return Ok(Answer::Unknown(self.unknown(&Lack::Witness)));
            };
            // Until then a witness may come to be seen, though nothing more is sent.
            let patience = sought_until.max(newest) + recover_for;
            let wanting = self.wanting(Instant::now());
            let in_vain = self.between.is_none() || Instant::now() + wanting > patience;
            // Where the run was stopped nothing is sent again, and so needs no proof.
            if self.run.control.halted().is_some() || (!course.may_send_more() && in_vain) {
                return Ok(Answer::Unknown(self.unknown(&Lack::Time)));
            }
            if !wanting.is_zero() {
                course.pass(wanting).await;
                if self.between.is_some() && !self.wanting(Instant::now()).is_zero() {
                    continue;
                }
            }
            let before = self.empty;
            if let Some(job) = self.look().await {
                return Ok(Answer::Made(job));
            }
            let mut lack = Lack::Time;
            if self.empty > before && self.is_long_enough() {
                match self.ask(&witnesses).await {
                    Some(witness) => return Ok(Answer::NeverMade(witness)),
                    None => lack = Lack::Sight(witnesses[0].custom_id.clone()),
                }
            }
            let wait = self.interval();
            if !course.may_send_more() && Instant::now() + wait > patience {
                return Ok(Answer::Unknown(self.unknown(&lack)));
            }
            course.pass(wait).await;
        }
    }

    fn interval(&self) -> Duration {
        let inner = self.run.client.inner();
        inner.poll.interval(self.began.elapsed(), inner.outside().jitter())
    }

    /// Searches for the job once.
    async fn look(&mut self) -> Option<JobRef> {
        let asked = Instant::now();
        match self.search(&self.sought).await? {
            Sight::Ours(job) => {
                let facts = K::facts(&job);
                return Some(JobRef::new(K::KIND, facts.id).created_at(facts.created_at));
            }
            Sight::Nothing => {
                self.empty += 1;
                self.between = Some((self.between.map_or_else(Instant::now, |(first, _)| first), asked));
                (self.others, self.candidates) = (false, Some(Vec::new()));
            }
            Sight::Others(candidates) => {
                (self.empty, self.between, self.others) = (0, None, true);
                self.candidates = Some(candidates);
            }
        }
        None
    }

    /// The first of these jobs that a search shows.
    async fn ask(&self, witnesses: &[Witness]) -> Option<Witness> {
        for witness in witnesses {
            let sought = self.run.sought(witness.rid, witness.custom_id.clone(), witness.at);
            if let Some(Sight::Ours(_)) = self.search(&sought).await {
                return Some(witness.clone());
            }
        }
        None
    }

    async fn search(&self, sought: &Sought) -> Option<Sight<K::Job>> {
        let client = &self.run.client;
        let _turn = self.run.course.searches.acquire().await;
        let limit = client.inner().recover_for.max(LAST_LOOK);
        tokio::time::timeout(limit, sought.look_strictly::<K>(client)).await.ok()?.ok()
    }

    /// How much longer it is to be looked for, if a search that is asked now finds nothing.
    fn wanting(&self, now: Instant) -> Duration {
        let inner = self.run.client.inner();
        let sought_for = self.between.map_or(Duration::ZERO, |(first, _)| now - first);
        let age = inner.outside().now().since(self.left.1);
        let young = LEAST_AGE.saturating_sub(age).min(LEAST_TIME.saturating_sub(sought_for));
        inner.recover_for.saturating_sub(sought_for).max(young)
    }

    fn is_long_enough(&self) -> bool {
        self.empty >= LEAST_SEARCHES && self.between.is_some_and(|(_, last)| self.wanting(last).is_zero())
    }

    fn unknown(&self, lack: &Lack) -> Error {
        let sought_for = self.between.map_or(self.began.elapsed(), |(first, last)| last - first);
        let error =
            self.sought.unknown(None, sought_for.max(self.run.client.inner().recover_for), self.candidates.clone());
        let why = match (&self.candidates, lack) {
            (None, _) => return error,
            (Some(candidates), _) if !candidates.is_empty() => return error,
            _ if self.others => "searches answer with other jobs, too, and so prove nothing".into(),
            (_, Lack::Witness) => {
                "no job of this run left later, so that nothing shows whether a search would find it".into()
            }
            (_, Lack::Sight(witness)) => {
                format!("a search does not find {witness} either, which exists, and so proves nothing")
            }
            (_, Lack::Time) => "it was not looked for long enough to prove that it was never made".into(),
        };
        Error::new(error.kind(), format!("{}; {why}", error.message()))
            .with_candidates(&self.sought.custom_id, Vec::new())
    }

    /// Has it written down before anything is done about it.
    async fn never_made(&self, witness: &Witness) -> Result<()> {
        let Sought { rid, custom_id, .. } = &self.sought;
        if let Some(manifest) = &self.run.manifest {
            manifest.never_made(*rid).await?;
        }
        let sought_for = self.between.map_or(Duration::ZERO, |(first, last)| last - first);
        tracing::warn!(
            %custom_id,
            searches = self.empty,
            sought_for_s = sought_for.as_secs(),
            witness = %witness.custom_id,
            "a job that an earlier run sent was never made: searches do not find it, and find one that left later; \
             its pictures are sent again"
        );
        let problem = "the job was never made: it was looked for after the process that sent it had ended";
        let error = Error::new(ErrorKind::Cancelled, problem);
        told::settled(*rid, self.run.client.inner().callbacks.clone(), Err(error)).await;
        Ok(())
    }
}
