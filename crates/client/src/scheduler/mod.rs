//! One scheduler for all waits of a client. What to ask for next is core's to say; this asks, and tells those who wait.
//!
//! It has a task only while somebody waits. Should that task's runtime end before the waits do, one of them starts it anew.

mod drive;
mod listener;
mod look;
mod subscriptions;

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use image_intelligence_core::{AnyJob, ErrorKind, JobRef, Result, Schedule, SchedulePolicy, Seen, Step, Ticket, Wait};
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use drive::LAST_LOOK;
pub(crate) use listener::{End, Finished, Listener, Mailbox, News};
pub(crate) use subscriptions::Subscription;

use crate::client::{Client, Inner};
use listener::Once;
use look::Sight;
use subscriptions::{New, Subscribed, Subscriptions};

/// The waits of one client.
pub(crate) struct Scheduler {
    policy: SchedulePolicy,
    state: Mutex<State>,
    /// Something came or went.
    changed: Notify,
    subscriptions: Subscriptions,
}

struct State {
    schedule: Schedule,
    waits: HashMap<Ticket, Vec<Waiting>>,
    /// The jobs of which somebody else will tell.
    subscribed: HashMap<Ticket, Subscribed>,
    /// Those of them that the task has not taken up yet.
    subscriptions: Vec<New>,
    /// Moments are counted from here.
    began: Option<Instant>,
    /// Whether a task is at work.
    driven: bool,
    /// Those who were told something. They are woken once nothing is locked any more: to wake may be to drop a wait.
    told: Vec<Arc<dyn Listener>>,
    /// What nobody waits for any more; to drop it wakes the task.
    left: Vec<Subscribed>,
}

/// Somebody who waits for a job.
struct Waiting {
    listener: Arc<dyn Listener>,
    /// Which of the listener's jobs it is.
    key: u32,
    began: Instant,
    /// How old the job was then.
    age: Duration,
    limit: Duration,
    /// Until then the job need not be asked for.
    quiet_until: Instant,
}

/// A wait: while it is held, its job is asked for.
pub(crate) struct Seat {
    client: Client,
    ticket: Ticket,
    listener: Arc<dyn Listener>,
    key: u32,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.client.inner().scheduler.leave(self.ticket, &self.listener, self.key);
    }
}

/// How a job is waited for.
pub(crate) struct Terms {
    pub(crate) began: Instant,
    /// How old the job was then.
    pub(crate) age: Duration,
    pub(crate) limit: Duration,
    /// When to ask for it first.
    pub(crate) first: Instant,
    /// For how long from the beginning it need not be asked for.
    pub(crate) quiet: Duration,
    /// Who else will tell of it.
    pub(crate) subscription: Option<Subscription>,
}

impl Scheduler {
    pub(crate) fn new(policy: SchedulePolicy) -> Self {
        let schedule = Schedule::new(policy.clone());
        let state = State {
            schedule,
            waits: HashMap::new(),
            subscribed: HashMap::new(),
            subscriptions: Vec::new(),
            began: None,
            driven: false,
            told: Vec::new(),
            left: Vec::new(),
        };
        Self { policy, state: Mutex::new(state), changed: Notify::new(), subscriptions: Subscriptions::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who were told something, and lets go of what nobody waits for.
    fn wake_told(&self) {
        let mut state = self.state();
        let (told, left) = (std::mem::take(&mut state.told), std::mem::take(&mut state.left));
        drop(state);
        drop(left);
        for listener in told {
            listener.wake();
        }
    }

    /// The job of an id that is waited for, and whether all of it is wanted.
    fn ticket(&self, place: usize, id: &str) -> Option<(Ticket, bool)> {
        let state = self.state();
        let ticket = state.schedule.find(place, id)?;
        let all = state.waits.get(&ticket).into_iter().flatten().any(|waiting| waiting.listener.wants_all());
        Some((ticket, all))
    }

    /// Begins to wait for a job. `id` is the job's, to be kept once however many wait for it.
    pub(crate) fn join(
        client: &Client,
        job: &JobRef,
        id: &Arc<str>,
        listener: Arc<dyn Listener>,
        key: u32,
        terms: Terms,
    ) -> Seat {
        let Terms { began, age, limit, first, quiet, subscription } = terms;
        let scheduler = &client.inner().scheduler;
        let mut state = scheduler.state();
        let now = state.now();
        let quiet_until = began + quiet;
        let (first, deadline) = (state.since(first.max(quiet_until)), state.since(began).saturating_add(limit));
        let ticket = state.schedule.add(job, id, now, first, deadline);
        let waiting = Waiting { listener: Arc::clone(&listener), key, began, age, limit, quiet_until };
        let waits = state.waits.entry(ticket).or_default();
        if waits.capacity() == 0 {
            waits.reserve_exact(1);
        }
        waits.push(waiting);
        state.leave_alone(ticket);
        let spare = subscription.and_then(|subscription| state.subscribe(ticket, subscription));
        drop(state);
        // It is of others, who may do anything when it is dropped.
        drop(spare);
        scheduler.changed.notify_one();
        Self::keep_driven(client);
        Seat { client: client.clone(), ticket, listener, key }
    }

    fn leave(&self, ticket: Ticket, listener: &Arc<dyn Listener>, key: u32) {
        let mut state = self.state();
        let Some(waits) = state.waits.get_mut(&ticket) else { return };
        // The caller holds the listener still, so that it is not dropped in here.
        waits.retain(|waiting| waiting.key != key || !Arc::ptr_eq(&waiting.listener, listener));
        if waits.is_empty() {
            state.remove(ticket);
            let (left, is_empty) = (std::mem::take(&mut state.left), state.schedule.is_empty());
            drop(state);
            drop(left);
            if is_empty {
                self.changed.notify_one();
            }
        }
    }

    /// Sees to it that a task is at work, should the one that was have gone down with its runtime.
    fn keep_driven(client: &Client) {
        let mut state = client.inner().scheduler.state();
        if !state.driven && !state.schedule.is_empty() {
            state.driven = true;
            drop(state);
            tokio::spawn(drive::drive(drive::Driving(client.clone())));
        }
    }
}

/// Waits for what the scheduler tells somebody, until the client is closed, and sees to it that it is at work meanwhile.
pub(crate) async fn heard<T>(client: &Client, mut poll: impl FnMut(&Context<'_>) -> Poll<T>) -> Result<T> {
    let told = poll_fn(|context| {
        let told = poll(context);
        if told.is_pending() {
            Scheduler::keep_driven(client);
        }
        told.map(Ok)
    });
    client.inner().while_open(told).await
}

/// Lets something run until that moment, where there is one; `None`: it was not done.
pub(crate) async fn within<T>(latest: Option<Instant>, done: impl Future<Output = T>) -> Option<T> {
    match latest {
        Some(latest) => tokio::time::timeout_at(latest, done).await.ok(),
        None => Some(done.await),
    }
}

/// How long one look for somebody else may take, its turn among the others included.
const ONE_LOOK: Duration = Duration::from_secs(60);

/// The job as it is now: a look among those of the waits, in the same search as they where it can be.
pub(crate) async fn look_once(client: &Client, job: &JobRef) -> Result<AnyJob> {
    let (once, now) = (Arc::new(Once::new()), Instant::now());
    // Old enough for a 404 to mean what it says.
    let age = client.inner().poll.not_found_grace;
    let terms = Terms { began: now, age, limit: ONE_LOOK, first: now, quiet: Duration::ZERO, subscription: None };
    let _seat = Scheduler::join(client, job, &Arc::from(job.id.as_str()), once.clone(), 0, terms);
    heard(client, |context| once.poll_seen(context)).await?
}

impl State {
    fn since(&mut self, moment: Instant) -> Duration {
        let began = *self.began.get_or_insert_with(Instant::now);
        moment.saturating_duration_since(began)
    }

    fn now(&mut self) -> Duration {
        self.since(Instant::now())
    }

    /// Takes a job out for which nobody waits any more.
    fn remove(&mut self, ticket: Ticket) {
        self.waits.remove(&ticket);
        self.left.extend(self.subscribed.remove(&ticket));
        self.schedule.remove(ticket);
    }

    /// Has a job left alone until it is due, where none of those who wait for it want it asked for now.
    fn leave_alone(&mut self, ticket: Ticket) {
        let now = Instant::now();
        if self.waits.get(&ticket).into_iter().flatten().all(|waiting| waiting.quiet_until > now) {
            self.schedule.leave_alone(ticket);
        }
    }

    /// Awaits what somebody else will tell of a job, and gives it back where that is awaited already.
    fn subscribe(&mut self, ticket: Ticket, subscription: Subscription) -> Option<Subscription> {
        if self.subscribed.contains_key(&ticket) {
            return Some(subscription);
        }
        let (new, subscribed) = New::of(ticket, subscription);
        self.subscribed.insert(ticket, subscribed);
        self.subscriptions.push(new);
        None
    }

    /// Takes what somebody else told of a job. Where that is not the end of it, the job is asked for from now on.
    fn take_told(&mut self, ticket: Ticket, told: Option<AnyJob>) {
        self.subscribed.remove(&ticket);
        let Some((place, id)) = self.schedule.job(ticket) else { return };
        let kind = self.schedule.place(place).map(|(kind, _)| kind);
        let fits = |job: &AnyJob| Some(job.kind()) == kind && job.id() == &**id && job.status().is_done();
        let job = told.filter(|job| {
            let fits = fits(job);
            if !fits {
                tracing::warn!(ii.job.id = %id, "what was told of a job is not its end; it is asked for");
            }
            fits
        });
        let (now, deadline) = (self.now(), self.deadline(ticket));
        let Some(waits) = self.waits.get_mut(&ticket) else { return };
        let Some(job) = job else {
            let moment = Instant::now();
            for waiting in waits {
                waiting.quiet_until = waiting.quiet_until.min(moment);
            }
            self.schedule.hurry(ticket, now, deadline);
            return;
        };
        for waiting in std::mem::take(waits) {
            waiting.listener.tell(waiting.key, News::End(End::Told(Box::new(job.clone()))));
            if !self.told.last().is_some_and(|last| Arc::ptr_eq(last, &waiting.listener)) {
                self.told.push(waiting.listener);
            }
        }
        self.remove(ticket);
    }

    /// The earliest deadline of those who wait for a job.
    fn deadline(&self, ticket: Ticket) -> Duration {
        let Some(began) = self.began else { return Duration::MAX };
        let waits = self.waits.get(&ticket).into_iter().flatten();
        let deadlines = waits.map(|wait| wait.began.saturating_duration_since(began).saturating_add(wait.limit));
        deadlines.min().unwrap_or(Duration::MAX)
    }

    /// Tells everybody who waits for a job what a look at it showed that was begun at `asked`, and when the job is due again.
    fn tell(&mut self, inner: &Inner, ticket: Ticket, seen: Sight, asked: Instant) {
        let Some(waits) = self.waits.get_mut(&ticket) else { return };
        let told = &mut self.told;
        let jitter = inner.outside().jitter();
        let moment = Instant::now();
        let mut pause = Duration::MAX;
        waits.retain(|waiting| {
            let wait = Wait::new(inner.poll.clone(), waiting.age, waiting.limit);
            let view = match &seen {
                Ok((status, _)) => Seen::Status(status),
                Err(error) => Seen::Failed(error),
            };
            // A slow answer says that the job was not there then, which the first seconds of a job explain.
            let missing = seen.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
            let at = if missing { asked } else { moment };
            let step = wait.step(at.saturating_duration_since(waiting.began), view, jitter);
            // One that waits for many jobs is woken once for all that a search showed of them.
            if !told.last().is_some_and(|last| Arc::ptr_eq(last, &waiting.listener)) {
                told.push(Arc::clone(&waiting.listener));
            }
            let end = match step {
                Step::Again(again) => {
                    waiting.listener.tell(waiting.key, News::of(&seen));
                    let stays = !waiting.listener.is_content();
                    if stays {
                        pause = pause.min(again.max(waiting.quiet_until.saturating_duration_since(moment)));
                    }
                    return stays;
                }
                _ => End::of(step, &seen),
            };
            waiting.listener.tell(waiting.key, News::End(end));
            false
        });
        if self.waits.get(&ticket).is_none_or(Vec::is_empty) {
            self.remove(ticket);
            return;
        }
        let (now, deadline) = (self.now(), self.deadline(ticket));
        let floor = seen.err().and_then(|error| error.retry_after()).unwrap_or_default();
        self.schedule.again(ticket, now, now.saturating_add(pause), now + floor, deadline);
        self.leave_alone(ticket);
    }
}
