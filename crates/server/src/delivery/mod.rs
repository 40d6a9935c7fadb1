//! Delivering webhooks: the end of a job to its `webhookUrl`, events to the registered one.
//!
//! The outbox is in the store (`store::records`), written together with what is to be told. Here is who sends it: one task
//! that knows what is due, and one for each try.

mod queue;
mod record;
mod sender;
mod settings;
mod tries;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence_core::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::faults::{WebhookFault, webhook};
use crate::fetch::AddressPolicy;
use crate::job::Job;
use crate::progression::Gate;
use crate::store::records::{Audience, Listing, RecordError, Records};
use crate::store::{Ending, Shelf, StoreError};

pub(crate) use queue::Scheduled;
pub(crate) use record::redacted;
pub use record::{Delivery, DeliveryAttempt, DeliveryState};
pub(crate) use sender::target;
pub(crate) use settings::Settings;

use queue::Queue;
use sender::Sender;
use tries::Tries;

/// Where what is to be delivered goes in. Clones are one.
#[derive(Clone)]
pub(crate) struct Outbox {
    shelf: Shelf,
    gate: Gate,
    credentials: Credentials,
    /// What `proxyUrl`s begin with.
    origin: Arc<str>,
    scheduled: mpsc::UnboundedSender<Scheduled>,
    first_tries: FirstTries,
}

/// Who waits for the first try of a delivery, by its id.
type FirstTries = Arc<Mutex<HashMap<String, watch::Sender<bool>>>>;

/// Sends what is in the outbox, until it is closed or aborted.
pub(crate) struct Deliveries {
    closing: watch::Sender<bool>,
    runner: Mutex<Option<JoinHandle<()>>>,
}

/// Begins to deliver, with what an earlier run left. `origin` is what `proxyUrl`s begin with.
pub(crate) async fn start(
    shelf: Shelf,
    gate: Gate,
    credentials: Credentials,
    settings: Settings,
    policy: AddressPolicy,
    origin: String,
) -> Result<(Deliveries, Outbox), Error> {
    let (scheduled, incoming) = mpsc::unbounded_channel();
    let outbox = Outbox {
        shelf: shelf.clone(),
        gate,
        credentials,
        origin: origin.as_str().into(),
        scheduled,
        first_tries: FirstTries::default(),
    };
    let queue = Queue::new(settings.lanes());
    let sender = Sender::new(policy, settings.timeout)?;
    let closing = watch::Sender::new(false);
    let tries = Arc::new(Tries { shelf, clock: gate.clock, settings, sender, origin, closing: closing.subscribe() });
    outbox.take_up_again().await.map_err(StoreError::into_error)?;
    let run = run(queue, incoming, tries, Arc::clone(&outbox.first_tries), closing.subscribe());
    let runner = Mutex::new(Some(tokio::spawn(run)));
    Ok((Deliveries { closing, runner }, outbox))
}

impl Outbox {
    /// Has these go out at their time. They are in the store already.
    pub(crate) fn send(&self, scheduled: Vec<Scheduled>) {
        for scheduled in scheduled {
            // Nobody listens any more only where the server goes down; the store remembers.
            let _ = self.scheduled.send(scheduled);
        }
    }

    /// Has the webhooks of jobs go out, now that a showing of them may have been the one that made them complete.
    pub(crate) async fn shown(&self, jobs: &[Arc<Job>]) -> Result<(), StoreError> {
        let with_webhook = jobs.iter().filter(|job| job.request.options().webhook_url.is_some());
        let due: Vec<_> = with_webhook.filter_map(|job| Some((job.id.clone(), self.gate.due(job)?))).collect();
        if due.is_empty() {
            return Ok(());
        }
        let clock = self.gate.clock;
        let release = move |records: &Records<'_>| {
            let mut released = Vec::new();
            for (job, due) in &due {
                released.extend(records.release(job, *due, &clock)?);
            }
            Ok((released, ()))
        };
        self.written(release).await
    }

    /// Changes the outbox, and sends what is to go out by that. In a task of its own: what was written is sent, though the
    /// caller hangs up.
    async fn written<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Records<'_>) -> Result<(Vec<Scheduled>, T), RecordError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let outbox = self.clone();
        let written = tokio::spawn(async move {
            let (scheduled, answer) = outbox.shelf.write(change).await?;
            outbox.send(scheduled);
            Ok::<_, RecordError>(answer)
        });
        let broke = |error| StoreError::Failed(format!("the outbox's call broke off: {error}"));
        written.await.map_err(broke)?.map_err(RecordError::into_store)
    }

    /// Deliveries, the newest first.
    pub(crate) async fn list(&self, listing: Listing) -> Result<Vec<Delivery>, StoreError> {
        let listed = self.shelf.read(move |records| records.deliveries(&listing)).await;
        listed.map_err(RecordError::into_store)
    }

    /// Begins a new round of attempts at once, and says whether there is such a delivery.
    pub(crate) async fn redeliver(&self, id: String) -> Result<bool, StoreError> {
        let now = self.gate.clock.now();
        self.written(move |records| {
            let begun = records.redeliver(&id, now)?;
            let found = begun.is_some();
            Ok((begun.into_iter().collect(), found))
        })
        .await
    }

    /// What an answer waits for that is to come after its webhook; to be asked for before the webhook can go out.
    pub(crate) fn early(&self, id: &str, faults: &[WebhookFault]) -> Option<Early> {
        let ceiling = webhook::early(faults)?;
        let (tried, waiting) = watch::channel(false);
        self.first_tries.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), tried);
        Some(Early { id: id.to_owned(), ceiling, waiting, first_tries: Arc::clone(&self.first_tries) })
    }

    /// How a job of this client ends.
    pub(crate) fn ending(&self, owner: &str) -> Ending {
        let audience = self.credentials.account(owner).map(|account| Audience {
            owner: owner.to_owned(),
            organisation: account.org_name.clone(),
            application: account.app_name.clone(),
            origin: (*self.origin).to_owned(),
        });
        Ending { gate: self.gate, audience }
    }

    /// What was to go out when an earlier run ended, and what has become due by that, or by other settings.
    async fn take_up_again(&self) -> Result<(), StoreError> {
        let left = self.shelf.read(|records| Ok((records.awaited_jobs()?, records.scheduled()?))).await;
        let (awaited, scheduled) = left.map_err(RecordError::into_store)?;
        if !scheduled.is_empty() {
            tracing::info!(deliveries = scheduled.len(), "going on with webhooks that are to be delivered");
        }
        self.send(scheduled);
        for (owner, id) in awaited {
            let job = self.shelf.call(move |store| store.job(&owner, None, &id, false)).await?;
            if let Some(job) = job {
                self.shown(&[job]).await?;
            }
        }
        Ok(())
    }
}

/// Waits for the first try of a delivery.
pub(crate) struct Early {
    id: String,
    ceiling: Duration,
    waiting: watch::Receiver<bool>,
    first_tries: FirstTries,
}

impl Early {
    /// Returns once it was tried, or at the ceiling.
    pub(crate) async fn wait(mut self) {
        let _ = tokio::time::timeout(self.ceiling, self.waiting.wait_for(|&tried| tried)).await;
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        self.first_tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Deliveries {
    /// Stops every try where it is; the store still has what is not over.
    pub(crate) fn abort(&self) {
        self.closing.send_replace(true);
        if let Some(runner) = &*self.runner.lock().unwrap_or_else(PoisonError::into_inner) {
            runner.abort();
        }
    }

    /// Begins no other try, lets those in flight end, and returns when all is still or the ceiling is reached.
    pub(crate) async fn close(&self, ceiling: Duration) {
        self.closing.send_replace(true);
        let runner = self.runner.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut runner) = runner else { return };
        if tokio::time::timeout(ceiling, &mut runner).await.is_err() {
            runner.abort();
            tracing::warn!("some webhooks were not answered in time; they are sent again at the next start");
        }
    }
}

/// Has each delivery tried at its time, until `closing`; then waits for those that are being tried.
async fn run(
    mut queue: Queue,
    mut incoming: mpsc::UnboundedReceiver<Scheduled>,
    tries: Arc<Tries>,
    first_tries: FirstTries,
    mut closing: watch::Receiver<bool>,
) {
    let clock: Clock = tries.clock;
    let mut running = JoinSet::new();
    let mut in_flight = HashMap::new();
    loop {
        while let Some((number, scheduled)) = queue.next(clock.now(), |at, span| clock.later(at, span)) {
            let (id, target) = (scheduled.id.clone(), scheduled.target.clone());
            let tries = Arc::clone(&tries);
            let task = running.spawn(async move { tries.run(scheduled).await });
            in_flight.insert(task.id(), (number, id, target));
        }
        let wake = queue.wakes_at().map(|at| clock.until(at).max(Duration::from_millis(1)));
        tokio::select! {
            scheduled = incoming.recv() => match scheduled {
                Some(scheduled) => queue.push(scheduled),
                None => break,
            },
            Some(ended) = running.join_next_with_id() => {
                let (task, again) = match ended {
                    Ok((task, again)) => (task, again),
                    Err(error) => {
                        tracing::error!(%error, "a try of a webhook broke; it is tried again at the next start");
                        (error.id(), None)
                    }
                };
                if let Some((number, id, target)) = in_flight.remove(&task) {
                    queue.ended(number, &target);
                    if let Some(tried) = first_tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
                        tried.send_replace(true);
                    }
                }
                if let Some(again) = again {
                    queue.push(again);
                }
            }
            () = tokio::time::sleep(wake.unwrap_or_default()), if wake.is_some() => {}
            _ = closing.wait_for(|&closing| closing) => break,
        }
    }
    while running.join_next().await.is_some() {}
}
