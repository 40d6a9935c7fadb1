//! Any number of pictures: fed as they are wanted, and what became of each.

use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use image_intelligence::{
    AllBuilder, AllOptions, AllStep, Ask, Client, Detect, FedAll, Image, Item, JobKind, Match, Progress, Recognize,
};
use image_intelligence_core::{DetectImageResult, ImageResult, RecognizedImage, Result};

use crate::cancel::Cancel;
use crate::failure::{Details, Failure};
use crate::image::Picture;
use crate::job::Asked;
use crate::run::run;

/// How a run is set up. What is not said is as in Rust.
#[derive(uniffi::Record)]
pub struct RunOptions {
    /// Where the pictures came from.
    pub feed_id: Option<String>,
    /// Where each finished job is posted.
    pub webhook_url: Option<String>,
    /// How many pictures a job has at most.
    pub batch_size: u64,
    /// How many jobs are in flight at most.
    pub concurrency: u64,
    /// Whether results come in the order of the pictures.
    pub ordered: bool,
    /// How long each job is waited for.
    pub wait_ms: u64,
    /// Where to write down what was sent.
    pub manifest: Option<String>,
    /// How many pictures there are, where that is known.
    pub total: Option<u64>,
}

/// What the service says of one picture.
#[derive(Debug, uniffi::Enum)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart as soon as it has crossed")]
pub enum Seen {
    /// Of a detect job.
    Detect {
        /// What.
        image: DetectImageResult,
    },
    /// Of a match or ask job.
    Judged {
        /// What.
        image: ImageResult,
    },
    /// Of a recognize job.
    Recognized {
        /// What.
        image: RecognizedImage,
    },
}

/// What became of one picture.
#[derive(Debug, uniffi::Record)]
pub struct NativeItem {
    /// Its place among the pictures.
    pub index: u64,
    /// What was passed in.
    pub source: String,
    /// The name that it was given.
    pub custom_id: Option<String>,
    /// The job that it was in.
    pub job_id: Option<String>,
    /// What the service says of it.
    pub result: Option<Seen>,
    /// What went wrong.
    pub error: Option<Details>,
    /// Whether its job names it as the answer.
    pub chosen: bool,
}

macro_rules! item {
    ($($kind:ident: $variant:ident),+) => {$(
        impl From<Item<$kind>> for NativeItem {
            fn from(item: Item<$kind>) -> Self {
                let Item { index, source, custom_id, job_id, result, error, chosen, .. } = item;
                let result = result.map(|image| Seen::$variant { image });
                let error = error.map(Details::from);
                Self { index: index as u64, source, custom_id, job_id, result, error, chosen }
            }
        }
    )+};
}
item!(Detect: Detect, Match: Judged, Ask: Judged, Recognize: Recognized);

/// How far a run has come, in pictures.
#[derive(Debug, uniffi::Record)]
pub struct HowFar {
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// Those that have a result.
    pub done: u64,
    /// Those that have an error.
    pub failed: u64,
    /// Those that were submitted and have neither yet.
    pub in_flight: u64,
    /// The jobs that were submitted, or taken up again.
    pub jobs: u64,
    /// How long the run has lasted.
    pub elapsed_ms: u64,
}

impl From<Progress> for HowFar {
    fn from(progress: Progress) -> Self {
        let count = |count: usize| count as u64;
        Self {
            total: progress.total.map(count),
            done: count(progress.done),
            failed: count(progress.failed),
            in_flight: count(progress.in_flight),
            jobs: count(progress.jobs),
            elapsed_ms: u64::try_from(progress.elapsed.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// What comes next of a run.
#[derive(Debug, uniffi::Enum)]
pub enum Next {
    /// Some results; none where nothing but the progress has changed.
    Items {
        /// What became of pictures.
        items: Vec<NativeItem>,
    },
    /// So many pictures more may be fed.
    Want {
        /// How many.
        room: u64,
    },
    /// There are no more results.
    End,
}

/// Any number of pictures.
#[derive(uniffi::Object)]
pub struct NativeAll {
    run: Arc<FedAll<NativeItem>>,
    /// How many pictures were wanted and have not come.
    wanted: Arc<Mutex<usize>>,
}

#[uniffi::export]
impl NativeAll {
    /// Hands over pictures, no more than were wanted.
    pub fn feed(&self, images: Vec<Picture>) {
        let mut wanted = held(&self.wanted);
        *wanted = wanted.saturating_sub(images.len());
        self.run.feed(images.into_iter().map(Image::from).collect());
    }

    /// Says that there are no more pictures.
    pub fn end(&self) {
        self.run.end();
    }

    /// What comes next.
    pub async fn next(&self, cancel: Option<Arc<Cancel>>) -> Result<Next, Failure> {
        let (all, wanted) = (Arc::clone(&self.run), Arc::clone(&self.wanted));
        Ok(match run(cancel, async move { Ok(step(&all, &wanted).await) }).await? {
            AllStep::Items(items) => Next::Items { items },
            AllStep::Want(room) => Next::Want { room: room as u64 },
            AllStep::End => Next::End,
        })
    }

    /// Reads and sends no more; what is in flight still comes.
    pub fn stop(&self) {
        self.run.stop();
    }

    /// Nobody takes results any more.
    pub fn leave(&self) {
        self.run.leave();
    }

    /// How far it has come.
    pub fn progress(&self) -> HowFar {
        self.run.progress().into()
    }

    /// The tokens of the jobs that were made and whose results were not all taken.
    pub fn in_flight(&self) -> Vec<String> {
        self.run.in_flight()
    }
}

impl NativeAll {
    pub(crate) fn new(client: &Client, asked: Asked, options: RunOptions) -> Result<Arc<Self>> {
        const NONE: [Image; 0] = [];
        match asked {
            Asked::Detect { classes, bounding_boxes } => {
                Self::of(client.detect_all(NONE).classes(classes).bounding_boxes(bounding_boxes), options)
            }
            Asked::Match { target } => Self::of(client.match_all(NONE, target), options),
            Asked::Ask { question, examples } => {
                let all = client.ask_all(NONE, question);
                Self::of(if let Some(examples) = examples { all.examples(examples) } else { all }, options)
            }
            Asked::Recognize { namespace } => Self::of(client.recognize_all(namespace, NONE), options),
        }
    }

    fn of<K: JobKind>(mut all: AllBuilder<K>, options: RunOptions) -> Result<Arc<Self>>
    where
        NativeItem: From<Item<K>>,
    {
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let settings = AllOptions {
            batch_size: Some(count(options.batch_size)),
            concurrency: Some(count(options.concurrency)),
            in_order: options.ordered,
            manifest: options.manifest.map(PathBuf::from),
            wait: Some(Duration::from_millis(options.wait_ms)),
            total: options.total.map(count),
            ..AllOptions::default()
        };
        if let Some(id) = options.feed_id {
            all = all.feed_id(id);
        }
        if let Some(url) = options.webhook_url {
            all = all.webhook_url(url);
        }
        Ok(Arc::new(Self { run: Arc::new(all.fed(settings)?), wanted: Arc::default() }))
    }
}

/// What comes next. Whoever still feeds what was wanted before is not asked for more.
async fn step(all: &FedAll<NativeItem>, wanted: &Mutex<usize>) -> AllStep<NativeItem> {
    loop {
        let mut next = pin!(all.next_or_progress());
        let step = poll_fn(|cx| {
            // Nothing comes between the question how many are wanted and its answer.
            let mut wanted = held(wanted);
            match ready!(next.as_mut().poll(cx)) {
                Some(AllStep::Want(_)) if *wanted > 0 => Poll::Ready(None),
                Some(AllStep::Want(room)) => {
                    *wanted = room;
                    Poll::Ready(Some(AllStep::Want(room)))
                }
                step => Poll::Ready(Some(step.unwrap_or(AllStep::Items(Vec::new())))),
            }
        });
        if let Some(step) = step.await {
            return step;
        }
    }
}

fn held(wanted: &Mutex<usize>) -> MutexGuard<'_, usize> {
    wanted.lock().unwrap_or_else(PoisonError::into_inner)
}
