//! The inbox: what was received and is durable, until a handler is done with it.

mod ahead;
mod builder;
mod delivery;
mod entry;
mod held;
mod inner;
mod looking;
mod pruning;
mod random;
mod settle;
mod statement;
mod target;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use futures_core::Stream;
use image_intelligence_core::{CallbackKeys, Result};
use tokio::runtime::Handle;

pub use builder::InboxBuilder;
pub use delivery::Delivery;
pub use entry::{Counts, Entry, EventCounts, EventState, Filter, JobCounts, Pruned};
pub use statement::{SqlValue, Statement};
pub use target::Target;

use builder::Settings;
use inner::Inner;

use crate::hub::Hub;
use crate::store::Store;

/// Events that are on the disk, each until a handler is done with it. Cheap to clone.
///
/// ```
/// use image_intelligence_core::WebhookEvent;
/// use image_intelligence_webhooks::{Inbox, Receiver};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("inbox.db");
/// let inbox = Inbox::open(path).await?; // "inbox.db", or postgres://..
/// let receiver = Receiver::builder(&inbox).public_url("https://hooks.acme.com/ii").secret("whsec").build().await?;
/// # let body = br#"{"event": "IDENTITY_CREATED", "identity": {"id": "i-7"}}"#;
/// # let signature = image_intelligence_core::sign(body, &"whsec".into());
/// # let headers = [("x-ii-signature", signature.as_bytes())];
/// # let answer = receiver.handle("POST", "/ii/events", headers, bytes::Bytes::from_static(body)).await;
/// # assert_eq!(answer.status, 200);
/// while let Some(delivery) = inbox.next().await? {
///     match delivery.event() {
///         WebhookEvent::Event(event) => println!("{} {:?}", event.event, event.identity),
///         other => println!("{other:?} is not ours"),
///     }
///     delivery.ack().await?;
/// #   break;
/// }
/// # assert_eq!(inbox.counts().await?.events.done, 1);
/// # receiver.shutdown().await;
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
///
/// Any number of tasks may call [`next`](Self::next), in any number of processes: each event is in one handler's hands at a
/// time. It is handed out again where a handler fails, where its process dies, and where it takes too long; so handlers run at
/// least once, and an effect that must not happen twice goes by [`Delivery::idempotency_key`].
///
/// In a forked child every call fails with `closed`: open it again there.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) hub: Arc<Hub>,
    inner: Arc<Inner>,
}

impl Inbox {
    /// Opens the inbox in a file or a database, with the settings that suit most; where it does not exist yet, it is made. See
    /// [`InboxBuilder::open`].
    pub async fn open(target: impl Into<Target>) -> Result<Self> {
        Self::builder(target).open().await
    }

    /// Sets one up.
    pub fn builder(target: impl Into<Target>) -> InboxBuilder {
        InboxBuilder::new(target.into())
    }

    pub(crate) fn over(store: Arc<dyn Store>, settings: Settings, runtime: Handle) -> Self {
        let hub = Hub::new(store);
        let inner = Arc::new(Inner::new(hub.clone(), settings, runtime));
        Self { hub, inner }
    }

    fn prune_hourly(&self) {
        pruning::prune_hourly(&self.inner);
    }

    /// One over that store, with the default settings.
    #[cfg(test)]
    pub(crate) fn of(store: Arc<dyn Store>) -> Self {
        Self::over(store, Settings::default(), Handle::current())
    }

    /// The next event for a handler, as soon as there is one; `None` once the inbox is shut down.
    ///
    /// A call that is dropped loses nothing. Where the store fails for a while, as a database that is started again, this waits
    /// and says so in the log. Fails with `store` where it refuses for good, as after an error of the disk, and with `closed`
    /// in a forked child.
    pub async fn next(&self) -> Result<Option<Delivery>> {
        self.inner.next().await
    }

    /// The same as a stream, which ends once the inbox is shut down, and after an error.
    ///
    /// ```
    /// use futures_util::StreamExt as _;
    /// # use image_intelligence_webhooks::Inbox;
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let inbox = Inbox::open(folder.path().join("inbox.db")).await?;
    /// # let closing = inbox.clone();
    /// # tokio::spawn(async move { closing.shutdown().await });
    /// // Up to eight at once.
    /// inbox
    ///     .stream()
    ///     .for_each_concurrent(8, |delivery| async {
    ///         match delivery {
    ///             Ok(delivery) => drop(delivery.ack().await),
    ///             Err(error) => eprintln!("{error}"),
    ///         }
    ///     })
    ///     .await;
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn stream(&self) -> impl Stream<Item = Result<Delivery>> + Send + Unpin + use<> {
        let stream = futures_util::stream::try_unfold(self.inner.clone(), |inner| async move {
            let next = inner.next().await?;
            Ok(next.map(|delivery| (delivery, inner)))
        });
        Box::pin(stream)
    }

    /// Closes the inbox, for all its clones: [`next`](Self::next) gives `None`, receivers take nothing more, and what was not
    /// handed out goes back. Waits for the handlers that have an event, up to
    /// [`shutdown_timeout`](InboxBuilder::shutdown_timeout); whoever calls this while holding a delivery waits as long. What is
    /// out after that cannot be acked any more, and is handed out again when the inbox is opened.
    pub async fn shutdown(&self) {
        self.inner.shutdown().await;
    }

    /// Refuses in a forked child.
    pub(crate) fn here(&self) -> Result<()> {
        self.inner.here()
    }

    /// The keys of callback URLs that it was set up with; `None`: those of the store.
    pub(crate) fn given_keys(&self) -> Option<CallbackKeys> {
        self.inner.settings.keys.clone()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
