//! A run that was cut off, and the server that it was at.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use image_intelligence::{AllBuilder, Client, Detect, Image, Item};
use tokio::time::Instant;

use crate::inside::Inside;
use crate::jobs::{Jobs, urls};
use crate::scripted::{Asked, Reply};

/// What is wrong with searches.
type Fault = Box<dyn Fn(&Asked, Instant) -> Option<Reply> + Send + Sync>;

/// A server and the manifest of a run that was cut off.
pub(crate) struct Cut {
    pub(crate) server: Arc<Inside>,
    pub(crate) jobs: Jobs,
    fault: Arc<Mutex<Option<Fault>>>,
    pub(crate) folder: tempfile::TempDir,
    /// The customIds of the jobs of the first run.
    pub(crate) names: Vec<String>,
}

impl Cut {
    /// Three jobs of four pictures, one after the other.
    pub(crate) async fn new() -> Self {
        let cut = Self::after(|cut| cut.all(12).concurrency(1)).await;
        assert_eq!(cut.jobs.sizes(), [4, 4, 4]);
        cut
    }

    /// What this run sends.
    pub(crate) async fn after(run: impl FnOnce(&Self) -> AllBuilder<Detect>) -> Self {
        let jobs = Jobs::default();
        let fault = Arc::new(Mutex::new(None::<Fault>));
        let (made, faults) = (jobs.clone(), Arc::clone(&fault));
        let server = Inside::start(move |asked, now| {
            let faults = faults.lock().unwrap();
            let fault = faults.as_ref().and_then(|fault| fault(asked, now));
            fault.unwrap_or_else(|| made.answer(asked))
        });
        let folder = tempfile::tempdir().unwrap();
        let cut = Self { server, jobs, fault, folder, names: Vec::new() };
        run(&cut).start().unwrap().collect().await;
        let names =
            cut.lines().iter().filter_map(|line| line["intended"]["customId"].as_str().map(str::to_owned)).collect();
        Self { names, ..cut }
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.folder.path().join("run.json")
    }

    pub(crate) fn all_of(&self, client: &Client, images: Vec<Image>) -> AllBuilder<Detect> {
        client.detect_all(images).class("person").batch_size(4).manifest(self.manifest())
    }

    pub(crate) fn all(&self, count: usize) -> AllBuilder<Detect> {
        self.all_of(&self.server.client(), urls(count).collect())
    }

    pub(crate) async fn run(&self, count: usize) -> Vec<Item<Detect>> {
        let items = self.all(count).start().unwrap().collect().await;
        let indices: Vec<_> = items.iter().map(|item| item.index).collect();
        assert_eq!(indices, (0..count).collect::<Vec<_>>());
        items
    }

    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        read(&self.manifest()).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn said(&self, what: &str) -> usize {
        self.lines().iter().filter(|line| line.get(what).is_some()).count()
    }

    /// Takes lines out of the file: those that are not to be kept, by what they are and the number of their job.
    pub(crate) fn keep(&self, keep: impl Fn(&str, usize) -> bool) {
        let kept = |line: &String| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            let (what, of) = json.as_object().unwrap().iter().next().unwrap();
            let job = self.names.iter().position(|name| of["rid"].as_str() == Some(name));
            job.is_none_or(|job| keep(what, job))
        };
        let lines: Vec<_> = read(&self.manifest()).into_iter().filter(kept).collect();
        std::fs::write(self.manifest(), lines.join("\n") + "\n").unwrap();
    }

    /// As if it had been killed when the job of this number had just left.
    pub(crate) fn at_leaving(&self, job: usize) {
        self.keep(|what, of| of < job || (of == job && what != "accepted"));
    }

    /// What the server has of the first run: these jobs.
    pub(crate) fn server_has(&self, count: usize) {
        let jobs = self.jobs.forget();
        self.jobs.remember(jobs.into_iter().take(count).collect());
    }

    pub(crate) fn faulty(&self, fault: impl Fn(&Asked, Instant) -> Option<Reply> + Send + Sync + 'static) {
        *self.fault.lock().unwrap() = Some(Box::new(fault));
    }

    pub(crate) fn mended(&self) {
        *self.fault.lock().unwrap() = None;
    }

    /// Each of so many pictures is in one job.
    pub(crate) fn once(&self, count: usize) {
        let sent = self.jobs.sent();
        assert_eq!(sent.len(), count);
        assert!(sent.values().all(|times| *times == 1), "{sent:?}");
    }
}

fn read(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}
