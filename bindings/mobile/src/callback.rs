//! Callback tokens.

use std::sync::Arc;

use image_intelligence_core::{CallbackKeys, Error, Kind, PublicBase, Result, Rid, Timestamp};

use crate::failure::Failure;

/// A master key.
#[derive(uniffi::Record)]
pub struct Master {
    /// Its number, 0 to 255.
    pub key_id: i32,
    /// Its 32 bytes.
    pub bytes: Vec<u8>,
}

/// What a callback token says.
#[derive(Debug, uniffi::Record)]
pub struct CallbackToken {
    /// What the job does.
    pub kind: Kind,
    /// Our own name for the job, 32 hex digits.
    pub rid: String,
    /// From when on it is good no more.
    pub expires: Timestamp,
    /// The key that made it.
    pub key_id: i32,
}

/// A ring of keys.
#[derive(uniffi::Object)]
pub struct NativeKeys(CallbackKeys);

#[uniffi::export]
impl NativeKeys {
    /// A ring of masters; the last one signs.
    #[uniffi::constructor]
    pub fn new(masters: Vec<Master>) -> Result<Arc<Self>, Failure> {
        let mut ring = Vec::new();
        for master in masters {
            let id = u8::try_from(master.key_id).map_err(|_| {
                Error::new(
                    image_intelligence_core::ErrorKind::Config,
                    format!("callback keys: key id {} given, one from 0 to 255 wanted", master.key_id),
                )
            })?;
            ring.push((id, master.bytes));
        }
        Ok(Arc::new(Self(CallbackKeys::new(ring)?)))
    }

    /// The token of a job's callback URL.
    pub fn mint(&self, kind: Kind, expires: Timestamp, rid: String, base: String) -> Result<String, Failure> {
        let Some(rid) = Rid::from_hex(&rid) else {
            return Err(Error::invalid_request("rid", "32 hex digits are wanted").into());
        };
        Ok(self.0.mint(kind, expires, rid, &PublicBase::parse(&base)?))
    }

    /// Checks a token.
    pub fn verify(&self, token: String, bases: Vec<String>, now: Timestamp) -> Result<CallbackToken, Failure> {
        let bases = bases.iter().map(|base| PublicBase::parse(base)).collect::<Result<Vec<_>>>()?;
        let token = self.0.verify(&token, &bases, now)?;
        let (rid, key_id) = (token.rid.to_string(), token.key_id.into());
        Ok(CallbackToken { kind: token.kind, rid, expires: token.expires, key_id })
    }
}

/// The URL that a job is given as its webhookUrl.
#[uniffi::export]
pub fn callback_url(base: String, token: String) -> Result<String, Failure> {
    Ok(PublicBase::parse(&base)?.callback_url(&token))
}
