//! Sending a job once: what is lost on the way is looked for, never sent again.

use std::sync::Arc;

use bytes::Bytes;
use image_intelligence_core::{
    Callbacks, Error, ErrorKind, Failure, ImageRequest, Inputs, Intent, JobRef, JobRequest, Repeat, Result, Rid,
};

use crate::client::Client;
use crate::http::{Failed, Request};
use crate::image::Image;
use crate::job::Job;
use crate::kind::JobKind;
use crate::recover::Sought;
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

/// A job whose pictures are loaded and have their names.
pub(crate) struct Loaded<K: JobKind> {
    pub(crate) client: Client,
    pub(crate) request: K::Request,
    pub(crate) inputs: Inputs,
    pub(crate) rid: Rid,
    pub(crate) namespace: Option<String>,
    /// Whether handlers are to be told of its end.
    pub(crate) deliver: bool,
    /// Who is told of this job, beside those who are told of all.
    pub(crate) also_told: Option<Arc<dyn Callbacks>>,
}

/// A submit that came to nothing, or to nothing that is known.
pub(crate) struct Unsent {
    pub(crate) error: Error,
    /// What was sent, where the API has refused it.
    pub(crate) refused: Option<Bytes>,
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self { error, refused: None }
    }
}

impl<K: JobKind> Loaded<K> {
    /// Gives the job its name, checks it, has the intent recorded, and sends it once.
    pub(crate) async fn send(self) -> Result<Job<K>> {
        self.send_or_return().await.map_err(|unsent| unsent.error)
    }

    /// As [`send`](Self::send), and gives back what the API has refused.
    pub(crate) async fn send_or_return(self) -> Result<Job<K>, Unsent> {
        let Self { client, mut request, inputs, rid, namespace, deliver, also_told } = self;
        let inner = client.inner();
        let ours = request.options().custom_id.is_none();
        let custom_id = request.options_mut().custom_id.get_or_insert_with(|| rid.to_string()).clone();
        let at = inner.outside().now();
        let told = Told::new(rid, inner.callbacks.iter().cloned().chain(also_told).collect());
        request.check(&inner.limits)?;
        let count = request.images_mut().len();
        let mut minted = None;
        if let Some(told) = &told
            && request.options().webhook_url.is_none()
        {
            minted = told.mint(K::KIND, at)?;
            request.options_mut().webhook_url.clone_from(&minted);
            // All else was checked before. What the caller did not write he need not see, as it is a secret.
            request.check_before_images(count, &inner.limits).map_err(|_| unfit(minted.as_deref()))?;
        }
        let body = written(request)?;
        if let Some(told) = &told {
            let intent = Intent::new(K::KIND, rid, &custom_id, count, at).in_namespace(namespace.clone());
            told.record(intent.deliver(deliver).of(inputs.clone())).await?;
        }
        let sought = Sought { rid, custom_id, ours, minted, namespace, at };
        Submit { client, sought, inputs, told }.send::<K>(body.into()).await
    }
}

/// The error of a URL that nobody could be called back at.
fn unfit(minted: Option<&str>) -> Error {
    let length = minted.map_or(0, |url| url.chars().count());
    let message =
        format!("callbacks: the URL to post the job to is none, or too long for the API ({length} characters)");
    Error::new(ErrorKind::Config, message)
}

/// Whether the API has read the request and wants none like it.
fn is_refused(failed: &Failed) -> bool {
    matches!(failed.failure, Failure::Status(400 | 413))
}

/// The body of a request. Room is made once, for its pictures may be most of the memory that there is.
fn written<R: JobRequest>(mut request: R) -> Result<Vec<u8>> {
    let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let pictures: usize = request.images_mut().iter().map(|image| size(&image.url) + size(&image.blob) + 256).sum();
    let mut body = Vec::with_capacity(pictures + 4096);
    serde_json::to_writer(&mut body, &request)
        .map_err(|error| Error::new(ErrorKind::InvalidRequest, format!("the request is no JSON: {error}")))?;
    Ok(body)
}

/// A job on its way out.
pub(crate) struct Submit {
    pub(crate) client: Client,
    pub(crate) sought: Sought,
    pub(crate) inputs: Inputs,
    pub(crate) told: Option<Told>,
}

impl Submit {
    pub(crate) async fn send<K: JobKind>(self, body: Bytes) -> Result<Job<K>, Unsent> {
        let inner = self.client.inner();
        let url = inner.base.join(&K::path(self.sought.namespace.as_deref()));
        let mut request = Request::post(format!("POST {}", K::ALL), K::ALL, url, body);
        request.told = self.told.as_ref().map(Told::leash);
        let answer = inner.caller.call(&request, Repeat::Creates, &inner.retry, K::read).await;
        let answer = answer.map_err(|failed| self.sought.without_callback(failed));
        // A body that is lost is not kept in memory while its job is looked for.
        let body = request.body.take().filter(|_| matches!(&answer, Err(failed) if is_refused(failed)));
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
                        return Err(error.into());
                    }
                }
            }
            Err(failed) => {
                if let Some(told) = &self.told {
                    told.refused(failed.error.clone()).await;
                }
                return Err(Unsent { error: failed.error, refused: body });
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
        let candidates = match self.sought.find::<K>(&self.client, inner.recover_for).await {
            Ok(job) => return Ok(job),
            Err(candidates) => candidates,
        };
        let unknown = self.sought.unknown(Some(&failed.error), inner.recover_for, candidates);
        Err(unknown.with_request_id(failed.error.request_id().map(str::to_owned)).with_source(failed.error))
    }
}
