//! The desk at which every request is judged, before and after its body: the order of it is law.
//!
//! First the token or the route, before a byte of the body is read; then how large the body is and how it comes; then its
//! signature, where there is a secret; then what it is; and only when it is on the disk, 200.

use std::sync::Arc;

use image_intelligence_core::{CallbackToken, Rid, Secret, SignatureOptions};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::Span;

use super::admitted::Admitted;
use super::answer::Answer;
use super::head::{Head, span_of};
use super::limits::ReceiverLimits;
use super::refusal::Refusal;
use super::route::{Map, Place};
use crate::follow::Follow;
use crate::hub::Hub;

/// What all ways in share.
pub(crate) struct Desk {
    pub(crate) hub: Arc<Hub>,
    pub(crate) follow: Arc<Follow>,
    pub(crate) map: Map,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) signature: SignatureOptions,
    /// Whether jobs are taken that others sent.
    pub(crate) foreign: bool,
    pub(crate) limits: ReceiverLimits,
    /// What bodies in flight may take, in bytes.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) runtime: Handle,
}

/// Where an admitted body goes.
#[derive(Debug)]
pub(crate) enum Route {
    Callback(CallbackToken),
    Events,
    Jobs,
}

impl Desk {
    /// Judges what can be judged without the body.
    pub(crate) fn admit<'h>(
        self: &Arc<Self>,
        method: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Admitted, Answer> {
        let began = Instant::now();
        let place = self.map.place(path);
        let span = span_of(method, place.template());
        let entered = span.enter();
        let route = self.route(method, place).map_err(|refusal| refusal.told(&span))?;
        let head = Head::read(headers, matches!(route, Route::Events) && !self.secrets.is_empty());
        if let Some(refusal) = head.refusal(&self.limits) {
            return Err(self.refuse_body(&span, refusal, &route));
        }
        drop(entered);
        Ok(Admitted::new(Arc::clone(self), route, head, began, span))
    }

    fn route(&self, method: &str, place: Place<'_>) -> Result<Route, Refusal> {
        let route = match place {
            Place::Callback(token) => {
                Route::Callback(self.follow.verify(token).map_err(|error| Refusal::no_token(&error))?)
            }
            // Without a secret anybody could tell of events, so somebody must have asked for that.
            Place::Events if self.foreign || !self.secrets.is_empty() => Route::Events,
            Place::Jobs if self.foreign => Route::Jobs,
            Place::Base => {
                return Err(match method {
                    "GET" => Refusal { answer: Answer::HERE, reason: Refusal::NONE },
                    "HEAD" => Refusal { answer: Answer::HERE_TO_HEAD, reason: Refusal::NONE },
                    _ => Refusal { answer: Answer::ONLY_GET, reason: "method" },
                });
            }
            Place::Events => return Err(Refusal { answer: Answer::NOT_FOUND, reason: "no_secret" }),
            Place::Jobs | Place::Nowhere => return Err(Refusal { answer: Answer::NOT_FOUND, reason: "no_route" }),
        };
        if method == "POST" { Ok(route) } else { Err(Refusal::METHOD) }
    }

    /// Has a job looked at that is done, as far as its webhook tells, and whose result did not get in that way.
    pub(crate) fn look_at(&self, rid: Rid) {
        let follow = Arc::clone(&self.follow);
        // So that a shutdown waits for it. Where there is no room for a byte it is done all the same.
        let room = Arc::clone(&self.room).try_acquire_owned();
        self.runtime.spawn(async move {
            let _room = room;
            // Else it is overdue one day, and then looked at.
            if let Err(error) = follow.look_now(rid).await {
                tracing::warn!(%error, "a job cannot be marked to be looked at now");
            }
        });
    }

    /// Turns away a body. Where it came to a job's own URL that job is looked at, as its result will not come in this way.
    pub(crate) fn refuse_body(&self, span: &Span, refusal: Refusal, route: &Route) -> Answer {
        if let (Refusal { answer: Answer { status: 413, .. }, .. }, Route::Callback(token)) = (refusal, route) {
            self.look_at(token.rid);
        }
        refusal.told(span)
    }
}
