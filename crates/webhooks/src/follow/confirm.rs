//! Confirming what an unsigned webhook said: it is a hint, and the handler sees what the API says.

use image_intelligence_core::{Error, ErrorKind, EventKind, JobRef, Kind, Result, Rid};

use super::Core;
use super::finish::terminal;
use super::proof::calls_back;
use super::sources::Sight;
use crate::store::{Hint, Seen, Unconfirmed};

impl Core {
    /// Fetches the job of which an event speaks, and has the event confirmed, taken away or tried again later.
    pub(super) async fn confirm(&self, event: &Unconfirmed) -> Result<Health> {
        match &event.origin {
            Seen::Ours { rid, kind, namespace, known } => {
                let (id, sure) = match known {
                    Hint::Sure(job) => (job.clone(), true),
                    Hint::Body(id) => (JobRef::new(*kind, id).in_namespace(namespace.clone()), false),
                    Hint::None => {
                        return self.discard(event, "it names no job, and its submit was not answered yet").await;
                    }
                };
                self.confirm_ours(event, *rid, &id, sure).await
            }
            Seen::Foreign { id } => self.confirm_foreign(event, id).await,
        }
    }

    async fn confirm_ours(&self, event: &Unconfirmed, rid: Rid, id: &JobRef, sure: bool) -> Result<Health> {
        let job = match self.sources.fetch(Some(rid), id).await {
            Sight::Job(job) => job,
            Sight::Missing => return self.discard(event, "the API does not know the job").await,
            Sight::Refused(_) if !sure => return self.discard(event, "it names what is no job's id").await,
            Sight::Refused(error) | Sight::Unsure(error) => return self.confirm_later(event, &error).await,
        };
        // Whose id stands in the body is anybody's word until the API says that the job calls back at our URL.
        if !sure && !calls_back(&job, rid) {
            return self.discard(event, "it names a job that is not the one of its URL").await;
        }
        if job.status().is_done() {
            self.complete(rid, id.kind, id.namespace.clone(), &job, true).await?;
            return Ok(Health::Well);
        }
        if !sure {
            // It is the job all the same, which its submit's answer may never say.
            self.accept(rid, id.clone().created_at(job.created_at())).await?;
        }
        self.discard(event, "the job is not done").await
    }

    async fn confirm_foreign(&self, event: &Unconfirmed, id: &str) -> Result<Health> {
        for kind in kinds(event.label) {
            match self.sources.fetch(None, &JobRef::new(*kind, id)).await {
                Sight::Job(job) if job.status().is_done() => {
                    if self.hub.store.confirm(event.seq, terminal(&job)).await? {
                        self.hub.ready.notify_one();
                    }
                    return Ok(Health::Well);
                }
                Sight::Job(_) => return self.discard(event, "the job is not done").await,
                Sight::Missing | Sight::Refused(_) => {}
                Sight::Unsure(error) => return self.confirm_later(event, &error).await,
            }
        }
        let why = match event.label {
            // Of all kinds it alone is asked for in a namespace, which its body does not say.
            EventKind::Recognize => {
                "the API cannot be asked for a recognize job without its namespace; send such jobs with a callback URL of \
                 ours, or take what comes unconfirmed"
            }
            _ => "the API does not know the job",
        };
        self.discard(event, why).await
    }

    async fn discard(&self, event: &Unconfirmed, why: &str) -> Result<Health> {
        let discarded = self.hub.store.discard(event.seq, event.version, why.to_owned()).await?;
        if discarded {
            let (seq, kind) = (event.seq, event.label.as_str());
            // One of ours is looked after all the same; of others' jobs this was all that came.
            match event.origin {
                Seen::Ours { .. } => tracing::info!(seq, kind, "a webhook was dropped: {why}"),
                Seen::Foreign { .. } => tracing::warn!(seq, kind, "a webhook was dropped: {why}"),
            }
        } else {
            // Another body came meanwhile, which may be the true one.
            self.hub.look.notify_one();
        }
        Ok(Health::Well)
    }

    async fn confirm_later(&self, event: &Unconfirmed, error: &Error) -> Result<Health> {
        let pause = self.pace.after_failure(event.tries, Some(error));
        let (seq, kind) = (event.seq, error.kind().as_str());
        if event.tries <= 1 {
            tracing::warn!(seq, error.type = kind, ?pause, "a webhook cannot be confirmed now: {error}");
        } else {
            tracing::debug!(seq, error.type = kind, ?pause, "a webhook cannot be confirmed now");
        }
        self.hub.store.confirm_later(event.seq, pause).await?;
        Ok(Health::after(error))
    }
}

/// Whether the API could be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    Ill,
}

impl Health {
    pub(super) fn after(error: &Error) -> Self {
        // Of these jobs alone it has something to say.
        let answered =
            matches!(error.kind(), ErrorKind::BadRequest | ErrorKind::InvalidRequest | ErrorKind::PermissionDenied);
        if answered { Self::Well } else { Self::Ill }
    }
}

/// What a job of somebody else's may be, the likeliest first: a match job with an empty array of results looks like a detect
/// job.
fn kinds(label: EventKind) -> &'static [Kind] {
    match label {
        EventKind::Detect => &[Kind::Detect, Kind::Match],
        EventKind::Match => &[Kind::Match, Kind::Detect],
        EventKind::Ask => &[Kind::Ask],
        EventKind::Recognize => &[Kind::Recognize],
        _ => &[Kind::Detect, Kind::Match, Kind::Ask],
    }
}
