//! The inbox: what was received and is on the disk, until a handler is done with it.

use std::sync::{Arc, OnceLock};

use image_intelligence::{Dialect, Error, ErrorKind};
use image_intelligence_webhooks::{Filter, Inbox as Native, SqlValue, Statement};
use napi::bindgen_prelude::{Either5, Function, Null, Uint8Array};
use napi::{Env, Result};
use napi_derive::napi;

use crate::callback::CallbackKeys;
use crate::calls::{Calls, Deliveries, Outcome};
use crate::client::milliseconds;
use crate::delivery::Delivery;
use crate::failure;

/// How an inbox is set up; times are in milliseconds.
#[napi(object)]
pub struct InboxSettings {
    pub lease: Option<f64>,
    pub handler_timeout: Option<f64>,
    pub attempts: Option<u32>,
    pub retry_pause: Option<f64>,
    pub longest_retry_pause: Option<f64>,
    pub prune_bodies_after: Option<f64>,
    pub prune_keys_after: Option<f64>,
    pub prefetch: Option<u32>,
    pub shutdown_timeout: Option<f64>,
    pub existing: bool,
}

/// Which events are wanted.
#[napi(object)]
pub struct Wanted {
    pub state: Option<String>,
    pub kind: Option<String>,
    pub job: Option<String>,
    pub before: Option<f64>,
    pub limit: Option<u32>,
}

/// A value that is bound in a statement.
type Bound = Either5<Null, bool, f64, String, Uint8Array>;

/// A statement of SQL, and what is bound in it.
#[napi(object)]
pub struct Sql {
    pub sql: String,
    pub params: Vec<Bound>,
}

/// What `Inbox` stands on. Its calls, and those of its receivers, come back through one queue.
#[napi]
pub struct Inbox {
    place: Arc<OnceLock<Native>>,
    pub(crate) calls: Calls,
}

#[napi]
impl Inbox {
    /// `deliver` gets the outcomes of calls. It is to be opened first.
    #[napi(constructor, catch_unwind)]
    pub fn new(deliver: Function<'_, Deliveries, ()>) -> Result<Self> {
        Ok(Self { place: Arc::default(), calls: Calls::new(&deliver)? })
    }

    #[napi(catch_unwind)]
    pub fn open(
        &mut self,
        env: Env,
        target: String,
        settings: InboxSettings,
        keys: Option<&CallbackKeys>,
    ) -> Result<u32> {
        let mut builder = Native::builder(target).existing(settings.existing).dialect(Dialect::Node);
        let times = [
            (settings.lease, image_intelligence_webhooks::InboxBuilder::lease as fn(_, _) -> _),
            (settings.handler_timeout, image_intelligence_webhooks::InboxBuilder::handler_timeout),
            (settings.retry_pause, image_intelligence_webhooks::InboxBuilder::retry_pause),
            (settings.longest_retry_pause, image_intelligence_webhooks::InboxBuilder::longest_retry_pause),
            (settings.prune_bodies_after, image_intelligence_webhooks::InboxBuilder::prune_bodies_after),
            (settings.prune_keys_after, image_intelligence_webhooks::InboxBuilder::prune_keys_after),
            (settings.shutdown_timeout, image_intelligence_webhooks::InboxBuilder::shutdown_timeout),
        ];
        for (time, set) in times {
            if let Some(time) = time {
                builder = set(builder, milliseconds(time));
            }
        }
        if let Some(attempts) = settings.attempts {
            builder = builder.attempts(attempts);
        }
        if let Some(events) = settings.prefetch {
            builder = builder.prefetch(events as usize);
        }
        if let Some(keys) = keys {
            builder = builder.callback_keys(keys.ring());
        }
        let place = Arc::clone(&self.place);
        self.calls.start(env, async move {
            Outcome::of(builder.open().await, |inbox| {
                let _ = place.set(inbox);
                Outcome::Done
            })
        })
    }

    /// The outcome is an event, or nothing once the inbox is closed.
    #[napi(catch_unwind)]
    pub fn next(&mut self, env: Env) -> Result<u32> {
        let inbox = self.inbox(env)?;
        self.calls.start(env, async move {
            Outcome::of(inbox.next().await, |next| next.map_or(Outcome::Done, Outcome::delivery))
        })
    }

    /// An event is done, and the statements have been run in the same transaction.
    #[napi(catch_unwind)]
    pub fn ack(&mut self, env: Env, delivery: &mut Delivery, with: Vec<Sql>) -> Result<u32> {
        let delivery = delivery.take(env)?;
        let with: Vec<Statement> = with.into_iter().map(statement).collect();
        self.calls.start(env, async move { Outcome::done(delivery.ack_with(with).await) })
    }

    /// An event could not be handled: it is handed out again, after that pause where one is given.
    #[napi(catch_unwind)]
    pub fn nack(&mut self, env: Env, delivery: &mut Delivery, why: String, pause: Option<f64>) -> Result<u32> {
        let delivery = delivery.take(env)?;
        self.calls.start(env, async move {
            Outcome::done(match pause {
                None => delivery.nack(why).await,
                Some(pause) => delivery.nack_after(why, milliseconds(pause)).await,
            })
        })
    }

    /// An event can never be handled.
    #[napi(catch_unwind)]
    pub fn bury(&mut self, env: Env, delivery: &mut Delivery, why: String) -> Result<u32> {
        let delivery = delivery.take(env)?;
        self.calls.start(env, async move { Outcome::done(delivery.bury(why).await) })
    }

    /// Events, newest first.
    #[napi(catch_unwind)]
    pub fn list(&mut self, env: Env, wanted: Wanted) -> Result<u32> {
        let inbox = self.inbox(env)?;
        let filter = filter(wanted).map_err(|error| failure::thrown(env, &error))?;
        self.calls.start(env, async move { Outcome::of(inbox.list(filter).await, Outcome::entries) })
    }

    /// One event and its body, or nothing.
    #[napi(catch_unwind)]
    pub fn entry(&mut self, env: Env, seq: f64) -> Result<u32> {
        let inbox = self.inbox(env)?;
        self.calls.start(env, async move {
            Outcome::of(inbox.entry(seq as i64).await, |entry| entry.map_or(Outcome::Done, Outcome::entry))
        })
    }

    /// Has events handled again: these, or all dead letters. The outcome is their number.
    #[napi(catch_unwind)]
    pub fn replay(&mut self, env: Env, seqs: Option<Vec<f64>>) -> Result<u32> {
        let inbox = self.inbox(env)?;
        self.calls.start(env, async move {
            let replayed = match seqs {
                Some(seqs) => inbox.replay(seqs.into_iter().map(|seq| seq as i64)).await,
                None => inbox.replay_dead().await,
            };
            Outcome::of(replayed, |count| Outcome::Want(count as usize))
        })
    }

    #[napi(catch_unwind)]
    pub fn counts(&mut self, env: Env) -> Result<u32> {
        let inbox = self.inbox(env)?;
        self.calls
            .start(env, async move { Outcome::of(inbox.counts().await, |counts| Outcome::json(counts.to_json())) })
    }

    #[napi(catch_unwind)]
    pub fn prune(&mut self, env: Env) -> Result<u32> {
        let inbox = self.inbox(env)?;
        self.calls.start(env, async move { Outcome::of(inbox.prune().await, |pruned| Outcome::json(pruned.to_json())) })
    }

    /// Makes a new key for callback URLs. The outcome is its number.
    #[napi(catch_unwind)]
    pub fn add_key(&mut self, env: Env) -> Result<u32> {
        let inbox = self.inbox(env)?;
        self.calls.start(env, async move { Outcome::of(inbox.add_key().await, |id| Outcome::Want(usize::from(id))) })
    }

    /// Closes it, once the handlers are done that have an event.
    #[napi(catch_unwind)]
    pub fn close(&mut self, env: Env) -> Result<u32> {
        let inbox = self.inbox(env)?;
        self.calls.start(env, async move {
            inbox.shutdown().await;
            Outcome::Done
        })
    }

    /// Drops a call.
    #[napi(catch_unwind)]
    pub fn cancel(&self, env: Env, call: u32) {
        self.calls.cancel(env, call);
    }
}

impl Inbox {
    pub(crate) fn inbox(&self, env: Env) -> Result<Native> {
        let closed = || Error::new(ErrorKind::Closed, "this inbox is not open");
        self.place.get().cloned().ok_or_else(|| failure::thrown(env, &closed()))
    }
}

fn statement(Sql { sql, params }: Sql) -> Statement {
    params.into_iter().fold(Statement::new(sql), |statement, value| {
        statement.bind(match value {
            Either5::A(_) => SqlValue::NULL,
            Either5::B(flag) => flag.into(),
            // A whole number that JavaScript holds exactly is one of SQL's, too.
            Either5::C(number) if number.fract() == 0.0 && number.abs() <= MOST_EXACT => (number as i64).into(),
            Either5::C(number) => number.into(),
            Either5::D(text) => text.into(),
            Either5::E(bytes) => bytes.to_vec().into(),
        })
    })
}

/// 2^53 - 1.
const MOST_EXACT: f64 = 9_007_199_254_740_991.0;

fn filter(wanted: Wanted) -> image_intelligence::Result<Filter> {
    let mut filter = Filter::named(wanted.state.as_deref(), wanted.kind.as_deref())?;
    filter.job = wanted.job;
    filter.before = wanted.before.map(|seq| seq as i64);
    if let Some(limit) = wanted.limit {
        filter.limit = limit as usize;
    }
    Ok(filter)
}
