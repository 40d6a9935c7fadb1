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
pub(crate) struct Ring {
    keys: Mutex<CallbackKeys>,
    /// Today's first.
    bases: Vec<PublicBase>,
    /// Whether there is one that is today's.
    mints: bool,
    life: Duration,
    /// Where the keys are kept, unless somebody gave them.
    store: Option<Arc<dyn Store>>,
    /// When the keys were last read for a token of a key that was not there, and whether that failed.
    reread: tokio::sync::Mutex<Option<(Instant, Option<Error>)>>,
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
            reread: tokio::sync::Mutex::default(),
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

    /// Checks a token. One of a key that is not here may be of another process's: then the keys are read again, at most once
    /// in a few seconds.
    ///
    /// Fails with `webhook_verification`, and with `store` where the keys could not be read again.
    pub(super) async fn verify(&self, token: &str, now: Timestamp) -> Result<CallbackToken> {
        let refused = match self.check(token, now) {
            Err(error) if error.reason() == Some("unknown_key") && self.store.is_some() => error,
            checked => return checked,
        };
        let mut reread = self.reread.lock().await;
        match &*reread {
            Some((at, Some(error))) if at.elapsed() < REREAD => return Err(error.clone()),
            Some((at, None)) if at.elapsed() < REREAD => {}
            _ => {
                let failed = self.reload().await.err();
                *reread = Some((Instant::now(), failed.clone()));
                if let Some(error) = failed {
                    return Err(error);
                }
            }
        }
        drop(reread);
        // Whoever had to wait here may find it now.
        self.check(token, now).map_err(|_| refused)
    }

    /// Reads the keys again where the store keeps them.
    pub(super) async fn reload(&self) -> Result<()> {
        if let Some(store) = &self.store {
            let keys = read(&**store).await?;
            *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        Ok(())
    }

    fn check(&self, token: &str, now: Timestamp) -> Result<CallbackToken> {
        if self.bases.is_empty() {
            let message = "callback token: this receiver has no public base, so none can be its own";
            return Err(Error::new(ErrorKind::WebhookVerification, message).with_reason("mismatch"));
        }
        self.keys().verify(token, &self.bases, now)
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

/// For a key that nobody knows the keys are read again no more often than this, as strangers may name any.
const REREAD: Duration = Duration::from_secs(5);
