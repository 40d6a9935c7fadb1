//! One batch on its way: read, sent once, waited for, and taken apart into what became of each picture.

use std::sync::Arc;

use image_intelligence_core::{
    Callbacks, Error, ErrorKind, ImageRequest, Inputs, JobRequest as _, Later, Result, ResumeToken, Rid, Timestamp,
};

use super::course::Witness;
use super::item::Outcome;
use super::key::Key;
use super::look::Picture;
use super::manifest::{Manifest, Past};
use super::ready::Owner;
use super::run::{Ended, Event, Run, Turn, is_final};
use crate::image::Image;
use crate::job::Job;
use crate::kind::JobKind;
use crate::recover::Sought;
use crate::submit::Loaded;

/// Says at last what became of a batch, come what may.
pub(super) struct Report<K: JobKind> {
    run: Arc<Run<K>>,
    owner: Owner,
    told: bool,
}

impl<K: JobKind> Report<K> {
    pub(super) fn new(run: &Arc<Run<K>>, owner: Owner) -> Self {
        Self { run: Arc::clone(run), owner, told: false }
    }

    pub(super) fn tell(&mut self, ended: Ended<K>) {
        self.tell_event(Event::Ended { owner: self.owner, ended });
    }

    pub(super) fn tell_event(&mut self, event: Event<K>) {
        self.told = true;
        let _ = self.run.events.send(event);
    }
}

impl<K: JobKind> Drop for Report<K> {
    fn drop(&mut self) {
        if !self.told {
            let error = Error::new(ErrorKind::Cancelled, "the runtime ended before the job did");
            self.tell(Ended { job_id: None, outcomes: Err(error) });
        }
    }
}

/// Sends a batch, and waits for its job.
pub(crate) async fn send<K: JobKind>(run: Arc<Run<K>>, batch: u64, pictures: Vec<Picture>, turn: Turn) {
    let owner = Owner::Batch(batch);
    let mut report = Report::new(&run, owner);
    let ended = match submit(&run, pictures, turn).await {
        Ok(Sent::Nothing(outcomes)) => Ended { job_id: None, outcomes: Ok(outcomes) },
        Ok(Sent::Job { job, places, outcomes }) => wait(&run, owner, &job, &places, outcomes).await,
        Ok(Sent::Refused(refused)) => return report.tell_event(Event::Refused { batch, refused }),
        Err(error) => run.failed(error),
    };
    report.tell(ended);
}

/// Waits for a job of an earlier run that is known to exist.
pub(crate) async fn take_up<K: JobKind>(run: Arc<Run<K>>, number: usize, past: Past, id: String, created: Timestamp) {
    let owner = Owner::Earlier(number);
    let mut report = Report::new(&run, owner);
    let job = run.resumed(&past, id, created);
    let places: Vec<_> = (0..past.pictures.len()).collect();
    let outcomes = places.iter().map(|_| Outcome::nothing()).collect();
    let ended = wait(&run, owner, &job, &places, outcomes).await;
    report.tell(ended);
}

impl<K: JobKind> Run<K> {
    /// A batch came to nothing; so would every other, it may be.
    pub(super) fn failed(&self, error: Error) -> Ended<K> {
        if is_final(&error) {
            self.control.give_up(&error);
        }
        Ended { job_id: None, outcomes: Err(error) }
    }

    /// The job of an earlier run.
    fn resumed(&self, past: &Past, id: String, created: Timestamp) -> Job<K> {
        let mut token = ResumeToken::new(K::KIND, id, past.rid, created, self.client.base_url());
        token.namespace.clone_from(&self.namespace);
        let mut pictures: Vec<_> = past.pictures.iter().map(Key::sent).collect();
        let mut job = Job::resumed(self.client.clone(), token);
        job.inputs = Arc::new(Inputs::stamp(past.rid, &mut pictures, []));
        job
    }

    /// A job of this manifest, to be searched for.
    pub(super) fn sought(&self, rid: Rid, custom_id: String, at: Timestamp) -> Sought {
        let namespace = self.namespace.clone();
        Sought { rid, ours: custom_id == rid.to_string(), custom_id, minted: None, namespace, at }
    }

    /// Writes something down. Where that fails it is found out again the next time.
    pub(super) async fn note<'a>(&'a self, what: impl FnOnce(&'a Manifest) -> Later<'a, Result<()>>) {
        if let Some(manifest) = &self.manifest
            && let Err(error) = what(manifest).await
        {
            tracing::warn!(error.type = error.kind().as_str(), "what became of a job could not be written down: {error}");
        }
    }
}

/// What became of the sending of a batch.
enum Sent<K: JobKind> {
    /// No picture was fit to be sent; for each of the batch, what went wrong.
    Nothing(Vec<Outcome<K>>),
    Job {
        job: Job<K>,
        /// For each picture of the job, its place in the batch.
        places: Vec<usize>,
        /// For each picture of the batch, what went wrong before it was sent.
        outcomes: Vec<Outcome<K>>,
    },
    Refused(Refused<K>),
}

/// A batch whose job the API has refused: there certainly is none.
pub(crate) struct Refused<K: JobKind> {
    pub(crate) error: Error,
    /// Those that were sent, still in hand, and the place of each in the batch.
    pub(crate) pictures: Vec<(usize, Picture)>,
    /// For each picture of the batch, what went wrong before it was sent.
    pub(crate) outcomes: Vec<Outcome<K>>,
    pub(crate) turn: Turn,
}

async fn submit<K: JobKind>(run: &Run<K>, pictures: Vec<Picture>, turn: Turn) -> Result<Sent<K>> {
    let control = &run.control;
    let inner = run.client.inner();
    let mut request = run.request.clone();
    let (mut sent, mut places, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = inner.largest_request;
    for (place, Picture { meta, image, size, key }) in pictures.into_iter().enumerate() {
        let loaded = tokio::select! {
            biased;
            reason = control.until_halted() => return Err(reason),
            loaded = image.load(meta.index, &mut left) => loaded,
        };
        match loaded {
            Ok(loaded) => {
                request.images_mut().push(loaded);
                places.push(place);
                sent.push((meta, size, key));
                outcomes.push(Outcome::nothing());
            }
            Err(error) => outcomes.push(Outcome::failed(error)),
        }
    }
    if places.is_empty() {
        return Ok(Sent::Nothing(outcomes));
    }
    let rid = inner.outside().rid()?;
    let sources = sent.iter().map(|(meta, ..)| meta.source.clone());
    let inputs = Inputs::stamp(rid, request.images_mut(), sources);
    if let Some(reason) = control.halted() {
        return Err(reason);
    }
    if let Some(manifest) = &run.manifest {
        manifest.expect(rid, sent.iter().filter_map(|(_, _, key)| key.clone()).collect());
    }
    let also_told = run.manifest.clone().map(|manifest| manifest as Arc<dyn Callbacks>);
    let (client, namespace, deliver) = (run.client.clone(), run.namespace.clone(), run.deliver);
    let loaded = Loaded::<K> { client, request, inputs, rid, namespace, deliver, also_told };
    let at = inner.outside().now();
    // From here on nobody's leaving ends it.
    let unsent = match inner.while_open(Box::pin(async { Ok(loaded.send_or_return().await) })).await? {
        Ok(job) => {
            run.course.made(Witness::of_this_run(rid, rid.to_string(), at));
            return Ok(Sent::Job { job, places, outcomes });
        }
        Err(unsent) => unsent,
    };
    let Some(images) = unsent.refused.and_then(|body| images::<K>(&body)) else { return Err(unsent.error) };
    let again = images.into_iter().zip(sent).map(|(request, (meta, size, key))| {
        let image = Image::sent(request, meta.custom_id.clone());
        Picture { meta, image, size, key }
    });
    let pictures = places.into_iter().zip(again).collect();
    Ok(Sent::Refused(Refused { error: unsent.error, pictures, outcomes, turn }))
}

/// The pictures of a request as it was sent.
fn images<K: JobKind>(body: &[u8]) -> Option<Vec<ImageRequest>> {
    Some(std::mem::take(K::Request::read(body).ok()?.images_mut()))
}

pub(super) fn dropped() -> Error {
    Error::new(ErrorKind::Cancelled, "the run was dropped")
}

/// Waits for the job of a batch. `places` has for each picture of the job its place in the batch, `outcomes` what is known
/// of each picture of the batch.
async fn wait<K: JobKind>(
    run: &Run<K>,
    owner: Owner,
    job: &Job<K>,
    places: &[usize],
    mut outcomes: Vec<Outcome<K>>,
) -> Ended<K> {
    run.control.submitted(owner, job.resume_token());
    let _ = run.events.send(Event::Accepted { owner, pictures: places.len() });
    let done = tokio::select! {
        biased;
        () = run.control.until_dropped() => Err(dropped()),
        done = job.wait_for(run.wait) => done,
    };
    match done {
        Ok(done) => share_out::<K>(done, places, &mut outcomes),
        Err(error) => {
            if is_final(&error) {
                run.control.give_up(&error);
            }
            for place in places {
                outcomes[*place] = Outcome::failed(error.clone());
            }
        }
    }
    Ended { job_id: Some(job.id().to_owned()), outcomes: Ok(outcomes) }
}

/// Gives each picture what the job says of it.
fn share_out<K: JobKind>(job: K::Job, places: &[usize], outcomes: &mut [Outcome<K>]) {
    let facts = K::facts(&job);
    let nothing = format!("{} job {} ended {} and says nothing of this picture", K::KIND, facts.id, facts.status);
    for place in K::chosen(&job).into_iter().filter_map(|index| places.get(index)) {
        outcomes[*place].chosen = true;
    }
    for mut image in K::images(job) {
        let place = K::input(&mut image).as_ref().and_then(|input| places.get(input.index));
        if let Some(outcome) = place.map(|place| &mut outcomes[*place]) {
            outcome.result.get_or_insert(image);
        }
    }
    for place in places {
        let outcome = &mut outcomes[*place];
        if outcome.result.is_none() {
            outcome.error = Some(Error::new(ErrorKind::InvalidResponse, nothing.clone()));
        }
    }
}
