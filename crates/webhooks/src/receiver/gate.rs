//! The desk of who has no inbox: it judges as the receiver does, in the same order, and keeps nothing.

use std::sync::Arc;

use bytes::Bytes;
use image_intelligence_core::{
    CallbackKeys, Error, ErrorKind, EventKind, Inputs, PublicBase, Result, Secret, SignatureOptions,
};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::Span;

use super::answer::Answer;
use super::builder::{MOST_FORMER, check_secrets};
use super::head::{Head, check_signature, span_of};
use super::limits::ReceiverLimits;
use super::pieces::Pieces;
use super::refusal::Refusal;
use crate::border::Judged;
use crate::clock::Clock;

/// Judges webhooks for a handler that has no inbox: what it lets through was asked for, or is signed.
#[derive(Clone)]
pub struct Gate(Arc<Shared>);

struct Shared {
    way: Way,
    limits: ReceiverLimits,
    /// What bodies that are under way may take, in bytes.
    room: Arc<Semaphore>,
}

/// How one gets in.
enum Way {
    /// By the token at the end of a job's own URL.
    Token { keys: CallbackKeys, bases: Vec<PublicBase> },
    /// By a signature.
    Signature { secrets: Vec<Secret>, options: SignatureOptions },
}

impl Gate {
    /// For jobs, each of which comes to a URL of its own: `bases` are today's public address and up to three former ones.
    ///
    /// Fails with `config` where one is no URL, or there are none or too many.
    pub fn for_jobs(keys: CallbackKeys, bases: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        let bases = bases.into_iter().map(|base| PublicBase::parse(base.as_ref())).collect::<Result<Vec<_>>>()?;
        let most = 1 + MOST_FORMER;
        if !(1..=most).contains(&bases.len()) {
            let message = format!("public URLs: {} given, 1 to {most} wanted", bases.len());
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(Self::new(Way::Token { keys, bases }))
    }

    /// For events of a registered webhook, which are signed.
    ///
    /// Fails with `config` where there is no secret, more than four, or an empty one.
    pub fn for_events(secrets: impl IntoIterator<Item = impl Into<Secret>>, allow_sha1: bool) -> Result<Self> {
        let secrets: Vec<Secret> = secrets.into_iter().map(Into::into).collect();
        if secrets.is_empty() {
            return Err(Error::new(ErrorKind::Config, "webhook secrets: none given"));
        }
        check_secrets(&secrets)?;
        let mut options = SignatureOptions::default();
        options.allow_sha1 = allow_sha1;
        Ok(Self::new(Way::Signature { secrets, options }))
    }

    fn new(way: Way) -> Self {
        let limits = ReceiverLimits::default();
        Self(Arc::new(Shared { way, room: Arc::new(Semaphore::new(limits.in_flight)), limits }))
    }

    /// As [`Receiver::admit`](super::Receiver::admit).
    pub fn admit<'h>(
        &self,
        method: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Passed, Answer> {
        let began = Instant::now();
        let Shared { way, limits, .. } = &*self.0;
        let (route, named) = match way {
            Way::Token { keys, bases } => {
                let token = keys.verify_path(path, bases, Clock::default().now());
                ("/cb/{token}", token.map(|token| (token.kind.into(), Some(Inputs::of_resumed(token.rid)))))
            }
            Way::Signature { .. } => ("/events", Ok((EventKind::Event, None))),
        };
        let span = span_of(method, route);
        let (kind, inputs) = named.map_err(|error| Refusal::no_token(&error).told(&span))?;
        if method != "POST" {
            return Err(Refusal::METHOD.told(&span));
        }
        let head = Head::read(headers, matches!(way, Way::Signature { .. }));
        if let Some(refusal) = head.refusal(limits) {
            return Err(refusal.told(&span));
        }
        let body = Pieces::expecting(head.length);
        let (gate, signatures) = (Arc::clone(&self.0), head.signatures);
        Ok(Passed { gate, kind, inputs, signatures, body, refused: None, began, span })
    }
}

/// A request whose token is good, or that may be signed. Its body may be read now.
#[must_use = "the body is still to come"]
pub struct Passed {
    gate: Arc<Shared>,
    kind: EventKind,
    /// Of a job of ours its stamps are known, and no more.
    inputs: Option<Inputs>,
    signatures: Vec<(String, Vec<u8>)>,
    body: Pieces,
    refused: Option<Answer>,
    began: Instant,
    span: Span,
}

/// An event that got through.
pub struct Arrived {
    /// What it is, and what to decode.
    pub judged: Judged,
    /// The body, byte for byte.
    pub raw: Bytes,
    /// What to answer with once it is dealt with.
    pub answer: Answer,
}

impl Passed {
    /// Until when the body must be there. After that, call [`late`](Self::late).
    pub fn deadline(&self) -> std::time::Instant {
        (self.began + self.gate.limits.body_timeout).into_std()
    }

    /// Adds the next piece of the body. Fails with the answer where that becomes too large: nothing more of it need be read
    /// then.
    pub fn push(&mut self, piece: Bytes) -> Result<(), Answer> {
        if let Some(answer) = self.refused {
            return Err(answer);
        }
        let added = self.body.add(piece, self.gate.limits.max_body, &self.gate.room);
        added.map_err(|refusal| self.turn_away(refusal))
    }

    /// The body is whole: gives the event, or the answer.
    pub fn finish(mut self) -> Result<Arrived, Answer> {
        if let Some(answer) = self.refused {
            return Err(answer);
        }
        let raw = self.body.take();
        if let Way::Signature { secrets, options } = &self.gate.way
            && let Err(refusal) = check_signature(&self.signatures, &raw, secrets, *options)
        {
            return Err(refusal.told(&self.span));
        }
        match Judged::tied(&raw, self.kind, self.inputs.as_ref()) {
            Ok(judged) => Ok(Arrived { judged, raw, answer: Answer::OK }),
            Err(_) => Err(Refusal::UNREADABLE.told(&self.span)),
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

    fn turn_away(&mut self, refusal: Refusal) -> Answer {
        self.body.let_go();
        *self.refused.insert(refusal.told(&self.span))
    }
}
