//! An API that a test writes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use image_intelligence_core::{
    AnyJob, Error, ErrorKind, JobRef, JobSearch, JobSource, Kind, Later, Result, Rid, Timestamp,
};
use tokio::sync::Semaphore;

type Between = Box<dyn Fn() -> Later<'static, ()> + Send + Sync>;

/// The jobs of an API, and how it answers.
#[derive(Default)]
pub(super) struct Api {
    jobs: Mutex<HashMap<(Kind, String), String>>,
    mood: Mutex<Mood>,
    pub(super) asked: Mutex<Vec<String>>,
    /// What happens while the next answer is on its way.
    between: Mutex<Option<Between>>,
    /// Where it is there, each answer takes one of it.
    gate: Mutex<Option<Arc<Semaphore>>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Mood {
    #[default]
    Well,
    Down,
    /// Every request is one too many.
    Throttled,
    Panics,
    /// Its searches ignore every condition.
    Careless,
}

impl Api {
    pub(super) fn mood(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Has a job be there, as this JSON.
    pub(super) fn put(&self, kind: Kind, json: &str) {
        let job = AnyJob::from_json(kind, json.as_bytes()).unwrap();
        self.jobs.lock().unwrap().insert((kind, job.id().to_owned()), json.to_owned());
    }

    pub(super) fn forget(&self, kind: Kind, id: &str) {
        self.jobs.lock().unwrap().remove(&(kind, id.to_owned()));
    }

    pub(super) fn meanwhile(&self, between: impl Fn() -> Later<'static, ()> + Send + Sync + 'static) {
        *self.between.lock().unwrap() = Some(Box::new(between));
    }

    /// Has answers wait until the gate lets them through.
    pub(super) fn gate(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    pub(super) fn at_work(&self) -> usize {
        self.now.load(Ordering::SeqCst)
    }

    /// How many were asked for at once at most.
    pub(super) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    async fn answer(&self, asked: String) -> Result<Mood> {
        self.asked.lock().unwrap().push(asked);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let leaves = Leaves(&self.now);
        let gate = self.gate.lock().unwrap().clone();
        match gate {
            Some(gate) => gate.acquire().await.unwrap().forget(),
            None => tokio::task::yield_now().await,
        }
        let between = self.between.lock().unwrap().take();
        if let Some(between) = between {
            between().await;
        }
        drop(leaves);
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Down => Err(Error::new(ErrorKind::Connection, "nobody is there")),
            Mood::Throttled => Err(Error::new(ErrorKind::RateLimited, "too many")
                .with_status(429)
                .with_retry_after(Some(std::time::Duration::from_secs(200)))),
            Mood::Panics => panic!("the client's own"),
            mood => Ok(mood),
        }
    }
}

struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl JobSource for Api {
    fn fetch(&self, job: JobRef) -> Later<'_, Result<AnyJob>> {
        Box::pin(async move {
            self.answer(format!("{} {}", job.kind, job.id)).await?;
            if job.id.contains('/') {
                return Err(Error::invalid_request("id", "it has a slash"));
            }
            let found = self.jobs.lock().unwrap().get(&(job.kind, job.id)).cloned();
            let found = found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no such job").with_status(404))?;
            AnyJob::from_json(job.kind, found.as_bytes())
        })
    }

    fn find(&self, kind: Kind, _: Option<String>, search: JobSearch) -> Later<'_, Result<Vec<AnyJob>>> {
        Box::pin(async move {
            let mood = self.answer(format!("find {kind}")).await?;
            let jobs: Vec<_> = self.jobs.lock().unwrap().iter().map(|((kind, _), job)| (*kind, job.clone())).collect();
            let jobs = jobs.iter().filter(|(of, _)| *of == kind);
            let jobs = jobs.map(|(kind, job)| AnyJob::from_json(*kind, job.as_bytes()).unwrap());
            let named = |job: &AnyJob| search.custom_id.is_none() || job.custom_id() == search.custom_id.as_deref();
            let young = |job: &AnyJob| search.after.is_none_or(|after| job.created_at() > Some(after));
            let mut found: Vec<_> = jobs.filter(|job| mood == Mood::Careless || named(job) && young(job)).collect();
            found.sort_by_key(AnyJob::created_at);
            // No answer of this one is longer.
            found.truncate(10);
            Ok(found)
        })
    }
}

/// A job as the API tells it.
pub(super) struct Told {
    pub(super) id: &'static str,
    pub(super) status: &'static str,
    pub(super) custom_id: Option<String>,
    pub(super) url: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) word: &'static str,
}

impl Told {
    pub(super) fn new(id: &'static str) -> Self {
        Self {
            id,
            status: "COMPLETED_SUCCESSFULLY",
            custom_id: None,
            url: None,
            created_at: Timestamp::from_millis(1_700_000_000_000),
            word: "true",
        }
    }

    pub(super) fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }

    pub(super) fn pending(self) -> Self {
        self.status("IN_PROGRESS")
    }

    pub(super) fn named(mut self, rid: Rid) -> Self {
        self.custom_id = Some(rid.to_string());
        self
    }

    pub(super) fn url(mut self, url: &str) -> Self {
        self.url = Some(url.to_owned());
        self
    }

    /// What makes it another body.
    pub(super) fn word(mut self, word: &'static str) -> Self {
        self.word = word;
        self
    }

    pub(super) fn json(&self) -> String {
        let text = |value: &Option<String>| value.as_ref().map_or("null".to_owned(), |value| format!("\"{value}\""));
        format!(
            r#"{{"id":"{}","status":"{}","customId":{},"webhookUrl":{},"createdAt":{},"jobResults":[{{"class":"{}"}}],"imageResults":[]}}"#,
            self.id,
            self.status,
            text(&self.custom_id),
            text(&self.url),
            self.created_at.as_millis(),
            self.word,
        )
    }
}
