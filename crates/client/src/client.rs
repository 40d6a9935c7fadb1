//! The client: what a program holds one of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{
    BaseUrl, Dialect, Error, ErrorKind, Inputs, Limits, PollPolicy, Result, ResumeToken, RetryPolicy,
};

use tokio::sync::watch;

use crate::builder::ClientBuilder;
use crate::call::Caller;
use crate::detect::DetectBuilder;
use crate::image::Image;
use crate::job::Job;
use crate::jobs::Jobs;
use crate::kind::JobKind;

/// Talks to one API. Cheap to clone; clones share their connections, their token and their manners.
///
/// Needs a tokio runtime with time and I/O.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) caller: Caller,
    pub(crate) base: BaseUrl,
    pub(crate) retry: RetryPolicy,
    pub(crate) poll: PollPolicy,
    pub(crate) limits: Limits,
    pub(crate) largest_request: usize,
    pub(crate) recover_for: Duration,
    pub(crate) dialect: Dialect,
    pub(crate) closed: watch::Sender<bool>,
}

impl Inner {
    /// Lets a call run until it is done or the client is closed.
    pub(crate) async fn while_open<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => Err(crate::http::closed()),
            done = call => done,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.0.base.to_string()).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// A client with the environment's `II_CLIENT_ID` and `II_CLIENT_SECRET`, at `II_BASE_URL` or the public API.
    ///
    /// Fails with `config` where one is missing or wrong.
    pub fn from_env() -> Result<Self> {
        Self::builder().from_env().build()
    }

    /// A client with settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Where the API is.
    pub fn base_url(&self) -> &BaseUrl {
        &self.0.base
    }

    /// Ends every call and every wait of this client and its clones with `closed`, lets the connections go, and refuses
    /// further calls. A submit that is under way may arrive all the same. Dropping the last clone does the same quietly.
    pub fn close(&self) {
        self.0.closed.send_replace(true);
        self.0.caller.http.close();
    }

    /// Asks which classes of objects are in the pictures: 1 to 64 of them, as files, bytes or URLs.
    ///
    /// Nothing is sent before [`DetectBuilder::send`].
    pub fn detect<I>(&self, images: I) -> DetectBuilder
    where
        I: IntoIterator,
        I::Item: Into<Image>,
    {
        DetectBuilder::new(self.clone(), images.into_iter().map(Into::into).collect())
    }

    /// Jobs that were made before: to read, search, and wait for.
    pub fn jobs<K: JobKind>(&self) -> Jobs<K> {
        Jobs::new(self.clone())
    }

    /// Takes up a job again by its resume token, in this process or another. Nothing is sent yet.
    ///
    /// Fails with `resume_token` where the token is malformed, of another API, or of another kind of job than `K`.
    ///
    /// ```
    /// use image_intelligence::{Client, Detect};
    /// # use image_intelligence_server::{Answers, Found, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// # let token = client.detect([b"..".to_vec()]).class("person").send().await?.resume_token();
    /// // "ii1_.." from a log, a database, another program
    /// let job = client.resume::<Detect>(&token)?.wait().await?;
    /// # assert_eq!(job.classes(), ["person"]);
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn resume<K: JobKind>(&self, token: &str) -> Result<Job<K>> {
        let token = ResumeToken::parse(token, &self.0.base)?;
        if token.kind != K::KIND {
            return Err(Error::new(
                ErrorKind::ResumeToken,
                format!("resume token: it is of a {} job, not of a {} job", token.kind, K::KIND),
            ));
        }
        Ok(Job::resumed(self.clone(), token.id, token.created, Inputs::of_resumed(token.rid), token.rid))
    }
}
