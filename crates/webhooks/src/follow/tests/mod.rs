//! Each way that a job can go, against an API that the test writes and a store in a file whose clock is put forward.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod api;
mod attached;
mod confirming;
mod looking;
mod rounds;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence_core::{
    CallbackToken, Callbacks as _, EventKind, Intent, JobRef, JobSource, Kind, PublicBase, Rid, Timestamp,
};
use tokio::runtime::Handle;

use super::{Caller, Core, Follow, Settings};
use crate::event_key::EventKey;
use crate::hub::Hub;
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Claimed, Entry, Incoming, Origin, Query, Store};
use api::{Api, Mood, Told};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// An inbox, a client and an API. Nothing happens but when it is said.
struct World {
    follow: Arc<Follow>,
    caller: Caller,
    api: Arc<Api>,
    folder: tempfile::TempDir,
    names: AtomicU8,
}

fn settings() -> Settings {
    Settings { base: Some(PublicBase::parse("https://hooks.example.com/ii").unwrap()), ..Settings::default() }
}

impl World {
    async fn new() -> Self {
        Self::with(settings()).await
    }

    async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::new(open(&folder));
        let core = Core::open(hub, settings, None).await.unwrap();
        let follow = Arc::new(Follow { core, runtime: Handle::current(), task: Mutex::new(None) });
        let (caller, api) = (follow.caller(), Arc::<Api>::default());
        caller.attach(Arc::downgrade(&api) as _);
        Self { follow, caller, api, folder, names: AtomicU8::new(1) }
    }

    /// With the task that sees to everything by itself.
    fn begin(&self) {
        let task = tokio::spawn(super::round::Round::new(Arc::clone(self.core())).run());
        *self.follow.task.lock().unwrap() = Some(task);
    }

    fn core(&self) -> &Arc<Core> {
        &self.follow.core
    }

    fn store(&self) -> &dyn Store {
        &*self.core().hub.store
    }

    /// A job that is intended, and its URL.
    async fn intended(&self) -> (Rid, String) {
        self.intended_as(|intent| intent).await
    }

    async fn intended_as(&self, change: impl FnOnce(Intent) -> Intent) -> (Rid, String) {
        let rid = Rid::from_bytes([self.names.fetch_add(1, Ordering::SeqCst); 16]);
        let url = self.caller.mint(Kind::Detect, rid, now()).unwrap().unwrap();
        let intent = change(Intent::new(Kind::Detect, rid, rid.to_string(), 1, now()));
        self.caller.record(intent).await.unwrap();
        (rid, url)
    }

    /// One whose request has left.
    async fn left(&self) -> (Rid, String) {
        let (rid, url) = self.intended().await;
        self.caller.leaving(rid).await.unwrap();
        (rid, url)
    }

    /// One that was accepted under that id.
    async fn expected(&self, id: &str) -> (Rid, String) {
        let (rid, url) = self.left().await;
        self.caller.accepted(rid, JobRef::new(Kind::Detect, id)).await.unwrap();
        (rid, url)
    }

    /// What a body to a job's own URL becomes.
    async fn deliver(&self, url: &str, body: &str) {
        deliver(self.store(), &self.follow, url, body).await;
    }

    /// Confirms and looks at all that is due, each once.
    async fn pass(&self) {
        let core = self.core();
        for event in self.store().unconfirmed(100, MINUTE).await.unwrap() {
            core.confirm(&event).await.unwrap();
        }
        let jobs = self.store().overdue(100, MINUTE).await.unwrap();
        let now = self.store().now().await.unwrap();
        for job in jobs {
            core.look(&job, now).await.unwrap();
        }
    }

    fn skip(&self, by: Duration) {
        self.store().skip(by);
    }

    async fn state(&self, rid: Rid) -> &'static str {
        self.store().known(rid).await.unwrap().unwrap().state
    }

    async fn id(&self, rid: Rid) -> Option<String> {
        self.store().known(rid).await.unwrap().unwrap().job.map(|job| job.id)
    }

    async fn entries(&self) -> Vec<Entry> {
        self.store().list(Query { most: 1000, ..Query::default() }).await.unwrap()
    }

    /// What a handler is given now.
    async fn handed(&self) -> Vec<Claimed> {
        self.store().claim(1000, MINUTE, 12).await.unwrap()
    }

    /// The one thing that a handler is given, ever.
    async fn one(&self) -> (Option<Rid>, EventKind, String) {
        let mut handed = self.handed().await;
        assert_eq!(handed.len(), 1, "{handed:?}");
        let one = handed.remove(0);
        assert!(self.store().done(one.lease, Vec::new()).await.unwrap());
        (one.rid, one.label, String::from_utf8(one.body.to_vec()).unwrap())
    }

    async fn nothing(&self) {
        assert!(self.handed().await.is_empty());
    }
}

fn open(folder: &tempfile::TempDir) -> Arc<dyn Store> {
    SqliteStore::open(&folder.path().join("inbox.db"), SqliteOptions::default()).unwrap()
}

fn now() -> Timestamp {
    crate::clock::Clock::default().now()
}

async fn deliver(store: &dyn Store, follow: &Follow, url: &str, body: &str) {
    let token = follow.verify(url.rsplit_once('/').unwrap().1).unwrap();
    assert_eq!(CallbackToken::named_in(url), Some(token.rid));
    let read = image_intelligence_core::parse_webhook(body.as_bytes(), Some(token.kind.into())).unwrap();
    let incoming = Incoming {
        key: EventKey::ours(token.rid),
        origin: Origin::Ours { rid: token.rid, kind: token.kind, hint: read.job_id().map(str::to_owned) },
        label: token.kind.into(),
        body: body.to_owned().into(),
        signed: false,
        confirm: follow.confirms(true),
    };
    store.receive(vec![incoming]).await.unwrap();
    follow.received(true, []);
}

/// Waits for what comes about by itself.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let limit = tokio::time::Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(tokio::time::Instant::now() < limit, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn weak(api: &Arc<Api>) -> std::sync::Weak<dyn JobSource> {
    Arc::downgrade(api) as _
}
