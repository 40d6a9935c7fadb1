//! An event in a handler's hands, as it crosses: what it is, the body, and the canonical JSON where that is another one.

use image_intelligence::{Error, ErrorKind};
use image_intelligence_webhooks::{Delivery as Native, Judged};
use napi::bindgen_prelude::{BufferSlice, Object};
use napi::{Env, Result};
use napi_derive::napi;

use crate::failure;
use crate::json::{Json, string};

/// An event that is yours. Collected as garbage without a word, it is handed out again.
#[napi]
pub struct Delivery(Option<Native>);

#[napi]
impl Delivery {
    /// Whether it is still yours, as far as is known here.
    #[napi(getter, catch_unwind)]
    pub fn held(&self) -> bool {
        self.0.as_ref().is_some_and(Native::is_held)
    }

    /// Lets go of it without a word.
    #[napi(catch_unwind)]
    pub fn release(&mut self) {
        self.0 = None;
    }
}

impl Delivery {
    pub(crate) fn take(&mut self, env: Env) -> Result<Native> {
        let said = "delivery: its end was said before: it is acked, nacked, buried or let go of once";
        self.0.take().ok_or_else(|| failure::thrown(env, &Error::new(ErrorKind::InvalidRequest, said)))
    }
}

/// An event, judged off JavaScript's own thread. Dropped before JavaScript has it, it goes back uncounted.
pub(crate) struct Came {
    delivery: Native,
    judged: Judged,
}

impl Came {
    pub(crate) fn new(mut delivery: Native) -> Self {
        delivery.set_seen(false);
        Self { judged: delivery.judged(), delivery }
    }
}

/// As JavaScript gets it.
pub(crate) fn object(env: &Env, came: Came) -> Result<Object<'_>> {
    let Came { mut delivery, judged } = came;
    let mut told = event(env, judged, delivery.raw())?;
    told.set("idempotencyKey", delivery.idempotency_key())?;
    if let Some(rid) = delivery.rid() {
        told.set("rid", rid.to_string())?;
    }
    if let Some(id) = delivery.job_id() {
        told.set("jobId", id)?;
    }
    told.set("attempt", delivery.attempt())?;
    told.set("receivedAt", delivery.received_at().as_millis() as f64)?;
    told.set("signed", delivery.is_signed())?;
    told.set("seq", delivery.seq() as f64)?;
    delivery.set_seen(true);
    told.set("held", Delivery(Some(delivery)))?;
    Ok(told)
}

/// What a body is, for `eventOf`.
pub(crate) fn event<'env>(env: &'env Env, judged: Judged, raw: &[u8]) -> Result<Object<'env>> {
    let Judged { kind, ascii, json } = judged;
    let mut told = Object::new(env)?;
    told.set("kind", kind.as_str())?;
    told.set("ascii", ascii)?;
    if let Some(text) = json {
        told.set("json", string(env, Json::of(text, ascii))?)?;
    }
    told.set("raw", BufferSlice::copy_from(env, raw)?)?;
    Ok(told)
}
