//! What the client says became of a submit is written down, if need be later.

use std::sync::Arc;

use image_intelligence_core::{Error, JobRef, Result, Rid};
use tokio::time::Instant;

use super::{Core, Follow};

/// What became of a submit.
#[derive(Debug, Clone)]
pub(super) enum Word {
    Accepted(JobRef),
    /// With a word for people.
    Refused(String),
    Unknown(String),
}

impl Follow {
    /// Keeps what became of a submit. Where the store cannot for the moment, that is the answer, and it is tried again by
    /// itself: the client says it once, and the job would be taken for one that is under way still.
    pub(super) async fn keep(&self, rid: Rid, word: Word) -> Result<()> {
        let kept = self.core.keep(rid, word.clone()).await;
        if kept.as_ref().is_err_and(Error::retryable) {
            self.runtime.spawn(Arc::clone(&self.core).keep_later(rid, word));
        }
        kept
    }
}

impl Core {
    async fn keep(&self, rid: Rid, word: Word) -> Result<()> {
        match word {
            Word::Accepted(job) => self.accept(rid, job).await?,
            Word::Refused(why) => {
                self.hub.store.refused(rid, why).await?;
                self.sources.forget(rid);
            }
            Word::Unknown(why) => {
                self.hub.store.unknown(rid, why, self.patience.least()).await?;
                self.hub.look.notify_one();
            }
        }
        Ok(())
    }

    /// Until it is kept, the inbox closes, or the job is looked for anyway as one whose process has ended.
    async fn keep_later(self: Arc<Self>, rid: Rid, word: Word) {
        let until = Instant::now() + self.settings.abandon_after;
        for tries in 0.. {
            let pause = tokio::time::sleep(self.pace.after_failure(tries, None));
            tokio::select! {
                biased;
                () = self.hub.closed() => return,
                () = pause => {}
            }
            match self.keep(rid, word.clone()).await {
                Err(error) if error.retryable() && Instant::now() < until => {}
                Err(error) => {
                    let kind = error.kind().as_str();
                    return tracing::warn!(error.type = kind, %rid, "what became of a submit cannot be kept: {error}");
                }
                Ok(()) => return,
            }
        }
    }
}
