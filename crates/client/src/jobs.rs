//! Jobs that were made before.

use std::fmt;
use std::marker::PhantomData;

use image_intelligence_core::{JobSearch, Repeat, Result, RetryPolicy, judge_job};

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
        self.look(id, &self.client.inner().retry).await.map_err(|failed| failed.error)
    }

    /// The API's answer as it came, and judged: for languages that build their own objects.
    #[doc(hidden)]
    pub async fn get_raw(&self, id: &str) -> Result<RawJob> {
        let inner = self.client.inner();
        let request = Self::one(inner, id);
        let read = |body: &[u8]| {
            let judged = judge_job(body, K::KIND)?;
            let (ascii, json) = (judged.ascii, (!judged.canonical).then(|| judged.json.into_owned()));
            Ok(RawJob { raw: body.to_vec(), json, ascii })
        };
        inner.caller.call(&request, Repeat::Harmless, &inner.retry, read).await.map_err(|failed| failed.error)
    }

    /// The jobs that meet every condition, in no promised order; an empty list where there is none.
    pub async fn search(&self, search: &JobSearch) -> Result<Vec<K::Job>> {
        let inner = self.client.inner();
        let kind = K::KIND.as_str();
        let request =
            Request::get(format!("search of {kind} jobs"), K::ALL, inner.base.join_query(&[kind], &search.to_query()));
        let found = inner.caller.call(&request, Repeat::Harmless, &inner.retry, K::read_list).await;
        found.map_err(|failed| failed.error)
    }

    fn one(inner: &Inner, id: &str) -> Request {
        let kind = K::KIND.as_str();
        Request::get(format!("{kind} job {id}"), K::ONE, inner.base.join(&[kind, id]))
    }

    pub(crate) async fn look(&self, id: &str, retry: &RetryPolicy) -> Result<K::Job, Failed> {
        let inner = self.client.inner();
        let request = Self::one(inner, id);
        inner.caller.call(&request, Repeat::Harmless, retry, K::read).await
    }
}
