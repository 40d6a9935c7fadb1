//! Who is told that there is something to do: the waiters of this store at once, other processes by NOTIFY.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::{Mutex, watch};
use tokio_postgres::AsyncMessage;

use super::db::Db;
use super::fault::Fault;

/// How long the wait for a new listening connection grows.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Word of changes.
pub(super) struct Changes {
    told: watch::Sender<()>,
    /// Somebody is on the way to say it; who comes meanwhile need not.
    pending: AtomicBool,
    /// One NOTIFY at a time.
    saying: Mutex<()>,
    /// Our own name, so that what we say ourselves does not wake us twice.
    name: String,
    channel: String,
}

impl Changes {
    pub(super) fn new(schema: &str) -> Self {
        let mut name = [0; 8];
        // Without randomness we would wake twice, and nothing worse.
        let _ = getrandom::fill(&mut name);
        Self {
            told: watch::Sender::new(()),
            pending: AtomicBool::new(false),
            saying: Mutex::new(()),
            name: u64::from_ne_bytes(name).to_string(),
            channel: format!("ii_{schema}"),
        }
    }

    /// Sees every change from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.told.subscribe()
    }

    /// Wakes the waiters of this store.
    pub(super) fn wake(&self) {
        self.told.send_replace(());
    }

    /// Wakes them; and whether it is for the caller to tell others, by [`say`](Self::say).
    pub(super) fn wake_first(&self) -> bool {
        self.wake();
        !self.pending.swap(true, Ordering::SeqCst)
    }

    /// Tells other processes. A statement of its own: in the transaction that made the change, NOTIFY would make every commit
    /// of the database wait for every other. What fails here is found by the others' next look.
    pub(super) async fn say(&self, db: &Db) {
        let _one = self.saying.lock().await;
        self.pending.store(false, Ordering::SeqCst);
        if let Err(fault) = db.rows("SELECT pg_notify($1, $2)", &[&self.channel, &self.name]).await {
            tracing::debug!("other receivers were not told: {}", fault.into_error(&db.address.place));
        }
    }

    /// Hears what other processes say, for as long as it is run.
    pub(super) async fn listen(self: Arc<Self>, db: Arc<Db>) {
        let mut pause = Duration::from_secs(1);
        loop {
            let mut heard = false;
            let end = self.listen_once(&db, &mut heard).await;
            // Once it worked, the next try is soon.
            pause = if heard { Duration::from_secs(1) } else { (pause * 2).min(LONGEST_PAUSE) };
            let why = end.err().map(|fault| fault.into_error(&db.address.place));
            tracing::debug!("the connection that listens ended ({why:?}); another in {pause:?}");
            tokio::time::sleep(pause).await;
        }
    }

    async fn listen_once(&self, db: &Db, heard: &mut bool) -> Result<(), Fault> {
        let (client, mut connection) = db.address.config.connect(db.tls.clone()).await?;
        let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
        let listen = format!("LISTEN {}", self.channel);
        let listening = async {
            client.batch_execute(&listen).await?;
            // What was said before we listened, nobody heard.
            self.told.send_replace(());
            *heard = true;
            Ok(())
        };
        let hearing = async {
            while let Some(message) = messages.next().await {
                if let AsyncMessage::Notification(note) = message?
                    && note.payload() != self.name
                {
                    self.told.send_replace(());
                }
            }
            Ok::<_, Fault>(())
        };
        tokio::try_join!(listening, hearing).map(|_| ())
    }
}
