//! Many jobs of one client against the real server, which does everything wrong that it can, as often as a seed says: each
//! job that was taken ends exactly once, with its own result, and none is made twice.
//!
//! 200 jobs; `cargo xtask test --full` makes it 2,000.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use image_intelligence::{
    Client, Detect, Error, ErrorKind, Image, Job, JobSearch, PollPolicy, RetryPolicy, SchedulePolicy,
};
use image_intelligence_server::{Answer, AskedPicture, FaultRule, Faults, Found, Progression, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const SEED: u64 = 6;
/// How many are submitted at a time.
const AT_ONCE: usize = 16;

fn jobs() -> usize {
    if std::env::var_os("II_TEST_FULL").is_some() { 2000 } else { 200 }
}

fn faults() -> Faults {
    let mut faults = Faults::new().seed(SEED);
    for (rule, probability) in [
        (FaultRule::status(503).after(), 0.06),
        (FaultRule::status(500).after(), 0.04),
        (FaultRule::reset().after(), 0.06),
        (FaultRule::html().after(), 0.04),
        (FaultRule::truncate(), 0.06),
        (FaultRule::status(502), 0.04),
        (FaultRule::reset(), 0.04),
        (FaultRule::html(), 0.04),
        (FaultRule::rate_limit(0), 0.08),
        (FaultRule::slow(Duration::from_millis(5)), 0.1),
    ] {
        faults = faults.rule(rule.probability(probability).method("POST").path("/v2/detect"));
    }
    for (rule, probability) in [
        (FaultRule::status(503), 0.08),
        (FaultRule::status(500), 0.04),
        (FaultRule::reset(), 0.08),
        (FaultRule::truncate(), 0.08),
        (FaultRule::html(), 0.06),
        (FaultRule::rate_limit(0), 0.06),
        // A date has no fractions of a second: each of these holds every caller up for as long as one.
        (FaultRule::rate_limit(0).as_date().times(5), 0.2),
        (FaultRule::slow(Duration::from_millis(5)), 0.1),
        (FaultRule::search_cap(20), 0.5),
        (FaultRule::search_omit(1), 0.4),
        (FaultRule::search_omit_each(0.2), 0.4),
    ] {
        faults = faults.rule(rule.probability(probability).method("GET").path("/v2/*"));
    }
    faults
}

/// What is found in the picture of a job, and in no other.
fn found(number: usize) -> f64 {
    number as f64 / 10_000.0
}

async fn server() -> Server {
    let script = |picture: &AskedPicture<'_>| {
        let number = picture.custom_id?.strip_prefix("street-")?.parse().ok()?;
        Some(Answer::found([Found::new("person", found(number))]))
    };
    let progression = Progression::Time(Duration::from_millis(1500));
    Server::builder().scripted(script).progression(progression).faults(faults()).start().await.unwrap()
}

fn client(server: &Server) -> Client {
    let mut poll = PollPolicy::default();
    (poll.shortest, poll.longest) = (Duration::from_millis(20), Duration::from_secs(1));
    let mut schedule = SchedulePolicy::default();
    (schedule.requests_per_second, schedule.shortest) = (100.0, Duration::from_millis(20));
    let mut retry = RetryPolicy::default();
    (retry.base, retry.attempts) = (Duration::from_millis(1), 12);
    let client = Client::builder().base_url(server.base_url()).credentials("local", "local");
    client.poll(poll).schedule(schedule).retry(retry).recover_for(Duration::from_secs(1)).build().unwrap()
}

/// A job's number, the name that it was to have, and its handle, or why there is none.
type Sent = (usize, String, Result<Job<Detect>, Error>);

async fn submit(client: &Client, number: usize) -> Sent {
    let image = Image::bytes(b"..".to_vec()).custom_id(format!("street-{number}"));
    let job = client.detect([image]).class("person");
    (number, job.job_custom_id(), job.send().await)
}

/// No more faults; how often there was each.
async fn stop_faults(server: &Server) -> Vec<(String, u64)> {
    let mut rules = serde_json::Value::Null;
    for method in ["GET", "DELETE"] {
        let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        let head = format!("{method} /_ii/faults HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address());
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        if method == "GET" {
            rules = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        }
    }
    let rules = rules["faults"].as_array().unwrap().iter();
    rules.map(|rule| (rule["fault"].as_str().unwrap().to_owned(), rule["fired"].as_u64().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_that_was_taken_ends_once_with_its_own_result() {
    let jobs = jobs();
    let server = server().await;
    let through = client(&server);
    let sent: Vec<Sent> = futures_util::stream::iter(0..jobs)
        .map(|number| submit(&through, number))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;

    let (mut taken, mut unknown) = (HashMap::new(), Vec::new());
    let mut handles = Vec::new();
    for (number, name, job) in sent {
        match job {
            Ok(job) => {
                assert!(taken.insert(job.id().to_owned(), (number, name)).is_none(), "{} twice", job.id());
                handles.push(job);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
                assert_eq!(error.custom_id(), Some(name.as_str()));
                unknown.push(name);
            }
        }
    }

    let mut ended = HashSet::new();
    let mut waits = through.as_completed(handles).wait_for(Duration::from_mins(5));
    while let Some((job, result)) = waits.next().await {
        let result = result.unwrap_or_else(|error| panic!("job {}: {error:?}", job.id()));
        assert!(ended.insert(result.id.clone()), "job {} ended twice", result.id);
        let (number, _) = taken[job.id()];
        assert_eq!((result.id.as_str(), result.status.as_str()), (job.id(), "COMPLETED_SUCCESSFULLY"));
        let hits = result.found("person");
        assert_eq!(hits.len(), 1, "{result:?}");
        assert_eq!(hits[0].image.custom_id_or_url(), format!("street-{number}"));
        assert!((hits[0].confidence - found(number)).abs() < 1e-9, "the result of another job: {result:?}");
    }
    assert_eq!(ended.len(), taken.len());

    let fired = stop_faults(&server).await;
    let mut made: HashMap<String, Vec<String>> = HashMap::new();
    for job in through.jobs::<Detect>().search(&JobSearch::new()).await.unwrap() {
        made.entry(job.custom_id.unwrap()).or_default().push(job.id);
    }
    assert!(made.values().all(|ids| ids.len() == 1), "made twice: {made:?}");
    for (id, (_, name)) in &taken {
        assert_eq!(made.remove(name).as_deref(), Some(std::slice::from_ref(id)));
    }
    // What is left was made, and nobody could tell: that was said, with the name to look for.
    assert!(made.keys().all(|name| unknown.contains(name)), "{made:?}");

    let total: u64 = fired.iter().map(|(_, times)| times).sum();
    let (done, unknown, made) = (ended.len(), unknown.len(), made.len());
    println!(
        "seed {SEED}: {jobs} jobs, {done} done, {unknown} of unknown outcome ({made} of them made); {total} faults"
    );
    println!("{fired:?}");
    assert!(fired.iter().all(|(_, times)| *times > 0), "each sort of fault was met: {fired:?}");
    // A submit that was cut off before it took effect cannot be found; of the others a search may have kept one back.
    assert!(done > jobs * 6 / 10, "{done} of {jobs}");
    server.shutdown().await;
}
