//! Jobs of an earlier run of which it is not known whether they exist, and their pictures.

use std::collections::HashMap;

use image_intelligence_core::{Error, ErrorKind};

use super::look::Picture;
use crate::image::{Image, Source};

/// The pictures of jobs that are looked for, as they are met among the inputs.
pub(crate) struct Unsettled {
    /// By the numbers of the jobs: each picture with its place in the job.
    jobs: HashMap<usize, Vec<(usize, Picture)>>,
    /// How many bytes of pictures are kept, and at most.
    bytes: usize,
    most_bytes: usize,
}

impl Unsettled {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { jobs: HashMap::new(), bytes: 0, most_bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// A picture was met. Says whether it is the first of its job.
    pub(crate) fn meet(&mut self, number: usize, place: usize, mut picture: Picture) -> bool {
        let kept = self.bytes.saturating_add(held(&picture));
        if kept <= self.most_bytes {
            self.bytes = kept;
        } else {
            // Its job is looked for all the same.
            let problem =
                "not sent again: too many bytes of pictures waited to be; run it once more with the same manifest";
            picture.image = Image::refused(Error::new(ErrorKind::Cancelled, problem));
        }
        let pictures = self.jobs.entry(number).or_default();
        pictures.push((place, picture));
        pictures.len() == 1
    }

    /// The job is settled: gives its pictures.
    pub(crate) fn take(&mut self, number: usize) -> Option<Vec<(usize, Picture)>> {
        let pictures = self.jobs.remove(&number)?;
        self.bytes = self.bytes.saturating_sub(pictures.iter().map(|(_, picture)| held(picture)).sum());
        Some(pictures)
    }
}

/// How much memory a picture takes while it waits: a file is read when it is sent.
fn held(picture: &Picture) -> usize {
    match &picture.image.source {
        Source::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}
