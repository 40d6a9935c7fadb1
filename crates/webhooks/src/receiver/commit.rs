//! The way to the disk, which no sender can cut short.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use image_intelligence_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::desk::Desk;
use crate::failpoint;
use crate::store::{Incoming, Origin, Receipt};

type Work = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Puts an event into the store and wakes whom it concerns. Once begun it comes to its end, also where nobody waits for it
/// any more: a sender that hangs up takes nothing back.
#[must_use = "nothing is kept before it is polled"]
pub(crate) struct Commit {
    work: Option<Work>,
    runtime: Handle,
}

impl Commit {
    /// `room` is what the body takes up until it is on the disk.
    pub(crate) fn new(desk: Arc<Desk>, incoming: Incoming, room: OwnedSemaphorePermit) -> Self {
        let runtime = desk.runtime.clone();
        let work = async move {
            let _room = room;
            let confirm = incoming.confirm;
            let ended = match incoming.origin {
                Origin::Ours { rid, .. } if !confirm => Some(rid),
                _ => None,
            };
            let receipts = desk.hub.store.receive(vec![incoming]).await?;
            failpoint::reach("receiver.stored");
            let Some(receipt) = receipts.first() else {
                return Err(Error::new(ErrorKind::Store, "the store gave no receipt"));
            };
            // Also of one that was there: the body that is to be confirmed may be another now.
            desk.follow.received(confirm, ended);
            if !confirm && *receipt == Receipt::New {
                desk.hub.ready.notify_one();
            }
            Ok(())
        };
        Self { work: Some(Box::pin(work)), runtime }
    }
}

impl Future for Commit {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(work) = &mut self.work else { return Poll::Ready(Ok(())) };
        let done = work.as_mut().poll(context);
        if done.is_ready() {
            self.work = None;
        }
        done
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.runtime.spawn(work);
        }
    }
}
