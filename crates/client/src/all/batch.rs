//! One batch on its way: read, sent once, waited for, and taken apart into what became of each picture.

use std::sync::Arc;

use image_intelligence_core::{Error, ErrorKind, Inputs, JobRequest as _, Result};

use super::item::Outcome;
use super::run::{Ended, Event, Run, is_final};
use crate::image::Image;
use crate::job::Job;
use crate::kind::JobKind;
use crate::submit::Loaded;

/// Says at last what became of a batch, come what may.
struct Report<K: JobKind> {
    run: Arc<Run<K>>,
    batch: u64,
    told: bool,
}

impl<K: JobKind> Report<K> {
    fn tell(&mut self, ended: Ended<K>) {
        self.told = true;
        let _ = self.run.events.send(Event::Ended { batch: self.batch, ended });
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

/// Reads the pictures, sends them, and waits for their job. `images` come with their places among the inputs.
pub(crate) async fn send<K: JobKind>(run: Arc<Run<K>>, batch: u64, images: Vec<(usize, Image)>) {
    let mut report = Report { run: Arc::clone(&run), batch, told: false };
    let ended = match submit(&run, images).await {
        Ok(Sent { job: None, outcomes, .. }) => Ended { job_id: None, outcomes: Ok(outcomes) },
        Ok(Sent { job: Some(job), places, outcomes }) => wait(&run, batch, &job, &places, outcomes).await,
        Err(error) => {
            if is_final(&error) {
                run.control.give_up(&error);
            }
            Ended { job_id: None, outcomes: Err(error) }
        }
    };
    report.tell(ended);
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

async fn submit<K: JobKind>(run: &Run<K>, images: Vec<(usize, Image)>) -> Result<Sent<K>> {
    let control = &run.control;
    let _turn = tokio::select! {
        biased;
        reason = control.until_halted() => return Err(reason),
        turn = run.uploads.acquire() => turn,
    };
    let inner = run.client.inner();
    let mut request = run.request.clone();
    let (mut places, mut sources, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = inner.largest_request;
    for (place, (index, image)) in images.into_iter().enumerate() {
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
    let (client, namespace) = (run.client.clone(), run.namespace.clone());
    let loaded = Loaded::<K> { client, request, inputs, rid, namespace, also_told: None };
    // From here on nobody's leaving ends it.
    let job = inner.while_open(Box::pin(loaded.send())).await?;
    Ok(Sent { job: Some(job), places, outcomes })
}

/// Waits for the job of a batch. `places` has for each picture of the job its place in the batch, `outcomes` what is known
/// of each picture of the batch.
async fn wait<K: JobKind>(
    run: &Run<K>,
    batch: u64,
    job: &Job<K>,
    places: &[usize],
    mut outcomes: Vec<Outcome<K>>,
) -> Ended<K> {
    run.control.submitted(batch, job.resume_token());
    let _ = run.events.send(Event::Accepted { batch, pictures: places.len() });
    let done = tokio::select! {
        biased;
        () = run.control.until_dropped() => Err(Error::new(ErrorKind::Cancelled, "the run was dropped")),
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
