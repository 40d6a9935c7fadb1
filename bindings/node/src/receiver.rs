//! The receiver: with a listener of its own, or behind a server of JavaScript's, which asks it before it reads a body.

use std::time::Instant;

use bytes::Bytes;
use image_intelligence::{Dialect, Error, ErrorKind};
use image_intelligence_webhooks::{Admitted as NativeAdmitted, Answer, Receiver as Native, ReceiverLimits};
use napi::bindgen_prelude::Either;
use napi::{Env, Result};
use napi_derive::napi;

use crate::calls::Outcome;
use crate::client::milliseconds;
use crate::failure;
use crate::inbox::Inbox;

/// How a receiver is set up; times are in milliseconds, sizes in bytes.
#[napi(object)]
pub struct ReceiverSettings {
    /// Where to listen; none: it has no listener.
    pub address: Option<String>,
    pub public_url: Option<String>,
    pub former_urls: Vec<String>,
    pub secrets: Vec<String>,
    pub allow_sha1: bool,
    pub accept_foreign: bool,
    pub confirm: Option<bool>,
    pub max_body: Option<u32>,
    pub body_timeout: Option<f64>,
    pub in_flight: Option<u32>,
    pub answer_timeout: Option<f64>,
    pub connections: Option<u32>,
}

/// What a request is answered with.
#[napi(object, object_from_js = false)]
pub struct ToldAnswer {
    pub status: u32,
    /// Names and values, one after the other.
    pub headers: Vec<&'static str>,
    pub body: &'static str,
}

impl From<Answer> for ToldAnswer {
    fn from(answer: Answer) -> Self {
        let headers = answer.headers.iter().flat_map(|&(name, value)| [name, value]).collect();
        Self { status: answer.status.into(), headers, body: answer.body }
    }
}

/// What `Receiver` stands on.
#[napi]
pub struct Receiver(pub(crate) Native);

#[napi]
impl Receiver {
    #[napi(getter, catch_unwind)]
    pub fn public_url(&self) -> String {
        self.0.public_url().to_owned()
    }

    #[napi(getter, catch_unwind)]
    pub fn address(&self) -> Option<String> {
        self.0.local_addr().map(|address| address.to_string())
    }

    /// Judges a request before its body is read. Headers are names and values, one after the other.
    #[napi(catch_unwind)]
    pub fn admit(&self, method: String, path: String, headers: Vec<String>) -> Either<ToldAnswer, Admitted> {
        match self.0.admit(&method, &path, pairs(&headers)) {
            Ok(admitted) => Either::B(Admitted(Some(admitted))),
            Err(answer) => Either::A(answer.into()),
        }
    }
}

/// For how many more milliseconds something is waited for.
pub(crate) fn until(deadline: Option<Instant>) -> f64 {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    left.unwrap_or_default().as_secs_f64() * 1000.0
}

/// Headers that cross as names and values, one after the other.
pub(crate) fn pairs(headers: &[String]) -> impl Iterator<Item = (&str, &[u8])> {
    headers.chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_bytes()))
}

/// A request that was let in, and its body as far as it has come.
#[napi]
pub struct Admitted(Option<NativeAdmitted>);

#[napi]
impl Admitted {
    /// For how many more milliseconds the body is waited for.
    #[napi(getter, catch_unwind)]
    pub fn patience(&self) -> f64 {
        until(self.0.as_ref().map(NativeAdmitted::deadline))
    }

    /// Adds a piece of the body. Gives the answer where no more is wanted.
    #[napi(catch_unwind)]
    pub fn push(&mut self, piece: &[u8]) -> Option<ToldAnswer> {
        self.0.as_mut().and_then(|admitted| admitted.push(Bytes::copy_from_slice(piece)).err()).map(Into::into)
    }

    /// Its sender hung up.
    #[napi(catch_unwind)]
    pub fn broken_off(&mut self) {
        if let Some(admitted) = self.0.take() {
            admitted.broken_off();
        }
    }

    /// Nothing is wanted of it any more.
    #[napi(catch_unwind)]
    pub fn leave(&mut self) {
        self.0 = None;
    }

    /// The body did not come in time.
    #[napi(catch_unwind)]
    pub fn late(&mut self) -> Option<ToldAnswer> {
        self.0.take().map(|admitted| admitted.late().into())
    }
}

#[napi]
impl Inbox {
    /// A receiver that puts what comes into this inbox. The outcome is it.
    #[napi(catch_unwind)]
    pub fn receiver(&mut self, env: Env, settings: ReceiverSettings) -> Result<u32> {
        let mut limits = ReceiverLimits::default();
        let sizes = [
            (settings.max_body, &mut limits.max_body),
            (settings.in_flight, &mut limits.in_flight),
            (settings.connections, &mut limits.connections),
        ];
        for (given, size) in sizes {
            *size = given.map_or(*size, |given| given as usize);
        }
        let times =
            [(settings.body_timeout, &mut limits.body_timeout), (settings.answer_timeout, &mut limits.answer_timeout)];
        for (given, time) in times {
            *time = given.map_or(*time, milliseconds);
        }
        let mut builder = Native::builder(&self.inbox(env)?)
            .former_urls(settings.former_urls)
            .secrets(settings.secrets)
            .allow_sha1(settings.allow_sha1)
            .accept_foreign(settings.accept_foreign)
            .limits(limits)
            .dialect(Dialect::Node);
        if let Some(url) = settings.public_url {
            builder = builder.public_url(url);
        }
        if let Some(confirm) = settings.confirm {
            builder = builder.confirm(confirm);
        }
        let address = settings.address;
        self.calls.start(env, async move {
            let receiver = match address {
                Some(address) => builder.listen(address).await,
                None => builder.build().await,
            };
            Outcome::of(receiver, |receiver| Outcome::Receiver(Receiver(receiver)))
        })
    }

    /// The body of a request is whole. The outcome is the answer.
    #[napi(catch_unwind)]
    pub fn finish(&mut self, env: Env, request: &mut Admitted) -> Result<u32> {
        let over = || Error::new(ErrorKind::Closed, "this request was answered before");
        let admitted = request.0.take().ok_or_else(|| failure::thrown(env, &over()))?;
        self.calls.start(env, async move { Outcome::Answer(admitted.finish().await) })
    }

    /// Closes a receiver so that nothing is lost, and then the inbox.
    #[napi(catch_unwind)]
    pub fn shut_down(&mut self, env: Env, receiver: &Receiver) -> Result<u32> {
        let receiver = receiver.0.clone();
        self.calls.start(env, async move {
            receiver.shutdown().await;
            Outcome::Done
        })
    }
}
