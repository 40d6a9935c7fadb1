//! A receiver of webhooks in memory: it tells what a test has it tell.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use image_intelligence::{
    AnyJob, CallbackKeys, Callbacks, Error, Intent, JobRef, JobSource, Kind, Later, PublicBase, Result, Rid, Timestamp,
};
use tokio::sync::watch;

/// What is known of a job's end.
#[derive(Clone)]
enum End {
    Open,
    Told(Box<AnyJob>),
    Never,
}

#[derive(Clone)]
pub(crate) struct Receiver(pub(crate) Arc<Inbox>);

pub(crate) struct Inbox {
    patience: Option<Duration>,
    ends: Mutex<HashMap<Rid, watch::Sender<End>>>,
    pub(crate) intents: Mutex<Vec<Intent>>,
    pub(crate) minted: Mutex<Vec<String>>,
    pub(crate) accepted: Mutex<Vec<JobRef>>,
    source: Mutex<Option<Weak<dyn JobSource>>>,
    /// What stands before the token.
    base: String,
}

impl Receiver {
    pub(crate) fn new(patience: Option<Duration>) -> Self {
        Self::at("https://hooks.example.com/ii", patience)
    }

    pub(crate) fn at(base: &str, patience: Option<Duration>) -> Self {
        Self(Arc::new(Inbox {
            patience,
            ends: Mutex::default(),
            intents: Mutex::default(),
            minted: Mutex::default(),
            accepted: Mutex::default(),
            source: Mutex::default(),
            base: base.to_owned(),
        }))
    }

    fn end(&self, rid: Rid) -> watch::Sender<End> {
        self.0.ends.lock().unwrap().entry(rid).or_insert_with(|| watch::Sender::new(End::Open)).clone()
    }

    /// The names of the jobs, in the order of their submits.
    pub(crate) fn rids(&self) -> Vec<Rid> {
        self.0.intents.lock().unwrap().iter().map(|intent| intent.rid).collect()
    }

    pub(crate) fn tell(&self, rid: Rid, job: AnyJob) {
        self.end(rid).send_replace(End::Told(Box::new(job)));
    }

    /// Tells no more.
    pub(crate) fn stop(&self) {
        for end in self.0.ends.lock().unwrap().values() {
            end.send_replace(End::Never);
        }
    }

    /// How many subscriptions are held.
    pub(crate) fn subscribed(&self) -> usize {
        self.0.ends.lock().unwrap().values().map(watch::Sender::receiver_count).sum()
    }

    pub(crate) fn source(&self) -> Weak<dyn JobSource> {
        self.0.source.lock().unwrap().clone().expect("nobody was attached")
    }
}

fn done<'a>() -> Later<'a, Result<()>> {
    Box::pin(async { Ok(()) })
}

impl Callbacks for Receiver {
    fn attach(&self, source: Weak<dyn JobSource>) {
        *self.0.source.lock().unwrap() = Some(source);
    }

    fn mint(&self, kind: Kind, rid: Rid, now: Timestamp) -> Result<Option<String>> {
        let keys = CallbackKeys::new([(1, [9; 32])])?;
        let token = keys.mint(kind, now, rid, &PublicBase::parse("https://hooks.example.com/ii")?);
        let url = format!("{}/cb/{token}", self.0.base);
        self.0.minted.lock().unwrap().push(url.clone());
        Ok(Some(url))
    }

    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        drop(self.end(intent.rid));
        self.0.intents.lock().unwrap().push(intent);
        done()
    }

    fn leaving(&self, _: Rid) -> Later<'_, Result<()>> {
        done()
    }

    fn came_back(&self, _: Rid) -> Later<'_, Result<()>> {
        done()
    }

    fn accepted(&self, _: Rid, job: JobRef) -> Later<'_, Result<()>> {
        self.0.accepted.lock().unwrap().push(job);
        done()
    }

    fn refused(&self, _: Rid, _: Error) -> Later<'_, Result<()>> {
        done()
    }

    fn unknown(&self, _: Rid, _: Error) -> Later<'_, Result<()>> {
        done()
    }

    fn patience(&self, _: Kind) -> Option<Duration> {
        self.0.patience
    }

    fn subscribe(&self, rid: Rid) -> Option<Later<'static, Option<AnyJob>>> {
        let mut end = self.0.ends.lock().unwrap().get(&rid)?.subscribe();
        Some(Box::pin(async move {
            match end.wait_for(|end| !matches!(end, End::Open)).await.ok()?.clone() {
                End::Told(job) => Some(*job),
                End::Open | End::Never => None,
            }
        }))
    }
}
