//! A request that was let in, and its body.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span};

use super::answer::Answer;
use super::commit::Commit;
use super::desk::{Desk, Route};
use super::head::{Head, check_signature};
use super::pieces::Pieces;
use super::refusal::Refusal;
use super::sort::{self, Sorted};
use crate::failpoint;

/// A request whose token or route is good. Its body may be read now: in pieces with [`push`](Self::push), or whole with
/// [`take`](Self::take).
#[must_use = "the body is still to come"]
pub struct Admitted {
    desk: Arc<Desk>,
    route: Route,
    signatures: Vec<(String, Vec<u8>)>,
    body: Pieces,
    /// What it was turned away with while it came.
    refused: Option<Answer>,
    began: Instant,
    span: Span,
}

impl Admitted {
    pub(crate) fn new(desk: Arc<Desk>, route: Route, head: Head, began: Instant, span: Span) -> Self {
        let body = Pieces::expecting(head.length);
        Self { desk, route, signatures: head.signatures, body, refused: None, began, span }
    }

    /// Until when the body must be there. After that, call [`late`](Self::late).
    pub fn deadline(&self) -> std::time::Instant {
        self.body_deadline().into_std()
    }

    pub(crate) fn body_deadline(&self) -> Instant {
        self.began + self.desk.limits.body_timeout.min(self.desk.limits.answer_timeout)
    }

    /// Adds the next piece of the body. Fails with the answer where the body becomes too large, or all bodies together are:
    /// nothing more of it need be read then.
    pub fn push(&mut self, piece: Bytes) -> Result<(), Answer> {
        if let Some(answer) = self.refused {
            return Err(answer);
        }
        let added = self.body.add(piece, self.desk.limits.max_body, &self.desk.room);
        added.map_err(|refusal| self.turn_away(refusal))
    }

    /// The body is whole: gives the answer, 200 only once it is on the disk. Comes to an end in time whatever the disk does;
    /// what was begun is brought to its end though this be dropped.
    pub async fn finish(self) -> Answer {
        let span = self.span.clone();
        self.judge().instrument(span).await
    }

    /// The body is this: [`push`](Self::push) and [`finish`](Self::finish).
    pub async fn take(mut self, body: Bytes) -> Answer {
        match self.push(body) {
            Ok(()) => self.finish().await,
            Err(answer) => answer,
        }
    }

    /// The body did not come in time.
    pub fn late(self) -> Answer {
        Refusal::LATE_BODY.told(&self.span)
    }

    /// The body ended before its end.
    pub fn broken_off(self) -> Answer {
        Refusal::BROKEN_OFF.told(&self.span)
    }

    async fn judge(mut self) -> Answer {
        if let Some(answer) = self.refused {
            return answer;
        }
        failpoint::reach("receiver.read");
        let body = self.body.take();
        let desk = &self.desk;
        let signed = matches!(self.route, Route::Events) && !desk.secrets.is_empty();
        if signed && let Err(refusal) = check_signature(&self.signatures, &body, &desk.secrets, desk.signature) {
            return refusal.told(&self.span);
        }
        let sorted = match &self.route {
            Route::Callback(token) => sort::ours(token, body, desk.follow.confirms(true)),
            Route::Events => sort::event(body, signed),
            Route::Jobs => sort::foreign(body, desk.follow.confirms(false)),
        };
        let (incoming, stray) = match sorted {
            Sorted::News => return self.ok(),
            Sorted::Keep(incoming) => (incoming, false),
            Sorted::Stray(incoming) => (incoming, true),
        };
        let room = match self.body.take_room(&desk.room) {
            Ok(room) => room,
            Err(refusal) => return refusal.told(&self.span),
        };
        let commit = Commit::new(Arc::clone(desk), incoming, room);
        let refusal = match timeout_at(self.began + desk.limits.answer_timeout, commit).await {
            Ok(Ok(())) => {
                if let (true, Route::Callback(token)) = (stray, &self.route) {
                    desk.look_at(token.rid);
                }
                return self.ok();
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the store did not take an event");
                Refusal::STORE
            }
            Err(_) => Refusal::LATE,
        };
        refusal.told(&self.span)
    }

    fn ok(&self) -> Answer {
        metrics::histogram!("ii.webhook.ack_seconds").record(self.began.elapsed());
        self.span.record("http.response.status_code", Answer::OK.status);
        Answer::OK
    }

    /// Lets go of what was read, as nothing will become of it.
    fn turn_away(&mut self, refusal: Refusal) -> Answer {
        self.body.let_go();
        let answer = self.desk.refuse_body(&self.span, refusal, &self.route);
        *self.refused.insert(answer)
    }
}

/// Shows no token.
impl std::fmt::Debug for Admitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admitted").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}
