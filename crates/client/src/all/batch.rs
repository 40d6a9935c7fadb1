//! One batch on its way: read, sent once, waited for, and taken apart into what became of each picture.

use std::sync::Arc;

use image_intelligence_core::{
    Callbacks, Error, ErrorKind, Inputs, JobRef, JobRequest as _, Result, ResumeToken, Timestamp,
};

use super::item::Outcome;
use super::key::Key;
use super::manifest::{Fate, Past};
use super::ready::Owner;
use super::run::{Ended, Event, Run, is_final};
use crate::image::Image;
use crate::job::Job;
use crate::kind::JobKind;
use crate::recover::Sought;
use crate::submit::Loaded;

/// Says at last what became of a batch, come what may.
struct Report<K: JobKind> {
    run: Arc<Run<K>>,
    owner: Owner,
    told: bool,
}

impl<K: JobKind> Report<K> {
    fn tell(&mut self, ended: Ended<K>) {
        self.told = true;
        let _ = self.run.events.send(Event::Ended { owner: self.owner, ended });
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

/// A picture of a batch: its place among the inputs, itself, and by what it is known again.
pub(crate) type Member = (usize, Image, Option<Key>);

/// Reads the pictures, sends them, and waits for their job.
pub(crate) async fn send<K: JobKind>(run: Arc<Run<K>>, batch: u64, pictures: Vec<Member>) {
    let owner = Owner::Batch(batch);
    let mut report = Report { run: Arc::clone(&run), owner, told: false };
    let ended = match submit(&run, pictures).await {
        Ok(Sent { job: None, outcomes, .. }) => Ended { job_id: None, outcomes: Ok(outcomes) },
        Ok(Sent { job: Some(job), places, outcomes }) => wait(&run, owner, &job, &places, outcomes).await,
        Err(error) => run.failed(error),
    };
    report.tell(ended);
}

/// Waits for a job of an earlier run, which is looked for first where it is not known to exist.
pub(crate) async fn take_up<K: JobKind>(run: Arc<Run<K>>, number: usize, past: Past) {
    let owner = Owner::Earlier(number);
    let mut report = Report { run: Arc::clone(&run), owner, told: false };
    let ended = match find(&run, &past).await {
        Ok(job) => {
            let places: Vec<_> = (0..past.pictures.len()).collect();
            let outcomes = places.iter().map(|_| Outcome::nothing()).collect();
            wait(&run, owner, &job, &places, outcomes).await
        }
        Err(error) => run.failed(error),
    };
    report.tell(ended);
}

impl<K: JobKind> Run<K> {
    /// A batch came to nothing; so would every other, it may be.
    fn failed(&self, error: Error) -> Ended<K> {
        if is_final(&error) {
            self.control.give_up(&error);
        }
        Ended { job_id: None, outcomes: Err(error) }
    }
}

/// Pictures that were sent.
struct Sent<K: JobKind> {
    /// None where no picture was fit to be sent.
    job: Option<Job<K>>,
    /// For each picture of the job, its place in the batch.
    places: Vec<usize>,
    /// For each picture of the batch, what went wrong before it was sent.
    outcomes: Vec<Outcome<K>>,
}

async fn submit<K: JobKind>(run: &Run<K>, pictures: Vec<Member>) -> Result<Sent<K>> {
    let control = &run.control;
    let turn = tokio::select! {
        biased;
        reason = control.until_halted() => return Err(reason),
        turn = run.uploads.acquire() => turn,
    };
    let inner = run.client.inner();
    let mut request = run.request.clone();
    let (mut places, mut sources, mut keys, mut outcomes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut left = inner.largest_request;
    for (place, (index, image, key)) in pictures.into_iter().enumerate() {
        let source = image.source(index);
        let loaded = tokio::select! {
            biased;
            reason = control.until_halted() => return Err(reason),
            loaded = image.load(index, &mut left) => loaded,
        };
        match loaded {
            Ok(loaded) => {
                request.images_mut().push(loaded);
                places.push(place);
                sources.push(source);
                keys.extend(key);
                outcomes.push(Outcome::nothing());
            }
            Err(error) => outcomes.push(Outcome::failed(error)),
        }
    }
    if places.is_empty() {
        return Ok(Sent { job: None, places, outcomes });
    }
    let rid = inner.outside().rid()?;
    let inputs = Inputs::stamp(rid, request.images_mut(), sources);
    if let Some(reason) = control.halted() {
        return Err(reason);
    }
    if let Some(manifest) = &run.manifest {
        manifest.expect(rid, keys);
    }
    let also_told = run.manifest.clone().map(|manifest| manifest as Arc<dyn Callbacks>);
    let (client, namespace) = (run.client.clone(), run.namespace.clone());
    let loaded = Loaded::<K> { client, request, inputs, rid, namespace, also_told };
    // From here on nobody's leaving ends it.
    let job = inner.while_open(Box::pin(loaded.send())).await?;
    drop(turn);
    Ok(Sent { job: Some(job), places, outcomes })
}

/// The job of an earlier run.
async fn find<K: JobKind>(run: &Run<K>, past: &Past) -> Result<Job<K>> {
    let Past { rid, at, .. } = *past;
    let namespace = run.namespace.clone();
    let (id, created_at) = match &past.fate {
        Fate::Accepted { id, created_at } => (id.clone(), *created_at),
        fate => {
            let inner = run.client.inner();
            // Where it was looked for already, one look more will do.
            let limit = if matches!(fate, Fate::Unknown) { std::time::Duration::ZERO } else { inner.recover_for };
            let custom_id = past.custom_id.clone();
            let sought = Sought { rid, ours: custom_id == rid.to_string(), custom_id, minted: None, namespace, at };
            let found = tokio::select! {
                biased;
                () = run.control.until_dropped() => return Err(dropped()),
                found = inner.while_open(async { Ok(sought.find::<K>(&run.client, limit).await) }) => found?,
            };
            match found {
                Ok(job) => {
                    let facts = K::facts(&job);
                    let made = JobRef::new(K::KIND, facts.id).created_at(facts.created_at);
                    run.note(|manifest| manifest.accepted(rid, made)).await;
                    (facts.id.to_owned(), facts.created_at)
                }
                Err(candidates) => {
                    let error = sought.unknown(None, limit, candidates);
                    run.note(|manifest| manifest.unknown(rid, error.clone())).await;
                    return Err(error);
                }
            }
        }
    };
    let created: Timestamp = created_at.unwrap_or(at);
    let mut token = ResumeToken::new(K::KIND, id, rid, created, run.client.base_url());
    token.namespace.clone_from(&run.namespace);
    let mut pictures: Vec<_> = past.pictures.iter().map(Key::sent).collect();
    let mut job = Job::resumed(run.client.clone(), token);
    job.inputs = Arc::new(Inputs::stamp(rid, &mut pictures, []));
    Ok(job)
}

impl<K: JobKind> Run<K> {
    /// Writes something down. Where that fails it is found out again the next time.
    async fn note<'a>(
        &'a self,
        what: impl FnOnce(&'a super::manifest::Manifest) -> image_intelligence_core::Later<'a, Result<()>>,
    ) {
        if let Some(manifest) = &self.manifest
            && let Err(error) = what(manifest).await
        {
            tracing::warn!(error.type = error.kind().as_str(), "what became of a job could not be written down: {error}");
        }
    }
}

fn dropped() -> Error {
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
