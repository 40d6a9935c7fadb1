//! The one big builder: everything about a server that can be chosen.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{Error, Limits, Result, Secret};

use crate::credentials::Credentials;
use crate::delivery::Settings;
use crate::faults::Faults;
use crate::progression::Progression;
use crate::script::{AskedPicture, Script};
use crate::server::{self, Server};

/// Settings of a [`Server`]; every one has a default.
///
/// ```
/// use std::time::Duration;
/// use image_intelligence_server::{Progression, Server};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let server = Server::builder()
///     .progression(Progression::Time(Duration::from_secs(10)))
///     .time_scale(100.0)
///     .start()
///     .await?;
/// # server.shutdown().await;
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a server runs once it is started"]
pub struct ServerBuilder {
    pub(crate) address: SocketAddr,
    pub(crate) credentials: Credentials,
    pub(crate) token_life: Duration,
    pub(crate) time_scale: f64,
    pub(crate) progression: Progression,
    pub(crate) database: Option<PathBuf>,
    pub(crate) script: Arc<dyn Script>,
    pub(crate) allow_private: bool,
    pub(crate) max_body: usize,
    pub(crate) max_picture: usize,
    pub(crate) limits: Limits,
    pub(crate) workers: Option<usize>,
    pub(crate) memory_jobs: usize,
    pub(crate) memory_pictures: usize,
    pub(crate) memory_faces: usize,
    pub(crate) memory_identities: usize,
    pub(crate) memory_deliveries: usize,
    pub(crate) webhooks: Settings,
    pub(crate) pending_jobs: usize,
    pub(crate) pending_bytes: usize,
    pub(crate) shutdown_ceiling: Duration,
    pub(crate) faults: Faults,
    pub(crate) admin_token: Option<Secret>,
}

impl Default for ServerBuilder {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
            credentials: Credentials::local(),
            token_life: Duration::from_hours(24),
            time_scale: 1.0,
            progression: Progression::Immediate,
            database: None,
            script: Arc::new(|_: &AskedPicture<'_>| None),
            allow_private: false,
            max_body: 64 << 20,
            max_picture: 32 << 20,
            limits: Limits::default(),
            workers: None,
            memory_jobs: 10_000,
            memory_pictures: 64 << 20,
            memory_faces: 20_000,
            memory_identities: 10_000,
            memory_deliveries: 20_000,
            webhooks: Settings::default(),
            pending_jobs: 1_000,
            pending_bytes: 256 << 20,
            shutdown_ceiling: Duration::from_secs(10),
            faults: Faults::new(),
            admin_token: None,
        }
    }
}

impl ServerBuilder {
    /// Listens on this port; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Listens on this address, or address and port; the default is 127.0.0.1. Others than loopback need
    /// [`credentials`](Self::credentials) of their own.
    pub fn bind(mut self, address: impl Into<Bind>) -> Self {
        let Bind { ip, port } = address.into();
        self.address = SocketAddr::new(ip, port.unwrap_or(self.address.port()));
        self
    }

    /// Knows these clients. By default one, with id `local` and secret `local`, on a loopback bind only.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// How long a token lives, by the server's clock; 24 hours by default.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.token_life = life;
        self
    }

    /// Speeds the server's clock: 60 makes a minute of a second. 1 by default; more than 0 and at most a million.
    pub fn time_scale(mut self, scale: f64) -> Self {
        self.time_scale = scale;
        self
    }

    /// When a job whose work is over is shown as done; at once by default.
    pub fn progression(mut self, progression: Progression) -> Self {
        self.progression = progression;
        self
    }

    /// Keeps everything in this `SQLite` file, made where there is none, so that it survives a restart. By default memory
    /// keeps what fits.
    pub fn database(mut self, file: impl Into<PathBuf>) -> Self {
        self.database = Some(file.into());
        self
    }

    /// Has this script answer in place of a model.
    pub fn scripted(mut self, script: impl Script) -> Self {
        self.script = Arc::new(script);
        self
    }

    /// Has this detector look at the pictures.
    #[cfg(feature = "vision")]
    pub fn detector(self, detector: Arc<dyn image_intelligence_vision::Detector>) -> Self {
        self.scripted(crate::detector::Seeing::new(detector))
    }

    /// Fetches pictures from private, link-local and special addresses too. Whoever may send jobs then reaches them
    /// through this server; off by default.
    pub fn allow_private_addresses(mut self, allow: bool) -> Self {
        self.allow_private = allow;
        self
    }

    /// The largest body of a request, in bytes; 64 MiB by default. All bodies in flight together take at most twice that.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The largest picture that is fetched, in bytes; 32 MiB by default.
    pub fn max_picture(mut self, bytes: usize) -> Self {
        self.max_picture = bytes;
        self
    }

    /// The API's limits for requests.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many pictures are looked at at once; one a processor by default.
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = Some(count);
        self
    }

    /// How many jobs memory keeps, the oldest finished out; 10,000 by default, and fewer where they are so large that
    /// they take more than 64 MiB without their pictures. A job in progress is never thrown out: a new one is answered
    /// 429 where there is no room.
    pub fn memory_jobs(mut self, jobs: usize) -> Self {
        self.memory_jobs = jobs;
        self
    }

    /// How many bytes of pictures memory keeps, the oldest of finished jobs out; 64 MiB by default.
    pub fn memory_pictures(mut self, bytes: usize) -> Self {
        self.memory_pictures = bytes;
        self
    }

    /// How many faces memory keeps; 20,000 by default. The oldest that are nobody's go first, then the oldest. Of feedback
    /// it keeps 16 MiB, the oldest out.
    pub fn memory_faces(mut self, faces: usize) -> Self {
        self.memory_faces = faces;
        self
    }

    /// How many identities memory keeps; 10,000 by default. None is thrown out, for somebody made them: a new one is
    /// answered 429 where there is no room.
    pub fn memory_identities(mut self, identities: usize) -> Self {
        self.memory_identities = identities;
        self
    }

    /// How many webhooks memory keeps, with their attempts; 20,000 by default. The oldest that is delivered or given up goes
    /// first; where all are yet to go out, a new job with a `webhookUrl` is answered 429.
    pub fn memory_deliveries(mut self, deliveries: usize) -> Self {
        self.memory_deliveries = deliveries;
        self
    }

    /// How long the receiver of a webhook may take to answer, in real time whatever the time scale; 10 seconds by default.
    pub fn webhook_timeout(mut self, timeout: Duration) -> Self {
        self.webhooks.timeout = timeout;
        self
    }

    /// How often a webhook is sent until it is answered 200, the first time included; 6 by default, and at least 1.
    pub fn webhook_attempts(mut self, attempts: u32) -> Self {
        self.webhooks.attempts = attempts;
        self
    }

    /// How long to wait before each further attempt, by the server's clock (which `time_scale` speeds up), each spread by a
    /// tenth; the last counts for all beyond. By default 5 s, 30 s, 2 min, 10 min and 1 h.
    pub fn webhook_backoff(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.webhooks.backoff = waits.into_iter().collect();
        self
    }

    /// How many webhooks are under way at once, in all and to one scheme, host and port; 128 and 16 by default. One receiver
    /// that hangs does not stop the others.
    pub fn webhook_concurrency(mut self, in_all: usize, a_target: usize) -> Self {
        (self.webhooks.in_all, self.webhooks.a_target) = (in_all, a_target);
        self
    }

    /// How many jobs may be at work; more are answered 429. 1,000 by default.
    pub fn pending_jobs(mut self, jobs: usize) -> Self {
        self.pending_jobs = jobs;
        self
    }

    /// How many bytes of requests, pictures and all, may be at work; more are answered 429. 256 MiB by default.
    pub fn pending_bytes(mut self, bytes: usize) -> Self {
        self.pending_bytes = bytes;
        self
    }

    /// How long a shutdown waits for requests, then again for pictures that are being looked at, and then for webhooks that
    /// are being sent; 10 seconds by default.
    pub fn shutdown_ceiling(mut self, ceiling: Duration) -> Self {
        self.shutdown_ceiling = ceiling;
        self
    }

    /// Begins with these faults; none by default. `POST /_ii/faults` adds more while it runs.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Asks for this token under `/_ii`, sent as `Authorization: Bearer` or `II-Admin-Token`. Without one, `/_ii` is there
    /// on a loopback bind only, for callers who name it by its address; give one where a proxy there lets others in.
    pub fn admin_token(mut self, token: impl Into<Secret>) -> Self {
        self.admin_token = Some(token.into());
        self
    }

    /// Starts the server on the tokio runtime of the caller, and returns once it accepts connections.
    ///
    /// Fails with `config` where a setting is impossible or the address is taken, and with `store` where the database
    /// cannot be used.
    pub async fn start(self) -> Result<Server> {
        self.check()?;
        server::start(self).await
    }

    fn check(&self) -> Result<()> {
        let refuse = |problem: String| Err(Error::new(image_intelligence_core::ErrorKind::Config, problem));
        if !self.address.ip().is_loopback() && self.credentials.has_local() {
            let (id, ip) = (Credentials::LOCAL.0, self.address.ip());
            return refuse(format!(
                "the client \"{id}\" with the secret everybody knows is for this machine only, and {ip} is reachable from \
                 others; give credentials of your own, or bind to 127.0.0.1"
            ));
        }
        if !(self.time_scale > 0.0 && self.time_scale <= 1e6) {
            return refuse(format!(
                "time scale: {} given; it must be more than 0 and at most a million",
                self.time_scale
            ));
        }
        if self.max_body == 0 || self.pending_jobs == 0 {
            return refuse("max_body and pending_jobs must be more than 0, or no job could be sent".into());
        }
        let hooks = &self.webhooks;
        if hooks.attempts == 0 || hooks.in_all == 0 || hooks.a_target == 0 || hooks.timeout.is_zero() {
            return refuse(
                "webhooks: attempts, concurrency and time-out must be more than 0, or none could be sent".into(),
            );
        }
        if let Some(token) = &self.admin_token {
            let sendable = |byte: u8| byte.is_ascii_graphic();
            if token.expose().is_empty() || !token.expose().bytes().all(sendable) {
                return refuse(
                    "admin token: must not be empty, and of visible ASCII without spaces, or no header could carry it"
                        .into(),
                );
            }
        }
        Ok(())
    }
}

/// Where to listen: an address, with or without a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bind {
    ip: IpAddr,
    port: Option<u16>,
}

impl From<IpAddr> for Bind {
    fn from(ip: IpAddr) -> Self {
        Self { ip, port: None }
    }
}

impl From<Ipv4Addr> for Bind {
    fn from(ip: Ipv4Addr) -> Self {
        IpAddr::from(ip).into()
    }
}

impl From<SocketAddr> for Bind {
    fn from(address: SocketAddr) -> Self {
        Self { ip: address.ip(), port: Some(address.port()) }
    }
}
