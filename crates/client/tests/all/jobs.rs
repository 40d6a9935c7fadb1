//! A server of jobs that answers as it should.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use image_intelligence::Image;

use crate::scripted::{Asked, Reply, Scripted, ok};

/// A server's jobs: what each was sent.
#[derive(Clone, Default)]
pub(crate) struct Jobs(Arc<Mutex<Vec<serde_json::Value>>>);

impl Jobs {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// How many pictures each job has, the largest first: which arrives first is chance.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let jobs = self.0.lock().unwrap();
        let mut sizes: Vec<_> = jobs.iter().map(|job| job["images"].as_array().unwrap().len()).collect();
        sizes.sort_unstable_by(|one, other| other.cmp(one));
        sizes
    }

    /// Loses every job.
    pub(crate) fn forget(&self) -> Vec<serde_json::Value> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Loses those whose number is such; the others keep theirs.
    pub(crate) fn lose(&self, lost: impl Fn(usize) -> bool) {
        for (number, job) in self.0.lock().unwrap().iter_mut().enumerate() {
            if lost(number) {
                *job = serde_json::json!({"images": [], "customId": "gone"});
            }
        }
    }

    pub(crate) fn remember(&self, jobs: Vec<serde_json::Value>) {
        self.0.lock().unwrap().extend(jobs);
    }

    /// Makes the job of a submit.
    pub(crate) fn made(&self, asked: &Asked) -> Reply {
        let mut jobs = self.0.lock().unwrap();
        jobs.push(asked.json());
        ok(written(&jobs, jobs.len() - 1, "IN_PROGRESS"))
    }

    /// A job that is done: each picture shows a person, but one named `cobwebs`.
    pub(crate) fn done(&self, path: &str) -> Reply {
        let jobs = self.0.lock().unwrap();
        let number: usize = path.rsplit('-').next().unwrap().parse().unwrap();
        ok(written(&jobs, number, "COMPLETED_SUCCESSFULLY"))
    }

    /// Every job, done.
    pub(crate) fn all_done(&self) -> Reply {
        let jobs = self.0.lock().unwrap();
        let done: Vec<_> = (0..jobs.len()).map(|number| written(&jobs, number, "COMPLETED_SUCCESSFULLY")).collect();
        ok(format!("[{}]", done.join(",")))
    }

    /// The jobs of a customId, or of a stretch of time.
    pub(crate) fn named(&self, path: &str) -> Reply {
        let Some((_, name)) = path.split_once("customId=") else { return self.all_done() };
        let jobs = self.0.lock().unwrap();
        let numbers = (0..jobs.len()).filter(|number| jobs[*number]["customId"] == name);
        let found: Vec<_> = numbers.map(|number| written(&jobs, number, "IN_PROGRESS")).collect();
        ok(format!("[{}]", found.join(",")))
    }

    /// Answers as the API does.
    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        match asked.method.as_str() {
            "POST" => self.made(asked),
            _ if asked.path.contains('?') => self.named(&asked.path),
            _ => self.done(&asked.path),
        }
    }

    /// How often each picture was sent, by its URL.
    pub(crate) fn sent(&self) -> BTreeMap<String, usize> {
        let mut sent = BTreeMap::new();
        for job in self.0.lock().unwrap().iter() {
            for image in job["images"].as_array().unwrap() {
                *sent.entry(image["url"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        sent
    }
}

fn written(jobs: &[serde_json::Value], number: usize, status: &str) -> String {
    let images = jobs[number]["images"].as_array().unwrap().iter().filter(|image| image["customId"] != "forgotten");
    let results: Vec<_> = images
        .map(|image| {
            let cobwebs = image["customId"] == "cobwebs";
            let status = if cobwebs { "SPIDERWEBS_ERROR" } else { "COMPLETED_SUCCESSFULLY" };
            let objects =
                if cobwebs { vec![] } else { vec![serde_json::json!({"class": "person", "confidence": 0.9})] };
            serde_json::json!({"customId": image["customId"], "status": status, "objects": objects})
        })
        .rev()
        .collect();
    let job = serde_json::json!({
        "id": format!("job-{number}"), "status": status, "createdAt": 1_487_648_348_000_i64,
        "customId": jobs[number]["customId"], "jobResults": [], "imageResults": results,
    });
    job.to_string()
}

/// A server that makes detect jobs, which are done at the first look.
pub(crate) async fn server() -> (Scripted, Jobs) {
    let jobs = Jobs::default();
    let made = jobs.clone();
    let server = Scripted::start(move |asked, _| Some(made.answer(asked)));
    (server.await, jobs)
}

pub(crate) fn url(number: usize) -> Image {
    Image::url(format!("https://example.com/{number}.jpg"))
}

pub(crate) fn urls(count: usize) -> impl Iterator<Item = Image> + Send + 'static {
    (0..count).map(url)
}
