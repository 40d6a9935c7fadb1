//! How a client is set up.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{
    BaseUrl, Callbacks, Dialect, Error, ErrorKind, Limits, PollPolicy, Result, RetryPolicy, SchedulePolicy, Secret,
    TokenRequest,
};

use crate::auth::{CredentialTokens, TokenProvider};
use crate::call::{Caller, Gate};
use crate::client::{Client, Inner};
use crate::http::Http;
use crate::journal::Journal;
use crate::outside::{Outside, Real};
use crate::pictures::{Pictures, Policy};
use crate::scheduler::Scheduler;
use crate::tls;

/// Sets up a [`Client`]; every setting has a default that suits most.
///
/// ```
/// use std::time::Duration;
/// use image_intelligence::Client;
///
/// let client = Client::builder()
///     .base_url("http://127.0.0.1:8080/v2")
///     .credentials("local", "local")
///     .request_timeout(Duration::from_secs(20))
///     .build()?;
/// # Ok::<(), image_intelligence::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    base_url: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
    tokens: Option<Arc<dyn TokenProvider>>,
    allow_plain_http: bool,
    roots: Vec<Vec<u8>>,
    request_timeout: Duration,
    connect_timeout: Duration,
    largest_request: usize,
    largest_picture: usize,
    recover_for: Duration,
    retry: RetryPolicy,
    poll: PollPolicy,
    schedule: SchedulePolicy,
    limits: Limits,
    user_agent: Option<String>,
    dialect: Dialect,
    outside: Option<Arc<dyn Outside>>,
    callbacks: Vec<Arc<dyn Callbacks>>,
    journal: Option<PathBuf>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            base_url: None,
            client_id: None,
            client_secret: None,
            tokens: None,
            allow_plain_http: false,
            roots: Vec::new(),
            request_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            largest_request: 100 * 1024 * 1024,
            largest_picture: 32 * 1024 * 1024,
            recover_for: Duration::from_secs(30),
            retry: RetryPolicy::default(),
            poll: PollPolicy::default(),
            schedule: SchedulePolicy::default(),
            limits: Limits::default(),
            user_agent: None,
            dialect: Dialect::default(),
            outside: None,
            callbacks: Vec::new(),
            journal: None,
        }
    }
}

impl ClientBuilder {
    /// Takes from the environment what it says: `II_CLIENT_ID`, `II_CLIENT_SECRET`, `II_BASE_URL`. An empty one counts as
    /// not set.
    pub fn from_env(mut self) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        self.client_id = variable("II_CLIENT_ID").or(self.client_id);
        self.client_secret = variable("II_CLIENT_SECRET").map(Secret::from).or(self.client_secret);
        self.base_url = variable("II_BASE_URL").or(self.base_url);
        self
    }

    /// Where the API is; the public one where this is not said.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Who asks, and the proof.
    pub fn credentials(mut self, client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        self.client_id = Some(client_id.into());
        self.client_secret = Some(client_secret.into());
        self
    }

    /// Who asks, where the secret comes from elsewhere (the environment).
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// The proof, where the client id comes from elsewhere (the environment).
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Takes access tokens from somewhere else than a client id and secret.
    pub fn token_provider(mut self, tokens: impl TokenProvider + 'static) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// Allows a base URL that starts with `http://` and is not on this machine. Everybody on the way can read the token.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// Trusts one more certificate authority, such as a company's own: one or more certificates in PEM.
    pub fn add_root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// How long one request may take, its answer too; a large body gets more. 60 s.
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.request_timeout = limit;
        self
    }

    /// How long making a connection may take. 10 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How many bytes the body of one submit may have, pictures in base64 and all. 100 MiB.
    pub fn largest_request(mut self, bytes: usize) -> Self {
        self.largest_request = bytes;
        self
    }

    /// How many bytes a picture may have that [`Client::image`] fetches. 32 MiB.
    pub fn largest_picture(mut self, bytes: usize) -> Self {
        self.largest_picture = bytes;
        self
    }

    /// For how long a job whose submit's answer was lost is looked for. 30 s.
    pub fn recover_for(mut self, limit: Duration) -> Self {
        self.recover_for = limit;
        self
    }

    /// How often and how long to try reads again. [`RetryPolicy::never`] leaves it to the caller.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How often waits look at a job.
    pub fn poll(mut self, policy: PollPolicy) -> Self {
        self.poll = policy;
        self
    }

    /// How the waits share their requests, once more than a few jobs are open.
    pub fn schedule(mut self, policy: SchedulePolicy) -> Self {
        self.schedule = policy;
        self
    }

    /// The API's limits, where they differ from the documented ones.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What to say in `User-Agent`, before our own name.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Says in which language the caller writes, for bindings: advice names things as they are called there.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Keeps track of every submit in a file, so that a crash between a request and its answer loses no job and makes none
    /// twice: at the next start [`Client::recover`] says what became of each.
    ///
    /// The file is made where there is none, readable by its owner only, with a `-lock` beside it; one client has it open at
    /// a time. A submit whose intent cannot be written there fails with `store`, and is not sent. It costs two syncs of the
    /// file a submit, which submits at one time share. It holds names, ids and times, and no picture, URL or secret.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("submits.jsonl");
    /// use image_intelligence::Client;
    ///
    /// let client = Client::builder().credentials("local", "local").journal(path).build()?;
    /// # Ok::<(), image_intelligence::Error>(())
    /// ```
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// Tells one more of every submit, in the order in which they were given, after the [journal](Self::journal). The first
    /// that gives a URL to be called back at has the finished job posted there, of jobs without a
    /// [`webhook_url`](crate::JobBuilder::webhook_url) of their own; such a job is recorded like any other, as its end is to
    /// be known all the same. Waits listen to the first that has a subscription for their job.
    ///
    /// Where one of them fails before the job is sent, it is not sent. Where one fails afterwards, that is logged as a
    /// warning: the job is there, and its handle is given to the caller all the same.
    pub fn callbacks(mut self, callbacks: Arc<dyn Callbacks>) -> Self {
        self.callbacks.push(callbacks);
        self
    }

    /// Has finished jobs posted to a receiver of webhooks, so that waits seldom need to ask for them. Whatever else has
    /// [`Callbacks`] is given in the same way.
    ///
    /// Each job that is submitted then carries a URL of its own, unless it has a
    /// [`webhook_url`](crate::JobBuilder::webhook_url) of the caller's, and the receiver knows of it before it is sent.
    /// [`Job::wait`](crate::Job::wait) and its like take whichever comes first: what the receiver tells, or a look at the job,
    /// which is not made before the webhook is overdue, nor after a third of the time that the wait has. The client holds on
    /// to the receiver; the receiver asks the client for jobs for as long as there is a clone of it that is not closed.
    pub fn webhooks<R: Callbacks + Clone + 'static>(self, receiver: &R) -> Self {
        self.callbacks(Arc::new(receiver.clone()))
    }

    /// Stands in for the network, the time of day and chance: for tests that replay a run exactly.
    #[doc(hidden)]
    pub fn outside(mut self, outside: Arc<dyn Outside>) -> Self {
        self.outside = Some(outside);
        self
    }

    /// Makes the client; nothing is sent yet. Reads the [journal](Self::journal), where there is one.
    ///
    /// Fails with `config`, saying which setting is missing or wrong; with `store` where the journal is in use, cannot be
    /// opened, is damaged, or is none.
    pub fn build(self) -> Result<Client> {
        if self.request_timeout.is_zero() {
            return Err(Error::new(ErrorKind::Config, "request timeout: 0 given, and no request is that fast"));
        }
        let base = BaseUrl::parse(self.base_url.as_deref().unwrap_or(BaseUrl::PUBLIC))?;
        if !base.is_https() && !base.is_loopback() && !self.allow_plain_http {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "base URL: {base} is not encrypted, and everybody on the way could read the token; use https:// (or {})",
                    self.dialect.allow_plain_http()
                ),
            ));
        }
        let ours = concat!("image-intelligence/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.map_or_else(|| ours.to_owned(), |name| format!("{name} {ours}"));
        let tls = tls::config(&self.roots)?;
        let policy = Policy::new(&base, self.allow_plain_http);
        let pictures = Pictures::new(tls.clone(), policy, self.largest_picture, agent.clone(), self.request_timeout);
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            .user_agent(agent);
        if base.is_loopback() {
            // A proxy on another machine would look for the server there.
            http = http.no_proxy();
        }
        let outside = match self.outside {
            Some(outside) => outside,
            None => Arc::new(Real::new(http)?),
        };
        let http = Arc::new(Http::new(outside, self.request_timeout));
        let gate = Arc::new(Gate::default());
        let (tokens, credentials, secret): (Arc<dyn TokenProvider>, _, _) = if let Some(tokens) = self.tokens {
            (tokens, None, None)
        } else {
            let credentials = credentials(self.client_id, self.client_secret, self.dialect)?;
            let secret = credentials.client_secret.clone();
            let (http, gate) = (Arc::clone(&http), Arc::clone(&gate));
            let bought = CredentialTokens::new(http, base.clone(), credentials, self.retry.clone(), gate);
            let bought = Arc::new(bought);
            (Arc::clone(&bought) as Arc<dyn TokenProvider>, Some(bought), Some(secret))
        };
        // The last thing that can fail, so that no other failure leaves it open.
        let journal = self.journal.map(|path| Journal::open(path, &base).map(Arc::new)).transpose()?;
        let first = journal.clone().map(|journal| journal as Arc<dyn Callbacks>);
        Ok(Client::new(|attached| Inner {
            attached,
            callbacks: first.into_iter().chain(self.callbacks).collect(),
            journal,
            caller: Caller { http, tokens, gate, secret },
            credentials,
            pictures,
            base,
            retry: self.retry,
            poll: self.poll,
            limits: self.limits,
            largest_request: self.largest_request,
            recover_for: self.recover_for,
            dialect: self.dialect,
            closed: tokio::sync::watch::Sender::new(false),
            scheduler: Scheduler::new(self.schedule),
        }))
    }
}

/// A setting that a program read from somewhere, and that turned out to be nothing.
fn is_empty(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.trim().is_empty())
}

fn credentials(id: Option<String>, secret: Option<Secret>, dialect: Dialect) -> Result<TokenRequest> {
    let empty = match (is_empty(id.as_deref()), is_empty(secret.as_ref().map(Secret::expose))) {
        (true, _) => Some("client id"),
        (_, true) => Some("client secret"),
        _ => None,
    };
    if let Some(empty) = empty {
        let message = format!("{empty}: an empty text given; pass a whole one, or nothing for the environment's");
        return Err(Error::new(ErrorKind::Config, message));
    }
    let missing = match (&id, &secret) {
        (Some(_), Some(_)) => None,
        (None, None) => Some("II_CLIENT_ID and II_CLIENT_SECRET are"),
        (None, _) => Some("II_CLIENT_ID is"),
        (_, None) => Some("II_CLIENT_SECRET is"),
    };
    match (id, secret, missing) {
        (Some(id), Some(secret), None) => Ok(TokenRequest::new(id, secret)),
        (_, _, missing) => Err(Error::new(
            ErrorKind::Config,
            format!(
                "{} not set; set both in the environment, or pass them: {}",
                missing.unwrap_or("the credentials are"),
                dialect.credentials()
            ),
        )),
    }
}
