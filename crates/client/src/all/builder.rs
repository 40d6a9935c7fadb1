//! How a run is set up.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, JobRequest as _, Kind, Result, Wait, check_namespace};
use tokio::sync::{Semaphore, mpsc};

use super::course::Course;
use super::feed::Source;
use super::item::Progress;
use super::manifest::{Earlier, Manifest};
use super::run::{Control, Run, UPLOADS};
use super::{All, Engine};
use crate::client::Client;
use crate::jobs::check_name;
use crate::kind::JobKind;

/// Who is told how far a run has come.
pub(crate) type OnProgress = Box<dyn Fn(&Progress) + Send + Sync>;

/// The settings of a run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) batch_size: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) concurrency: usize,
    pub(crate) wait: Duration,
    pub(crate) in_order: bool,
}

impl Settings {
    pub(crate) fn new(client: &Client) -> Self {
        Self {
            batch_size: client.inner().limits.images,
            batch_bytes: 16 * 1024 * 1024,
            concurrency: 8,
            wait: Wait::DEFAULT_LIMIT,
            in_order: false,
        }
    }

    fn check(&self, client: &Client) -> Result<()> {
        let most = client.inner().limits.images;
        let refuse = |what: &str, given: usize, most: usize| {
            Err(Error::new(ErrorKind::Config, format!("{what}: {given} given, 1 to {most} wanted")))
        };
        match self {
            Self { batch_size, .. } if *batch_size == 0 || *batch_size > most => {
                refuse("batch size", *batch_size, most)
            }
            Self { concurrency, .. } if *concurrency == 0 || *concurrency > MOST_JOBS => {
                refuse("concurrency", *concurrency, MOST_JOBS)
            }
            Self { batch_bytes: 0, .. } => {
                Err(Error::new(ErrorKind::Config, "batch bytes: 0 given, at least 1 wanted"))
            }
            _ => Ok(()),
        }
    }
}

/// How many jobs of one run may be in flight.
const MOST_JOBS: usize = 1000;

/// Any number of pictures about to be looked at: `client.detect_all(images).class("person").start()`.
#[must_use = "nothing is read or sent before start() and next()"]
pub struct AllBuilder<K: JobKind> {
    pub(crate) request: K::Request,
    client: Client,
    namespace: Option<String>,
    pub(crate) source: Source,
    pub(crate) settings: Settings,
    pub(crate) deliver: bool,
    manifest: Option<PathBuf>,
    on_progress: Option<OnProgress>,
}

impl<K: JobKind> fmt::Debug for AllBuilder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllBuilder")
            .field("kind", &K::KIND)
            .field("request", &self.request)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl<K: JobKind> AllBuilder<K> {
    pub(crate) fn new(client: Client, source: Source, request: K::Request, namespace: Option<String>) -> Self {
        let settings = Settings::new(&client);
        Self { request, client, namespace, source, settings, deliver: true, manifest: None, on_progress: None }
    }

    /// How many pictures a job has at most: 1 to 64. 64.
    pub fn batch_size(mut self, pictures: usize) -> Self {
        self.settings.batch_size = pictures;
        self
    }

    /// How many bytes the pictures of a job have at most, in base64; a larger one goes alone. 16 MiB, and less once the API
    /// has refused as much with 413.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.settings.batch_bytes = bytes;
        self
    }

    /// How many jobs are in flight at most, 1 to 1000: those count whose results have not all been taken. 8.
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.settings.concurrency = jobs;
        self
    }

    /// How long each job is waited for. 15 minutes.
    pub fn wait_for(mut self, limit: Duration) -> Self {
        self.settings.wait = limit;
        self
    }

    /// Gives results in the order of the inputs, and not as they come. One slow job then holds the others up.
    pub fn in_order(mut self, wanted: bool) -> Self {
        self.settings.in_order = wanted;
        self
    }

    /// Has somebody told whenever the run has come further. It is called by [`All::next`].
    pub fn on_progress(mut self, tell: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Box::new(tell));
        self
    }

    /// Writes down in a file what is sent, so that a run that was cut off, at whatever moment, goes on when it is begun again
    /// with the same inputs and settings: no picture is sent twice, and every result is given, those of the first run too.
    ///
    /// A job whose submit was cut off is looked for while the others go on. Where it is not found its pictures are sent again
    /// only once it is proven that it was never made: searches find nothing for 30 s, a minute after it left, and find a job
    /// that left later. Without that they get `outcome_unknown`, and the next run with the file finds out. A file that was
    /// changed since counts as another picture. One run at a time.
    pub fn manifest(mut self, path: impl Into<PathBuf>) -> Self {
        self.manifest = Some(path.into());
        self
    }

    /// Begins. Nothing is read or sent before the first [`All::next`].
    ///
    /// Fails with `config` for a setting, or a manifest of other settings; with `invalid_request` for what every job would be
    /// refused for; with `store` where the manifest cannot be opened or is in use.
    pub fn start(self) -> Result<All<K>> {
        Ok(All { engine: self.engine()? })
    }

    pub(crate) fn engine(self) -> Result<Engine<K>> {
        let Self { mut request, client, namespace, source, settings, deliver, manifest, on_progress } = self;
        settings.check(&client)?;
        let inner = client.inner();
        if K::KIND == Kind::Recognize {
            check_namespace(namespace.as_deref().unwrap_or_default(), &inner.limits)?;
        }
        request.images_mut().clear();
        request.check_before_images(1, &inner.limits)?;
        check_name("feedId", request.options().feed_id.as_deref())?;
        if request.options().custom_id.is_some() {
            let problem = "one name given for many jobs; give the pictures names, or the jobs a feed id";
            return Err(Error::invalid_request("customId", problem));
        }
        let (manifest, earlier) = match manifest {
            Some(path) => {
                let (manifest, earlier) = Manifest::open::<K>(path, &client, namespace.as_ref(), &request)?;
                (Some(manifest), earlier)
            }
            None => (None, Earlier::default()),
        };
        let (events, taken) = mpsc::unbounded_channel();
        let control = Arc::new(Control::new(source.total));
        let (wait, uploads) = (settings.wait, Arc::new(Semaphore::new(UPLOADS)));
        let course = Arc::new(Course::new(earlier.latest()));
        let run =
            Arc::new(Run { client, request, namespace, deliver, wait, uploads, events, control, manifest, course });
        Ok(Engine::new(run, taken, source, earlier, &settings, on_progress))
    }
}
