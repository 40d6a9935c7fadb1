//! Jobs that were made before.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use image_intelligence_core::{
    AnyJob, Error, ErrorKind, JobBrief, JobSearch, JobStatus, Kind, RecognitionSearch, RecognizeJob, Repeat, Result,
    RetryPolicy, Timestamp, check_namespace, judge_job,
};

use crate::border::RawJson;
use crate::client::{Client, Inner};
use crate::http::{Failed, Request};
use crate::kind::{JobKind, Place, Recognize};
use crate::recognition::JOBS;
use crate::rows::Rows;

/// The jobs of one kind: `client.jobs::<Detect>()`.
pub struct Jobs<K> {
    client: Client,
    namespace: Option<String>,
    kind: PhantomData<fn() -> K>,
}

impl<K: JobKind> fmt::Debug for Jobs<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").field("kind", &K::KIND).finish_non_exhaustive()
    }
}

impl<K: JobKind> Jobs<K> {
    pub(crate) fn new(client: Client, namespace: Option<String>) -> Self {
        Self { client, namespace, kind: PhantomData }
    }

    /// The job as it is now. Fails with `not_found` where the API does not know it.
    ///
    /// ```
    /// use image_intelligence::{Client, Detect};
    /// # use image_intelligence_server::{Answers, Found, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// # let id = client.detect([b"..".to_vec()]).class("person").send().await?.id().to_owned();
    /// let job = client.jobs::<Detect>().get(&id).await?;
    /// println!("{}", job.status);
    /// # assert_eq!(job.id, id);
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn get(&self, id: &str) -> Result<K::Job> {
        self.check(id)?;
        let inner = self.client.inner();
        inner.while_open(async { self.look(id, &inner.retry).await.map_err(|failed| failed.error) }).await
    }

    /// The API's answer as it came, and judged: for languages that build their own objects.
    #[doc(hidden)]
    pub async fn get_raw(&self, id: &str) -> Result<RawJson> {
        self.check(id)?;
        let inner = self.client.inner();
        let request = self.one(inner, id);
        let read = |body: &[u8]| {
            let judged = judge_job(body, K::KIND)?;
            if !judged.is_of(id) {
                return Err(another_job());
            }
            Ok(RawJson::judged(body, judged))
        };
        let call = inner.caller.call(&request, Repeat::Harmless, &inner.retry, read);
        inner.while_open(async { call.await.map_err(|failed| Self::unknown(failed).error) }).await
    }

    /// The jobs that meet every condition, in no promised order; an empty list where there is none.
    pub async fn search(&self, search: &K::Search) -> Result<Vec<K::Job>> {
        let inner = self.client.inner();
        let namespace = self.namespace.as_deref();
        let request = K::search(&Place { base: &inner.base, namespace, limits: &inner.limits }, search)?;
        inner.read(&request, K::read_list).await
    }

    /// As [`search`](Self::search), and whether the answer was an empty list: one of rows that cannot be read is none.
    pub(crate) async fn search_or_nothing(&self, search: &K::Search) -> Result<(Vec<K::Job>, bool)> {
        let inner = self.client.inner();
        let namespace = self.namespace.as_deref();
        let request = K::search(&Place { base: &inner.base, namespace, limits: &inner.limits }, search)?;
        inner.read(&request, |body| Ok((K::read_list(body)?, is_empty_list(body)))).await
    }

    fn one(&self, inner: &Inner, id: &str) -> Request {
        let path = [K::path(self.namespace.as_deref()), vec![id]].concat();
        Request::get(format!("{} job {id}", K::KIND), K::ONE, inner.base.join(&path))
    }

    pub(crate) fn check(&self, id: &str) -> Result<()> {
        if K::KIND == Kind::Recognize {
            check_namespace(self.namespace.as_deref().unwrap_or_default(), &self.client.inner().limits)?;
        }
        check_id(id)
    }

    /// Reads the 400 that some kinds answer for a job that is not known as what it means.
    fn unknown(failed: Failed) -> Failed {
        if K::UNKNOWN_IS_400 {
            return Failed { error: failed.error.read_as_not_found(), ..failed };
        }
        failed
    }

    async fn look(&self, id: &str, retry: &RetryPolicy) -> Result<K::Job, Failed> {
        let inner = self.client.inner();
        let request = self.one(inner, id);
        let read = |body: &[u8]| {
            let job = K::read(body)?;
            if K::facts(&job).id == id { Ok(job) } else { Err(another_job()) }
        };
        inner.caller.call(&request, Repeat::Harmless, retry, read).await.map_err(Self::unknown)
    }

    /// How far the job has come, and the job where it is done or all of it is wanted.
    pub(crate) async fn brief(
        &self,
        id: &str,
        all: bool,
        retry: &RetryPolicy,
    ) -> Result<(JobStatus, Option<Box<AnyJob>>)> {
        let inner = self.client.inner();
        let request = self.one(inner, id);
        let read = |body: &[u8]| {
            let brief = JobBrief::from_json(body)?;
            if brief.id != id {
                return Err(another_job());
            }
            let job = (all || brief.status.is_done()).then(|| AnyJob::from_json(K::KIND, body)).transpose()?;
            Ok((brief.status, job.map(Box::new)))
        };
        let called = inner.caller.call(&request, Repeat::Harmless, retry, read).await;
        called.map_err(|failed| Self::unknown(failed).error)
    }
}

impl<K: JobKind<Search = JobSearch>> Jobs<K> {
    /// The jobs that meet every condition, however many there are between two moments: a search of its own for each stretch
    /// of time, the oldest first, each stretch overlapping the next, so that no bound hides a job, and none comes twice.
    ///
    /// Fails with `invalid_request` where the search has no `after` or no `before`, where they stand the wrong way round, or
    /// where that would take more than 10,000 searches.
    ///
    /// ```
    /// use std::time::Duration;
    /// use image_intelligence::{Client, Detect, JobSearch, Timestamp};
    /// # use image_intelligence_server::Server;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let morning = JobSearch::new()
    ///     .after(Timestamp::from_millis(1_487_653_200_000))
    ///     .before(Timestamp::from_millis(1_487_674_800_000));
    /// let jobs = client.jobs::<Detect>().search_in_windows(&morning, Duration::from_secs(3600)).await?;
    /// # assert!(jobs.is_empty());
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn search_in_windows(&self, search: &JobSearch, width: Duration) -> Result<Vec<K::Job>> {
        let (Some(after), Some(before)) = (search.after, search.before) else {
            let missing = if search.after.is_none() { "after" } else { "before" };
            return Err(Error::invalid_request(missing, "not given; to search in windows both ends must be known"));
        };
        let width = i64::try_from(width.as_millis()).unwrap_or(i64::MAX).max(1);
        let (start, end) = (after.as_millis(), before.as_millis());
        if start > end {
            return Err(Error::invalid_request("after", "later than before; nothing was made in between"));
        }
        if end.abs_diff(start).div_ceil(width.unsigned_abs()) > MOST_WINDOWS {
            let problem = format_args!("{width} ms given, which takes more than {MOST_WINDOWS} searches; widen it");
            return Err(Error::invalid_request("width", problem));
        }
        let (mut jobs, mut seen) = (Vec::new(), HashSet::new());
        let mut from = start;
        loop {
            let to = from.saturating_add(width).min(end);
            // Whether the bounds are included is not promised: a millisecond more on each side, but within what was asked.
            let window = search
                .clone()
                .after(Timestamp::from_millis(from.saturating_sub(1).max(start)))
                .before(Timestamp::from_millis(to.saturating_add(1).min(end)));
            for job in self.search(&window).await? {
                if seen.insert(K::facts(&job).id.to_owned()) {
                    jobs.push(job);
                }
            }
            from = to;
            if from >= end {
                return Ok(jobs);
            }
        }
    }
}

impl Jobs<Recognize> {
    /// Every job that a search is after, page by page, beyond the 200 that pages reach.
    pub fn all(&self, search: RecognitionSearch) -> Rows<RecognizeJob> {
        Rows::new(self.client.clone(), self.namespace.clone().unwrap_or_default(), JOBS, search)
    }
}

/// How many searches one search in windows may take.
const MOST_WINDOWS: u64 = 10_000;

/// Refuses an empty name: it would be none that could be looked for, and a search for it one for everything.
pub(crate) fn check_name(field: &str, name: Option<&str>) -> Result<()> {
    match name {
        Some("") => Err(Error::invalid_request(field, "empty; give a name, or leave it out")),
        _ => Ok(()),
    }
}

/// No id is longer, in characters; one that is would only fill the logs.
const LONGEST_ID: usize = 512;

pub(crate) fn check_id(id: &str) -> Result<()> {
    match id.chars().count() {
        0 => Err(Error::invalid_request("id", "empty; pass the id that the API gave")),
        given if given > LONGEST_ID => {
            let problem =
                format_args!("{given} characters given, at most {LONGEST_ID}; is it an id that the API gave?");
            Err(Error::invalid_request("id", problem))
        }
        _ if id.chars().any(char::is_control) => {
            Err(Error::invalid_request("id", "control characters given; is it an id that the API gave?"))
        }
        _ => Ok(()),
    }
}

fn is_empty_list(json: &[u8]) -> bool {
    let inside = json.trim_ascii().strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

/// A result must never be taken for another's.
fn another_job() -> Error {
    Error::new(ErrorKind::InvalidResponse, "the answer is of another job; is there a cache or a proxy in between?")
}
