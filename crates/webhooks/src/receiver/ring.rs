//! The keys of the callback URLs, and the addresses under which they are given out.

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use image_intelligence_core::{CallbackKeys, CallbackToken, Error, ErrorKind, Kind, PublicBase, Result, Rid, Timestamp};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::store::Store;

/// How often the store is asked at most, as anybody can make up the id of a key.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Makes callback URLs and knows its own again.
pub(crate) struct Ring {
    keys: RwLock<CallbackKeys>,
    /// Today's first.
    bases: Vec<PublicBase>,
    /// Whether the keys are the store's, to which another receiver may add.
    from_store: bool,
    looked: Mutex<Option<Instant>>,
    clock: Clock,
}

impl Ring {
    /// With the keys given, or else the store's, which are made there at first use.
    pub(crate) async fn open(keys: Option<CallbackKeys>, bases: Vec<PublicBase>, store: &dyn Store) -> Result<Self> {
        let from_store = keys.is_none();
        let keys = match keys {
            Some(keys) => keys,
            None => stored(store).await?,
        };
        Ok(Self { keys: RwLock::new(keys), bases, from_store, looked: Mutex::new(None), clock: Clock::default() })
    }

    /// The public address under which URLs are given out.
    pub(crate) fn base(&self) -> Option<&PublicBase> {
        self.bases.first()
    }

    /// The URL at which the job of that name is called back.
    pub(crate) fn callback_url(&self, kind: Kind, rid: Rid, now: Timestamp) -> Option<String> {
        let base = self.base()?;
        let life = i64::try_from(CallbackKeys::DEFAULT_LIFE.as_millis()).unwrap_or(i64::MAX);
        let expires = Timestamp::from_millis(now.as_millis().saturating_add(life));
        Some(base.callback_url(&self.keys().mint(kind, expires, rid, base)))
    }

    /// Checks a token.
    pub(crate) fn verify(&self, token: &str) -> Result<CallbackToken> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).verify(token, &self.bases, self.clock.now())
    }

    fn keys(&self) -> CallbackKeys {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is worth asking the store for keys that were added. `true` at most once a second.
    pub(crate) fn may_have_grown(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self.from_store && looked.is_none_or(|last| last.elapsed() >= BETWEEN_LOOKS);
        if due {
            *looked = Some(Instant::now());
        }
        due
    }

    /// Takes over what keys the store has now.
    pub(crate) async fn look(&self, store: &dyn Store) -> Result<()> {
        let keys = stored(store).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }
}

async fn stored(store: &dyn Store) -> Result<CallbackKeys> {
    let mut fresh = Zeroizing::new([0; 32]);
    getrandom::fill(&mut fresh[..]).map_err(|error| {
        Error::new(ErrorKind::Config, format!("no random numbers for a callback key: {error}"))
    })?;
    CallbackKeys::new(store.masters(*fresh).await?)
}
