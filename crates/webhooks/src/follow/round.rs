//! The one task: takes what is to be confirmed and what is to be looked after, and has so much of each under way.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{Result, Rid};
use tokio::time::{Instant, MissedTickBehavior};

use super::Core;
use super::confirm::Health;
use super::pace::spread;
use super::work::Work;

/// The round that is made until the inbox closes.
pub(super) struct Round {
    core: Arc<Core>,
    events: Work<i64>,
    jobs: Work<Rid>,
    /// How often in a row the API could not be asked.
    ill: u32,
    /// How often in a row nothing was taken for a while, for that or as the store failed.
    hushed: u32,
    /// Until when nothing is taken.
    quiet_until: Instant,
    /// Whether it was said that nobody can be asked.
    said: bool,
}

impl Round {
    pub(super) fn new(core: Arc<Core>) -> Self {
        let (events, jobs, now) = (Work::new(), Work::new(), Instant::now());
        Self { core, events, jobs, ill: 0, hushed: 0, quiet_until: now, said: false }
    }

    pub(super) async fn run(mut self) {
        let core = Arc::clone(&self.core);
        let closed = core.hub.closed();
        tokio::pin!(closed);
        let mut tend = tokio::time::interval(core.settings.abandon_after.clamp(Duration::from_secs(1), TEND));
        tend.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let until = self.take().await;
            tokio::select! {
                biased;
                () = &mut closed => break,
                _ = tend.tick() => {
                    let tended = core.tend().await;
                    self.stored(tended);
                    self.look();
                }
                () = core.hub.look.notified() => self.look(),
                done = self.events.next() => self.note(done),
                done = self.jobs.next() => self.note(done),
                () = tokio::time::sleep_until(until) => {}
            }
        }
        self.end().await;
    }

    /// There may be something of either sort.
    fn look(&mut self) {
        (self.events.more, self.jobs.more) = (true, true);
    }

    /// Takes as much as there is room for, and says when to come back.
    async fn take(&mut self) -> Instant {
        while let Some(done) = self.events.try_next() {
            self.note(done);
        }
        while let Some(done) = self.jobs.try_next() {
            self.note(done);
        }
        let now = Instant::now();
        if now < self.quiet_until {
            return self.quiet_until;
        }
        let taken = if self.core.sources.is_any() { self.begin(now).await } else { self.wait(now).await };
        match self.stored(taken) {
            Some(until) => until.max(self.quiet_until),
            None => self.quiet_until,
        }
    }

    async fn begin(&mut self, now: Instant) -> Result<Instant> {
        let core = Arc::clone(&self.core);
        let lease = core.settings.lease;
        // One asks for all as long as nobody answers.
        let most = if self.ill >= ILL { 1 } else { core.settings.at_once.max(1) };
        self.events.more |= self.events.due_at <= now;
        self.jobs.more |= self.jobs.due_at <= now;
        if let Some(room) = self.events.room(most) {
            self.quiet_until = now + BREATH;
            let taken = core.hub.store.unconfirmed(room, lease).await?;
            self.events.more = taken.len() >= room;
            for event in taken {
                let core = Arc::clone(&core);
                self.events.begin(event.seq, async move { core.confirm(&event).await });
            }
        }
        if let Some(room) = self.jobs.room(most) {
            self.quiet_until = now + BREATH;
            let taken = core.hub.store.overdue(room, lease).await?;
            self.jobs.more = taken.len() >= room;
            if !taken.is_empty() {
                let at = core.hub.store.now().await?;
                for job in taken {
                    let core = Arc::clone(&core);
                    self.jobs.begin(job.rid, async move { core.look(&job, at).await });
                }
            }
        }
        let due = core.hub.store.next_due().await?;
        // What is said to be due and yet was not given is another's, who has just taken it.
        let at = |due: Option<Duration>| now + due.unwrap_or(IDLE).clamp(LEAST, IDLE);
        (self.events.due_at, self.jobs.due_at) = (at(due.confirm), at(due.look));
        // Of what there is more than there is room for, the end of something says when.
        let waits = [(self.events.more, self.events.due_at), (self.jobs.more, self.jobs.due_at)];
        let waits = waits.into_iter().filter_map(|(more, due_at)| (!more).then_some(due_at));
        Ok(waits.min().unwrap_or(now + IDLE))
    }

    /// Nobody can be asked, until somebody is attached.
    async fn wait(&mut self, now: Instant) -> Result<Instant> {
        if !self.said {
            let due = self.core.hub.store.next_due().await?;
            if due.confirm.or(due.look).is_some() {
                self.said = true;
                tracing::warn!("no client is attached: webhooks wait to be confirmed, and jobs to be looked after");
            }
        }
        Ok(now + IDLE)
    }

    fn note(&mut self, done: Result<Health>) {
        match done {
            Ok(Health::Well) => (self.ill, self.hushed) = (0, 0),
            Ok(Health::Ill) => {
                self.ill = self.ill.saturating_add(1);
                if self.ill == ILL {
                    tracing::warn!("the API cannot be asked for jobs; webhooks wait to be confirmed");
                }
                if self.ill >= ILL {
                    self.hush();
                }
            }
            Err(error) => drop(self.stored::<()>(Err(error))),
        }
    }

    fn stored<T>(&mut self, result: Result<T>) -> Option<T> {
        result
            .inspect_err(|error| {
                tracing::warn!(error.type = error.kind().as_str(), "the inbox's store failed: {error}");
                self.look();
                self.hush();
            })
            .ok()
    }

    /// Takes nothing for a while, twice as long each time in a row.
    fn hush(&mut self) {
        let now = Instant::now();
        if now >= self.quiet_until || self.hushed == 0 {
            let longer = HUSH.saturating_mul(1 << self.hushed.min(10)).min(IDLE);
            self.quiet_until = now + spread(longer);
            self.hushed = self.hushed.saturating_add(1);
        }
    }

    /// Nothing of this outlives the closing. What was under way is due at once for whoever comes next.
    async fn end(mut self) {
        let (events, jobs) = (self.events.end().await, self.jobs.end().await);
        let store = &self.core.hub.store;
        for seq in events {
            let _ = store.confirm_later(seq, Duration::ZERO).await;
        }
        for rid in jobs {
            let _ = store.look_again(rid, Duration::ZERO, None).await;
        }
    }
}

impl Core {
    /// What is to be done now and then.
    pub(super) async fn tend(&self) -> Result<()> {
        let (unknown, refused) = self.hub.store.abandon(self.settings.abandon_after).await?;
        if unknown + refused > 0 {
            tracing::warn!(unknown, refused, "submits were cut off by the end of their process");
        }
        self.patience.refresh(&*self.hub.store).await?;
        self.ring.reload().await
    }
}

/// How often what is to be done now and then is done.
const TEND: Duration = Duration::from_mins(1);

/// Other processes and the store's clock may do something of which nothing is heard here.
const IDLE: Duration = Duration::from_secs(30);

/// Nothing that is due by itself is taken in less than this.
const LEAST: Duration = Duration::from_millis(100);

/// Nothing is taken twice within this.
const BREATH: Duration = Duration::from_millis(10);

/// From so many answers in a row that did not come it is the API's fault.
const ILL: u32 = 8;

/// The first quiet time.
const HUSH: Duration = Duration::from_secs(1);
