//! What a client is given: it tells of each submit, and is told of the end.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use image_intelligence_core::{
    AnyJob, Callbacks, Error, Intent, JobRef, JobSource, Kind, Later, Result, Rid, Timestamp,
};

use super::Follow;
use super::subscribe::told;
use super::word::Word;
use crate::failpoint;

/// The callbacks of one client. A clone is another client's, though both are of the same receiver.
pub(crate) struct Caller {
    follow: Arc<Follow>,
    /// Whom this was attached to.
    own: Mutex<Vec<Weak<dyn JobSource>>>,
}

impl Caller {
    pub(super) fn new(follow: Arc<Follow>) -> Self {
        Self { follow, own: Mutex::default() }
    }

    /// Who sends the jobs of which this is told, where that is one alone.
    fn sender(&self) -> Option<Weak<dyn JobSource>> {
        match &self.own.lock().unwrap_or_else(PoisonError::into_inner)[..] {
            [one] => Some(Weak::clone(one)),
            _ => None,
        }
    }
}

impl Clone for Caller {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.follow))
    }
}

impl Callbacks for Caller {
    fn attach(&self, source: Weak<dyn JobSource>) {
        let core = &self.follow.core;
        core.sources.attach(Weak::clone(&source));
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.retain(|one| one.strong_count() > 0 && !one.ptr_eq(&source));
        own.push(source);
        // There may be events and jobs that wait for somebody to ask.
        core.hub.look.notify_one();
    }

    fn mint(&self, kind: Kind, rid: Rid, now: Timestamp) -> Result<Option<String>> {
        Ok(self.follow.core.ring.mint(kind, rid, now))
    }

    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        Box::pin(async move {
            let (core, rid) = (&self.follow.core, intent.rid);
            core.hub.store.record(intent).await?;
            failpoint::reach("callbacks.recorded");
            if let Some(sender) = self.sender() {
                core.sources.sent(rid, sender);
            }
            Ok(())
        })
    }

    fn leaving(&self, rid: Rid) -> Later<'_, Result<()>> {
        Box::pin(async move {
            self.follow.core.hub.store.left(rid, true).await?;
            failpoint::reach("callbacks.left");
            Ok(())
        })
    }

    fn came_back(&self, rid: Rid) -> Later<'_, Result<()>> {
        self.follow.core.hub.store.left(rid, false)
    }

    fn accepted(&self, rid: Rid, job: JobRef) -> Later<'_, Result<()>> {
        Box::pin(async move {
            failpoint::reach("callbacks.accepting");
            self.follow.keep(rid, Word::Accepted(job)).await?;
            failpoint::reach("callbacks.accepted");
            Ok(())
        })
    }

    fn refused(&self, rid: Rid, error: Error) -> Later<'_, Result<()>> {
        Box::pin(self.follow.keep(rid, Word::Refused(error.to_string())))
    }

    fn unknown(&self, rid: Rid, error: Error) -> Later<'_, Result<()>> {
        Box::pin(self.follow.keep(rid, Word::Unknown(error.to_string())))
    }

    fn patience(&self, kind: Kind) -> Option<Duration> {
        let core = &self.follow.core;
        core.ring.mints().then(|| core.patience.of(kind))
    }

    fn subscribe(&self, rid: Rid) -> Option<Later<'static, Option<AnyJob>>> {
        Some(told(Arc::clone(&self.follow.core.hub), rid))
    }
}
