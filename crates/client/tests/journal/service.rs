//! A service in few words: it makes jobs, and answers as a test says.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::scripted::{Asked, Reply, Scripted, ok};

/// What becomes of a submit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// Made, and answered.
    Taken,
    /// Made, and the answer is lost.
    Lost,
    /// Made, and the answer never comes.
    Silent,
    /// Made, and answered with a 503.
    Failed,
    /// Not made, and never answered.
    Dropped,
    /// Not made, and answered with a 503.
    Busy,
    /// Not made, and answered with a 400.
    Refused,
    /// Not made, and answered with a 429.
    Limited,
}

#[derive(Default)]
struct State {
    jobs: Vec<Value>,
    hidden: bool,
    away: bool,
    /// The most rows of a search.
    cap: usize,
    random: u64,
}

pub struct Service {
    pub server: Scripted,
    state: Arc<Mutex<State>>,
}

impl Service {
    /// `fate` says of each submit what becomes of it, by its body and its number.
    pub async fn start(fate: impl Fn(&Value, usize) -> Option<Fate> + Send + Sync + 'static) -> Self {
        let state = Arc::new(Mutex::new(State { cap: usize::MAX, random: 7, ..State::default() }));
        let of = Arc::clone(&state);
        let server = Scripted::start(move |asked, nth| Some(of.lock().unwrap().answer(asked, nth, &fate))).await;
        Self { server, state }
    }

    /// Whether searches find nothing, as an index that is late does.
    pub fn hide(&self, hidden: bool) {
        self.state.lock().unwrap().hidden = hidden;
    }

    /// Whether everything is answered with a 503.
    pub fn away(&self, away: bool) {
        self.state.lock().unwrap().away = away;
    }

    /// The most rows of a search, which are any of those that it is after.
    pub fn cap(&self, rows: usize) {
        self.state.lock().unwrap().cap = rows;
    }

    pub fn jobs(&self) -> Vec<Value> {
        self.state.lock().unwrap().jobs.clone()
    }
}

impl State {
    fn answer(&mut self, asked: &Asked, nth: usize, fate: &impl Fn(&Value, usize) -> Option<Fate>) -> Reply {
        let busy = || Reply::Json(503, "{}".into());
        if self.away {
            return busy();
        }
        if asked.method == "GET" || asked.path.ends_with("/search") {
            return ok(self.search(asked));
        }
        let body = asked.json();
        let fate = fate(&body, nth).unwrap_or(Fate::Taken);
        if matches!(fate, Fate::Taken | Fate::Lost | Fate::Silent | Fate::Failed) {
            self.make(&body);
        }
        match fate {
            Fate::Taken => ok(self.jobs.last().unwrap().to_string()),
            Fate::Lost | Fate::Dropped => Reply::Close,
            Fate::Silent => Reply::Hang,
            Fate::Failed | Fate::Busy => busy(),
            Fate::Refused => Reply::Json(400, "{}".into()),
            Fate::Limited => Reply::Json(429, "{}".into()),
        }
    }

    fn make(&mut self, body: &Value) {
        let id = format!("j-{}", self.jobs.len());
        let images: Vec<_> =
            body["images"].as_array().unwrap().iter().map(|image| json!({"customId": image["customId"]})).collect();
        self.jobs.push(json!({
            "id": id, "status": "IN_PROGRESS", "createdAt": 1_487_648_348_000_i64, "customId": body["customId"],
            "feedId": body["feedId"], "webhookUrl": body["webhookUrl"], "imageResults": images,
        }));
    }

    fn search(&mut self, asked: &Asked) -> String {
        let name = asked.path.split_once("customId=").map(|(_, rest)| rest.split('&').next().unwrap());
        let mut found: Vec<_> =
            self.jobs.iter().filter(|job| name.is_none_or(|name| job["customId"] == name)).collect();
        if self.hidden {
            found.clear();
        }
        let mut random = crate::scripted::Random(self.random);
        while found.len() > self.cap {
            found.swap_remove(random.below(found.len() as u64) as usize);
        }
        self.random = random.next();
        serde_json::to_string(&found).unwrap()
    }
}
