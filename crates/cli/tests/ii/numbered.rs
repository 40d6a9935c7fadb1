//! Any number of pictures, each with a number in it, and a server that finds just that number in each.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use image_intelligence::{BoundingBox, Client, Detect, ImageStatus, JobSearch, Kind};
use image_intelligence_server::{Answer, AskedPicture, Found, Progression, Server};
use tokio::runtime::Runtime;

use crate::process::{Said, ii, photo, run};

const MARK: &[u8] = b"number";

/// Writes so many photos, no two the same, to the directory.
pub(crate) fn write(directory: &Path, pictures: usize) {
    let photos = ["astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg"];
    let photos = photos.map(|name| std::fs::read(photo(name)).unwrap());
    for number in 0..pictures {
        // What comes after the end of a JPEG is nobody's.
        let mut bytes = photos[number % photos.len()].clone();
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(format!("{number:08}").as_bytes());
        std::fs::write(directory.join(name(number)), bytes).unwrap();
    }
}

pub(crate) fn name(number: usize) -> String {
    format!("street-{number:05}.jpg")
}

/// What is found in a picture with this number, and in no other.
pub(crate) fn confidence(number: usize) -> f64 {
    number as f64 / 10_000.0
}

fn place() -> BoundingBox {
    BoundingBox::new(10.0, 10.0, 60.0, 90.0)
}

fn number(bytes: &[u8]) -> Option<usize> {
    let (start, digits) = bytes.split_at_checked(bytes.len().checked_sub(8)?)?;
    start.ends_with(MARK).then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

/// A server for such pictures, in this process. What has no number is no picture to it.
pub(crate) struct Numbers {
    runtime: Runtime,
    server: Option<Server>,
    base_url: String,
    seen: Arc<AtomicUsize>,
}

impl Numbers {
    pub(crate) fn start(progression: Progression) -> Self {
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        let script = move |picture: &AskedPicture<'_>| {
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = |number: usize| match picture.kind {
                Kind::Ask if number == 7 => Answer::yes(),
                Kind::Ask => Answer::no(),
                _ => Answer::found([Found::new("person", confidence(number)).bounding_box(place())]),
            };
            let refused = || Answer::status(ImageStatus::InvalidImageFormatError);
            Some(number(picture.bytes?).map_or_else(refused, answer))
        };
        let runtime = Runtime::new().unwrap();
        let server = Server::builder().scripted(script).progression(progression).start();
        let server = runtime.block_on(server).unwrap();
        let base_url = server.base_url().to_owned();
        Self { runtime, server: Some(server), base_url, seen }
    }

    /// How many pictures it was sent.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }

    /// Returns when it was sent so many pictures.
    pub(crate) fn until_seen(&self, pictures: usize) {
        let end = std::time::Instant::now() + crate::process::DEADLINE;
        while self.seen() < pictures {
            assert!(std::time::Instant::now() < end, "only {} of {pictures} came", self.seen());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// `ii` at this server.
    pub(crate) fn ii(&self, arguments: &[&str]) -> Command {
        let mut command = ii(arguments);
        command.env("II_BASE_URL", &self.base_url);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        run(self.ii(arguments))
    }

    /// The numbers in the pictures of each of its detect jobs, by the job's id. Jobs must be done.
    pub(crate) fn jobs(&self) -> BTreeMap<String, Vec<usize>> {
        let client = Client::builder().base_url(&self.base_url).credentials("local", "local").build().unwrap();
        let found = self.runtime.block_on(client.jobs::<Detect>().search(&JobSearch::new())).unwrap();
        let numbers = |job: &image_intelligence::DetectJob| {
            let objects = job.image_results.iter().flat_map(|image| &image.objects);
            objects.map(|object| (object.confidence * 10_000.0).round() as usize).collect()
        };
        found.iter().map(|job| (job.id.clone(), numbers(job))).collect()
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.shutdown());
        }
    }
}
