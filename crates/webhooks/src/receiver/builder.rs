//! Everything about a receiver that can be chosen.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI32;

use image_intelligence_core::{Dialect, Error, ErrorKind, PublicBase, Result, Secret, SignatureOptions};
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

pub(super) const MOST_FORMER: usize = 3;
const MOST_SECRETS: usize = 4;

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
    share: Option<f64>,
    limits: ReceiverLimits,
    /// In whose words advice names settings.
    dialect: Dialect,
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
            share: None,
            limits: ReceiverLimits::default(),
            dialect: Dialect::default(),
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

    /// For tests, which cannot wait for minutes: what takes its time takes so large a share of it.
    #[doc(hidden)]
    pub fn hurried(mut self, share: f64) -> Self {
        self.share = Some(share);
        self
    }

    /// In whose words advice names settings: for the bindings.
    #[doc(hidden)]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
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
        self.limits.check(self.dialect)?;
        let listener = TcpListener::bind(address).await.map_err(|error| cannot(&error))?;
        let address = listener.local_addr().map_err(|error| cannot(&error))?;
        let mut receiver = self.open(Some(address)).await?;
        let (stop, stopped) = watch::channel(false);
        let descriptor = Arc::new(AtomicI32::new(listener::descriptor(&listener)));
        let served = listener::serve(listener, Arc::clone(&descriptor), Arc::clone(&receiver.desk), stopped);
        let task = tokio::spawn(served);
        receiver.listening = Some(Arc::new(Listening::new(address, descriptor, stop, task)));
        Ok(receiver)
    }

    /// Without a listener, for a server of your own: mount [`Receiver::service`] there, or pass requests to
    /// [`Receiver::handle`]. Must be called within a Tokio runtime, which from then on does the receiver's work.
    ///
    /// Fails with `config` where a setting is no good or there is no [`public_url`](Self::public_url), and with `store`
    /// where the inbox's keys cannot be read, and with `closed` in a forked child.
    pub async fn build(self) -> Result<Receiver> {
        self.limits.check(self.dialect)?;
        self.open(None).await
    }

    async fn open(self, address: Option<SocketAddr>) -> Result<Receiver> {
        self.inbox.here()?;
        let bases = self.bases(address)?;
        check_secrets(&self.secrets)?;
        let hub = Arc::clone(&self.inbox.hub);
        let map = Map::new(&bases);
        let public_url = bases.first().map(PublicBase::to_string).unwrap_or_default();
        let mut bases = bases.into_iter();
        let settings = Settings {
            base: bases.next(),
            former: bases.collect(),
            keys: self.inbox.given_keys(),
            confirm: self.confirm,
            ..self.share.map_or_else(Settings::default, |share| Settings::default().hurried(share))
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
        let refuse = |name: &str, problem: fmt::Arguments<'_>| {
            Err(Error::new(ErrorKind::Config, format!("{}: {problem}", self.dialect.setting(name))))
        };
        let unsaid = |why: fmt::Arguments<'_>| {
            let say = self.dialect.set("public_url", "https://hooks.example.com/ii");
            refuse(
                "public_url",
                format_args!("not given, and {why}; say {say}, the address at which the service reaches us"),
            )
        };
        let public = match (&self.public_url, address) {
            (Some(url), _) => PublicBase::parse(url)?,
            (None, Some(address)) if address.ip().is_loopback() => PublicBase::parse(&format!("http://{address}"))?,
            (None, Some(address)) => return unsaid(format_args!("{address} is no public address")),
            (None, None) => return unsaid(format_args!("there is no listener")),
        };
        if self.former_urls.len() > MOST_FORMER {
            let given = self.former_urls.len();
            return refuse("former_urls", format_args!("{given} given, at most {MOST_FORMER}; leave out the oldest"));
        }
        let mut bases = vec![public];
        for url in &self.former_urls {
            bases
                .push(PublicBase::parse(url).map_err(|error| error.with_context(self.dialect.setting("former_urls")))?);
        }
        Ok(bases)
    }
}

/// Core says the same, but only once a body is there.
pub(super) fn check_secrets(secrets: &[Secret]) -> Result<()> {
    let refuse = |problem: &str| Err(Error::new(ErrorKind::Config, format!("webhook secrets: {problem}")));
    if secrets.len() > MOST_SECRETS {
        return refuse("more than four given; leave out the oldest");
    }
    if secrets.iter().any(|secret| secret.expose().bytes().all(|byte| byte == 0)) {
        return refuse("an empty one given; is the variable that should hold it set?");
    }
    Ok(())
}

/// Shows no secret.
impl fmt::Debug for ReceiverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverBuilder").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

fn cannot(error: &std::io::Error) -> Error {
    use std::io::ErrorKind as Io;
    let way_out = match error.kind() {
        Io::AddrInUse => "choose another port, or 0 for a free one",
        Io::PermissionDenied => "choose a port above 1023, or 0 for a free one",
        Io::AddrNotAvailable => "no such address is this machine's; 0.0.0.0 stands for all that are",
        _ => "an address is a host and a port, such as 127.0.0.1:8787",
    };
    Error::new(ErrorKind::Config, format!("the receiver cannot listen: {error}; {way_out}"))
}
