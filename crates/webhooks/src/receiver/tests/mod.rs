//! The receiver over real connections, before a store in memory.

mod bodies;
mod delivery;
mod fake;
mod frameworks;
mod gate;
mod manners;
#[cfg(feature = "sqlite")]
mod on_disk;
mod secrecy;
mod sender;
mod signatures;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fake::Fake;
use image_intelligence_core::{CallbackKeys, Kind, PublicBase, Rid, Timestamp};

use super::{Receiver, ReceiverBuilder};
use crate::inbox::Inbox;

const MASTER: [u8; 32] = [7; 32];
const BASE: &str = "https://hooks.example.com/ii";

fn keys() -> CallbackKeys {
    CallbackKeys::new([(1, MASTER)]).unwrap()
}

fn now() -> Timestamp {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_millis(since.as_millis().try_into().unwrap())
}

fn rid(number: u8) -> Rid {
    Rid::from_bytes([number; 16])
}

/// The path of the callback URL of that job, good for an hour.
fn path_of(number: u8) -> String {
    let expires = Timestamp::from_millis(now().as_millis() + 3_600_000);
    format!("/ii/cb/{}", keys().mint(Kind::Detect, expires, rid(number), &PublicBase::parse(BASE).unwrap()))
}

/// A finished detect job.
fn done(id: &str) -> Vec<u8> {
    format!(r#"{{"id": "{id}", "status": "COMPLETED_SUCCESSFULLY", "jobResults": [], "imageResults": []}}"#)
        .into_bytes()
}

fn inbox(store: &Arc<Fake>) -> Inbox {
    Inbox::of(store.clone())
}

fn builder(store: &Arc<Fake>) -> ReceiverBuilder {
    Receiver::builder(&inbox(store)).public_url(BASE)
}

/// A receiver on a free port, before that store.
async fn receiver(
    store: &Arc<Fake>,
    change: impl FnOnce(ReceiverBuilder) -> ReceiverBuilder,
) -> (Receiver, SocketAddr) {
    let receiver = change(builder(store)).listen("127.0.0.1:0").await.unwrap();
    let address = receiver.local_addr().unwrap();
    (receiver, address)
}

/// Resolves once it is so.
async fn until(mut so: impl FnMut() -> bool) {
    soon(async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// For what must not take for ever: longer than anything here takes, and shorter than anybody's patience.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work).await.expect("it takes for ever")
}
