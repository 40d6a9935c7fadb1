//! Jobs of all four kinds: what is asked for, what was sent, what came of it.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence::{AnyHandle, AnyJobBuilder, Client, JobBuilder, JobKind};
use image_intelligence_core::{
    AskJob, Class, DetectJob, Examples, Kind, MatchJob, RecognizeJob, Result, Target, Timestamp,
};

use crate::cancel::Cancel;
use crate::failure::Failure;
use crate::image::Picture;
use crate::run::run;

/// What is asked of the pictures.
#[derive(uniffi::Enum)]
pub enum Asked {
    /// Which classes are in them.
    Detect {
        /// The classes.
        classes: Vec<Class>,
        /// Whether to say where.
        bounding_boxes: bool,
    },
    /// Which shows a target.
    Match {
        /// The target.
        target: Target,
    },
    /// For which the answer is yes.
    Ask {
        /// What is asked.
        question: String,
        /// Where the answer is known.
        examples: Option<Examples>,
    },
    /// Whose faces are in them.
    Recognize {
        /// Among whom.
        namespace: String,
    },
}

/// What every job may carry.
#[derive(uniffi::Record)]
pub struct Options {
    /// The caller's name for it.
    pub custom_id: Option<String>,
    /// Where the pictures came from.
    pub feed_id: Option<String>,
    /// Where the finished job is posted.
    pub webhook_url: Option<String>,
}

impl Options {
    fn of<K: JobKind>(self, mut job: JobBuilder<K>) -> JobBuilder<K> {
        if let Some(id) = self.custom_id {
            job = job.custom_id(id);
        }
        if let Some(id) = self.feed_id {
            job = job.feed_id(id);
        }
        if let Some(url) = self.webhook_url {
            job = job.webhook_url(url);
        }
        job
    }
}

impl Asked {
    pub(crate) fn of(self, client: &Client, images: Vec<Picture>, options: Options) -> AnyJobBuilder {
        match self {
            Self::Detect { classes, bounding_boxes } => {
                let job = client.detect(images).classes(classes).bounding_boxes(bounding_boxes);
                AnyJobBuilder::Detect(options.of(job))
            }
            Self::Match { target } => AnyJobBuilder::Match(options.of(client.match_target(images, target))),
            Self::Ask { question, examples } => {
                let job = client.ask(images, question);
                AnyJobBuilder::Ask(options.of(match examples {
                    Some(examples) => job.examples(examples),
                    None => job,
                }))
            }
            Self::Recognize { namespace } => AnyJobBuilder::Recognize(options.of(client.recognize(namespace, images))),
        }
    }
}

/// A job as the service tells of it.
#[derive(Debug, uniffi::Enum)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart as soon as it has crossed")]
pub enum Told {
    /// Of the kind detect.
    Detect {
        /// The job.
        job: DetectJob,
    },
    /// Of the kind match.
    Match {
        /// The job.
        job: MatchJob,
    },
    /// Of the kind ask.
    Ask {
        /// The job.
        job: AskJob,
    },
    /// Of the kind recognize.
    Recognize {
        /// The job.
        job: RecognizeJob,
    },
}

macro_rules! told {
    ($($kind:ident: $model:ident),+) => {$(
        impl From<$model> for Told {
            fn from(job: $model) -> Self {
                Self::$kind { job }
            }
        }
    )+};
}
told!(Detect: DetectJob, Match: MatchJob, Ask: AskJob, Recognize: RecognizeJob);

/// What each kind of job does alike.
macro_rules! each {
    ($any:expr, $job:ident => $call:expr) => {
        match $any {
            AnyHandle::Detect($job) => $call.map(Told::from),
            AnyHandle::Match($job) => $call.map(Told::from),
            AnyHandle::Ask($job) => $call.map(Told::from),
            AnyHandle::Recognize($job) => $call.map(Told::from),
        }
    };
}

/// A job that was sent.
#[derive(uniffi::Object)]
pub struct NativeJob(AnyHandle);

impl NativeJob {
    pub(crate) fn new(job: AnyHandle) -> Arc<Self> {
        Arc::new(Self(job))
    }

    pub(crate) fn handle(&self) -> AnyHandle {
        self.0.clone()
    }

    /// A job that is taken up again, of a kind or of any.
    pub(crate) fn resumed(client: &Client, token: &str, kind: Option<Kind>) -> Result<Arc<Self>> {
        Ok(Self::new(match kind {
            Some(Kind::Detect) => AnyHandle::Detect(client.resume(token)?),
            Some(Kind::Match) => AnyHandle::Match(client.resume(token)?),
            Some(Kind::Ask) => AnyHandle::Ask(client.resume(token)?),
            Some(Kind::Recognize) => AnyHandle::Recognize(client.resume(token)?),
            _ => client.resume_any(token)?,
        }))
    }
}

#[uniffi::export]
impl NativeJob {
    /// What it does.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// The service's name for it.
    pub fn id(&self) -> String {
        self.0.id().to_owned()
    }

    /// The name that it was given.
    pub fn custom_id(&self) -> Option<String> {
        self.0.custom_id().map(str::to_owned)
    }

    /// When it was made.
    pub fn created_at(&self) -> Timestamp {
        self.0.created_at()
    }

    /// What takes it up again.
    pub fn resume_token(&self) -> String {
        self.0.resume_token()
    }

    /// The job as it is now.
    pub async fn get(&self, cancel: Option<Arc<Cancel>>) -> Result<Told, Failure> {
        let job = self.0.clone();
        run(cancel, async move { each!(job, job => job.get().await) }).await
    }

    /// Waits until the job is done.
    pub async fn wait(&self, limit_ms: u64, cancel: Option<Arc<Cancel>>) -> Result<Told, Failure> {
        let (job, limit) = (self.0.clone(), Duration::from_millis(limit_ms));
        run(cancel, async move { each!(job, job => job.wait_for(limit).await) }).await
    }
}
