//! Jobs of whose end somebody else will tell, as a receiver of webhooks does: once for each job, however many wait for it.

use std::pin::Pin;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use image_intelligence_core::{AnyJob, Later, Ticket};
use tokio::sync::{Mutex, MutexGuard, oneshot};

use super::Scheduler;

/// The finished job when it is told; `None` where none will be told any more.
pub(crate) type Subscription = Later<'static, Option<AnyJob>>;

/// What was told, and of which job. Nothing of a job for which nobody waits any more.
pub(super) type Told = Option<(Ticket, Option<AnyJob>)>;

type Open = FuturesUnordered<Pin<Box<dyn Future<Output = Told> + Send>>>;

/// What is awaited. It outlives the scheduler's task, which may go down with its runtime.
#[derive(Default)]
pub(super) struct Subscriptions(Mutex<Open>);

/// Held while somebody waits for the job.
pub(super) type Subscribed = oneshot::Sender<()>;

/// One that the task has not taken up yet.
pub(super) struct New {
    ticket: Ticket,
    subscription: Subscription,
    left: oneshot::Receiver<()>,
}

impl New {
    pub(super) fn of(ticket: Ticket, subscription: Subscription) -> (Self, Subscribed) {
        let (subscribed, left) = oneshot::channel();
        (Self { ticket, subscription, left }, subscribed)
    }

    async fn told(self) -> Told {
        let Self { ticket, subscription, left } = self;
        tokio::select! {
            biased;
            _ = left => None,
            told = subscription => Some((ticket, told)),
        }
    }
}

/// What is awaited, in the hands of the task.
pub(super) struct Listening<'a>(MutexGuard<'a, Open>);

impl Subscriptions {
    /// There is one task at a time.
    pub(super) async fn listen(&self) -> Listening<'_> {
        Listening(self.0.lock().await)
    }
}

impl Listening<'_> {
    /// Takes up what came since.
    pub(super) fn take_up(&self, scheduler: &Scheduler) {
        let new = std::mem::take(&mut scheduler.state().subscriptions);
        for new in new {
            self.0.push(Box::pin(new.told()));
        }
    }

    /// What is told next; `None` where nothing is awaited.
    pub(super) async fn next(&mut self) -> Option<Told> {
        self.0.next().await
    }

    /// Nobody waited for anything a moment ago.
    pub(super) fn let_go(&mut self, scheduler: &Scheduler) {
        let mut state = scheduler.state();
        // Whoever has come since has a task of his own coming.
        let gone = if state.schedule.is_empty() { std::mem::take(&mut state.subscriptions) } else { Vec::new() };
        drop(state);
        drop(gone);
        self.0.clear();
    }
}
