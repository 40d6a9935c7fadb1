//! Somebody who is told of submits, and writes down what he hears.

use std::sync::{Arc, Mutex};

use image_intelligence::{Callbacks, Error, ErrorKind, Intent, JobRef, Kind, Later, Result, Rid, Timestamp};
use tokio::sync::Semaphore;

#[derive(Default)]
pub struct Recorder {
    pub heard: Mutex<Vec<String>>,
    pub intents: Mutex<Vec<Intent>>,
    pub jobs: Mutex<Vec<JobRef>>,
    pub errors: Mutex<Vec<Error>>,
    /// The URL that is minted.
    pub url: Option<String>,
    /// What fails.
    pub fails: Option<&'static str>,
    /// Where `leaving` waits until it is let go.
    pub door: Option<Semaphore>,
}

impl Recorder {
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub fn failing(what: &'static str) -> Arc<Self> {
        Arc::new(Self { fails: Some(what), ..Self::default() })
    }

    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn hear(&self, what: &'static str) -> Result<()> {
        self.heard.lock().unwrap().push(what.to_owned());
        if self.fails == Some(what) {
            return Err(Error::new(ErrorKind::Config, "the dog ate it"));
        }
        Ok(())
    }

    /// Waits until something was heard.
    pub async fn until(&self, what: &str) {
        while !self.heard().iter().any(|heard| heard == what) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

impl Callbacks for Recorder {
    fn mint(&self, _: Kind, _: Rid, _: Timestamp) -> Result<Option<String>> {
        self.hear("mint")?;
        Ok(self.url.clone())
    }

    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        self.intents.lock().unwrap().push(intent);
        Box::pin(async { self.hear("record") })
    }

    fn leaving(&self, _: Rid) -> Later<'_, Result<()>> {
        Box::pin(async {
            let told = self.hear("leaving");
            if let Some(door) = &self.door {
                door.acquire().await.unwrap().forget();
            }
            told
        })
    }

    fn came_back(&self, _: Rid) -> Later<'_, Result<()>> {
        Box::pin(async { self.hear("came_back") })
    }

    fn accepted(&self, _: Rid, job: JobRef) -> Later<'_, Result<()>> {
        self.jobs.lock().unwrap().push(job);
        Box::pin(async { self.hear("accepted") })
    }

    fn refused(&self, _: Rid, error: Error) -> Later<'_, Result<()>> {
        self.errors.lock().unwrap().push(error);
        Box::pin(async { self.hear("refused") })
    }

    fn unknown(&self, _: Rid, error: Error) -> Later<'_, Result<()>> {
        self.errors.lock().unwrap().push(error);
        Box::pin(async { self.hear("unknown") })
    }
}
