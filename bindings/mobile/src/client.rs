//! The client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence::{Ask, Client, Detect, JobKind, Match};
use image_intelligence_core::{
    Dialect, Error, ErrorKind, Feedback, FeedbackClass, JobSearch, Kind, RegisteredWebhook, Result, Rid,
    SchedulePolicy, Secret, Timestamp, WebhookRequest,
};

use crate::all::{NativeAll, RunOptions};
use crate::cancel::Cancel;
use crate::completed::NativeCompleted;
use crate::failure::Failure;
use crate::image::Picture;
use crate::job::{Asked, NativeJob, Options, Told};
use crate::journal::Recovered;
use crate::recognition::NativeRecognition;
use crate::run::{closed_error, run};

/// The language on the other side.
#[derive(Debug, Clone, Copy, uniffi::Enum)]
pub enum Host {
    /// Kotlin, on a phone or a JVM.
    Kotlin,
    /// Swift.
    Swift,
}

/// A webhook that was registered.
#[derive(uniffi::Record)]
pub struct Registered {
    /// The webhook.
    pub webhook: RegisteredWebhook,
    /// With which its events are signed.
    pub secret_key: Option<String>,
}

/// A client, until it is shut down.
#[derive(uniffi::Object)]
pub struct NativeClient(Mutex<Option<Client>>);

#[uniffi::export]
impl NativeClient {
    /// A client with what is passed, and else with what the environment says.
    #[uniffi::constructor]
    pub fn new(
        host: Host,
        client_id: Option<String>,
        client_secret: Option<String>,
        base_url: Option<String>,
        request_timeout_ms: Option<u64>,
        allow_plain_http: bool,
        requests_per_second: Option<f64>,
        journal: Option<String>,
    ) -> Result<Arc<Self>, Failure> {
        let (dialect, agent) = match host {
            Host::Kotlin => (Dialect::Kotlin, concat!("image-intelligence-kotlin/", env!("CARGO_PKG_VERSION"))),
            Host::Swift => (Dialect::Swift, concat!("image-intelligence-swift/", env!("CARGO_PKG_VERSION"))),
        };
        let mut builder = Client::builder().from_env().dialect(dialect).user_agent(agent);
        if let Some(id) = client_id {
            builder = builder.client_id(id);
        }
        if let Some(secret) = client_secret {
            builder = builder.client_secret(secret);
        }
        if let Some(url) = base_url {
            builder = builder.base_url(url);
        }
        if let Some(limit) = request_timeout_ms {
            builder = builder.request_timeout(Duration::from_millis(limit));
        }
        if let Some(rate) = requests_per_second {
            if !(rate > 0.0 && rate.is_finite()) {
                let message = format!("requestsPerSecond: {rate} given, a number above 0 wanted");
                return Err(Error::new(ErrorKind::Config, message).into());
            }
            let mut policy = SchedulePolicy::default();
            policy.requests_per_second = rate;
            builder = builder.schedule(policy);
        }
        if let Some(path) = journal {
            builder = builder.journal(path);
        }
        let client = builder.allow_plain_http(allow_plain_http).build()?;
        Ok(Arc::new(Self(Mutex::new(Some(client)))))
    }

    /// Where the API is.
    pub fn base_url(&self) -> Result<String, Failure> {
        Ok(self.client()?.base_url().to_string())
    }

    /// Sends a job.
    pub async fn send(
        &self,
        asked: Asked,
        images: Vec<Picture>,
        options: Options,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Arc<NativeJob>, Failure> {
        let job = asked.of(&self.client()?, images, options);
        run(cancel, job.send()).await.map(NativeJob::new)
    }

    /// Any number of pictures: nothing is sent yet.
    pub fn all(&self, asked: Asked, options: RunOptions) -> Result<Arc<NativeAll>, Failure> {
        Ok(NativeAll::new(&self.client()?, asked, options)?)
    }

    /// Waits for many jobs at once.
    pub fn as_completed(&self, jobs: Vec<Arc<NativeJob>>, limit_ms: u64) -> Result<Arc<NativeCompleted>, Failure> {
        let jobs = jobs.iter().map(|job| job.handle()).collect();
        Ok(NativeCompleted::new(self.client()?.any_as_completed(jobs, Some(Duration::from_millis(limit_ms)))))
    }

    /// Takes up many jobs again, of any kind.
    pub fn resume_each(&self, tokens: Vec<String>) -> Result<Vec<Arc<NativeJob>>, Failure> {
        Ok(self.client()?.resume_each(tokens)?.into_iter().map(NativeJob::new).collect())
    }

    /// Takes up a job again, of a kind or of any.
    pub fn resume(&self, token: String, kind: Option<Kind>) -> Result<Arc<NativeJob>, Failure> {
        Ok(NativeJob::resumed(&self.client()?, &token, kind)?)
    }

    /// What became of the submits of earlier processes.
    pub async fn recover(&self, cancel: Option<Arc<Cancel>>) -> Result<Vec<Recovered>, Failure> {
        let client = self.client()?;
        let recover = async move { Ok(client.recover().await?.into_iter().map(Recovered::from).collect()) };
        run(cancel, recover).await
    }

    /// Takes a submit out of the journal.
    pub async fn forget(&self, rid: String, cancel: Option<Arc<Cancel>>) -> Result<(), Failure> {
        let client = self.client()?;
        let Some(rid) = Rid::from_hex(&rid) else {
            return Err(Error::invalid_request("rid", "not one of ours; pass that of a recovered submit").into());
        };
        run(cancel, async move { client.forget_rid(rid).await }).await
    }

    /// A detect, match or ask job as it is now.
    pub async fn job(&self, kind: Kind, id: String, cancel: Option<Arc<Cancel>>) -> Result<Told, Failure> {
        let client = self.client()?;
        let look = async move {
            Ok(match kind {
                Kind::Match => client.jobs::<Match>().get(&id).await?.into(),
                Kind::Ask => client.jobs::<Ask>().get(&id).await?.into(),
                _ => client.jobs::<Detect>().get(&id).await?.into(),
            })
        };
        run(cancel, look).await
    }

    /// Detect, match or ask jobs.
    pub async fn jobs(
        &self,
        kind: Kind,
        custom_id: Option<String>,
        feed_id: Option<String>,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Vec<Told>, Failure> {
        let client = self.client()?;
        let mut search = JobSearch::new();
        (search.custom_id, search.feed_id, search.before, search.after) = (custom_id, feed_id, before, after);
        let search = async move {
            match kind {
                Kind::Match => found::<Match>(&client, &search).await,
                Kind::Ask => found::<Ask>(&client, &search).await,
                _ => found::<Detect>(&client, &search).await,
            }
        };
        run(cancel, search).await
    }

    /// Recognition in a namespace.
    pub fn recognition(&self, namespace: String) -> Result<Arc<NativeRecognition>, Failure> {
        Ok(NativeRecognition::new(self.client()?.recognition(namespace)))
    }

    /// Says where a detect job was wrong.
    pub async fn give_feedback(
        &self,
        job_id: String,
        classes: Vec<FeedbackClass>,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Feedback, Failure> {
        let feedback = self.client()?.feedback();
        run(cancel, async move { feedback.create(job_id, classes).await }).await
    }

    /// Feedback by its id.
    pub async fn feedback(&self, id: String, cancel: Option<Arc<Cancel>>) -> Result<Feedback, Failure> {
        let feedback = self.client()?.feedback();
        run(cancel, async move { feedback.get(&id).await }).await
    }

    /// The feedback about a job, or all of it.
    pub async fn feedback_list(
        &self,
        job_id: Option<String>,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Vec<Feedback>, Failure> {
        let feedback = self.client()?.feedback();
        run(cancel, async move { feedback.list(job_id.as_deref()).await }).await
    }

    /// Registers a webhook for events.
    pub async fn register_webhook(
        &self,
        url: String,
        secret_key: Option<String>,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Registered, Failure> {
        let client = self.client()?;
        let mut request = WebhookRequest::new(url);
        request.secret_key = secret_key.map(Secret::from);
        let made = run(cancel, async move { client.register_webhook(request).await }).await?;
        Ok(Registered { webhook: made.webhook, secret_key: made.secret_key.map(|key| key.expose().to_owned()) })
    }

    /// A stored picture.
    pub async fn image(&self, url: String, cancel: Option<Arc<Cancel>>) -> Result<Vec<u8>, Failure> {
        let client = self.client()?;
        run(cancel, async move { Ok(client.image(&url).await?.into()) }).await
    }

    /// Ends every call under way, of the client and of its jobs, and refuses others. Again: nothing.
    pub fn shut_down(&self) {
        if let Some(client) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            client.close();
        }
    }
}

impl NativeClient {
    fn client(&self) -> Result<Client> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed_error)
    }
}

async fn found<K>(client: &Client, search: &JobSearch) -> Result<Vec<Told>>
where
    K: JobKind<Search = JobSearch>,
    Told: From<K::Job>,
{
    Ok(client.jobs::<K>().search(search).await?.into_iter().map(Told::from).collect())
}
