//! Sending a job once: what is lost on the way is looked for, never sent again.

use bytes::Bytes;
use image_intelligence_core::{ImageRequest, Inputs, JobRef, Repeat, Result, Rid};
use tokio::time::Instant;

use crate::client::Client;
use crate::http::{Failed, Request};
use crate::image::Image;
use crate::job::Job;
use crate::kind::JobKind;
use crate::recover::{Found, LAST_LOOK, Sought};
use crate::told::Told;

/// Reads the pictures, one after the other, and stamps those that have no customId.
pub(crate) async fn load(images: Vec<Image>, rid: Rid, most: usize) -> Result<(Vec<ImageRequest>, Inputs)> {
    let mut left = most;
    let mut loaded = Vec::with_capacity(images.len());
    let mut sources = Vec::with_capacity(images.len());
    for (index, image) in images.into_iter().enumerate() {
        sources.push(image.source(index));
        loaded.push(image.load(index, &mut left).await?);
    }
    let inputs = Inputs::stamp(rid, &mut loaded, sources);
    Ok((loaded, inputs))
}

/// A job on its way out.
pub(crate) struct Submit {
    pub(crate) client: Client,
    pub(crate) sought: Sought,
    pub(crate) inputs: Inputs,
    pub(crate) told: Option<Told>,
}

impl Submit {
    pub(crate) async fn send<K: JobKind>(self, body: Bytes) -> Result<Job<K>> {
        let inner = self.client.inner();
        let url = inner.base.join(&K::path(self.sought.namespace.as_deref()));
        let mut request = Request::post(format!("POST {}", K::ALL), K::ALL, url, body);
        request.told = self.told.as_ref().map(Told::leash);
        let answer = inner.caller.call(&request, Repeat::Creates, &inner.retry, K::read).await;
        // A body that is lost is not kept in memory while its job is looked for.
        drop(request);
        let job = match answer {
            Ok(job) => job,
            Err(failed) if failed.failure.may_have_created() && !self.held_back() => {
                match self.recover::<K>(failed).await {
                    Ok(job) => job,
                    Err(error) => {
                        if let Some(told) = &self.told {
                            told.unknown(error.clone()).await;
                        }
                        return Err(error);
                    }
                }
            }
            Err(failed) => {
                if let Some(told) = &self.told {
                    told.refused(failed.error.clone()).await;
                }
                return Err(failed.error);
            }
        };
        if let Some(told) = &self.told {
            let facts = K::facts(&job);
            let made = JobRef::new(K::KIND, facts.id).created_at(facts.created_at);
            told.accepted(made.in_namespace(self.sought.namespace.clone())).await;
        }
        Ok(Job::submitted(self, &job))
    }

    /// Whether the request is known not to have left as a whole, whatever became of it.
    fn held_back(&self) -> bool {
        self.told.as_ref().is_some_and(Told::hold_back)
    }

    /// Looks for the job whose answer was lost, and adopts only what is provably this one.
    async fn recover<K: JobKind>(&self, failed: Failed) -> Result<K::Job> {
        let inner = self.client.inner();
        tracing::warn!(
            error.type = failed.error.kind().as_str(),
            custom_id = %self.sought.custom_id,
            "the answer to a submit was lost; looking for the job"
        );
        let began = Instant::now();
        let end = began + inner.recover_for;
        let mut candidates = None;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let found = tokio::time::timeout(left.max(LAST_LOOK), self.sought.look::<K>(&self.client)).await;
            match found {
                Ok(Ok(Found::Ours(job))) => return Ok(job),
                Ok(Ok(Found::Candidates(some))) => candidates = Some(some),
                Ok(Err(_)) | Err(_) => {}
            }
            let wait = inner.poll.interval(began.elapsed(), inner.outside().jitter());
            if Instant::now() + wait > end {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        let unknown = self.sought.unknown(Some(&failed.error), inner.recover_for, candidates);
        Err(unknown.with_request_id(failed.error.request_id().map(str::to_owned)).with_source(failed.error))
    }
}
