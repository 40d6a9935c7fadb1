//! The scheduler's task: it lives while somebody waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use image_intelligence_core::{Error, ErrorKind, Next, Ticket};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::look::{self, Sight, Swept};
use crate::client::Client;

/// How long a look may take that begins at a deadline, or just before it.
pub(crate) const LAST_LOOK: Duration = Duration::from_secs(5);
/// How long a search may take: it holds up every job that it is for.
const ONE_SEARCH: Duration = Duration::from_secs(20);
/// So many requests at once.
const MOST: usize = 16;
/// So many at once where deadlines have come.
const MOST_AT_DEADLINES: usize = 64;

enum Done {
    /// What a look at a job showed, and when it began.
    Looked(Ticket, Sight, Instant),
    Swept(Swept),
}

type UnderWay = FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>;

/// Says so when the task ends, however it does, and be it that it never began.
pub(super) struct Driving(pub(super) Client);

impl Drop for Driving {
    fn drop(&mut self) {
        let mut state = self.0.inner().scheduler.state();
        state.driven = false;
        let waits = state.waits.values().flatten();
        let listeners: Vec<_> = waits.map(|waiting| Arc::clone(&waiting.listener)).collect();
        drop(state);
        // Its runtime is gone: whoever waits on another starts it anew.
        for listener in listeners {
            listener.wake();
        }
    }
}

pub(super) async fn drive(driving: Driving) {
    let client = &driving.0;
    let scheduler = &client.inner().scheduler;
    let mut under_way = UnderWay::new();
    let mut listening = scheduler.subscriptions.listen().await;
    loop {
        let changed = scheduler.changed.notified();
        let until = begin(client, &mut under_way);
        scheduler.wake_told();
        let Some(until) = until else { return listening.let_go(scheduler) };
        listening.take_up(scheduler);
        tokio::select! {
            biased;
            Some(done) = under_way.next() => {
                end(client, done);
                scheduler.wake_told();
            }
            Some(told) = listening.next() => {
                if let Some((ticket, told)) = told {
                    scheduler.state().take_told(ticket, told);
                    scheduler.wake_told();
                }
            }
            () = changed => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

/// How long a request may take that asks for jobs of which the first has this deadline: until then, and the last look a
/// little longer.
fn allowed(deadline: Duration, now: Duration) -> Duration {
    let left = deadline.saturating_sub(now);
    if left < LAST_LOOK { (deadline + LAST_LOOK).saturating_sub(now) } else { left }
}

/// Begins what is to be done now, and says until when there is nothing more; `None` once nobody waits.
fn begin(client: &Client, under_way: &mut UnderWay) -> Option<Instant> {
    let inner = client.inner();
    let mut state = inner.scheduler.state();
    loop {
        let now = state.now();
        let far = Instant::now() + Duration::from_secs(24 * 3600);
        let began = state.began?;
        if state.schedule.is_empty() {
            return None;
        }
        let deadline = state.schedule.first_deadline();
        if let Some((deadline, ticket)) = deadline
            && deadline + LAST_LOOK <= now
        {
            let message = "the last look could not be made in time; too many waits have the same deadline";
            state.tell(inner, ticket, Err(Error::new(ErrorKind::RequestTimeout, message)), Instant::now());
            continue;
        }
        let has_come = deadline.is_some_and(|(deadline, _)| deadline <= now);
        if under_way.len() >= if has_come { MOST_AT_DEADLINES } else { MOST } {
            let next =
                deadline.map(|(deadline, _)| began + deadline + if has_come { LAST_LOOK } else { Duration::ZERO });
            return Some(next.unwrap_or(far).min(far));
        }
        if let Some(closed) = inner.caller.gate.closed_for()
            && !has_come
        {
            let open = now + closed;
            return Some(began + deadline.map_or(open, |(deadline, _)| deadline.min(open)));
        }
        match state.schedule.next(now) {
            Next::Rest(until) => return Some(began.checked_add(until).unwrap_or(far).min(far)),
            Next::Look(ticket) => {
                let Some((place, id)) = state.schedule.job(ticket) else { continue };
                let id = Arc::clone(id);
                let Some((kind, namespace)) = state.schedule.place(place) else { continue };
                let namespace = namespace.map(str::to_owned);
                let waits = state.waits.get(&ticket).map(Vec::as_slice).unwrap_or_default();
                let all = waits.iter().any(|waiting| waiting.listener.wants_all());
                let span = match waits {
                    [one] => one.listener.span(),
                    _ => None,
                };
                let allowed = allowed(state.deadline(ticket), now);
                let (client, asked) = (client.clone(), Instant::now());
                let look = async move {
                    Done::Looked(ticket, look::look(&client, kind, namespace, &id, all, allowed).await, asked)
                };
                under_way.push(Box::pin(look.instrument(span.unwrap_or_else(tracing::Span::none))));
            }
            Next::Search(window) => {
                let Some((kind, namespace)) = state.schedule.place(window.place) else { continue };
                let (namespace, client) = (namespace.map(str::to_owned), client.clone());
                let deadlines = window.wanted.iter().map(|ticket| state.deadline(*ticket));
                let allowed = allowed(deadlines.min().unwrap_or(Duration::MAX), now).min(ONE_SEARCH);
                let sweep = async move { Done::Swept(look::sweep(&client, kind, namespace, window, allowed).await) };
                under_way.push(Box::pin(sweep));
            }
        }
    }
}

/// Tells what a request brought.
fn end(client: &Client, done: Done) {
    let inner = client.inner();
    let mut state = inner.scheduler.state();
    let now = state.now();
    match done {
        Done::Looked(ticket, sight, asked) => {
            state.schedule.looked(ticket, sight.is_ok(), now);
            state.tell(inner, ticket, sight, asked);
        }
        Done::Swept(Swept { window, seen, brought, result }) => {
            tracing::debug!(
                wanted = window.wanted.len(),
                seen = seen.len(),
                rows = brought.rows,
                bytes = brought.bytes,
                "searched for jobs that are waited for"
            );
            for (ticket, status, job) in seen {
                state.tell(inner, ticket, Ok((status, job)), Instant::now());
            }
            let Err(error) = result else {
                state.schedule.searched(&window, brought, now);
                return;
            };
            tracing::debug!(error.type = error.kind().as_str(), "a search for jobs that are waited for failed");
            let for_good = matches!(
                error.kind(),
                ErrorKind::BadRequest
                    | ErrorKind::NotFound
                    | ErrorKind::PermissionDenied
                    | ErrorKind::Authentication
                    | ErrorKind::InvalidRequest
                    | ErrorKind::TooLarge
                    | ErrorKind::Config
            );
            if !for_good {
                for ticket in window
                    .wanted
                    .iter()
                    .filter(|ticket| state.schedule.is_asked_for(**ticket))
                    .copied()
                    .collect::<Vec<_>>()
                {
                    state.tell(inner, ticket, Err(error.clone()), Instant::now());
                }
            }
            state.schedule.search_failed(&window, for_good, now);
        }
    }
}
