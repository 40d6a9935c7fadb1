//! Following our own jobs from their submit to their end, and confirming what unsigned webhooks say.
//!
//! The client tells of each submit ([`Caller`]). A body that came is a hint: the job is fetched, and counts as the API says it
//! ([`confirm`]). Where no webhook comes in time the job is looked at, or searched for ([`look`]). One task sees to both
//! ([`round`]), and ends with the inbox or with the last [`Follow`].

mod caller;
mod confirm;
mod finish;
mod look;
mod pace;
mod patience;
mod proof;
mod ring;
mod round;
mod settings;
mod sources;
mod subscribe;
#[cfg(test)]
mod tests;
mod word;
mod work;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use image_intelligence_core::{CallbackToken, Result, Rid};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

pub(crate) use caller::Caller;
pub(crate) use settings::Settings;

use crate::clock::Clock;
use crate::hub::Hub;
use look::Doubt;
use pace::Pace;
use patience::Patience;
use ring::Ring;
use sources::Sources;

/// Follows the jobs of one inbox, until the inbox closes or this is dropped.
pub(crate) struct Follow {
    core: Arc<Core>,
    runtime: Handle,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// What its parts share.
struct Core {
    hub: Arc<Hub>,
    settings: Settings,
    ring: Ring,
    sources: Sources,
    patience: Patience,
    pace: Pace,
    /// What is odd about a job, and since when: only what stays so counts.
    doubts: Mutex<HashMap<Rid, Doubt>>,
}

impl Follow {
    /// Opens the key ring and begins, on the runtime that this is called on.
    ///
    /// Fails with `config` where keys or bases are no good, and with `store`.
    pub(crate) async fn start(hub: Arc<Hub>, settings: Settings) -> Result<Arc<Self>> {
        let said = std::env::var("II_CALLBACK_KEYS").ok();
        let core = Core::open(hub, settings, said).await?;
        let task = tokio::spawn(round::Round::new(Arc::clone(&core)).run());
        Ok(Arc::new(Self { core, runtime: Handle::current(), task: Some(task).into() }))
    }

    /// Checks the token of a callback URL. One of a key that is not here may be another process's: the keys are then read again
    /// meanwhile, for when the sender comes again.
    ///
    /// Fails with `webhook_verification`: tell the sender 404 and no more.
    pub(crate) fn verify(&self, token: &str) -> Result<CallbackToken> {
        let checked = self.core.ring.verify(token, Clock::default().now());
        let unknown = matches!(&checked, Err(error) if error.reason() == Some("unknown_key"));
        if unknown && self.core.ring.may_have_grown() {
            let core = Arc::clone(&self.core);
            self.runtime.spawn(async move {
                if let Err(error) = core.ring.reload().await {
                    tracing::warn!(error.type = error.kind().as_str(), "the callback keys cannot be read again: {error}");
                }
            });
        }
        checked
    }

    /// Whether what an unsigned body says of one of our own jobs, or of somebody else's, is to be confirmed.
    pub(crate) fn confirms(&self, ours: bool) -> bool {
        self.core.settings.confirm.unwrap_or_else(|| ours || self.core.sources.was_any())
    }

    /// What a client is given. Each client needs a clone of its own, which knows whose jobs it is told of.
    pub(crate) fn caller(self: &Arc<Self>) -> Caller {
        Caller::new(Arc::clone(self))
    }

    /// Has a job looked at now, as its webhook was too large to take. `false` where it is unknown here or at its end.
    pub(crate) async fn look_now(&self, rid: Rid) -> Result<bool> {
        let known = self.core.hub.store.look_now(rid).await?;
        self.core.hub.look.notify_one();
        Ok(known)
    }

    /// Tells that webhooks were kept: of `confirm`ing there is something to do, and those of `ended` are at their end.
    pub(crate) fn received(&self, confirm: bool, ended: impl IntoIterator<Item = Rid>) {
        if confirm {
            self.core.hub.look.notify_one();
        }
        ended.into_iter().for_each(|rid| self.core.ended(rid));
    }

    /// Resolves once nothing is under way any more. The inbox must be closing; its store must be open still.
    pub(crate) async fn ended(&self) {
        // Kept until it has ended, so that whoever stops waiting leaves it to the next.
        let mut task = self.task.lock().await;
        if let Some(running) = &mut *task {
            // It contains its panics, and nobody else aborts it.
            let _ = running.await;
        }
        *task = None;
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut() {
            task.abort();
        }
    }
}

impl Core {
    async fn open(hub: Arc<Hub>, settings: Settings, said: Option<String>) -> Result<Arc<Self>> {
        let ring = Ring::open(&hub.store, &settings, said).await?;
        let patience = Patience::new(&settings);
        patience.refresh(&*hub.store).await?;
        Ok(Arc::new(Self {
            ring,
            patience,
            sources: Sources::new(settings.look_limit),
            pace: Pace::new(&settings),
            doubts: Mutex::default(),
            hub,
            settings,
        }))
    }
}
