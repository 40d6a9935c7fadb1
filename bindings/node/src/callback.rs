//! Callback tokens: made and checked by core.

use image_intelligence::{
    CallbackKeys as Native, CallbackToken as Token, Error, ErrorKind, PublicBase, Rid, Timestamp,
};
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;

use crate::{failure, kind_of};

/// What a token says.
#[napi(object)]
pub struct CallbackToken {
    pub kind: String,
    pub rid: String,
    /// UNIX time in milliseconds.
    pub expires: f64,
    pub key_id: u8,
}

/// What `CallbackKeys` stands on.
#[napi]
pub struct CallbackKeys(Native);

#[napi]
impl CallbackKeys {
    /// The masters by their numbers; the last one signs.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, ids: Vec<u8>, masters: Vec<Uint8Array>) -> Result<Self> {
        let keys = Native::new(ids.into_iter().zip(masters.iter()));
        keys.map(Self).map_err(|error| failure::thrown(env, &error))
    }

    /// The same from one line of text, as `II_CALLBACK_KEYS` holds it.
    #[napi(factory, catch_unwind)]
    pub fn parse(env: Env, text: String) -> Result<Self> {
        Native::parse(&text).map(Self).map_err(|error| failure::thrown(env, &error))
    }

    #[napi(catch_unwind)]
    pub fn mint(&self, env: Env, kind: String, expires: f64, rid: String, base: String) -> Result<String> {
        self.make(&kind, expires, &rid, &base).map_err(|error| failure::thrown(env, &error))
    }

    #[napi(catch_unwind)]
    pub fn verify(&self, env: Env, token: String, bases: Vec<String>, now: f64) -> Result<CallbackToken> {
        read(env, &bases, now, |bases, now| self.0.verify(&token, bases, now))
    }

    /// As `verify`, of the path of a request.
    #[napi(catch_unwind)]
    pub fn verify_path(&self, env: Env, path: String, bases: Vec<String>, now: f64) -> Result<CallbackToken> {
        read(env, &bases, now, |bases, now| self.0.verify_path(&path, bases, now))
    }
}

impl CallbackKeys {
    pub(crate) fn ring(&self) -> Native {
        self.0.clone()
    }

    fn make(&self, kind: &str, expires: f64, rid: &str, base: &str) -> image_intelligence::Result<String> {
        let refuse = |problem: String| Error::new(ErrorKind::InvalidRequest, problem);
        let kind = kind_of(kind)?;
        let rid = Rid::from_hex(rid).ok_or_else(|| refuse("rid: 32 hex digits are wanted".to_owned()))?;
        Ok(self.0.mint(kind, Timestamp::from_millis(expires as i64), rid, &PublicBase::parse(base)?))
    }
}

fn read(
    env: Env,
    bases: &[String],
    now: f64,
    verify: impl FnOnce(&[PublicBase], Timestamp) -> image_intelligence::Result<Token>,
) -> Result<CallbackToken> {
    let bases: image_intelligence::Result<Vec<PublicBase>> = bases.iter().map(|base| PublicBase::parse(base)).collect();
    let read = bases.and_then(|bases| verify(&bases, Timestamp::from_millis(now as i64)));
    let read = read.map_err(|error| failure::thrown(env, &error))?;
    Ok(CallbackToken {
        kind: read.kind.as_str().to_owned(),
        rid: read.rid.to_string(),
        expires: read.expires.as_millis() as f64,
        key_id: read.key_id,
    })
}

/// The URL to have a job call back at.
#[napi(catch_unwind)]
pub fn callback_url(env: Env, base: String, token: String) -> Result<String> {
    let base = PublicBase::parse(&base).map_err(|error| failure::thrown(env, &error))?;
    Ok(base.callback_url(&token))
}
