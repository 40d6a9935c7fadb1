#[cfg(feature = "sqlite")]
mod handling;
#[cfg(feature = "sqlite")]
mod looking;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod setting;
mod timing;

use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{EventKind, Kind, Rid};
use tokio::runtime::Handle;

use super::Inbox;
use super::builder::Settings;
use crate::event_key::EventKey;
use crate::store::{Incoming, Origin, Store};

/// An inbox over that store, with the default settings changed by `change`.
fn over(store: &Arc<impl Store>, change: impl FnOnce(&mut Settings)) -> Inbox {
    let mut settings = Settings::default();
    change(&mut settings);
    let inbox = Inbox::over(store.clone(), settings, Handle::current());
    inbox.prune_hourly();
    inbox
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Our own name for the job of that number.
fn rid(number: u32) -> Rid {
    let mut bytes = [0; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    Rid::from_bytes(bytes)
}

/// The confirmed end of our own detect job of that number.
fn ours(number: u32) -> Incoming {
    Incoming {
        key: EventKey::ours(rid(number)),
        origin: Origin::Ours { rid: rid(number), kind: Kind::Detect, hint: Some(format!("job-{number}")) },
        label: EventKind::Detect,
        body: format!(r#"{{"id": "job-{number}", "status": "COMPLETED_SUCCESSFULLY", "jobResults": []}}"#).into(),
        signed: false,
        confirm: false,
    }
}

/// A body without a name of its own.
fn nameless(label: EventKind, body: &'static [u8]) -> Incoming {
    let key = EventKey::raw(body);
    Incoming { key, origin: Origin::Raw, label, body: body.into(), signed: true, confirm: false }
}

/// Has them received, as a receiver does.
async fn receive(inbox: &Inbox, batch: Vec<Incoming>) {
    inbox.hub.store.receive(batch).await.unwrap();
    inbox.hub.ready.notify_one();
}

async fn receive_ours(inbox: &Inbox, numbers: std::ops::Range<u32>) {
    receive(inbox, numbers.map(ours).collect()).await;
}
