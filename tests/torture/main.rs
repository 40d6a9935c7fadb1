//! A process that submits, receives and handles is ended by `kill -9` at named places and at any moment, and begun anew, again
//! and again. Afterwards every job that the server took has exactly one end in the inbox, each was handled, and nobody was
//! told 200 for what is not there.
//!
//! `cargo xtask torture --cycles N --seed S --store sqlite|postgres`; a seed replays which places are met, and how often before they strike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../crates/webhooks/src/store/postgres/tests/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "the crate's own tests use more of it")]
mod cluster;
#[path = "../webhooks/oracle.rs"]
mod oracle;
mod worker;
#[path = "../webhooks/world.rs"]
mod world;

use std::collections::{BTreeMap, HashMap};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use cluster::Cluster;
use image_intelligence_server::{FaultRule, Faults, Server};
use image_intelligence_webhooks::Inbox;
use oracle::Oracle;

/// Where a process is ended; the last one means any moment.
const PLACES: [&str; 14] = [
    "callbacks.recorded",
    "callbacks.left",
    "callbacks.accepting",
    "callbacks.accepted",
    "receiver.read",
    "store.before_commit",
    "store.after_commit",
    "receiver.stored",
    "follow.fetched",
    "follow.confirmed",
    "inbox.claimed",
    "inbox.before_ack",
    "inbox.acked",
    "any moment",
];
/// Jobs that a process sends.
const JOBS: usize = 12;
/// Few, so that a plain test of everything meets each place once.
const CYCLES: usize = PLACES.len();
const SEED: u64 = 7;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if std::env::var_os("II_TORTURE").is_some() {
        return runtime.block_on(worker::run());
    }
    let (mut cycles, mut seed, mut postgres) = (CYCLES, SEED, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        match argument.as_str() {
            "--cycles" => cycles = number() as usize,
            "--seed" => seed = number(),
            "--store" => {
                postgres = match arguments.next().as_deref() {
                    Some("postgres") => true,
                    Some("sqlite") => false,
                    other => panic!("{other:?} given, sqlite or postgres wanted"),
                };
            }
            // What `cargo test` hands to every test.
            _ => {}
        }
    }
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        if postgres {
            let cluster = Cluster::start();
            torture(cycles, seed, folder.path(), &cluster.database().await).await;
        } else {
            torture(cycles, seed, folder.path(), &world::inbox_in(folder.path())).await;
        }
    });
}

/// Draws what a seed says.
struct Dice(u64);

impl Dice {
    /// A number below that (splitmix64).
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (drawn ^ (drawn >> 31)) % most
    }
}

/// What all workers share.
struct Place<'a> {
    /// Where it is written down what was handled.
    folder: &'a Path,
    inbox: &'a str,
    server: &'a Server,
    /// One port for all of them: a callback URL must lead to whoever comes after.
    port: u16,
}

/// A worker; ended with this, whatever happens here.
struct Worker(Child);

impl Worker {
    fn start(place: &Place<'_>, jobs: (usize, usize), failpoint: Option<String>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env("II_TORTURE", place.folder)
            .env("II_TORTURE_INBOX", place.inbox)
            .env("II_TORTURE_BASE", place.server.base_url())
            .env("II_TORTURE_PORT", place.port.to_string())
            .env("II_TORTURE_JOBS", format!("{}:{}", jobs.0, jobs.1))
            .stdin(Stdio::piped());
        if let Some(failpoint) = failpoint {
            command.env("II_FAILPOINT", failpoint);
        }
        Self(command.spawn().unwrap())
    }

    /// How it ended; `None` where it lives on.
    async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > end {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail only where it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn torture(cycles: usize, seed: u64, folder: &Path, inbox: &str) {
    let mut faults = Faults::new().seed(seed);
    for (rule, probability) in [
        (FaultRule::webhook_drop(), 0.2),
        (FaultRule::webhook_duplicate(3), 0.2),
        (FaultRule::webhook_early(), 0.1),
        (FaultRule::webhook_cut(), 0.1),
        (FaultRule::reset().after().method("POST").path("/v2/detect"), 0.05),
    ] {
        faults = faults.rule(rule.probability(probability));
    }
    let server = world::server(faults).start().await.unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = world::client(server.base_url()).build().unwrap();
    let all = Place { folder, inbox, server: &server, port };
    let mut dice = Dice(seed);
    let mut met = BTreeMap::<&str, usize>::new();

    for cycle in 0..cycles {
        let place = PLACES[cycle % PLACES.len()];
        let any = place == "any moment";
        let times = 1 + dice.below(8);
        let failpoint = (!any).then(|| format!("{place}:{times}"));
        let mut worker = Worker::start(&all, (cycle * JOBS, JOBS), failpoint);
        let patience = Duration::from_millis(if any { 20 + dice.below(1500) } else { 4000 });
        match worker.ended(patience).await {
            // By a signal, as a failpoint does it; anything else it has said itself.
            Some(status) => {
                assert_eq!(status.code(), None, "cycle {cycle} (seed {seed}) at {place}:{times}: {status}");
                *met.entry(place).or_default() += 1;
            }
            // The place was not met so often; it is ended wherever it is.
            None => *met.entry("any moment").or_default() += 1,
        }
        drop(worker);
        // Nobody looks for jobs now: what was promised must be there by itself.
        match Inbox::builder(inbox).existing(true).open().await {
            Ok(inbox) => {
                let oracle = Oracle::ask(&server, &client, &inbox).await;
                let lost = oracle.lost();
                assert!(lost.is_empty(), "cycle {cycle} (seed {seed}): answered 200, and not in the inbox: {lost:?}");
                inbox.shutdown().await;
            }
            // The first may have been ended before there was one.
            Err(error) => assert_eq!(cycle, 0, "seed {seed}: {error}"),
        }
    }

    // One more, which nobody ends, brings everything to its end.
    let mut last = Worker::start(&all, (cycles * JOBS, 1), None);
    let inbox = Inbox::builder(inbox).existing(true).open().await.unwrap();
    let end = Instant::now() + Duration::from_mins(2);
    let (oracle, handled) = loop {
        let oracle = Oracle::ask(&server, &client, &inbox).await;
        let handled = handled(folder);
        let all = oracle.ended.keys().all(|rid| handled.contains_key(rid));
        if (oracle.open().is_empty() && all) || Instant::now() > end {
            break (oracle, handled);
        }
        assert!(
            last.ended(Duration::from_millis(100)).await.is_none(),
            "seed {seed}: the last process ended by itself"
        );
    };
    oracle.check();
    let missed: Vec<_> = oracle.ended.keys().filter(|rid| !handled.contains_key(*rid)).collect();
    assert!(missed.is_empty(), "seed {seed}: in the inbox, and never handled: {missed:?}");
    let made_up: Vec<_> = handled.keys().filter(|rid| !oracle.accepted.contains_key(*rid)).collect();
    assert!(made_up.is_empty(), "seed {seed}: handled, and never sent: {made_up:?}");
    let named = met.iter().filter(|(place, _)| **place != "any moment").map(|(_, times)| times).sum::<usize>();
    assert!(cycles < PLACES.len() || named * 3 >= cycles * 2, "too few places are met to mean anything: {met:?}");

    let again: usize = handled.values().map(|times| times - 1).sum();
    println!("ended at: {met:?}");
    println!(
        "torture, seed {seed}: {cycles} times kill -9 ({named} at named places), {} jobs taken, {} ends, {} answered 200, all \
         there; each handled, {again} again",
        oracle.accepted.len(),
        oracle.ended.len(),
        oracle.answered.len(),
    );
    drop(last);
    inbox.shutdown().await;
    server.shutdown().await;
}

/// How often each job was handled, by our own name.
fn handled(folder: &Path) -> HashMap<String, usize> {
    let text = std::fs::read_to_string(folder.join("handled")).unwrap_or_default();
    let mut times = HashMap::new();
    // A line that was cut off is one that was not written.
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        *times.entry(line.to_owned()).or_default() += 1;
    }
    times
}
