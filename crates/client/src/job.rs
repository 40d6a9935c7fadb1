//! A job that was submitted: a handle to wait with.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Inputs, JobRef, JobStatus, Result, ResumeToken, Rid, Timestamp, Wait};
use tokio::time::Instant;

use crate::client::Client;
use crate::jobs::Jobs;
use crate::kind::JobKind;
use crate::recover::Sought;
use crate::scheduler::{End, Listener, Scheduler, Seat, Terms};
use crate::submit::Submit;
use crate::updates::{Update, Updates};

/// A job that was submitted. Dropping it, or a wait on it, never cancels the job.
pub struct Job<K> {
    pub(crate) client: Client,
    pub(crate) inputs: Arc<Inputs>,
    pub(crate) status: Option<JobStatus>,
    id: Arc<str>,
    /// Of a recognize job.
    namespace: Option<String>,
    rid: Rid,
    custom_id: Option<String>,
    /// Whether its webhook may come to one of those who are told of submits.
    calls: bool,
    created_at: Timestamp,
    /// Whether the service said so.
    dated: bool,
    /// When this handle was made, and how old the job was then.
    made: (Instant, Duration),
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for Job<K> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            inputs: Arc::clone(&self.inputs),
            status: self.status.clone(),
            id: Arc::clone(&self.id),
            namespace: self.namespace.clone(),
            rid: self.rid,
            custom_id: self.custom_id.clone(),
            calls: self.calls,
            created_at: self.created_at,
            dated: self.dated,
            made: self.made,
            kind: PhantomData,
        }
    }
}

impl<K: JobKind> fmt::Debug for Job<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("kind", &K::KIND)
            .field("id", &self.id)
            .field("custom_id", &self.custom_id)
            .finish_non_exhaustive()
    }
}

impl<K: JobKind> Job<K> {
    pub(crate) fn submitted(sent: Submit, job: &K::Job) -> Self {
        let facts = K::facts(job);
        let Submit { client, sought: Sought { rid, custom_id, minted, namespace, .. }, inputs, .. } = sent;
        Self {
            inputs: Arc::new(inputs),
            status: Some(facts.status.clone()),
            id: facts.id.into(),
            namespace,
            rid,
            custom_id: Some(custom_id),
            calls: minted.is_some(),
            created_at: facts.created_at.unwrap_or_else(|| client.inner().outside().now()),
            dated: facts.created_at.is_some(),
            made: (Instant::now(), Duration::ZERO),
            kind: PhantomData,
            client,
        }
    }

    pub(crate) fn resumed(client: Client, token: ResumeToken) -> Self {
        Self {
            inputs: Arc::new(Inputs::of_resumed(token.rid)),
            status: None,
            id: token.id.into(),
            namespace: token.namespace,
            rid: token.rid,
            custom_id: None,
            // Its submit is not known; who knows of no job of this name gives no subscription.
            calls: true,
            created_at: token.created,
            dated: true,
            made: (Instant::now(), client.inner().outside().now().since(token.created)),
            kind: PhantomData,
            client,
        }
    }

    /// The jobs among which this one is.
    pub(crate) fn jobs(&self) -> Jobs<K> {
        Jobs::new(self.client.clone(), self.namespace.clone())
    }

    /// The service's name for the job.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that the job was given; `None` where it was resumed.
    pub fn custom_id(&self) -> Option<&str> {
        self.custom_id.as_deref()
    }

    /// When the job was made, by the service's clock.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// A line of text with which [`Client::resume`] takes the job up again, in any process and any language. It holds no
    /// URL and no secret.
    pub fn resume_token(&self) -> String {
        let mut token = ResumeToken::new(K::KIND, &*self.id, self.rid, self.created_at, &self.client.inner().base);
        token.namespace.clone_from(&self.namespace);
        token.to_string()
    }

    /// The same handle through another client of the same API, as a forked process needs it.
    #[doc(hidden)]
    pub fn through(&self, client: &Client) -> Self {
        Self { client: client.clone(), ..self.clone() }
    }

    pub(crate) fn reference(&self) -> JobRef {
        JobRef::new(K::KIND, &*self.id)
            .in_namespace(self.namespace.clone())
            .created_at(self.dated.then_some(self.created_at))
    }

    /// Begins to wait. A job that was under way when it was submitted, just now, is not asked for at once, and one whose
    /// webhook is likely to come is left alone until then.
    pub(crate) fn join(&self, listener: Arc<dyn Listener>, key: u32, began: Instant, limit: Duration) -> Seat {
        let (age, first) = (self.age_at(began), self.first_look(began, limit));
        let told = self.client.inner().callbacks.iter().find_map(|one| Some((one.subscribe(self.rid)?, one)));
        let (subscription, teller) = told.unzip();
        let calls = self.calls && !self.status.as_ref().is_some_and(JobStatus::is_done);
        let patience = teller.filter(|_| calls).and_then(|teller| teller.patience(K::KIND)).unwrap_or_default();
        let quiet = Wait::new(self.client.inner().poll.clone(), age, limit).quiet(patience);
        let terms = Terms { began, age, limit, first, quiet, subscription };
        Scheduler::join(&self.client, &self.reference(), &self.id, listener, key, terms)
    }

    fn age_at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.made.0) + self.made.1
    }

    /// Whether the job was submitted just now, and so cannot be done yet.
    pub(crate) fn is_fresh(&self, began: Instant) -> bool {
        self.age_at(began) < Duration::from_secs(1) && self.status.as_ref().is_some_and(|status| !status.is_done())
    }

    fn first_look(&self, began: Instant, limit: Duration) -> Instant {
        if !self.is_fresh(began) {
            return began;
        }
        let inner = self.client.inner();
        began + Wait::new(inner.poll.clone(), self.age_at(began), limit).first(inner.outside().jitter())
    }

    /// What the end of a wait means to the caller.
    pub(crate) fn ended(&self, end: End, waited: Duration, last: Option<JobStatus>) -> Result<K::Job> {
        match end {
            End::Done(job) | End::Told(job) => match K::of(*job) {
                Some(mut job) => {
                    K::tie(&mut job, &self.inputs);
                    self.client.inner().taken(self.rid);
                    Ok(job)
                }
                None => Err(self.lost(None, last)),
            },
            End::Failed(error) if error.kind() == ErrorKind::Closed => Err(error.with_job(last, self.resume_token())),
            End::Failed(error) => Err(error),
            End::Lost(source) => {
                self.client.inner().taken(self.rid);
                Err(self.lost(source, last))
            }
            End::TimedOut(Ok(status)) => Err(self.timed_out(None, waited, Some(status))),
            End::TimedOut(Err(source)) => Err(self.timed_out(Some(source), waited, last)),
        }
    }

    pub(crate) fn timed_out(&self, source: Option<Error>, waited: Duration, status: Option<JobStatus>) -> Error {
        let token = self.resume_token();
        let last = source.as_ref().map(|error| format!(" (the last look failed: {error})")).unwrap_or_default();
        let message = format!(
            "waited {} s for {} job {}, last status {}{last}; it may still finish: client.resume(\"{token}\").wait()",
            crate::http::in_seconds(waited),
            K::KIND,
            self.id,
            status_word(status.as_ref()),
        );
        let error = Error::new(ErrorKind::WaitTimeout, message).with_job(status, token);
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    fn lost(&self, source: Option<Error>, status: Option<JobStatus>) -> Error {
        let message = format!(
            "the API does not know {} job {} any more, last status {}; submit the pictures again if you still need them",
            K::KIND,
            self.id,
            status_word(status.as_ref()),
        );
        let error = Error::new(ErrorKind::JobLost, message)
            .with_job(status, self.resume_token())
            .with_status(source.as_ref().and_then(Error::status).unwrap_or(404));
        match source {
            Some(source) => error.with_request_id(source.request_id().map(str::to_owned)).with_source(source),
            None => error,
        }
    }

    /// The job as it is now, done or not.
    pub async fn get(&self) -> Result<K::Job> {
        let mut job = self.jobs().get(&self.id).await?;
        K::tie(&mut job, &self.inputs);
        if K::facts(&job).status.is_done() {
            self.client.inner().taken(self.rid);
        }
        Ok(job)
    }

    /// Waits until the job is done, at most 15 minutes.
    ///
    /// A job that ended with errors is a result. Fails with `wait_timeout`, which carries a resume token; with `job_lost`
    /// where the API no longer knows the job; with `authentication` and the like. Whatever may pass, passes: a reset, a
    /// 503 or a 429 does not end a wait.
    ///
    /// Where the client has a [receiver of webhooks](crate::ClientBuilder::webhooks), the wait takes whichever comes first,
    /// and a job whose webhook comes in time is not asked for at all. It takes nothing from the receiver's handlers.
    pub async fn wait(&self) -> Result<K::Job> {
        self.wait_for(Wait::DEFAULT_LIMIT).await
    }

    /// Waits until the job is done, at most so long. There is always one look at the deadline, which may take 5 s more.
    ///
    /// ```
    /// use std::time::Duration;
    /// use image_intelligence::ErrorKind;
    ///
    /// # use image_intelligence::Client;
    /// # use image_intelligence_server::{Progression, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().progression(Progression::Never).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let job = client.detect([b"..".to_vec()]).class("person").send().await?;
    /// match job.wait_for(Duration::from_millis(10)).await {
    ///     Err(error) if error.kind() == ErrorKind::WaitTimeout => {
    ///         println!("later: {}", error.resume_token().unwrap_or_default());
    ///     }
    ///     done => println!("{}", done?.status),
    /// }
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn wait_for(&self, limit: Duration) -> Result<K::Job> {
        let mut updates = self.updates_for(limit);
        loop {
            match updates.next().await {
                Some(Ok(Update::Done(job))) => return Ok(job),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                // Updates end with a result or an error; were they to end without, waiting on would be the worst answer.
                None => return self.get().await,
            }
        }
    }

    /// The wait step by step: each look at the job, each look that failed, and at last the result. At most 15 minutes.
    pub fn updates(&self) -> Updates<K> {
        self.updates_for(Wait::DEFAULT_LIMIT)
    }

    /// The wait step by step, at most so long.
    ///
    /// ```
    /// use image_intelligence::Update;
    ///
    /// # use image_intelligence::Client;
    /// # use image_intelligence_server::{Answers, Found, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// # let mut found = Vec::new();
    /// let job = client.detect([b"..".to_vec()]).class("person").send().await?;
    /// let mut updates = job.updates();
    /// while let Some(update) = updates.next().await {
    ///     match update? {
    ///         Update::Progress { status, .. } => println!("{status}"),
    ///         Update::PollFailed(error) => println!("never mind: {error}"),
    ///         Update::Done(job) => {
    ///             println!("found: {:?}", job.classes());
    /// #           found = job.classes().into_iter().map(str::to_owned).collect();
    ///         }
    ///         _ => {}
    ///     }
    /// }
    /// # assert_eq!(found, ["person"]);
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn updates_for(&self, limit: Duration) -> Updates<K> {
        Updates::new(self.clone(), limit)
    }
}

/// A status in a sentence.
pub(crate) fn status_word(status: Option<&JobStatus>) -> &str {
    status.map(JobStatus::as_str).filter(|status| !status.is_empty()).unwrap_or("unknown")
}
