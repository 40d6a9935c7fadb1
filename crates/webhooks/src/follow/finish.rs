//! What is known of a job goes into the store.

use bytes::Bytes;
use image_intelligence_core::{AnyJob, EventKind, GaveUp, GaveUpReason, JobRef, Kind, Result, Rid, Timestamp};

use super::Core;
use crate::failpoint;
use crate::store::{Finish, Outcome, Overdue, Terminal};

impl Core {
    /// One of our own jobs exists.
    pub(super) async fn accept(&self, rid: Rid, job: JobRef) -> Result<()> {
        // Where no webhook can come there is nothing to be patient for.
        let patience = if self.ring.mints() { self.patience.of(job.kind) } else { self.pace.by_age(<_>::default()) };
        self.hub.store.accepted(rid, job, patience).await?;
        self.hub.look.notify_one();
        Ok(())
    }

    /// One of our own jobs is done.
    pub(super) async fn complete(
        &self,
        rid: Rid,
        kind: Kind,
        namespace: Option<String>,
        job: &AnyJob,
        by_webhook: bool,
    ) -> Result<()> {
        let (outcome, terminal) = (Outcome::Completed, terminal(job));
        self.finish(rid, Finish { kind, namespace, outcome, by_webhook, terminal }).await
    }

    /// One of our own jobs will have no result.
    pub(super) async fn give_up(&self, of: &Overdue, reason: GaveUpReason, now: Timestamp) -> Result<()> {
        tracing::warn!(rid = %of.rid, kind = %of.kind, reason = reason.as_str(), "a job was given up");
        let mut end = GaveUp::new(of.rid, of.kind, reason, now);
        end.namespace.clone_from(&of.namespace);
        end.id = of.job.as_ref().map(|job| job.id.clone());
        end.custom_id = Some(of.custom_id.clone());
        end.submitted_at = Some(of.at);
        let terminal = Terminal {
            label: EventKind::GaveUp,
            body: end.to_json().into(),
            id: end.id,
            created_at: of.job.as_ref().and_then(|job| job.created_at),
        };
        let (kind, namespace, outcome) = (of.kind, of.namespace.clone(), Outcome::GaveUp);
        self.finish(of.rid, Finish { kind, namespace, outcome, by_webhook: false, terminal }).await
    }

    async fn finish(&self, rid: Rid, finish: Finish) -> Result<()> {
        failpoint::reach("follow.fetched");
        self.hub.store.finish(rid, finish).await?;
        failpoint::reach("follow.confirmed");
        // Where another was first, nobody here may have heard of it.
        self.ended(rid);
        self.hub.ready.notify_one();
        Ok(())
    }

    /// One of our own jobs is at its end, and the store knows it.
    pub(super) fn ended(&self, rid: Rid) {
        self.clear(rid);
        self.sources.forget(rid);
        self.hub.ends.tell(rid);
    }
}

/// A finished job, to be kept as the API said it.
pub(super) fn terminal(job: &AnyJob) -> Terminal {
    let body = match job.raw().as_str() {
        Some(raw) => Bytes::copy_from_slice(raw.as_bytes()),
        None => job.to_json().into(),
    };
    Terminal { label: job.kind().into(), body, id: Some(job.id().to_owned()), created_at: job.created_at() }
}
