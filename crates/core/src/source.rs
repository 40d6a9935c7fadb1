//! Where the client and those who must not know it meet: two traits, without an executor.

use std::future::Future;
use std::pin::Pin;
use std::sync::Weak;
use std::time::Duration;

use crate::{AnyJob, Error, Inputs, JobSearch, Kind, Result, Rid, Timestamp};

/// Something that comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which job is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct JobRef {
    /// What it does.
    pub kind: Kind,
    /// The namespace of a recognize job.
    pub namespace: Option<String>,
    /// The service's name for it.
    pub id: String,
    /// When it was made, by the service's clock, where the service has said so.
    pub created_at: Option<Timestamp>,
}

impl JobRef {
    /// The job of that kind and id.
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, namespace: None, id: id.into(), created_at: None }
    }

    /// Says in which namespace a recognize job is.
    pub fn in_namespace(mut self, namespace: Option<String>) -> Self {
        self.namespace = namespace;
        self
    }

    /// Says when it was made, by the service's clock.
    pub fn created_at(mut self, moment: Option<Timestamp>) -> Self {
        self.created_at = moment;
        self
    }
}

/// Whom one asks for jobs. The client is one.
pub trait JobSource: Send + Sync {
    /// The job as it is now, done or not. Looks of many callers may be answered by one request.
    ///
    /// Fails with `not_found` where the API does not know it.
    fn fetch(&self, job: JobRef) -> Later<'_, Result<AnyJob>>;

    /// The jobs of a kind that meet every condition; `namespace` is that of recognize jobs.
    fn find(&self, kind: Kind, namespace: Option<String>, search: JobSearch) -> Later<'_, Result<Vec<AnyJob>>>;
}

/// A job that is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Intent {
    /// What it does.
    pub kind: Kind,
    /// The namespace of a recognize job.
    pub namespace: Option<String>,
    /// Our own name for it.
    pub rid: Rid,
    /// The customId that it carries: the rid, or a name of the caller's.
    pub custom_id: String,
    /// How many pictures it has.
    pub images: usize,
    /// When it is sent, by this machine's clock.
    pub at: Timestamp,
    /// Whether handlers are to be told of its end. Where they are not, whoever waits for it still is.
    pub deliver: bool,
    /// Its pictures, to tie the result to them whoever receives it.
    pub inputs: Option<Inputs>,
}

impl Intent {
    /// The intent to send a job of that kind under that name.
    pub fn new(kind: Kind, rid: Rid, custom_id: impl Into<String>, images: usize, at: Timestamp) -> Self {
        Self { kind, namespace: None, rid, custom_id: custom_id.into(), images, at, deliver: true, inputs: None }
    }

    /// Says whether handlers are to be told of its end.
    pub fn deliver(mut self, deliver: bool) -> Self {
        self.deliver = deliver;
        self
    }

    /// Says in which namespace a recognize job is.
    pub fn in_namespace(mut self, namespace: Option<String>) -> Self {
        self.namespace = namespace;
        self
    }

    /// Says which pictures it has.
    pub fn of(mut self, inputs: Inputs) -> Self {
        self.inputs = Some(inputs);
        self
    }

    /// Whether the customId is our own rid, which alone proves that a job of that name is ours.
    pub fn is_ours(&self) -> bool {
        self.custom_id == self.rid.to_string()
    }
}

/// Who is told what becomes of each submit, and may give it a URL to be called back at. A receiver of webhooks is one, a
/// journal is another.
///
/// The calls for one job come in this order: [`mint`](Self::mint), [`record`](Self::record), then for each time that the
/// request is sent [`leaving`](Self::leaving) and, where it will be sent again as it made no job, [`came_back`](Self::came_back);
/// at last one of [`accepted`](Self::accepted), [`refused`](Self::refused) and [`unknown`](Self::unknown). Where one of the
/// first three fails, the job is not sent.
pub trait Callbacks: Send + Sync {
    /// Says whom to ask for jobs, once for each client that it is given to, before the first submit of that client. The
    /// source lives as long as the client or a clone of it does, and keeps neither: upgrade it for one call, and let it go.
    /// Once the client is closed its calls fail with `closed`.
    fn attach(&self, source: Weak<dyn JobSource>) {
        let _ = source;
    }

    /// The URL at which the service is to post the finished job; `None` where nobody listens.
    fn mint(&self, kind: Kind, rid: Rid, now: Timestamp) -> Result<Option<String>> {
        let _ = (kind, rid, now);
        Ok(None)
    }

    /// Makes the intent durable. Nothing has been sent yet.
    fn record(&self, intent: Intent) -> Later<'_, Result<()>>;

    /// The last bytes of the request are about to leave: from here on the job may exist.
    fn leaving(&self, rid: Rid) -> Later<'_, Result<()>>;

    /// The request certainly made no job (a failed connect, a 429, a 401), and will be sent again.
    fn came_back(&self, rid: Rid) -> Later<'_, Result<()>>;

    /// The job exists.
    fn accepted(&self, rid: Rid, job: JobRef) -> Later<'_, Result<()>>;

    /// The job does not exist, and will not be sent again.
    fn refused(&self, rid: Rid, error: Error) -> Later<'_, Result<()>>;

    /// Whether the job exists could not be found out.
    fn unknown(&self, rid: Rid, error: Error) -> Later<'_, Result<()>>;

    /// For how long after its submit a job of this kind is left alone by those who wait for it, as its webhook is likely to
    /// come until then: [`PollPolicy::patience`](crate::PollPolicy::patience) of what was measured, without a limit. Who
    /// waits with a limit is patient for a third of it at most. `None` where jobs are to be asked for as if no webhook were
    /// to come.
    fn patience(&self, kind: Kind) -> Option<Duration> {
        let _ = kind;
        None
    }

    /// The finished job, when a webhook brings it and it is confirmed, and at once where that has happened already. `None`
    /// where none will be told; it comes to `None` where none will be told any more, such as of a job that was given up, or
    /// by a receiver that stops: from then on the job is asked for.
    ///
    /// Called for each wait, whether this one minted a URL for the job or not. It is dropped with the last of the waits, and
    /// must not block.
    fn subscribe(&self, rid: Rid) -> Option<Later<'static, Option<AnyJob>>> {
        let _ = rid;
        None
    }
}
