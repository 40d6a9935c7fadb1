//! Playing a world: the client's own code submits and waits, as a program would.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use image_intelligence::{
    AnyHandle, Ask, Client, Detect, Error, Image, Job, JobBuilder, JobKind, Kind, Match, Recognize, Result, Target,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::clerk::Clerk;
use crate::crowd::Crowd;
use crate::network::Network;
use crate::server::{Server, picture};
use crate::world::{Plan, Waits, World};

/// What became of a submit and of the wait for its job.
pub struct Outcome {
    pub submit: usize,
    pub submitted: Result<Submitted>,
    pub waited: Option<Waited>,
}

pub struct Submitted {
    pub id: String,
    handle: AnyHandle,
}

pub struct Waited {
    pub began: Duration,
    pub ended: Duration,
    pub result: Result<Finished>,
}

/// What the caller holds of a finished job.
pub struct Finished {
    pub id: String,
    pub is_done: bool,
    /// URL of each picture, and its place in the caller's list, where it is tied to one.
    pub images: Vec<(String, Option<usize>)>,
}

/// What is read of every kind of result.
pub trait Outcomes: JobKind {
    fn finished(job: &Self::Job) -> Finished;
    fn any(handle: Job<Self>) -> AnyHandle
    where
        Self: Sized;
}

macro_rules! outcomes {
    ($kind:ident, $images:ident) => {
        impl Outcomes for $kind {
            fn any(handle: Job<Self>) -> AnyHandle {
                AnyHandle::$kind(handle)
            }

            fn finished(job: &Self::Job) -> Finished {
                let images = job.$images.iter().map(|image| {
                    let url: &Option<String> = &image.url;
                    (url.clone().unwrap_or_default(), image.input.as_ref().map(|input| input.index))
                });
                Finished { id: job.id.clone(), is_done: job.status.is_done(), images: images.collect() }
            }
        }
    };
}
outcomes!(Detect, image_results);
outcomes!(Match, image_results);
outcomes!(Ask, image_results);
outcomes!(Recognize, images);

/// A world and what happened in it.
pub struct Played {
    pub network: Arc<Network>,
    pub outcomes: Vec<Outcome>,
    /// How many waits were open, and since when.
    pub open: Vec<(Duration, usize)>,
    pub clerk: Arc<Clerk>,
}

/// Runs what is asynchronous on a clock that jumps to whatever comes next.
pub fn on_paused_clock<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

/// Plays a world to its end. Fails where a wait does not end.
pub fn play(world: &World) -> std::result::Result<Played, String> {
    on_paused_clock(async {
        let mut chance = Chance::new(world.seed ^ 0xA5A5);
        let courses = world.plans.iter().map(|plan| plan.course).collect();
        let server = Server::new(world.manners.clone(), courses, chance.split());
        let network = Network::new(server, world.faults.clone(), world.skew, chance.split());
        let clerk = Arc::new(Clerk::new(chance.split(), world.clerk_fails));
        let client = network.builder().callbacks(clerk.clone()).build().unwrap();
        let all_sent = Arc::new(Meeting { missing: AtomicUsize::new(world.plans.len()), complete: Notify::new() });
        let tasks: Vec<_> = world
            .plans
            .iter()
            .enumerate()
            .map(|(submit, plan)| {
                let (network, client, plan) = (Arc::clone(&network), client.clone(), plan.clone());
                let barrier = (world.waits == Waits::Together).then(|| Arc::clone(&all_sent));
                let waits = matches!(world.waits, Waits::Each | Waits::Together);
                tokio::spawn(async move {
                    let (network, client, plan) = (&network, &client, &plan);
                    Playing { network, client, submit, plan, barrier, waits }.through().await
                })
            })
            .collect();
        // The longest wait, and the longest submit before it.
        let last = world.plans.iter().map(|plan| plan.at + plan.limit + SUBMIT_AND_RESUME).max().unwrap_or_default();
        let mut outcomes = Vec::with_capacity(tasks.len());
        for (submit, task) in tasks.into_iter().enumerate() {
            let left = last.saturating_sub(network.now());
            let ended = tokio::time::timeout(left, task).await;
            let ended = ended.map_err(|_| format!("submit {submit}: it or its wait had not ended after {last:?}"))?;
            outcomes.push(ended.map_err(|error| format!("submit {submit}: {error}"))?);
        }
        crowd(world, &network, &client, &mut outcomes).await?;
        let open = open_waits(&outcomes);
        Ok(Played { network, outcomes, open, clerk })
    })
}

/// Waits for all in one call, where the world does.
async fn crowd(
    world: &World,
    network: &Network,
    client: &Client,
    outcomes: &mut [Outcome],
) -> std::result::Result<(), String> {
    let handles = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome.submit, outcome.submitted.as_ref().ok()?.handle.clone())))
        .collect();
    let limit = world.plans.first().map(|plan| plan.limit).unwrap_or_default();
    let crowd = Crowd { network, client, handles, limit };
    let wait = async {
        match world.waits {
            Waits::AsCompleted => crowd.by_handles().await,
            Waits::Tracked => crowd.by_tokens().await,
            _ => Vec::new(),
        }
    };
    let most = limit + Duration::from_secs(60);
    let ends = tokio::time::timeout(most, wait).await.map_err(|_| format!("not all had ended after {most:?}"))?;
    for (submit, waited) in ends {
        if outcomes[submit].waited.replace(waited).is_some() {
            return Err(format!("submit {submit}: its wait ended twice"));
        }
    }
    if matches!(world.waits, Waits::AsCompleted | Waits::Tracked) {
        let mut unended = outcomes.iter().filter(|outcome| outcome.submitted.is_ok() && outcome.waited.is_none());
        if let Some(outcome) = unended.next() {
            return Err(format!("submit {}: its wait never ended", outcome.submit));
        }
    }
    Ok(())
}

/// Where all wait for the last of them. Tokio's own barrier wakes them in an order of chance.
struct Meeting {
    missing: AtomicUsize,
    complete: Notify,
}

impl Meeting {
    async fn wait(&self) {
        let complete = self.complete.notified();
        if self.missing.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.complete.notify_waiters();
        } else {
            complete.await;
        }
    }
}

/// How long a submit with its tries, a search for a lost one, and a pause before a resumed wait may take.
const SUBMIT_AND_RESUME: Duration = Duration::from_secs(20 * 60);

struct Playing<'a> {
    network: &'a Network,
    client: &'a Client,
    submit: usize,
    plan: &'a Plan,
    /// Where all wait until the last job is submitted.
    barrier: Option<Arc<Meeting>>,
    waits: bool,
}

impl Playing<'_> {
    async fn through(self) -> Outcome {
        let Self { network, client, submit, plan, .. } = self;
        tokio::time::sleep(plan.at.saturating_sub(network.now())).await;
        let images: Vec<Image> = (0..plan.images)
            .map(|index| {
                let image = Image::url(picture(submit, index));
                if plan.names_images { image.custom_id(format!("picture {index}")) } else { image }
            })
            .collect();
        match plan.kind {
            Kind::Match => {
                let target = Target::new("dog", ["https://pictures.example/rex.jpg"]);
                self.job(client.match_target(images, target)).await
            }
            Kind::Ask => self.job(client.ask(images, "Is the door open?")).await,
            Kind::Recognize => self.job(client.recognize("staff", images)).await,
            _ => self.job(client.detect(images).class("person")).await,
        }
    }

    async fn job<K: Outcomes>(self, mut job: JobBuilder<K>) -> Outcome {
        let Self { network, client, submit, plan, barrier, waits } = self;
        if let Some(id) = &plan.custom_id {
            job = job.custom_id(id);
        }
        if let Some(id) = &plan.feed_id {
            job = job.feed_id(id);
        }
        let sent = job.send().await;
        if let Some(barrier) = barrier {
            barrier.wait().await;
        }
        let handle = match sent {
            Ok(handle) => handle,
            Err(error) => return Outcome { submit, submitted: Err(error), waited: None },
        };
        let submitted = Submitted { id: handle.id().to_owned(), handle: K::any(handle.clone()) };
        let waited = if waits { Some(wait(network, client, &handle, plan).await) } else { None };
        Outcome { submit, submitted: Ok(submitted), waited }
    }
}

async fn wait<K: Outcomes>(network: &Network, client: &Client, handle: &Job<K>, plan: &Plan) -> Waited {
    let resumed = match plan.resumed_after {
        Some(pause) => {
            tokio::time::sleep(pause).await;
            client.resume::<K>(&handle.resume_token())
        }
        None => Ok(handle.clone()),
    };
    let began = Instant::now();
    let started = network.now();
    let result = match resumed {
        Ok(job) => job.wait_for(plan.limit).await.map(|job| K::finished(&job)),
        Err(error) => Err(error),
    };
    Waited { began: started, ended: started + began.elapsed(), result }
}

fn open_waits(outcomes: &[Outcome]) -> Vec<(Duration, usize)> {
    let waits = || outcomes.iter().filter_map(|outcome| outcome.waited.as_ref());
    let mut changes: Vec<(Duration, isize)> =
        waits().flat_map(|waited| [(waited.began, 1), (waited.ended, -1)]).collect();
    changes.sort_unstable();
    let mut open = 0_isize;
    changes
        .into_iter()
        .map(|(at, change)| {
            open += change;
            (at, open.unsigned_abs())
        })
        .collect()
}

/// An error in one line.
pub fn in_words(error: &Error) -> String {
    format!("{}: {}", error.kind().as_str(), error.message())
}

/// Whether a picture of a result is what the caller called it.
pub fn is_tied_right(submit: usize, url: &str, index: Option<usize>) -> bool {
    index.is_none_or(|index| url == picture(submit, index))
}
