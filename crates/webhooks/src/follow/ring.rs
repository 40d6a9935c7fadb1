//! The key ring of callback URLs, and the public bases that they stand under.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence_core::{
    CallbackKeys, CallbackToken, Error, ErrorKind, Kind, PublicBase, Result, Rid, Timestamp,
};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::settings::Settings;
use crate::store::Store;

/// Makes callback URLs, and checks the tokens that come back.
pub(super) struct Ring {
    keys: Mutex<CallbackKeys>,
    /// Today's first.
    bases: Vec<PublicBase>,
    /// Whether there is one that is today's.
    mints: bool,
    life: Duration,
    /// Where the keys are kept, unless somebody gave them.
    store: Option<Arc<dyn Store>>,
    /// When the keys were last read again for a token of a key that was not there.
    reread: Mutex<Option<Instant>>,
}

impl Ring {
    /// Takes the keys from the settings, else from what `II_CALLBACK_KEYS` says, else from the store, which gets its first
    /// here.
    pub(super) async fn open(store: &Arc<dyn Store>, settings: &Settings, said: Option<String>) -> Result<Self> {
        if settings.former.len() > MOST_FORMER {
            let given = settings.former.len();
            let message = format!("former public bases: {given} given, at most {MOST_FORMER}; leave out the oldest");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let said = said.map(Zeroizing::new).filter(|said| !said.trim().is_empty());
        let given = match (&settings.keys, said) {
            (Some(keys), _) => Some(keys.clone()),
            (None, Some(said)) => Some(CallbackKeys::parse(&said)?),
            (None, None) => None,
        };
        let (keys, store) = match given {
            Some(keys) => (keys, None),
            None => (read(&**store).await?, Some(Arc::clone(store))),
        };
        let bases = settings.base.iter().chain(&settings.former).cloned().collect();
        Ok(Self {
            keys: Mutex::new(keys),
            bases,
            mints: settings.base.is_some(),
            life: settings.life,
            store,
            reread: Mutex::default(),
        })
    }

    /// Whether it makes callback URLs.
    pub(super) fn mints(&self) -> bool {
        self.mints
    }

    /// The URL at which the service is to post that job.
    pub(super) fn mint(&self, kind: Kind, rid: Rid, now: Timestamp) -> Option<String> {
        let base = self.bases.first().filter(|_| self.mints)?;
        let life = i64::try_from(self.life.as_millis()).unwrap_or(i64::MAX);
        let expires = Timestamp::from_millis(now.as_millis().saturating_add(life));
        Some(base.callback_url(&self.keys().mint(kind, expires, rid, base)))
    }

    /// Checks a token.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<CallbackToken> {
        if self.bases.is_empty() {
            let message = "callback token: this receiver has no public base, so none can be its own";
            return Err(Error::new(ErrorKind::WebhookVerification, message).with_reason("mismatch"));
        }
        self.keys().verify(token, &self.bases, now)
    }

    /// Whether to read the keys again, as a token is of a key that is not there: `true` at most once in a few seconds, as
    /// strangers may name any.
    pub(super) fn may_have_grown(&self) -> bool {
        let mut reread = self.reread.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self.store.is_some() && reread.is_none_or(|last| last.elapsed() >= REREAD);
        if due {
            *reread = Some(Instant::now());
        }
        due
    }

    /// Reads the keys again where the store keeps them.
    pub(super) async fn reload(&self) -> Result<()> {
        if let Some(store) = &self.store {
            let keys = read(&**store).await?;
            *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        Ok(())
    }

    fn keys(&self) -> CallbackKeys {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn read(store: &dyn Store) -> Result<CallbackKeys> {
    let mut fresh = Zeroizing::new([0; 32]);
    getrandom::fill(&mut fresh[..])
        .map_err(|error| Error::new(ErrorKind::Config, format!("the system gives no random numbers: {error}")))?;
    CallbackKeys::new(store.masters(*fresh).await?)
}

const MOST_FORMER: usize = 3;

/// How often the keys are read again at most, however many tokens are of a key that is not there.
const REREAD: Duration = Duration::from_secs(5);
