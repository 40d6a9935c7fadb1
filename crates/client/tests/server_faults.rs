//! Jobs of every kind against the real server, which does as many things wrong as a seed says: every job that was taken ends
//! with its result, none is lost, and none is made twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use futures_util::future::join_all;
use image_intelligence::{
    Ask, Client, Detect, Error, ErrorKind, Image, JobKind, JobSearch, Kind, Match, PollPolicy, RecognitionSearch,
    RetryPolicy, Target,
};
use image_intelligence_server::{Answer, Answers, FaultRule, Faults, Found, FoundFace, Progression, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const NAMESPACE: &str = "staff";
const SUBMITS: [&str; 4] = ["/v2/detect", "/v2/match", "/v2/ask", "/v2/recognition/recognize/staff"];

fn faults(seed: u64) -> Faults {
    let mut faults = Faults::new().seed(seed);
    for path in SUBMITS {
        // What is done after the request took effect is the dangerous sort: the job is there, and nobody was told.
        for (rule, probability) in [
            (FaultRule::status(503).after(), 0.12),
            (FaultRule::reset().after(), 0.12),
            (FaultRule::html().after(), 0.1),
            (FaultRule::truncate(), 0.08),
            (FaultRule::status(500), 0.05),
            (FaultRule::reset(), 0.05),
            (FaultRule::rate_limit(0), 0.1),
        ] {
            faults = faults.rule(rule.probability(probability).method("POST").path(path));
        }
    }
    for (method, path) in [("GET", "/v2/*"), ("POST", "/v2/*/search")] {
        for (rule, probability) in [
            (FaultRule::status(503), 0.1),
            (FaultRule::status(500), 0.05),
            (FaultRule::reset(), 0.1),
            (FaultRule::truncate(), 0.1),
            (FaultRule::html(), 0.08),
            (FaultRule::rate_limit(0), 0.04),
            (FaultRule::rate_limit(0).as_date(), 0.04),
            (FaultRule::slow(Duration::from_millis(3)), 0.1),
            (FaultRule::search_omit_each(0.3), 0.5),
        ] {
            faults = faults.rule(rule.probability(probability).method(method).path(path));
        }
    }
    faults
}

fn answers() -> Answers {
    Answers::new()
        .otherwise([Found::new("person", 0.97)])
        .otherwise_answer(Kind::Match, Answer::matches(0.9))
        .otherwise_answer(Kind::Ask, Answer::yes())
        .otherwise_answer(Kind::Recognize, Answer::faces([FoundFace::new(0.9)]))
}

fn client(server: &Server) -> Client {
    let mut poll = PollPolicy::default();
    poll.shortest = Duration::from_millis(2);
    let mut retry = RetryPolicy::default();
    (retry.base, retry.attempts) = (Duration::from_millis(1), 12);
    let client = Client::builder().base_url(server.base_url()).credentials("local", "local");
    client.poll(poll).retry(retry).recover_for(Duration::from_secs(1)).build().unwrap()
}

/// One job: the name that it was to have, and its id and what was found, or why it is not known.
type Ended = (Kind, String, Result<(String, String), Error>);

macro_rules! job {
    ($kind:expr, $builder:expr, |$job:ident| $found:expr) => {{
        let builder = $builder;
        let name = builder.job_custom_id();
        let ended = match builder.send().await {
            Ok(sent) => {
                let id = sent.id().to_owned();
                // Whatever goes wrong on the way, a wait ends with the result.
                let $job = sent.wait().await.unwrap_or_else(|error| panic!("{} job {id}: {error:?}", $kind));
                assert_eq!(($job.id.as_str(), $job.status.as_str()), (id.as_str(), "COMPLETED_SUCCESSFULLY"));
                Ok((id, $found))
            }
            Err(error) => Err(error),
        };
        ($kind, name, ended)
    }};
}

async fn one(client: &Client, kind: Kind) -> Ended {
    let images = || [Image::bytes(b"..".to_vec()).custom_id("door")];
    let name = |image: Option<image_intelligence::ImageView<'_>>| image.unwrap().custom_id_or_url().to_owned();
    match kind {
        Kind::Detect => {
            job!(kind, client.detect(images()).class("person"), |job| job.found("person")[0]
                .image
                .custom_id_or_url()
                .to_owned())
        }
        Kind::Match => {
            let target = Target::new("dog", ["https://example.com/rex.jpg"]);
            job!(kind, client.match_target(images(), target), |job| name(job.matched()))
        }
        Kind::Ask => job!(kind, client.ask(images(), "Is it open?"), |job| name(job.yes())),
        _ => job!(kind, client.recognize(NAMESPACE, images()), |job| name(job.faces().next().map(|face| face.image))),
    }
}

async fn ids<K: JobKind<Search = JobSearch>>(client: &Client, name: &str, id: fn(K::Job) -> String) -> Vec<String> {
    let found = client.jobs::<K>().search(&JobSearch::new().custom_id(name)).await.unwrap();
    found.into_iter().map(id).collect()
}

/// The ids of the jobs that the server has under a name.
async fn made(client: &Client, kind: Kind, name: &str) -> Vec<String> {
    match kind {
        Kind::Detect => ids::<Detect>(client, name, |job| job.id).await,
        Kind::Match => ids::<Match>(client, name, |job| job.id).await,
        Kind::Ask => ids::<Ask>(client, name, |job| job.id).await,
        _ => {
            let search = RecognitionSearch::new().custom_ids([name]);
            let found = client.recognition(NAMESPACE).jobs().search(&search).await.unwrap();
            found.into_iter().map(|job| job.id).collect()
        }
    }
}

/// What the server answers under `/_ii`.
async fn admin(server: &Server, method: &str) -> serde_json::Value {
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let head = format!("{method} /_ii/faults HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address());
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// How often each rule has happened; then no more of them.
async fn stop_faults(server: &Server) -> u64 {
    let rules = admin(server, "GET").await;
    admin(server, "DELETE").await;
    rules["faults"].as_array().unwrap().iter().map(|rule| rule["fired"].as_u64().unwrap()).sum()
}

/// How many faults there were, and how many submits were found again and how many were not.
async fn round(seed: u64) -> (u64, usize, usize) {
    let builder = Server::builder().scripted(answers()).progression(Progression::Polls(2));
    let server = builder.faults(faults(seed)).start().await.unwrap();
    let through = client(&server);
    let mut ended = Vec::new();
    for nth in 0..20 {
        ended.push(one(&through, Kind::ALL[nth % 4]).await);
    }
    let fired = stop_faults(&server).await;
    let mut unknown = 0;
    let taken = ended.len();
    for (kind, name, ended) in ended {
        let made = made(&through, kind, &name).await;
        assert!(made.len() <= 1, "seed {seed}: a {kind} job was made {} times", made.len());
        match ended {
            Ok((id, found)) => assert_eq!((made, found.as_str()), (vec![id], "door"), "seed {seed}"),
            Err(error) => {
                // It says that it does not know, and with which name to look: nothing is lost by that.
                assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "seed {seed}: {error:?}");
                assert_eq!(error.custom_id(), Some(name.as_str()));
                unknown += 1;
            }
        }
    }
    server.shutdown().await;
    (fired, taken - unknown, unknown)
}

#[tokio::test]
async fn no_job_is_lost_and_none_is_made_twice() {
    let rounds = join_all((0..8).map(round)).await;
    let sum = |part: fn(&(u64, usize, usize)) -> u64| rounds.iter().map(part).sum::<u64>();
    let (faults, done, unknown) = (sum(|round| round.0), sum(|round| round.1 as u64), sum(|round| round.2 as u64));
    println!("{faults} faults, {done} jobs done, {unknown} of unknown outcome");
    assert!(faults >= 200, "only {faults} faults");
    assert_eq!(done + unknown, 160);
    // About one in ten was never taken, and cannot be found; of the others a search may have kept one back.
    assert!(unknown > 0 && done > 80, "{unknown} of 160");
}

/// Submits half of whose answers are lost, all of them dropped in the middle; and what the next process makes of it.
async fn cut_off(seed: u64) -> (usize, usize, usize) {
    let faults = Faults::new()
        .seed(seed)
        .rule(FaultRule::reset().after().probability(0.5).method("POST").path("/v2/detect"))
        .rule(FaultRule::slow(Duration::from_millis(40)).probability(0.5).method("POST").path("/v2/detect"));
    let server = Server::builder().scripted(answers()).faults(faults).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let client = Client::builder().base_url(server.base_url()).credentials("local", "local");
        client.recover_for(Duration::from_millis(300)).journal(folder.path().join("submits.jsonl")).build().unwrap()
    };
    let first = start();
    first.access_token().await.unwrap();
    let sends: Vec<_> =
        (0..24).map(|_| tokio::spawn(first.detect([Image::bytes(b"..".to_vec())]).class("person").send())).collect();
    // When the first answers are there the others are at every point of their way.
    while !sends.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for send in &sends {
        send.abort();
    }
    for send in sends {
        let _ = send.await;
    }
    first.close();
    stop_faults(&server).await;
    let next = start();
    let (mut accepted, mut unknown) = (0, 0);
    let listed = next.recover().await.unwrap();
    for submit in &listed {
        let made = made(&next, Kind::Detect, &submit.custom_id).await;
        if let Some(token) = submit.resume_token() {
            let job = next.resume::<Detect>(token).unwrap();
            assert_eq!(made, [job.id()], "seed {seed}");
            assert_eq!(job.wait().await.unwrap().classes(), ["person"], "seed {seed}");
            accepted += 1;
        } else {
            // All of them have names of ours, and the API can be searched.
            assert!(made.is_empty(), "seed {seed}: {submit:?}");
            unknown += usize::from(submit.error().is_some());
        }
    }
    // Whatever is there is known.
    let all = next.jobs::<Detect>().search(&JobSearch::new()).await.unwrap();
    assert_eq!(all.len(), accepted, "seed {seed}");
    server.shutdown().await;
    (accepted, unknown, listed.len())
}

#[tokio::test]
async fn what_was_cut_off_is_known_at_the_next_start() {
    let rounds = join_all((0..6).map(cut_off)).await;
    println!("accepted, unknown, listed: {rounds:?}");
    // One at least had its answer in each.
    assert!(rounds.iter().map(|round| round.0).sum::<usize>() >= 6);
}
