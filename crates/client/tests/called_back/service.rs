//! A service whose jobs are done after a while, and which names each after its place among the submits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence::{AnyJob, Client, Detect, Image, Job, Kind};
use serde_json::{Value, json};

use crate::inside::Inside;
use crate::receiver::Receiver;
use crate::scripted::{Asked, Reply, ok};

pub(crate) const MADE: i64 = 1_487_648_348_000;
pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) struct Service {
    pub(crate) inside: Arc<Inside>,
    jobs: Arc<Mutex<Vec<Value>>>,
}

impl Service {
    /// Jobs are done so long after the beginning, and all were made at the beginning.
    pub(crate) fn start(done_after: Duration) -> Self {
        let jobs = Arc::new(Mutex::new(Vec::<Value>::new()));
        let (made, began) = (Arc::clone(&jobs), tokio::time::Instant::now());
        let inside = Inside::start(move |asked, now| {
            let (mut jobs, done) = (made.lock().unwrap(), now - began >= done_after);
            answer(asked, &mut jobs, done)
        });
        Self { inside, jobs }
    }

    pub(crate) fn client(&self, receiver: &Receiver) -> Client {
        self.inside.builder().webhooks(receiver).build().unwrap()
    }

    /// What the service posts of a job that is done.
    pub(crate) fn finished(&self, kind: Kind, nth: usize) -> AnyJob {
        let jobs = self.jobs.lock().unwrap();
        AnyJob::from_json(kind, row(&jobs[nth], nth, true).to_string().as_bytes()).unwrap()
    }

    /// When it was asked for jobs, in whole seconds.
    pub(crate) fn looks(&self) -> Vec<u64> {
        self.inside.asked().iter().filter(|(_, asked)| asked.method == "GET").map(|(at, _)| at.as_secs()).collect()
    }
}

fn answer(asked: &Asked, jobs: &mut Vec<Value>, done: bool) -> Reply {
    if asked.method == "POST" {
        jobs.push(asked.json());
        return ok(row(&jobs[jobs.len() - 1], jobs.len() - 1, false).to_string());
    }
    match asked.path.rsplit_once("/job-") {
        Some((_, nth)) => {
            let nth: usize = nth.parse().unwrap();
            ok(row(&jobs[nth], nth, done).to_string())
        }
        None => ok(jobs.iter().zip(0..).map(|(job, nth)| row(job, nth, done)).collect::<Value>().to_string()),
    }
}

/// A job as it is answered; its pictures the wrong way round.
fn row(request: &Value, nth: usize, done: bool) -> Value {
    let status = if done { "COMPLETED_SUCCESSFULLY" } else { "IN_PROGRESS" };
    let images = request["images"].as_array().into_iter().flatten().rev();
    let images: Vec<_> = images.map(|image| json!({"customId": image["customId"], "status": status})).collect();
    json!({
        "id": format!("job-{nth}"), "status": status, "createdAt": MADE, "customId": request["customId"],
        "webhookUrl": request["webhookUrl"], "imageResults": images, "images": images,
    })
}

pub(crate) fn pictures() -> [Image; 2] {
    [Image::url("https://example.com/a.jpg"), Image::url("https://example.com/b.jpg")]
}

pub(crate) async fn submitted(client: &Client) -> Job<Detect> {
    client.detect(pictures()).class("person").send().await.unwrap()
}
