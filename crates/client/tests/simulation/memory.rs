//! A hundred thousand jobs in flight: what one more wait costs in memory, and all of them in work.

use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use image_intelligence::{Client, Detect, DetectJob, Job, Kind, Result, ResumeToken, Rid, Timestamp};

use crate::chance::Chance;
use crate::faults::Faults;
use crate::jobs::Course;
use crate::network::Network;
use crate::scenarios::Told;
use crate::server::{Manners, Server};

/// So long the server works at a job: none is done before the end.
const LASTS: Duration = Duration::from_secs(3000);
/// How long the jobs have been there when the waits begin.
const SUBMITTED_OVER: Duration = Duration::from_secs(1000);
const SETTLE: Duration = Duration::from_secs(30);
const WATCH: Duration = Duration::from_secs(60);

pub fn run(seed: u64, part: usize) -> Told {
    let mut told = Told::default();
    let jobs = 100_000 / (part * part);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (network, client, tokens) = runtime.block_on(async {
        let mut chance = Chance::new(seed ^ 0xE000);
        let mut server = Server::new(Manners::default(), Vec::new(), chance.split());
        for nth in 0..jobs {
            let at = SUBMITTED_OVER.mul_f64(nth as f64 / jobs as f64);
            server.accept(Kind::Detect, at, Course { lasts: LASTS, lost_after: None });
        }
        let network = Network::new(server, Faults::default(), 0, chance.split());
        network.state().keeps_trace = false;
        tokio::time::sleep(SUBMITTED_OVER).await;
        let client = network.client();
        let tokens: Vec<String> = (network.state().server.jobs.iter())
            .map(|job| {
                let mut rid = [0; 16];
                chance.fill(&mut rid);
                let (rid, created) = (Rid::from_bytes(rid), Timestamp::from_millis(job.created));
                ResumeToken::new(Kind::Detect, &job.id, rid, created, client.base_url()).to_string()
            })
            .collect();
        client.access_token().await.unwrap();
        (network, client, tokens)
    });

    // The first is counted, the client's side alone; the server allocates nothing that it keeps.
    let mut handles: Vec<Job<Detect>> = Vec::new();
    let held = allocation_counter::measure(|| {
        // Else the handles would be of the hour that a real clock shows.
        let _virtual = runtime.enter();
        handles = tokens.iter().map(|token| client.resume::<Detect>(token).unwrap()).collect();
    });
    let mut waits: Option<Waits> = None;
    let mut waited = 0;
    let waiting = allocation_counter::measure(|| {
        runtime.block_on(async {
            let all = waits.insert(all(&client, handles));
            waited += ended_within(all, SETTLE).await;
        });
    });
    let mut work = Work::default();
    let (mut began, mut requests) = (Work::now(), 0);
    runtime.block_on(async {
        let Some(all) = &mut waits else { return };
        let served = network.state().worked;
        let sent = network.state().sent;
        began = Work::now();
        waited += ended_within(all, WATCH).await;
        work = Work::now().since(began);
        work.0 = work.0.saturating_sub(network.state().worked.saturating_sub(served));
        requests = network.state().sent - sent;
    });
    let bytes = (held.bytes_current + waiting.bytes_current) as f64 / jobs as f64;
    let share = work.0.as_secs_f64() / WATCH.as_secs_f64();
    told.say(format!("{jobs} jobs in flight, {} s after their waits began", SETTLE.as_secs()));
    told.say(format!(
        "    a job: handle {:.0} bytes, wait {:.0} bytes; at most {:.0} bytes on the way there",
        held.bytes_current as f64 / jobs as f64,
        waiting.bytes_current as f64 / jobs as f64,
        waiting.bytes_max as f64 / jobs as f64
    ));
    told.say(format!(
        "    {requests} requests in the next {} s; {:.2} s of {} beside the server's own",
        WATCH.as_secs(),
        work.0.as_secs_f64(),
        Work::UNIT
    ));
    told.must("no wait has ended", waited == 0);
    told.at_most("bytes a waiting job", bytes, 1024.0);
    // Told and not held: how fast a core is, and what else it does, is the machine's.
    told.say(format!("    share of a core, sweeps and all: {share:.3}, goal 0.05"));
    drop(waits);
    told
}

type Waits = Pin<Box<dyn futures_util::Stream<Item = Result<DetectJob>>>>;

/// Waits for all of them.
fn all(client: &Client, handles: Vec<Job<Detect>>) -> Waits {
    Box::pin(client.as_completed(handles).wait_for(LASTS).into_stream().map(|(_, ended)| ended))
}

/// How many waits end within a time.
async fn ended_within(waits: &mut Waits, time: Duration) -> usize {
    let end = tokio::time::sleep(time);
    tokio::pin!(end);
    let mut ended = 0;
    loop {
        tokio::select! {
            biased;
            () = &mut end => return ended,
            wait = waits.next() => match wait {
                Some(wait) => {
                    if let Err(error) = wait {
                        println!("{}", crate::play::in_words(&error));
                    }
                    ended += 1;
                }
                None => return ended,
            },
        }
    }
}

/// How long this thread has been at work.
#[derive(Clone, Copy, Default)]
struct Work(Duration);

impl Work {
    const UNIT: &'static str = if cfg!(target_os = "linux") { "processor time" } else { "time by the clock" };

    fn now() -> Self {
        let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let on_processor = schedstat.split(' ').next().and_then(|nanos| nanos.parse().ok()).map(Duration::from_nanos);
        let by_the_clock = || std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self(on_processor.unwrap_or_else(by_the_clock))
    }

    fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}
