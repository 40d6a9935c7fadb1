//! A job that is being put together, of any kind.

use std::fmt;
use std::sync::Arc;

use image_intelligence_core::{Callbacks, JobRequest as _, Kind, Result, Rid, check_namespace};

use crate::all::AllBuilder;
use crate::client::Client;
use crate::image::Image;
use crate::job::Job;
use crate::jobs::check_name;
use crate::kind::JobKind;
use crate::submit::{self, Loaded};

/// A job that is being put together: `client.detect(images).class("person").send()`.
#[must_use = "nothing is sent before send() is awaited"]
pub struct JobBuilder<K: JobKind> {
    pub(crate) client: Client,
    pub(crate) images: Vec<Image>,
    pub(crate) request: K::Request,
    pub(crate) namespace: Option<String>,
    pub(crate) deliver: bool,
    rid: Result<Rid>,
    told: Option<Arc<dyn Callbacks>>,
}

impl<K: JobKind> fmt::Debug for JobBuilder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobBuilder")
            .field("kind", &K::KIND)
            .field("images", &self.images)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// What every builder of jobs can be told.
macro_rules! job_settings {
    ($builder:ident) => {
        impl<K: JobKind> $builder<K> {
            /// Takes everything but the pictures from a request that was put together elsewhere.
            ///
            /// ```
            /// # use image_intelligence::{Client, DetectRequest, Image};
            /// # let client = Client::builder().credentials("local", "local").build()?;
            /// let request = br#"{"images": [], "classes": [{"class": "person"}], "feedId": "Camera_7"}"#;
            /// let request = DetectRequest::from_json(request)?;
            /// let detect = client.detect([Image::file("astronaut.jpg")]).request(request);
            /// # Ok::<(), image_intelligence::Error>(())
            /// ```
            pub fn request(mut self, request: K::Request) -> Self {
                self.request = request;
                self.request.images_mut().clear();
                self
            }

            /// Says which camera or source the pictures came from, at most 64 characters.
            pub fn feed_id(mut self, id: impl Into<String>) -> Self {
                self.request.options_mut().feed_id = Some(id.into());
                self
            }

            /// Has the service post the finished job there: at most 512 characters (of a recognize job 2048), public, with
            /// no authentication in front.
            pub fn webhook_url(mut self, url: impl Into<String>) -> Self {
                self.request.options_mut().webhook_url = Some(url.into());
                self
            }

            /// Says whether the handlers of a [receiver](crate::ClientBuilder::webhooks) are to be told of the end, as they
            /// are where this is not said. Whoever waits for the job is told in any case.
            pub fn deliver(mut self, deliver: bool) -> Self {
                self.deliver = deliver;
                self
            }
        }
    };
}
job_settings!(JobBuilder);
job_settings!(AllBuilder);

impl<K: JobKind> JobBuilder<K> {
    pub(crate) fn new(client: Client, images: Vec<Image>, request: K::Request) -> Self {
        let rid = client.inner().outside().rid();
        Self { client, images, request, namespace: None, deliver: true, rid, told: None }
    }

    /// Tells one more, of this job alone, beside those whom the [client](crate::ClientBuilder::callbacks) tells.
    #[doc(hidden)]
    pub fn told_to(mut self, callbacks: Arc<dyn Callbacks>) -> Self {
        self.told = Some(callbacks);
        self
    }

    /// Our own name for the job. Fails where the system gives no random numbers.
    #[doc(hidden)]
    pub fn rid(&self) -> Result<Rid> {
        self.rid.clone()
    }

    /// Gives the job a name of your own, at most 64 characters. Where you give none, we do: see
    /// [`job_custom_id`](Self::job_custom_id).
    pub fn custom_id(mut self, id: impl Into<String>) -> Self {
        self.request.options_mut().custom_id = Some(id.into());
        self
    }

    /// The name that the job will carry, to write down before it is sent.
    pub fn job_custom_id(&self) -> String {
        let ours = || self.rid.as_ref().map(Rid::to_string).unwrap_or_default();
        self.request.options().custom_id.clone().unwrap_or_else(ours)
    }

    /// Reads the files, checks everything against the API's limits, and sends the job, once.
    ///
    /// Where the answer is lost, the job is looked for, for 30 s: it is found, or the error is `outcome_unknown`. It is
    /// never sent a second time unless it is certain that the first never arrived.
    ///
    /// Fails with `invalid_request` or `too_large` before anything is sent; with what the API says; with `connection`; with
    /// `store` where the client's [journal](crate::ClientBuilder::journal) cannot be written, and then nothing was sent.
    pub async fn send(self) -> Result<Job<K>> {
        let client = self.client.clone();
        // Boxed: whoever awaits a submit should not carry all of it in a future of his own.
        client.inner().while_open(Box::pin(self.send_once())).await
    }

    async fn send_once(self) -> Result<Job<K>> {
        let Self { client, images, mut request, namespace, deliver, rid, told } = self;
        let rid = rid?;
        let inner = client.inner();
        if K::KIND == Kind::Recognize {
            check_namespace(namespace.as_deref().unwrap_or_default(), &inner.limits)?;
        }
        // What needs no picture is checked first, so that a typing error does not cost the reading of 64 files.
        request.check_before_images(images.len(), &inner.limits)?;
        check_name("customId", request.options().custom_id.as_deref())?;
        check_name("feedId", request.options().feed_id.as_deref())?;
        for (index, image) in images.iter().enumerate() {
            image.check(index, inner.dialect, &inner.limits)?;
        }
        let (loaded, inputs) = submit::load(images, rid, inner.largest_request).await?;
        *request.images_mut() = loaded;
        Loaded { client, request, inputs, rid, namespace, deliver, also_told: told }.send().await
    }
}
