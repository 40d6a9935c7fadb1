//! Errors as they cross: an object with what the error says, of which the facade makes an instance of the right class.

use std::error::Error as StdError;

use image_intelligence::Error;
use napi::bindgen_prelude::{BufferSlice, JsValue as _, Object};
use napi::{Env, Result, Status};

/// What the error says, as a JavaScript object.
pub(crate) fn object<'env>(env: &'env Env, error: &Error) -> Result<Object<'env>> {
    let mut told = Object::new(env)?;
    told.set("message", error.message())?;
    tell(env, &mut told, error)?;
    Ok(told)
}

/// The same as an exception, for functions that answer at once.
pub(crate) fn thrown(env: Env, error: &Error) -> napi::Error {
    let made = env.create_error(napi::Error::new(Status::GenericFailure, error.message()));
    let told = made.and_then(|mut told| {
        tell(&env, &mut told, error)?;
        Ok(napi::Error::from(told.to_unknown()))
    });
    told.unwrap_or_else(|failed| failed)
}

fn tell(env: &Env, told: &mut Object<'_>, error: &Error) -> Result<()> {
    told.set("kind", error.kind().as_str())?;
    told.set("retryable", error.retryable())?;
    if let Some(status) = error.status() {
        told.set("status", u32::from(status))?;
    }
    if let Some(id) = error.request_id() {
        told.set("requestId", id)?;
    }
    if let Some(wait) = error.retry_after() {
        told.set("retryAfter", wait.as_secs_f64())?;
    }
    if let Some(body) = error.body() {
        told.set("body", BufferSlice::copy_from(env, body)?)?;
    }
    if let Some(status) = error.last_status() {
        told.set("lastStatus", status.as_str())?;
    }
    if let Some(token) = error.resume_token() {
        told.set("resumeToken", token)?;
    }
    if let Some(id) = error.custom_id() {
        told.set("customId", id)?;
        told.set("candidates", error.candidates().to_vec())?;
    }
    if let Some(reason) = error.reason() {
        told.set("reason", reason)?;
    }
    if let Some(source) = error.source() {
        told.set("cause", cause(env, source)?)?;
    }
    Ok(())
}

/// What an error came from: one of ours in full, any other by its words.
fn cause<'env>(env: &'env Env, source: &(dyn StdError + 'static)) -> Result<Object<'env>> {
    if let Some(ours) = source.downcast_ref::<Error>() {
        return object(env, ours);
    }
    let mut told = Object::new(env)?;
    told.set("message", source.to_string())?;
    if let Some(further) = source.source() {
        told.set("cause", cause(env, further)?)?;
    }
    Ok(told)
}
