//! The desk of a handler without an inbox: the webhooks crate judges, and JavaScript reads the body.

use bytes::Bytes;
use image_intelligence::{Error, ErrorKind};
use image_intelligence_webhooks::{Arrived, Gate as Native, Passed as NativePassed};
use napi::bindgen_prelude::{Either, Object};
use napi::{Env, Result};
use napi_derive::napi;

use crate::callback::CallbackKeys;
use crate::receiver::{ToldAnswer, pairs, until};
use crate::{delivery, failure};

/// What handlers without an inbox stand on.
#[napi]
pub struct Gate(Native);

#[napi]
impl Gate {
    /// For jobs, each of which comes to a URL of its own.
    #[napi(factory, catch_unwind)]
    pub fn for_jobs(env: Env, keys: &CallbackKeys, bases: Vec<String>) -> Result<Self> {
        Native::for_jobs(keys.ring(), bases).map(Self).map_err(|error| failure::thrown(env, &error))
    }

    /// For events of a registered webhook.
    #[napi(factory, catch_unwind)]
    pub fn for_events(env: Env, secrets: Vec<String>, allow_sha1: bool) -> Result<Self> {
        Native::for_events(secrets, allow_sha1).map(Self).map_err(|error| failure::thrown(env, &error))
    }

    /// Judges a request before its body is read. Headers are names and values, one after the other.
    #[napi(catch_unwind)]
    pub fn admit(&self, method: String, path: String, headers: Vec<String>) -> Either<ToldAnswer, Passed> {
        match self.0.admit(&method, &path, pairs(&headers)) {
            Ok(passed) => Either::B(Passed(Some(passed))),
            Err(answer) => Either::A(answer.into()),
        }
    }
}

/// A request that was let through, and its body as far as it has come.
#[napi]
pub struct Passed(Option<NativePassed>);

#[napi]
impl Passed {
    /// For how many more milliseconds the body is waited for.
    #[napi(getter, catch_unwind)]
    pub fn patience(&self) -> f64 {
        until(self.0.as_ref().map(NativePassed::deadline))
    }

    /// Adds a piece of the body. Gives the answer where no more is wanted.
    #[napi(catch_unwind)]
    pub fn push(&mut self, piece: &[u8]) -> Option<ToldAnswer> {
        self.0.as_mut().and_then(|passed| passed.push(Bytes::copy_from_slice(piece)).err()).map(Into::into)
    }

    /// The body is whole. Gives the answer, and beside it the event that is to be dealt with first, if there is one.
    #[napi(catch_unwind)]
    pub fn finish<'env>(&mut self, env: &'env Env) -> Result<Object<'env>> {
        let over = || Error::new(ErrorKind::Closed, "this request was answered before");
        let passed = self.0.take().ok_or_else(|| failure::thrown(*env, &over()))?;
        let mut told = Object::new(env)?;
        let answer = match passed.finish() {
            Ok(Arrived { judged, raw, answer }) => {
                told.set("event", delivery::event(env, judged, &raw)?)?;
                answer
            }
            Err(answer) => answer,
        };
        told.set("answer", ToldAnswer::from(answer))?;
        Ok(told)
    }

    /// Its sender hung up.
    #[napi(catch_unwind)]
    pub fn broken_off(&mut self) {
        if let Some(passed) = self.0.take() {
            passed.broken_off();
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
        self.0.take().map(|passed| passed.late().into())
    }
}
