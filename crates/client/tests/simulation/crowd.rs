//! Waiting for many jobs in one call: each is given as it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join4;
use image_intelligence::{AnyHandle, AnyJob, Ask, Client, Detect, Job, Match, Recognize};

use crate::network::Network;
use crate::play::{Finished, Outcomes, Waited};

/// The jobs that were submitted, each with the number of its submit.
pub struct Crowd<'a> {
    pub network: &'a Network,
    pub client: &'a Client,
    pub handles: Vec<(usize, AnyHandle)>,
    pub limit: Duration,
}

impl Crowd<'_> {
    /// Through `as_completed`, one call a kind, all of them at once.
    pub async fn by_handles(self) -> Vec<(usize, Waited)> {
        let (mut detects, mut matches, mut asks, mut recognizes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (submit, handle) in &self.handles {
            match handle {
                AnyHandle::Detect(job) => detects.push((*submit, job.clone())),
                AnyHandle::Match(job) => matches.push((*submit, job.clone())),
                AnyHandle::Ask(job) => asks.push((*submit, job.clone())),
                AnyHandle::Recognize(job) => recognizes.push((*submit, job.clone())),
            }
        }
        let (mut ends, two, three, four) = join4(
            self.of_kind::<Detect>(detects),
            self.of_kind::<Match>(matches),
            self.of_kind::<Ask>(asks),
            self.of_kind::<Recognize>(recognizes),
        )
        .await;
        ends.extend(two.into_iter().chain(three).chain(four));
        ends
    }

    async fn of_kind<K: Outcomes>(&self, jobs: Vec<(usize, Job<K>)>) -> Vec<(usize, Waited)> {
        let submits: BTreeMap<String, usize> =
            jobs.iter().map(|(submit, job)| (job.id().to_owned(), *submit)).collect();
        let began = self.network.now();
        let mut ends = Vec::with_capacity(jobs.len());
        let mut jobs = self.client.as_completed(jobs.into_iter().map(|(_, job)| job)).wait_for(self.limit);
        while let Some((job, result)) = jobs.next().await {
            let result = result.map(|job| K::finished(&job));
            ends.push((submits[job.id()], Waited { began, ended: self.network.now(), result }));
        }
        ends
    }

    /// Through `track`, by the resume tokens.
    pub async fn by_tokens(self) -> Vec<(usize, Waited)> {
        let submits: BTreeMap<String, usize> =
            self.handles.iter().map(|(submit, handle)| (handle.resume_token(), *submit)).collect();
        let tokens: Vec<String> = self.handles.iter().map(|(_, handle)| handle.resume_token()).collect();
        let began = self.network.now();
        let mut ends = Vec::with_capacity(tokens.len());
        let mut jobs = self.client.track(tokens).unwrap().wait_for(self.limit);
        while let Some((token, result)) = jobs.next().await {
            let result = result.map(|job| finished(&job));
            ends.push((submits[&token], Waited { began, ended: self.network.now(), result }));
        }
        ends
    }
}

fn finished(job: &AnyJob) -> Finished {
    match job {
        AnyJob::Match(job) => Match::finished(job),
        AnyJob::Ask(job) => Ask::finished(job),
        AnyJob::Recognize(job) => Recognize::finished(job),
        AnyJob::Detect(job) => Detect::finished(job),
        _ => Finished { id: job.id().to_owned(), is_done: job.status().is_done(), images: Vec::new() },
    }
}
