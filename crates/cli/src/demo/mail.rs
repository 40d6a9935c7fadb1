//! The demo's receiver: what the server posts goes into an inbox, and from there to the demo.

use image_intelligence::{CallbackKeys, DetectJob, Error, ErrorKind, WebhookEvent};
use image_intelligence_webhooks::{Delivery, Receiver};
use tokio::time::timeout;
use uuid::Uuid;

use crate::failure::Failure;
use crate::mailbox::Temporary;
use crate::waiting::Deadline;

/// A receiver on a free port of this machine, and its inbox in a folder that goes with it.
pub(super) struct Mail {
    kept: Temporary,
    receiver: Receiver,
}

impl Mail {
    pub(super) async fn open() -> Result<Self, Failure> {
        // Not those of the environment, which a demo does not look at.
        let keys = keys()?;
        let kept = Temporary::open(|inbox| inbox.callback_keys(keys)).await?;
        match Receiver::builder(&kept.inbox).listen(("127.0.0.1", 0)).await {
            Ok(receiver) => Ok(Self { kept, receiver }),
            Err(error) => {
                kept.remove().await;
                Err(error.into())
            }
        }
    }

    pub(super) fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// The job, once the inbox has its end, and how that got there.
    pub(super) async fn result(&self, id: &str, deadline: Deadline) -> Result<(DetectJob, String), Failure> {
        let late = || {
            let limit = deadline.limit().as_secs();
            let message = format!("no result within {limit} s: neither did job {id}'s webhook come, nor was it done");
            Failure::from(Error::new(ErrorKind::WaitTimeout, message)).hint("ii demo --verbose says what happens")
        };
        let next = timeout(deadline.left(), self.kept.inbox.next()).await.map_err(|_| late())??;
        let closed = || Failure::from(Error::new(ErrorKind::Closed, "the inbox was closed"));
        let delivery = next.ok_or_else(closed)?;
        let how = self.how(&delivery).await?;
        let WebhookEvent::Detect(job) = delivery.event() else {
            let message = format!("job {id} ended without a result ({})", delivery.kind().as_str());
            return Err(Error::new(ErrorKind::JobLost, message).into());
        };
        let job = job.clone();
        delivery.ack().await?;
        Ok((job, how))
    }

    /// What the inbox knows of it: where the webhook was late the receiver asked instead, and the demo says so.
    async fn how(&self, delivery: &Delivery) -> Result<String, Failure> {
        let entry = self.kept.inbox.entry(delivery.seq()).await?;
        let url = self.receiver.public_url();
        Ok(match entry {
            Some(entry) if entry.deliveries > 0 => format!(
                "The result came by webhook, to a receiver at {url}/cb/..:\n\
                 stored in an inbox before it was answered 200{}.",
                if entry.confirmed_at.is_some() { ", and found to be what the server itself says" } else { "" }
            ),
            _ => format!("No webhook came in time to the receiver at {url}, which fetched the result instead."),
        })
    }

    /// Takes nothing more, and leaves nothing behind.
    pub(super) async fn close(self) {
        let Self { kept, receiver } = self;
        receiver.shutdown().await;
        // Some systems remove no file that is open.
        drop(receiver);
        kept.remove().await;
    }
}

/// A key for this one run. Hex digits are base64 too, and 43 of its digits are 32 bytes.
fn keys() -> Result<CallbackKeys, Failure> {
    let (one, two) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    Ok(CallbackKeys::parse(&format!("1:{one}{}A", &two[..10]))?)
}
