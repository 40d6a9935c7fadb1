//! Delivering webhooks: the end of a job to its `webhookUrl`, events to the registered one.
//!
//! The outbox is in the store (`store::records`), written together with what is to be told. Here is who sends it: one task
//! that knows what is due, and one for each try.

mod queue;
mod record;
mod sender;
mod settings;
mod tries;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence_core::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::fetch::AddressPolicy;
use crate::job::Job;
use crate::progression::Gate;
use crate::store::records::{Listing, RecordError};
use crate::store::{Shelf, StoreError};

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
    scheduled: mpsc::UnboundedSender<Scheduled>,
    first_tries: FirstTries,
}

/// Who waits for the first try of a delivery, by its id.
type FirstTries = Arc<Mutex<HashMap<String, watch::Sender<bool>>>>;

/// Sends what is in the outbox. Dropping it stops every try where it is.
pub(crate) struct Deliveries {
    closing: watch::Sender<bool>,
    runner: Mutex<Option<JoinHandle<()>>>,
}

/// Begins to deliver, with what an earlier run left. `origin` is what `proxyUrl`s begin with.
pub(crate) async fn start(
    shelf: Shelf,
    gate: Gate,
    settings: Settings,
    policy: AddressPolicy,
    origin: String,
) -> Result<(Deliveries, Outbox), Error> {
    let (scheduled, incoming) = mpsc::unbounded_channel();
    let outbox = Outbox { shelf: shelf.clone(), gate, scheduled, first_tries: FirstTries::default() };
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

    /// Has the webhook of a job go out, now that a showing of it may have been the one that made it complete.
    pub(crate) async fn shown(&self, job: &Arc<Job>) -> Result<(), StoreError> {
        let Some(due) = self.gate.due(job) else { return Ok(()) };
        if job.request.options().webhook_url.is_none() {
            return Ok(());
        }
        let (id, clock) = (job.id.clone(), self.gate.clock);
        let released = self.shelf.write(move |records| records.release(&id, due, &clock)).await;
        self.send(released.map_err(RecordError::into_store)?);
        Ok(())
    }

    /// Deliveries, the newest first.
    pub(crate) async fn list(&self, listing: Listing) -> Result<Vec<Delivery>, StoreError> {
        let listed = self.shelf.read(move |records| records.deliveries(&listing)).await;
        listed.map_err(RecordError::into_store)
    }

    /// Begins a new round of attempts at once, and says whether there is such a delivery.
    pub(crate) async fn redeliver(&self, id: String) -> Result<bool, StoreError> {
        let now = self.gate.clock.now();
        let begun = self.shelf.write(move |records| records.redeliver(&id, now)).await;
        let begun = begun.map_err(RecordError::into_store)?;
        let found = begun.is_some();
        self.send(begun.into_iter().collect());
        Ok(found)
    }

    /// Something that resolves once the delivery of this id was tried; to be asked for before it can be.
    pub(crate) fn first_try(&self, id: &str) -> watch::Receiver<bool> {
        let mut waiting = self.first_tries.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(id.to_owned()).or_insert_with(|| watch::Sender::new(false)).subscribe()
    }

    /// Nobody waits for it any more.
    pub(crate) fn forget_first_try(&self, id: &str) {
        self.first_tries.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// What was to go out when an earlier run ended, and what has become due by that, or by other settings.
    async fn take_up_again(&self) -> Result<(), StoreError> {
        let awaited = self.shelf.read(|records| records.awaited_jobs()).await.map_err(RecordError::into_store)?;
        let scheduled = self.shelf.read(|records| records.scheduled()).await.map_err(RecordError::into_store)?;
        if !scheduled.is_empty() {
            tracing::info!(deliveries = scheduled.len(), "going on with webhooks that are to be delivered");
        }
        self.send(scheduled);
        for (owner, id) in awaited {
            let job = self.shelf.call(move |store| store.job(&owner, None, &id, false)).await?;
            if let Some(job) = job {
                self.shown(&job).await?;
            }
        }
        Ok(())
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
