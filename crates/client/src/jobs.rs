//! Jobs that were made before.

use std::fmt;
use std::marker::PhantomData;

use image_intelligence_core::{Error, ErrorKind, JobSearch, Repeat, Result, RetryPolicy, judge_job};

use crate::client::{Client, Inner};
use crate::http::{Failed, Request};
use crate::kind::JobKind;

/// A job as JSON, for a host to decode.
#[doc(hidden)]
#[derive(Debug)]
#[non_exhaustive]
pub struct RawJob {
    /// The very bytes that came.
    pub raw: Vec<u8>,
    /// What to decode where these are not canonical.
    pub json: Option<Vec<u8>>,
    /// Whether what is to be decoded is ASCII.
    pub ascii: bool,
}

/// The jobs of one kind: `client.jobs::<Detect>()`.
pub struct Jobs<K> {
    client: Client,
    kind: PhantomData<fn() -> K>,
}

impl<K: JobKind> fmt::Debug for Jobs<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").field("kind", &K::KIND).finish_non_exhaustive()
    }
}

impl<K: JobKind> Jobs<K> {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, kind: PhantomData }
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
        check_id(id)?;
        let inner = self.client.inner();
        inner.while_open(async { self.look(id, &inner.retry).await.map_err(|failed| failed.error) }).await
    }

    /// The API's answer as it came, and judged: for languages that build their own objects.
    #[doc(hidden)]
    pub async fn get_raw(&self, id: &str) -> Result<RawJob> {
        check_id(id)?;
        let inner = self.client.inner();
        let request = Self::one(inner, id);
        let read = |body: &[u8]| {
            let judged = judge_job(body, K::KIND)?;
            if !judged.is_of(id) {
                return Err(another_job());
            }
            let (ascii, json) = (judged.ascii, (!judged.canonical).then(|| judged.json.into_owned()));
            Ok(RawJob { raw: body.to_vec(), json, ascii })
        };
        let call = inner.caller.call(&request, Repeat::Harmless, &inner.retry, read);
        inner.while_open(async { call.await.map_err(|failed| failed.error) }).await
    }

    /// The jobs that meet every condition, in no promised order; an empty list where there is none.
    pub async fn search(&self, search: &JobSearch) -> Result<Vec<K::Job>> {
        let inner = self.client.inner();
        let kind = K::KIND.as_str();
        let request =
            Request::get(format!("search of {kind} jobs"), K::ALL, inner.base.join_query(&[kind], &search.to_query()));
        let found = inner.caller.call(&request, Repeat::Harmless, &inner.retry, K::read_list);
        inner.while_open(async { found.await.map_err(|failed| failed.error) }).await
    }

    fn one(inner: &Inner, id: &str) -> Request {
        let kind = K::KIND.as_str();
        Request::get(format!("{kind} job {id}"), K::ONE, inner.base.join(&[kind, id]))
    }

    pub(crate) async fn look(&self, id: &str, retry: &RetryPolicy) -> Result<K::Job, Failed> {
        let inner = self.client.inner();
        let request = Self::one(inner, id);
        let read = |body: &[u8]| {
            let job = K::read(body)?;
            if K::facts(&job).id == id { Ok(job) } else { Err(another_job()) }
        };
        inner.caller.call(&request, Repeat::Harmless, retry, read).await
    }
}

/// No id is longer, in characters; one that is would only fill the logs.
const LONGEST_ID: usize = 512;

fn check_id(id: &str) -> Result<()> {
    match id.chars().count() {
        0 => Err(Error::invalid_request("id", "empty; pass the id of a job")),
        given if given > LONGEST_ID => {
            let problem = format_args!("{given} characters given, at most {LONGEST_ID}; is it the id of a job?");
            Err(Error::invalid_request("id", problem))
        }
        _ if id.chars().any(char::is_control) => {
            Err(Error::invalid_request("id", "control characters given; is it the id of a job?"))
        }
        _ => Ok(()),
    }
}

/// A result must never be taken for another's.
fn another_job() -> Error {
    Error::new(ErrorKind::InvalidResponse, "the answer is of another job; is there a cache or a proxy in between?")
}
