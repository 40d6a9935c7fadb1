//! The client: what a program holds one of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{
    AskRequest, BaseUrl, Callbacks, Class, DetectRequest, Dialect, Error, ErrorKind, JobSearch, Limits, MatchRequest,
    PollPolicy, RecognizeRequest, Repeat, Result, ResumeToken, RetryPolicy, Rid, Target, TokenAnswer, WebhookRequest,
};

use tokio::sync::watch;

use crate::as_completed::{AsCompleted, Tracked};
use crate::auth::CredentialTokens;
use crate::builder::ClientBuilder;
use crate::call::Caller;
use crate::feedback::Feedbacks;
use crate::http::Request;
use crate::image::Image;
use crate::job::Job;
use crate::job_builder::JobBuilder;
use crate::jobs::Jobs;
use crate::journal::Journal;
use crate::kind::{Ask, Detect, JobKind, Match, Recognize};
use crate::outside::Outside;
use crate::pictures::Pictures;
use crate::recognition::Recognition;
use crate::registration::{self, Registration};
use crate::scheduler::Scheduler;
use crate::source::Attached;

/// Talks to one API. Cheap to clone; clones share their connections, their token and their manners.
///
/// Needs a tokio runtime with time and I/O.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) caller: Caller,
    /// Where the tokens come from, if they are bought with credentials.
    pub(crate) credentials: Option<Arc<CredentialTokens>>,
    pub(crate) pictures: Pictures,
    pub(crate) base: BaseUrl,
    pub(crate) retry: RetryPolicy,
    pub(crate) poll: PollPolicy,
    pub(crate) limits: Limits,
    pub(crate) largest_request: usize,
    pub(crate) recover_for: Duration,
    /// Who is told of every submit.
    pub(crate) callbacks: Vec<Arc<dyn Callbacks>>,
    pub(crate) journal: Option<Arc<Journal>>,
    /// Whom they may ask for jobs: it lives as long as this does.
    pub(crate) attached: Arc<Attached>,
    pub(crate) dialect: Dialect,
    pub(crate) closed: watch::Sender<bool>,
    pub(crate) scheduler: Scheduler,
}

impl Inner {
    /// The network, the time of day, and chance.
    pub(crate) fn outside(&self) -> &dyn Outside {
        &*self.caller.http.outside
    }

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

impl Inner {
    /// The result of a job is in the caller's hands.
    pub(crate) fn taken(&self, rid: Rid) {
        if let Some(journal) = &self.journal {
            journal.taken(rid);
        }
    }

    /// A read: sent again where that may help, until the client is closed.
    pub(crate) async fn read<T>(&self, request: &Request, read: impl Fn(&[u8]) -> Result<T>) -> Result<T> {
        let call = self.caller.call(request, Repeat::Harmless, &self.retry, read);
        self.while_open(async { call.await.map_err(|failed| failed.error) }).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.0.base.to_string()).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes one of what it holds, which may hold on to what is [`Attached`] to it. Those who are told of submits are told of
    /// that.
    pub(crate) fn new(inner: impl FnOnce(Arc<Attached>) -> Inner) -> Self {
        let client = Self(Arc::new_cyclic(|weak| inner(Arc::new(Attached(weak.clone())))));
        for one in &client.0.callbacks {
            let attached = Arc::downgrade(&client.0.attached);
            one.attach(attached);
        }
        client
    }

    pub(crate) fn of(inner: Arc<Inner>) -> Self {
        Self(inner)
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

    /// The access token in hand, or else a new one: whose it is, what it allows, and when it ends.
    ///
    /// Every call has one without asking; this is for who wants to see what the credentials are good for, or needs the token
    /// for a call of their own. Fails with `config` where the tokens come from a [provider](crate::TokenProvider), which
    /// knows more of them than we do.
    ///
    /// ```
    /// # use image_intelligence::Client;
    /// # use image_intelligence_server::Server;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let token = client.access_token().await?;
    /// println!("{}", token.scopes.join(" "));
    /// # assert!(token.scopes.iter().any(|scope| scope == "detect:create") && token.expires_at.is_some());
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn access_token(&self) -> Result<TokenAnswer> {
        let Some(credentials) = &self.0.credentials else {
            let message = "the tokens come from a provider of your own; ask that";
            return Err(Error::new(ErrorKind::Config, message));
        };
        self.0.while_open(credentials.get(None)).await
    }

    /// Ends every call and every wait of this client and its clones with `closed`, lets the connections go, and refuses
    /// further calls. A submit that is under way may arrive all the same. Dropping the last clone does the same quietly.
    pub fn close(&self) {
        self.0.closed.send_replace(true);
        self.0.caller.http.close();
        self.0.pictures.close();
        if let Some(journal) = &self.0.journal {
            journal.close();
        }
    }

    /// Asks which classes of objects are in the pictures: 1 to 64 of them, as files, bytes or URLs.
    ///
    /// Nothing is sent before [`JobBuilder::send`].
    pub fn detect<I>(&self, images: I) -> JobBuilder<Detect>
    where
        I: IntoIterator,
        I::Item: Into<Image>,
    {
        self.job(images, DetectRequest::new([], Vec::<Class>::new()))
    }

    /// Asks which of the pictures shows a target: this one of a class, as 1 to 3 other pictures show it.
    ///
    /// Nothing is sent before [`JobBuilder::send`].
    ///
    /// ```
    /// use image_intelligence::{Client, Image, Target};
    /// # use image_intelligence_server::Server;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let rex = Target::new("dog", ["https://example.com/rex.jpg"]);
    /// let job = client.match_target([Image::file("../../examples/photos/chelsea.jpg")], rex).send().await?.wait().await?;
    /// match job.matched() {
    ///     Some(image) => println!("there he is: {}", image.custom_id_or_url()),
    ///     None => println!("not seen"),
    /// }
    /// # assert!(job.matched().is_none());
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn match_target<I>(&self, images: I, target: Target) -> JobBuilder<Match>
    where
        I: IntoIterator,
        I::Item: Into<Image>,
    {
        self.job(images, MatchRequest::new([], target))
    }

    /// Asks a question about the pictures, to be answered with yes or no, in at most 256 characters.
    ///
    /// Nothing is sent before [`JobBuilder::send`].
    ///
    /// ```
    /// use image_intelligence::{Client, Image};
    /// # use image_intelligence_server::Server;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let door = [Image::file("../../examples/photos/coffee.jpg")];
    /// let job = client.ask(door, "Is the door open?").send().await?.wait().await?;
    /// println!("{}", if job.yes().is_some() { "yes" } else { "no" });
    /// # assert!(job.yes().is_none());
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn ask<I>(&self, images: I, question: impl Into<String>) -> JobBuilder<Ask>
    where
        I: IntoIterator,
        I::Item: Into<Image>,
    {
        self.job(images, AskRequest::new([], question))
    }

    /// Looks for faces in the pictures, and for whose they are among the identities of a namespace.
    ///
    /// Nothing is sent before [`JobBuilder::send`].
    ///
    /// ```
    /// use image_intelligence::{Client, Image};
    /// # use image_intelligence_server::{Answer, Answers, FoundFace, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let face = Answer::faces([FoundFace::new(0.97)]);
    /// # let answers = Answers::new().otherwise_answer(image_intelligence::Kind::Recognize, face);
    /// # let server = Server::builder().scripted(answers).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let door = [Image::file("../../examples/photos/astronaut.jpg")];
    /// let job = client.recognize("staff", door).send().await?.wait().await?;
    /// for hit in job.faces() {
    ///     let who = hit.face.identity_id.as_deref().unwrap_or("somebody unknown");
    ///     println!("{}: {who}", hit.image.custom_id_or_url());
    /// }
    /// # assert_eq!(job.faces().count(), 1);
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn recognize<I>(&self, namespace: impl Into<String>, images: I) -> JobBuilder<Recognize>
    where
        I: IntoIterator,
        I::Item: Into<Image>,
    {
        let mut job = self.job(images, RecognizeRequest::new([]));
        job.namespace = Some(namespace.into());
        job
    }

    pub(crate) fn job<K: JobKind, I>(&self, images: I, request: K::Request) -> JobBuilder<K>
    where
        I: IntoIterator,
        I::Item: Into<Image>,
    {
        JobBuilder::new(self.clone(), images.into_iter().map(Into::into).collect(), request)
    }

    /// Jobs that were made before: to read, search, and wait for. Those that recognize are in
    /// [`recognition`](Self::recognition).
    pub fn jobs<K: JobKind<Search = JobSearch>>(&self) -> Jobs<K> {
        Jobs::new(self.clone(), None)
    }

    /// What the service keeps of faces in a namespace: identities, pictures, groups and the jobs that found them. At most
    /// 128 characters.
    pub fn recognition(&self, namespace: impl Into<String>) -> Recognition {
        Recognition::new(self.clone(), namespace.into())
    }

    /// Feedback about detect jobs.
    pub fn feedback(&self) -> Feedbacks {
        Feedbacks::new(self.clone())
    }

    /// Has the events of this application posted to a URL: whenever somebody becomes known, or what is known of them
    /// changes. There is one such webhook for each application, and it cannot be taken back.
    ///
    /// It is sent once: where the answer is lost, the error is `outcome_unknown`.
    ///
    /// ```
    /// use image_intelligence::{Client, WebhookRequest};
    /// # use image_intelligence_server::Server;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let request = WebhookRequest::new("https://hooks.example.com/ii").secret_key("correct horse battery");
    /// let registered = client.register_webhook(request).await?;
    /// println!("{}", registered.webhook.id);
    /// # assert_eq!(registered.secret_key.unwrap().expose(), "correct horse battery");
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn register_webhook(&self, request: WebhookRequest) -> Result<Registration> {
        registration::register(self, request).await
    }

    /// The bytes of a picture that an answer names, by its `proxyUrl` or the `url` of a face.
    ///
    /// It is fetched without the token; only by https, and only from a public address (from this machine, too, where the
    /// API is on it). At most 32 MiB: see [`ClientBuilder::largest_picture`].
    ///
    /// Fails with `invalid_request` for a URL that is not fetched, with `too_large`, and as its host answers.
    ///
    /// ```
    /// use image_intelligence::Client;
    /// # use image_intelligence_server::{Answers, Found, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// # let job = client.detect([b"..".to_vec()]).class("person").send().await?.wait().await?;
    /// # let mut fetched = Vec::new();
    /// for image in &job.image_results {
    ///     if let Some(url) = &image.proxy_url {
    ///         let bytes = client.image(url).await?;
    ///         println!("{} bytes", bytes.len());
    /// #       fetched.push(bytes);
    ///     }
    /// }
    /// # assert_eq!(fetched, [&b".."[..]]);
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn image(&self, url: &str) -> Result<Bytes> {
        self.0.while_open(self.0.pictures.fetch(&self.0, url)).await
    }

    /// Waits for many jobs at once, and gives each when it ends. They share their requests, however many they are: hundreds
    /// of jobs take about two requests a second.
    ///
    /// ```
    /// # use image_intelligence::Client;
    /// # use image_intelligence_server::{Answers, Found, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let mut jobs = Vec::new();
    /// for frame in [b"one".to_vec(), b"two".to_vec()] {
    ///     jobs.push(client.detect([frame]).class("person").send().await?);
    /// }
    /// # let mut done = 0;
    /// let mut ended = client.as_completed(jobs);
    /// while let Some((job, result)) = ended.next().await {
    ///     match result {
    ///         Ok(result) => println!("{}: {:?}", job.id(), result.classes()),
    ///         Err(error) => println!("{}: {error}", job.id()),
    ///     }
    /// #   done += 1;
    /// }
    /// # assert_eq!(done, 2);
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn as_completed<K: JobKind>(&self, jobs: impl IntoIterator<Item = Job<K>>) -> AsCompleted<K> {
        AsCompleted::new(self.clone(), jobs.into_iter().collect())
    }

    /// Takes up many jobs again by their resume tokens, whatever their kinds, and gives each when it ends, with its token.
    ///
    /// Fails with `resume_token` where one is malformed or of another API, and says which; nothing is sent then.
    ///
    /// ```
    /// # use image_intelligence::Client;
    /// # use image_intelligence_server::{Answers, Found, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// # let tokens = vec![client.detect([b"..".to_vec()]).class("person").send().await?.resume_token()];
    /// // "ii1_.." lines from a file that another program wrote
    /// let mut ended = client.track(&tokens)?;
    /// while let Some((token, result)) = ended.next().await {
    ///     println!("{token}: {}", result?.status());
    /// }
    /// # assert!(client.track(["ii1_nonsense"]).is_err());
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn track<T: AsRef<str>>(&self, tokens: impl IntoIterator<Item = T>) -> Result<Tracked> {
        let tokens: Vec<String> = tokens.into_iter().map(|token| token.as_ref().to_owned()).collect();
        let jobs = self.resume_each(&tokens)?;
        Ok(Tracked::new(self.clone(), tokens, jobs))
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
        Ok(Job::resumed(self.clone(), token))
    }
}
