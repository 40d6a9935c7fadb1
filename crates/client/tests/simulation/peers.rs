//! How others wait, by their published defaults: each job on a timer of its own, against the same server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::chance::Chance;
use crate::measure::Measured;
use crate::network::{Network, Sent};
use crate::play::on_paused_clock;
use crate::server::{Server, picture};
use crate::world::World;

/// How a library waits for one job.
pub struct Peer {
    pub name: &'static str,
    /// Seconds before the look of this number, from 0.
    pause: fn(u32, &mut Chance) -> f64,
    /// Fetches the result by a request of its own once the status says that it is there.
    fetches_result: bool,
}

pub const PEERS: [Peer; 6] = [
    // replicate (Python): `Prediction.wait` sleeps `Client.poll_interval` before each `reload`; the environment's
    // `REPLICATE_POLL_INTERVAL`, or else 0.5.
    Peer { name: "replicate", pause: |_, _| 0.5, fetches_result: false },
    // fal_client (Python): `iter_events(interval=0.1)` asks for the status first and sleeps after; `get` then fetches the
    // result.
    Peer { name: "fal", pause: |nth, _| if nth == 0 { 0.0 } else { 0.1 }, fetches_result: true },
    // assemblyai (Python): `Settings.polling_interval`, 3.0 by default, slept after each look.
    Peer { name: "assemblyai", pause: |nth, _| if nth == 0 { 0.0 } else { 3.0 }, fetches_result: false },
    // openai (Python): `poll` helpers retrieve first, then sleep what the header `openai-poll-after-ms` says, or else 1000 ms.
    Peer { name: "openai", pause: |nth, _| if nth == 0 { 0.0 } else { 1.0 }, fetches_result: false },
    // azure-core (Python): `LROBasePolling(timeout=30)`, the seconds between looks where no `Retry-After` says otherwise.
    Peer { name: "azure LRO", pause: |_, _| 30.0, fetches_result: false },
    // google-api-core (Python): `future.polling.DEFAULT_POLLING`, initial 1.0, multiplier 1.5, maximum 20.0; each pause is
    // drawn from 0 to that, after a first look at once.
    Peer { name: "google LRO", pause: google, fetches_result: false },
];

fn google(nth: u32, chance: &mut Chance) -> f64 {
    match nth {
        0 => 0.0,
        _ => chance.between(0.0, 1.5_f64.powf(f64::from(nth - 1)).min(20.0)),
    }
}

const BASE: &str = "https://simulated.example/v2";

impl Peer {
    /// Submits and waits for what a world plans, without its faults.
    pub fn play(&self, world: &World) -> Measured {
        on_paused_clock(async {
            let mut chance = Chance::new(world.seed ^ 0xA5A5);
            let courses = world.plans.iter().map(|plan| plan.course).collect();
            let server = Server::new(world.manners.clone(), courses, chance.split());
            let network = Network::new(server, world.faults.clone(), 0, chance.split());
            let token =
                json(&network, Sent { post: true, url: &format!("{BASE}/oauth/token"), ..Sent::default() }).await;
            let token: Arc<str> = token["accessToken"].as_str().unwrap_or_default().into();
            let tasks: Vec<_> = world
                .plans
                .iter()
                .enumerate()
                .map(|(submit, plan)| {
                    let (network, token) = (Arc::clone(&network), Arc::clone(&token));
                    let (at, pause, chance) = (plan.at, self.pause, chance.split());
                    let fetches_result = self.fetches_result;
                    tokio::spawn(async move {
                        tokio::time::sleep(at.saturating_sub(network.now())).await;
                        one(&network, &token, submit, (pause, chance), fetches_result).await
                    })
                })
                .collect();
            let mut lags = Vec::with_capacity(tasks.len());
            for task in tasks {
                lags.extend(task.await.ok());
            }
            let waiting = network.state().trace.of_waiting();
            Measured::new(world.plans.len(), waiting, lags)
        })
    }
}

/// Submits a job and waits for it; gives how late its end was seen.
async fn one(
    network: &Network,
    token: &str,
    submit: usize,
    (pause, mut chance): (fn(u32, &mut Chance) -> f64, Chance),
    fetches_result: bool,
) -> f64 {
    let images =
        [0, 1, 2].map(|index| format!(r#"{{"url":"{}","customId":"{submit}-{index}"}}"#, picture(submit, index)));
    let body = format!(r#"{{"images":[{}],"classes":[{{"class":"person"}}]}}"#, images.join(","));
    let (url, bearer) = (format!("{BASE}/detect"), Some(token));
    let job = json(network, Sent { post: true, url: &url, bearer, body: Bytes::from(body), ..Sent::default() }).await;
    let id = job["id"].as_str().unwrap_or_default();
    let url = format!("{url}/{id}");
    let look = || json(network, Sent { url: &url, bearer, ..Sent::default() });
    for nth in 0.. {
        tokio::time::sleep(Duration::from_secs_f64(pause(nth, &mut chance))).await;
        if look().await["status"].as_str().is_some_and(|status| status.starts_with("COMPLETED")) {
            break;
        }
    }
    if fetches_result {
        look().await;
    }
    let state = network.state();
    let place = state.server.place(id).unwrap();
    network.now().saturating_sub(state.server.jobs[place].done).as_secs_f64()
}

async fn json(network: &Network, sent: Sent<'_>) -> Value {
    let mut head = network.exchange(sent).await.unwrap();
    let mut body = Vec::new();
    while let Ok(Some(piece)) = head.body.next().await {
        body.extend_from_slice(&piece);
    }
    serde_json::from_slice(&body).unwrap_or_default()
}
