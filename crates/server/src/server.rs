//! A running server: how it comes up, and how it goes down.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::builder::ServerBuilder;
use crate::clock::Clock;
use crate::delivery::{self, Delivery};
use crate::engine::{Admission, Engine, Looking};
use crate::faults::Board;
use crate::fetch::{AddressPolicy, Fetcher};
use crate::http::{self, Access, Api, Bodies, Links};
use crate::progression::Gate;
use crate::script::Rules;
use crate::store::records::{Bounds, Listing};
use crate::store::{Memory, Shelf, Sqlite, Store, StoreError};
use crate::tokens::Tokens;

/// The largest body of a call that is never large, in bytes.
const SMALL_BODY: usize = 64 << 10;

/// How much feedback memory keeps, in bytes.
const MOST_FEEDBACK: usize = 16 << 20;

/// The whole API, running in this process until it is shut down or dropped.
///
/// ```
/// use image_intelligence_server::Server;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let server = Server::builder().start().await?;
/// println!("II_BASE_URL={} II_CLIENT_ID=local II_CLIENT_SECRET=local", server.base_url());
/// server.shutdown().await;
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
pub struct Server {
    address: SocketAddr,
    base_url: String,
    api: Arc<Api>,
    stop: watch::Sender<bool>,
    listener: JoinHandle<()>,
    ceiling: Duration,
}

impl Server {
    /// Settings for a new server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// What a client takes as its base URL, such as `http://127.0.0.1:8080/v2`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every webhook that is to be delivered or was, of all clients, with each attempt at it; the oldest first.
    ///
    /// Fails with `store` where the database cannot be read.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>> {
        let listed = self.api.outbox.list(Listing::default()).await.map_err(StoreError::into_error)?;
        Ok(listed.into_iter().rev().collect())
    }

    /// Begins a new round of attempts at a delivery, at once, whatever became of it; and says whether there is one of this
    /// id. The faults that were asked for are not played again.
    ///
    /// Fails with `store` where the database cannot be written.
    pub async fn redeliver(&self, id: &str) -> Result<bool> {
        self.api.outbox.redeliver(id.to_owned()).await.map_err(StoreError::into_error)
    }

    /// Stops in order: takes no more connections, lets requests in flight end (up to a ceiling), lets each picture that
    /// is being looked at and each webhook that is being sent come to its end, and returns. With a database nothing is
    /// lost: a job that was not done runs again at the next start, and a webhook that was not delivered goes out then.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let _ = (&mut self.listener).await;
        self.api.engine.close(self.ceiling).await;
        self.api.deliveries.close(self.ceiling).await;
    }
}

impl Drop for Server {
    /// Stops at once: connections are cut, jobs stay where they are.
    fn drop(&mut self) {
        self.listener.abort();
        self.api.engine.abort();
        self.api.deliveries.abort();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

pub(crate) async fn start(settings: ServerBuilder) -> Result<Server> {
    let faults = Board::new(settings.faults.clone())?;
    let (shelf, gate) = open(&settings).await?;
    let policy = AddressPolicy::new(settings.address, settings.allow_private);
    let fetcher = Fetcher::new(policy, settings.max_picture)?;
    let workers = settings.workers.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
    let rules = Arc::<Rules>::default();
    let looking = Looking { rules: Arc::clone(&rules), script: settings.script };
    let admission = Admission::new(settings.pending_jobs, settings.pending_bytes);

    let listener = TcpListener::bind(settings.address).await.map_err(|error| {
        Error::new(
            ErrorKind::Config,
            format!("cannot listen on {}: {error}; choose another port, or 0 for a free one", settings.address),
        )
    })?;
    let address = listener.local_addr().map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;

    let origin = http::origin_of(address);
    let (deliveries, outbox) =
        delivery::start(shelf.clone(), gate, settings.credentials.clone(), settings.webhooks, policy, origin).await?;
    let engine = Engine::start(shelf.clone(), outbox.clone(), looking, fetcher, workers).map_err(|error| {
        Error::new(ErrorKind::Config, format!("{workers} workers: a thread cannot be started ({error}); ask for fewer"))
    })?;
    let unfinished = shelf.call(Store::unfinished).await.map_err(StoreError::into_error)?;
    if !unfinished.is_empty() {
        tracing::info!(jobs = unfinished.len(), "running again what was in progress");
    }
    for job in unfinished {
        engine.run(job, admission.readmit());
    }

    let api = Arc::new(Api {
        address,
        credentials: settings.credentials,
        tokens: Tokens::new(settings.token_life),
        gate,
        limits: settings.limits,
        bodies: Bodies::new(settings.max_body, 2),
        small_bodies: Bodies::new(SMALL_BODY, 256),
        admission,
        shelf,
        engine,
        outbox,
        deliveries,
        faults,
        admin: Access::new(address, settings.admin_token),
        rules,
        document: OnceLock::new(),
        links: Links::new().map_err(|error| Error::new(ErrorKind::Config, format!("no random numbers: {error}")))?,
    });
    let (stop, stopped) = watch::channel(false);
    let router = http::router(Arc::clone(&api));
    let listener = tokio::spawn(http::listener::serve(listener, router, stopped, settings.shutdown_ceiling));
    Ok(Server {
        base_url: format!("{}/v2", api.origin()),
        address,
        api,
        stop,
        listener,
        ceiling: settings.shutdown_ceiling,
    })
}

/// Opens the store, and starts the clock no earlier than what it remembers.
async fn open(settings: &ServerBuilder) -> Result<(Shelf, Gate)> {
    let gate = |newest| Gate { progression: settings.progression, clock: Clock::start(settings.time_scale, newest) };
    let Some(file) = settings.database.clone() else {
        let gate = gate(None);
        let bounds = Bounds {
            faces: Some(settings.memory_faces),
            identities: Some(settings.memory_identities),
            feedback: Some(MOST_FEEDBACK),
            deliveries: Some(settings.memory_deliveries),
        };
        return Ok((Shelf::new(Memory::new(gate, settings.memory_jobs, settings.memory_pictures, bounds)), gate));
    };
    let opened = tokio::task::spawn_blocking(move || {
        let store = Sqlite::open(&file)?;
        let newest = store.newest().map_err(StoreError::into_error)?;
        Ok::<_, Error>((store, newest))
    });
    let (store, newest) = opened.await.map_err(|error| Error::new(ErrorKind::Store, error.to_string()))??;
    Ok((Shelf::new(store), gate(newest)))
}
