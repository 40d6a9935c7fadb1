//! Everything about a receiver that can be chosen.

use std::net::SocketAddr;
use std::sync::Arc;

use image_intelligence_core::{Error, ErrorKind, PublicBase, Result, Secret, SignatureOptions};
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use super::desk::Desk;
use super::limits::ReceiverLimits;
use super::listener;
use super::route::Map;
use super::{Listening, Receiver};
use crate::follow::{Follow, Settings};
use crate::inbox::Inbox;

const MOST_FORMER: usize = 3;
const MOST_SECRETS: usize = 4;
const SAY_IT: &str = "say .public_url(\"https://hooks.example.com/ii\"), the address at which the service reaches us";

/// Settings of a [`Receiver`]: see [`Receiver::builder`].
#[derive(Clone)]
#[must_use = "nothing is received before it listens"]
pub struct ReceiverBuilder {
    inbox: Inbox,
    public_url: Option<String>,
    former_urls: Vec<String>,
    secrets: Vec<Secret>,
    signature: SignatureOptions,
    foreign: bool,
    confirm: Option<bool>,
    limits: ReceiverLimits,
}

impl ReceiverBuilder {
    pub(crate) fn new(inbox: &Inbox) -> Self {
        Self {
            inbox: inbox.clone(),
            public_url: None,
            former_urls: Vec::new(),
            secrets: Vec::new(),
            signature: SignatureOptions::default(),
            foreign: false,
            confirm: None,
            limits: ReceiverLimits::default(),
        }
    }

    /// The address at which the service reaches us, such as `https://hooks.example.com/ii`: each job's own URL begins with
    /// it. TLS ends in front of the listener. Only a listener on a loopback address can do without.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Up to three public addresses of earlier days, whose callback URLs may still be out and so are good.
    pub fn former_urls<U: Into<String>>(mut self, urls: impl IntoIterator<Item = U>) -> Self {
        self.former_urls = urls.into_iter().map(Into::into).collect();
        self
    }

    /// The secretKey with which the webhook was registered that posts to `{public_url}/events`: what is not signed with it is
    /// refused. One more each time it is called, up to four, so that one can follow another.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// As [`secret`](Self::secret), several at once.
    pub fn secrets<S: Into<Secret>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.secrets.extend(secrets.into_iter().map(Into::into));
        self
    }

    /// Whether HMAC-SHA1 will do as a signature too; no by default.
    pub fn allow_sha1(mut self, allow: bool) -> Self {
        self.signature.allow_sha1 = allow;
        self
    }

    /// Whether to take what nobody vouches for: jobs that others sent, at `{public_url}/jobs`, and, where there is no secret,
    /// events at `{public_url}/events`. No by default: then there are no such addresses.
    pub fn accept_foreign(mut self, accept: bool) -> Self {
        self.foreign = accept;
        self
    }

    /// Whether a job's webhook is only a hint until the API itself says the same: for that a client must be attached. By
    /// default our own jobs are confirmed always, and those that others sent once a client was attached.
    pub fn confirm(mut self, confirm: bool) -> Self {
        self.confirm = Some(confirm);
        self
    }

    /// How much a sender may use up.
    pub fn limits(mut self, limits: ReceiverLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Listens at that address, such as `0.0.0.0:8443`; port 0 takes a free one. Without a
    /// [`public_url`](Self::public_url) the public address is this one, which must be of the loopback then.
    ///
    /// Fails with `config` where a setting is no good or the address cannot be listened on, and with `store` where the
    /// inbox's keys cannot be read, and with `closed` in a forked child.
    pub async fn listen(self, address: impl ToSocketAddrs) -> Result<Receiver> {
        let cannot = |error: std::io::Error| {
            Error::new(
                ErrorKind::Config,
                format!("the receiver cannot listen: {error}; choose another port, or 0 for a free one"),
            )
        };
        self.limits.check()?;
        let listener = TcpListener::bind(address).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let mut receiver = self.open(Some(address)).await?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(listener::serve(listener, Arc::clone(&receiver.desk), stopped));
        receiver.listening = Some(Arc::new(Listening::new(address, stop, task)));
        Ok(receiver)
    }

    /// Without a listener, for a server of your own: mount [`Receiver::service`] there, or pass requests to
    /// [`Receiver::handle`]. Must be called within a Tokio runtime, which from then on does the receiver's work.
    ///
    /// Fails with `config` where a setting is no good or there is no [`public_url`](Self::public_url), and with `store`
    /// where the inbox's keys cannot be read, and with `closed` in a forked child.
    pub async fn build(self) -> Result<Receiver> {
        self.limits.check()?;
        self.open(None).await
    }

    async fn open(self, address: Option<SocketAddr>) -> Result<Receiver> {
        self.inbox.here()?;
        let bases = self.bases(address)?;
        self.check_secrets()?;
        let hub = Arc::clone(&self.inbox.hub);
        let map = Map::new(&bases);
        let public_url = bases.first().map(PublicBase::to_string).unwrap_or_default();
        let mut bases = bases.into_iter();
        let settings = Settings {
            base: bases.next(),
            former: bases.collect(),
            keys: self.inbox.given_keys(),
            confirm: self.confirm,
            ..Settings::default()
        };
        let desk = Desk {
            follow: Follow::start(Arc::clone(&hub), settings).await?,
            map,
            hub,
            secrets: self.secrets,
            signature: self.signature,
            foreign: self.foreign,
            room: Arc::new(Semaphore::new(self.limits.in_flight)),
            limits: self.limits,
            runtime: Handle::current(),
        };
        Ok(Receiver::new(self.inbox, public_url, Arc::new(desk)))
    }

    /// Today's public address first.
    fn bases(&self, address: Option<SocketAddr>) -> Result<Vec<PublicBase>> {
        let refuse = |problem: String| Err(Error::new(ErrorKind::Config, problem));
        let public = match (&self.public_url, address) {
            (Some(url), _) => PublicBase::parse(url)?,
            (None, Some(address)) if address.ip().is_loopback() => PublicBase::parse(&format!("http://{address}"))?,
            (None, Some(address)) => {
                return refuse(format!("public_url: not given, and {address} is no public address; {SAY_IT}"));
            }
            (None, None) => return refuse(format!("public_url: not given, and there is no listener; {SAY_IT}")),
        };
        if self.former_urls.len() > MOST_FORMER {
            let given = self.former_urls.len();
            return refuse(format!("former_urls: {given} given, at most {MOST_FORMER}; leave out the oldest"));
        }
        let mut bases = vec![public];
        for url in &self.former_urls {
            bases.push(PublicBase::parse(url).map_err(|error| error.with_context("former_urls"))?);
        }
        Ok(bases)
    }

    /// Core says the same, but only once a body is there.
    fn check_secrets(&self) -> Result<()> {
        let refuse = |problem: &str| Err(Error::new(ErrorKind::Config, format!("webhook secrets: {problem}")));
        if self.secrets.len() > MOST_SECRETS {
            return refuse("more than four given; leave out the oldest");
        }
        if self.secrets.iter().any(|secret| secret.expose().bytes().all(|byte| byte == 0)) {
            return refuse("an empty one given; is the variable that should hold it set?");
        }
        Ok(())
    }
}

/// Shows no secret.
impl std::fmt::Debug for ReceiverBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceiverBuilder").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}
