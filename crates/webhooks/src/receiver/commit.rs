//! The way to the disk, which no sender can cut short.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use image_intelligence_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use crate::failpoint;
use crate::hub::Hub;
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
    pub(crate) fn new(hub: Arc<Hub>, incoming: Incoming, room: OwnedSemaphorePermit, runtime: Handle) -> Self {
        let work = async move {
            let _room = room;
            let confirm = incoming.confirm;
            let ended = match incoming.origin {
                Origin::Ours { rid, .. } if !confirm => Some(rid),
                _ => None,
            };
            let receipts = hub.store.receive(vec![incoming]).await?;
            failpoint::reach("receiver.stored");
            let Some(receipt) = receipts.first() else {
                return Err(Error::new(ErrorKind::Store, "the store gave no receipt"));
            };
            if confirm {
                // Also of one that is there: the body that is to be confirmed may be another now.
                hub.look.notify_one();
            } else if *receipt == Receipt::New {
                hub.ready.notify_one();
                if let Some(rid) = ended {
                    hub.ends.tell(rid);
                }
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
