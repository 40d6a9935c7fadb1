//! The receiver: takes webhooks, and answers 200 once what they brought is on the disk.

mod admitted;
mod answer;
mod builder;
mod callbacks;
mod commit;
mod desk;
mod gate;
mod head;
mod limits;
mod lines;
mod listener;
mod pieces;
mod refusal;
mod route;
mod service;
mod sort;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use bytes::Bytes;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use admitted::Admitted;
pub use answer::Answer;
pub use builder::ReceiverBuilder;
use desk::Desk;
pub use gate::{Arrived, Gate, Passed};
pub use limits::ReceiverLimits;
pub use service::ReceiverService;

use crate::follow::Caller;
use crate::inbox::Inbox;

/// Takes webhooks, and answers 200 once what they brought is on the disk. Cheap to clone.
///
/// ```
/// use image_intelligence_webhooks::{Inbox, Receiver};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("inbox.db");
/// let inbox = Inbox::open(path).await?; // "inbox.db", or postgres://..
/// # let port_8443 = "127.0.0.1:0";
/// let receiver = Receiver::builder(&inbox)
///     .public_url("https://hooks.example.com/ii")
///     .secret("hunter2hunter2") // with which a webhook for events was registered, if one was
///     .listen(port_8443) // "0.0.0.0:8443", behind whatever ends TLS
///     .await?;
/// // Given to a client, each job from here on brings its own callback URL: Client::builder().webhooks(&receiver)
/// # assert!(receiver.local_addr().is_some());
/// receiver.shutdown().await; // nothing is lost
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
///
/// The service posts a finished job to the URL that the job was given, `{public_url}/cb/{token}`, which nobody else can guess;
/// and events of a registered webhook to `{public_url}/events`, signed. Whatever else comes is answered 404, and the log says
/// what was wrong with it. Of a path only the end counts, so that proxies may change what stands before.
///
/// Where all clones of one that listens are dropped it takes no more connections; [`shutdown`](Self::shutdown) also waits
/// for what is under way.
#[derive(Clone)]
pub struct Receiver {
    inbox: Inbox,
    public_url: Arc<str>,
    desk: Arc<Desk>,
    /// What a client is told by. Each clone has its own, as each may be another client's.
    caller: Caller,
    listening: Option<Arc<Listening>>,
    /// Whether it is shut down; one at a time does it.
    down: Arc<Mutex<bool>>,
}

/// Our own listener.
pub(crate) struct Listening {
    address: SocketAddr,
    descriptor: Arc<AtomicI32>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Listening {
    pub(crate) fn new(
        address: SocketAddr,
        descriptor: Arc<AtomicI32>,
        stop: watch::Sender<bool>,
        task: JoinHandle<()>,
    ) -> Self {
        Self { address, descriptor, stop, task: Mutex::new(Some(task)) }
    }
}

impl Receiver {
    /// Settings for a receiver that puts what comes into that inbox.
    pub fn builder(inbox: &Inbox) -> ReceiverBuilder {
        ReceiverBuilder::new(inbox)
    }

    pub(crate) fn new(inbox: Inbox, public_url: String, desk: Arc<Desk>) -> Self {
        let caller = desk.follow.caller();
        Self { inbox, public_url: public_url.into(), desk, caller, listening: None, down: Arc::default() }
    }

    /// Where it listens; `None` where it has no listener of its own.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listening.as_ref().map(|listening| listening.address)
    }

    /// The descriptor of the socket that listens, while it does: a forked child has it too, and closes its own. Takes no lock.
    #[doc(hidden)]
    pub fn descriptor(&self) -> Option<i32> {
        let descriptor = self.listening.as_ref()?.descriptor.load(Ordering::SeqCst);
        (descriptor >= 0).then_some(descriptor)
    }

    /// The public address, with which each job's own URL begins.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The receiver as a tower service, to be mounted in a server of your own.
    pub fn service(&self) -> ReceiverService {
        ReceiverService { desk: Arc::clone(&self.desk) }
    }

    /// Answers a request whose body is there as a whole. For servers that have read it already; those that have not should
    /// [`admit`](Self::admit) the request first.
    ///
    /// ```
    /// # use image_intelligence_webhooks::{Inbox, Receiver};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let inbox = Inbox::open(folder.path().join("inbox.db")).await?;
    /// let receiver = Receiver::builder(&inbox).public_url("https://hooks.example.com/ii").build().await?;
    /// let headers = [("content-type", &b"application/json"[..])];
    /// let answer = receiver.handle("POST", "/ii/cb/guessed", headers, b"{}".as_slice().into()).await;
    /// assert_eq!((answer.status, answer.body), (404, "not found\n"));
    /// # receiver.shutdown().await;
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn handle<'h>(
        &self,
        method: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
        body: Bytes,
    ) -> Answer {
        match self.admit(method, path, headers) {
            Ok(admitted) => admitted.take(body).await,
            Err(answer) => answer,
        }
    }

    /// Judges a request before its body is read; where it cannot be let in, gives the answer. `headers` are all of the
    /// request, their names in any case. A query behind the path does not count. May be called on any thread.
    ///
    /// ```
    /// # use std::time::Instant;
    /// # use bytes::Bytes;
    /// # use image_intelligence_webhooks::{Answer, Inbox, Receiver};
    /// async fn answer(receiver: &Receiver, path: &str, mut pieces: impl Iterator<Item = Bytes>) -> Answer {
    ///     let mut admitted = match receiver.admit("POST", path, []) {
    ///         Ok(admitted) => admitted,
    ///         Err(answer) => return answer, // and not a byte was read
    ///     };
    ///     while let Some(piece) = pieces.next() {
    ///         if Instant::now() > admitted.deadline() {
    ///             return admitted.late();
    ///         }
    ///         if let Err(answer) = admitted.push(piece) {
    ///             return answer;
    ///         }
    ///     }
    ///     admitted.finish().await
    /// }
    /// ```
    pub fn admit<'h>(
        &self,
        method: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Admitted, Answer> {
        self.desk.admit(method, path, headers)
    }

    /// Closes so that nothing is lost: takes no more connections, lets requests end and what they brought get to the disk,
    /// then closes the inbox. Whoever calls it again waits for the same end.
    pub async fn shutdown(&self) {
        let mut down = self.down.lock().await;
        if *down {
            return;
        }
        if let Some(listening) = &self.listening {
            listening.stop.send_replace(true);
            let mut task = listening.task.lock().await;
            if let Some(running) = &mut *task {
                let _ = running.await;
            }
            *task = None;
        }
        let Desk { room, limits, hub, follow, .. } = &*self.desk;
        // What is under way holds some of the room, so who gets all of it is alone.
        let all = u32::try_from(limits.in_flight).unwrap_or(u32::MAX);
        let alone = timeout(limits.answer_timeout, Arc::clone(room).acquire_many_owned(all)).await;
        if alone.is_err() {
            tracing::warn!("the store did not take in time what was under way; it was not acknowledged");
        }
        room.close();
        hub.closing.send_replace(true);
        follow.ended().await;
        self.inbox.shutdown().await;
        *down = true;
    }
}

/// Shows the public address alone.
impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("public_url", &self.public_url()).finish_non_exhaustive()
    }
}
