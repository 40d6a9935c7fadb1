//! What is found out, at the next start, of submits that were cut off.

use futures_util::StreamExt as _;
use image_intelligence_core::{Error, ErrorKind, JobRef, Kind, Result, ResumeToken, Rid, Timestamp};
use tokio::time::Instant;

use super::{Entry, Intended, Journal, Line, Stage};
use crate::client::{Client, Inner};
use crate::kind::JobKind;
use crate::recover::{Found, LAST_LOOK, Sought};
use crate::source::of_kind;

/// How many searches there are at one time.
const AT_ONE_TIME: usize = 8;

/// A submit of an earlier process that nobody saw the end of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recovered {
    /// Our own name for the job.
    pub rid: Rid,
    /// What the job does.
    pub kind: Kind,
    /// The namespace of a recognize job.
    pub namespace: Option<String>,
    /// The name that the job carries, if it exists: the caller's, or else ours.
    pub custom_id: String,
    /// How many pictures it has.
    pub images: usize,
    /// When it was sent or was about to be, by the clock of the machine that did.
    pub sent_at: Timestamp,
    /// What became of it.
    pub outcome: SubmitOutcome,
}

/// What became of a submit.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SubmitOutcome {
    /// It certainly never left as a whole: there is no job, and it may be sent again.
    NotSent,
    /// The job exists, and [`Client::resume`] takes this token.
    Accepted(String),
    /// It left, and no job that is provably it was found: an `outcome_unknown`, with the candidates.
    Unknown(Error),
}

impl Recovered {
    /// With which to [resume](Client::resume) the job, where it exists.
    pub fn resume_token(&self) -> Option<&str> {
        match &self.outcome {
            SubmitOutcome::Accepted(token) => Some(token),
            _ => None,
        }
    }

    /// Why it is not known whether the job exists, where it is not.
    pub fn error(&self) -> Option<&Error> {
        match &self.outcome {
            SubmitOutcome::Unknown(error) => Some(error),
            _ => None,
        }
    }

    /// The ids of jobs that may be the one, where that is not known; none is proven.
    pub fn candidates(&self) -> &[String] {
        self.error().map_or(&[], Error::candidates)
    }
}

impl Client {
    /// What became of every submit of earlier processes that was cut off, or whose result nobody took: the oldest first, as
    /// the [journal](crate::ClientBuilder::journal) has them.
    ///
    /// What left and had no answer is searched for, all of it within 30 s (as `recover_for` says), and a job is adopted only
    /// where it is provably the one. Nothing is sent again. Each is listed at every start until it is [forgotten](Self::forget)
    /// or its result is taken; of accepted jobs, the newest 10,000 are.
    ///
    /// Fails with `config` where the client keeps no journal; with `closed`. What goes wrong with a search is in its outcome.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("submits.jsonl");
    /// use image_intelligence::{Client, Detect, Kind, SubmitOutcome};
    /// # use image_intelligence_server::{Answers, Found, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
    /// # let builder = || Client::builder().base_url(server.base_url()).credentials("local", "local").journal(&path);
    /// # builder().build()?.detect([b"..".to_vec()]).class("person").send().await?;
    /// # let mut done = Vec::new();
    /// # let client = builder().build()?;
    /// for submit in client.recover().await? {
    ///     match &submit.outcome {
    ///         SubmitOutcome::NotSent => println!("{}: send it again", submit.custom_id),
    ///         SubmitOutcome::Accepted(token) if submit.kind == Kind::Detect => {
    ///             let job = client.resume::<Detect>(token)?.wait().await?;
    ///             println!("{}: {}", submit.custom_id, job.status);
    /// #           done.push(job.status.clone());
    ///         }
    ///         outcome => println!("{}: see for yourself: {outcome:?}", submit.custom_id),
    ///     }
    ///     client.forget(&submit).await?;
    /// }
    /// # assert_eq!(done.len(), 1);
    /// # assert!(client.recover().await?.is_empty());
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn recover(&self) -> Result<Vec<Recovered>> {
        let inner = self.inner();
        let journal = inner.journal()?;
        inner.while_open(async { Ok(journal.recover(self).await) }).await
    }

    /// Takes a submit out of the journal: it is dealt with. Fails with `store`; with `config` where there is no journal.
    pub async fn forget(&self, submit: &Recovered) -> Result<()> {
        self.forget_rid(submit.rid).await
    }

    /// As [`forget`](Self::forget), by name. One that is not there is forgotten already.
    #[doc(hidden)]
    pub async fn forget_rid(&self, rid: Rid) -> Result<()> {
        self.inner().journal()?.write(Line::Settled { rid }, true).await
    }
}

impl Inner {
    fn journal(&self) -> Result<&Journal> {
        let none =
            || Error::new(ErrorKind::Config, "journal: none is kept; name a file for it where the client is made");
        self.journal.as_deref().ok_or_else(none)
    }
}

/// One that left, and what was found of it so far.
struct Lost {
    entry: Entry,
    candidates: Option<Vec<String>>,
}

impl Journal {
    async fn recover(&self, client: &Client) -> Vec<Recovered> {
        let entries: Vec<Entry> = {
            let state = self.state();
            // What is at another API waits for a client of that.
            let open = state.entries.values().filter(|entry| entry.earlier && entry.intent.api == self.api);
            open.cloned().collect()
        };
        let (lost, mut known): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| matches!(entry.stage, Stage::Left));
        let lost = lost.into_iter().map(|entry| Lost { entry, candidates: None }).collect();
        let (found, lost) = self.look_for(lost, client).await;
        known.extend(found);
        let sought_for = client.inner().recover_for;
        let known = known.into_iter().map(|entry| Recovered::new(entry, None, client));
        let unknown = lost.into_iter().map(|Lost { entry, candidates }| {
            let error = entry.sought().unknown(None, sought_for, candidates);
            Recovered::new(entry, Some(error), client)
        });
        let mut all: Vec<_> = known.chain(unknown).collect();
        all.sort_by_key(|submit| (submit.sent_at, submit.rid));
        all
    }

    /// Searches for all of them again and again, until each is found or time is up.
    async fn look_for(&self, mut lost: Vec<Lost>, client: &Client) -> (Vec<Entry>, Vec<Lost>) {
        let inner = client.inner();
        let began = Instant::now();
        let end = began + inner.recover_for;
        let mut found = Vec::new();
        while !lost.is_empty() {
            let mut looks = futures_util::stream::iter(std::mem::take(&mut lost))
                .map(|lost| async move { (lost.look(client, end + LAST_LOOK).await, lost) })
                .buffer_unordered(AT_ONE_TIME);
            while let Some((look, mut one)) = looks.next().await {
                match look {
                    Ok(Found::Ours(job)) => found.push(self.adopt(one.entry, job).await),
                    Ok(Found::Candidates(some)) => {
                        one.candidates = Some(some);
                        lost.push(one);
                    }
                    Err(_) => lost.push(one),
                }
            }
            let wait = inner.poll.interval(began.elapsed(), inner.outside().jitter());
            if Instant::now() + wait > end {
                break;
            }
            if !lost.is_empty() {
                tokio::time::sleep(wait).await;
            }
        }
        (found, lost)
    }

    /// Writes down that a job was found.
    async fn adopt(&self, mut entry: Entry, job: JobRef) -> Entry {
        let created_at = job.created_at.map(Timestamp::as_millis);
        entry.stage = Stage::Accepted { id: job.id.clone(), created_at };
        if let Err(error) = self.write(Line::Accepted { rid: entry.intent.rid, id: job.id, created_at }, false).await {
            tracing::warn!(error.type = error.kind().as_str(), "that a job was found could not be written down: {error}");
        }
        entry
    }
}

impl Lost {
    async fn look(&self, client: &Client, until: Instant) -> Result<Found<JobRef>> {
        let sought = self.entry.sought();
        let look = async { of_kind!(self.entry.intent.kind, K => look::<K>(&sought, client).await) };
        let late = |_| Error::new(ErrorKind::RequestTimeout, "no time was left to search");
        tokio::time::timeout_at(until, look).await.map_err(late)?
    }
}

async fn look<K: JobKind>(sought: &Sought, client: &Client) -> Result<Found<JobRef>> {
    Ok(match sought.look::<K>(client).await? {
        Found::Ours(job) => {
            let facts = K::facts(&job);
            Found::Ours(JobRef::new(K::KIND, facts.id).created_at(facts.created_at))
        }
        Found::Candidates(some) => Found::Candidates(some),
    })
}

impl Entry {
    fn sought(&self) -> Sought {
        let intent = &self.intent;
        Sought {
            rid: intent.rid,
            ours: intent.custom_id == intent.rid.to_string(),
            custom_id: intent.custom_id.clone(),
            minted: None,
            namespace: intent.namespace.clone(),
            at: Timestamp::from_millis(intent.at),
        }
    }
}

impl Recovered {
    fn new(entry: Entry, unknown: Option<Error>, client: &Client) -> Self {
        let Entry { intent, stage, .. } = entry;
        let sent_at = Timestamp::from_millis(intent.at);
        let outcome = match (unknown, stage) {
            (Some(error), _) => SubmitOutcome::Unknown(error),
            (None, Stage::Accepted { id, created_at }) => {
                let created = created_at.map_or(sent_at, Timestamp::from_millis);
                let mut token = ResumeToken::new(intent.kind, id, intent.rid, created, client.base_url());
                token.namespace.clone_from(&intent.namespace);
                SubmitOutcome::Accepted(token.to_string())
            }
            (None, Stage::Here | Stage::Left) => SubmitOutcome::NotSent,
        };
        let Intended { rid, kind, namespace, custom_id, images, .. } = intent;
        Self { rid, kind, namespace, custom_id, images, sent_at, outcome }
    }
}
