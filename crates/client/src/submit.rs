//! Sending a job once: what is lost on the way is looked for, never sent again.

use bytes::Bytes;
use image_intelligence_core::{Error, ErrorKind, ImageRequest, Inputs, Repeat, Result, Rid};
use tokio::time::Instant;

use crate::client::Client;
use crate::create::happened;
use crate::http::{Failed, Request};
use crate::image::Image;
use crate::job::Job;
use crate::jobs::Jobs;
use crate::kind::JobKind;

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
    pub(crate) rid: Rid,
    /// Whether the customId is our rid, and so proves that a job is ours.
    pub(crate) ours: bool,
    pub(crate) custom_id: String,
    pub(crate) inputs: Inputs,
    pub(crate) namespace: Option<String>,
}

impl Submit {
    pub(crate) async fn send<K: JobKind>(self, body: Bytes) -> Result<Job<K>> {
        let inner = self.client.inner();
        let url = inner.base.join(&K::path(self.namespace.as_deref()));
        let request = Request::post(format!("POST {}", K::ALL), K::ALL, url, body);
        let answer = inner.caller.call(&request, Repeat::Creates, &inner.retry, K::read).await;
        let job = match answer {
            Ok(job) => job,
            Err(failed) if failed.failure.may_have_created() => self.recover::<K>(failed).await?,
            Err(failed) => return Err(failed.error),
        };
        Ok(Job::submitted(self, &job))
    }

    /// Looks for the job whose answer was lost, and adopts only what is provably this one.
    async fn recover<K: JobKind>(&self, failed: Failed) -> Result<K::Job> {
        let inner = self.client.inner();
        tracing::warn!(
            error.type = failed.error.kind().as_str(),
            custom_id = %self.custom_id,
            "the answer to a submit was lost; looking for the job"
        );
        let jobs = Jobs::<K>::new(self.client.clone(), self.namespace.clone());
        let search = K::named(&self.custom_id);
        let began = Instant::now();
        let end = began + inner.recover_for;
        let mut candidates = Vec::new();
        let mut searched = false;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let found = tokio::time::timeout(left.max(RECOVER_LAST), jobs.search(&search)).await;
            if let Ok(Ok(found)) = found {
                searched = true;
                if let Some(job) = found.iter().find(|job| self.is_ours::<K>(job)) {
                    return Ok(job.clone());
                }
                // A server that does not know the condition gives other jobs, too.
                let named =
                    found.iter().map(K::facts).filter(|job| job.custom_id.is_none_or(|id| id == self.custom_id));
                candidates = named.map(|job| job.id.to_owned()).collect();
            }
            let wait = inner.poll.interval(began.elapsed(), inner.outside().jitter());
            if Instant::now() + wait > end {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        let id = &self.custom_id;
        let outcome = match candidates.len() {
            _ if !searched => format!("and the API could not be searched for customId {id}"),
            0 => format!("and no job with customId {id} was found in {} s", inner.recover_for.as_secs()),
            1 => format!("and a job with customId {id} cannot be proven to be it"),
            several => format!("and {several} jobs with customId {id} cannot be proven to be it"),
        };
        Err(Error::new(
            ErrorKind::OutcomeUnknown,
            format!(
                "the answer to a submit was lost {outcome}; it was not sent again: look for that customId before you do (what happened: {})",
                happened(&failed.error)
            ),
        )
        .with_request_id(failed.error.request_id().map(str::to_owned))
        .with_candidates(&self.custom_id, candidates)
        .with_source(failed.error))
    }

    fn is_ours<K: JobKind>(&self, job: &K::Job) -> bool {
        let facts = K::facts(job);
        let named = self.ours && facts.custom_id == Some(self.custom_id.as_str());
        named || facts.image_custom_ids.iter().any(|id| self.rid.stamped(id).is_some())
    }
}

/// How long the last search may take.
const RECOVER_LAST: std::time::Duration = std::time::Duration::from_secs(5);
