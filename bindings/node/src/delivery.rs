//! An event in a handler's hands, as it crosses: what it is, the body, and the canonical JSON where that is another one.

use image_intelligence::{Error, ErrorKind};
use image_intelligence_core::{EventKind, judge};
use image_intelligence_webhooks::Delivery as Native;
use napi::bindgen_prelude::{BufferSlice, Object};
use napi::{Env, Result};
use napi_derive::napi;

use crate::calls::{self, Json};
use crate::failure;

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

/// An event, judged off JavaScript's own thread.
pub(crate) struct Judged {
    delivery: Native,
    kind: EventKind,
    ascii: bool,
    /// What JavaScript is to parse where it is not the very body.
    json: Option<Json>,
}

impl Judged {
    pub(crate) fn new(delivery: Native) -> Self {
        let label = delivery.kind();
        if label == EventKind::GaveUp {
            let (kind, json) = (delivery.event().kind(), delivery.event().to_json());
            return Self { delivery, kind, ascii: false, json: Some(Json::new(json)) };
        }
        // A later version may know what was unknown.
        let judged = judge(delivery.raw(), Some(label).filter(|label| *label != EventKind::Unknown));
        let (kind, ascii, json) = judged.map_or((EventKind::Unknown, false, None), |judged| {
            let json = (!judged.canonical).then(|| Json::new(judged.json.into_owned()));
            (judged.event, judged.ascii, json)
        });
        Self { delivery, kind, ascii, json }
    }
}

/// As JavaScript gets it.
pub(crate) fn object(env: &Env, judged: Judged) -> Result<Object<'_>> {
    let Judged { delivery, kind, ascii, json } = judged;
    let mut told = Object::new(env)?;
    told.set("kind", kind.as_str())?;
    told.set("ascii", ascii)?;
    if let Some(json) = json {
        told.set("json", calls::string(env, json)?)?;
    }
    told.set("raw", BufferSlice::copy_from(env, delivery.raw())?)?;
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
    told.set("held", Delivery(Some(delivery)))?;
    Ok(told)
}
