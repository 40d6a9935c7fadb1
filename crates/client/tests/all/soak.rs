//! A thousand pictures over the real server, which does wrong what a server can do wrong, and runs that are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use image_intelligence::{
    AllBuilder, Client, Detect, Error, ErrorKind, Image, Item, JobSearch, PollPolicy, Result, RetryPolicy,
};
use image_intelligence_server::{Answers, FaultRule, Faults, Found, Progression, Server};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::scripted::Random;

/// What is done after the request took effect is the dangerous sort: the job is there, and nobody was told.
fn faults(seed: u64) -> Faults {
    let mut faults = Faults::new().seed(seed);
    for (rule, probability) in [
        (FaultRule::reset().after(), 0.1),
        (FaultRule::status(503).after(), 0.08),
        (FaultRule::status(503), 0.05),
        (FaultRule::reset(), 0.05),
        (FaultRule::rate_limit(0), 0.1),
    ] {
        faults = faults.rule(rule.probability(probability).method("POST").path("/v2/detect"));
    }
    for (rule, probability) in
        [(FaultRule::status(503), 0.1), (FaultRule::reset(), 0.05), (FaultRule::search_omit_each(0.3), 0.3)]
    {
        faults = faults.rule(rule.probability(probability).method("GET").path("/v2/detect*"));
    }
    faults
}

async fn start(seed: u64) -> Server {
    let answers = Answers::new().otherwise([Found::new("person", 0.97)]);
    let server = Server::builder().scripted(answers).progression(Progression::Polls(2)).faults(faults(seed));
    server.start().await.unwrap()
}

fn client(base_url: &str) -> Client {
    let mut poll = PollPolicy::default();
    poll.shortest = Duration::from_millis(2);
    let mut retry = RetryPolicy::default();
    (retry.base, retry.attempts) = (Duration::from_millis(1), 12);
    let client = Client::builder().base_url(base_url).credentials("local", "local");
    client.poll(poll).retry(retry).recover_for(Duration::from_secs(1)).build().unwrap()
}

fn images(count: usize) -> Vec<Image> {
    let image = |number| Image::bytes(format!("picture {number}").into_bytes()).custom_id(format!("p{number}"));
    (0..count).map(image).collect()
}

fn all(client: &Client, count: usize) -> AllBuilder<Detect> {
    client.detect_all(images(count)).class("person").batch_size(8).concurrency(12)
}

/// The ids of the jobs that the server has of each picture, by its name.
async fn made(client: &Client) -> BTreeMap<String, BTreeSet<String>> {
    let search = async || -> Result<_> { client.jobs::<Detect>().search(&JobSearch::new()).await };
    let mut made = BTreeMap::<_, BTreeSet<_>>::new();
    // A search may keep some back.
    for _ in 0..20 {
        for job in search().await.unwrap() {
            for image in job.image_results {
                made.entry(image.custom_id.unwrap()).or_default().insert(job.id.clone());
            }
        }
    }
    made
}

/// Every picture has its result, or it is said that nobody knows; none is in two jobs. Says how many nobody knows.
async fn settled(client: &Client, items: &[Item<Detect>], seed: u64) -> usize {
    let made = made(client).await;
    let mut unknown = 0;
    for (number, item) in items.iter().enumerate() {
        let name = format!("p{number}");
        let jobs = made.get(&name).map_or(0, BTreeSet::len);
        assert!(jobs <= 1, "seed {seed}: {name} is in {jobs} jobs");
        assert_eq!((item.index, item.custom_id.as_deref()), (number, Some(name.as_str())));
        match item.outcome() {
            Ok(image) => {
                assert_eq!((image.custom_id.as_deref(), image.classes()), (Some(name.as_str()), vec!["person"]));
                assert_eq!(jobs, 1);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "seed {seed}: {error:?}");
                unknown += 1;
            }
        }
    }
    unknown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_pictures_and_none_in_two_jobs() {
    let server = start(1).await;
    let client = client(server.base_url());
    let items = all(&client, 1000).start().unwrap().collect().await;
    assert_eq!(items.len(), 1000);
    let unknown = settled(&client, &items, 1).await;
    // Of about one job in ten nobody can know.
    assert!(unknown > 0 && unknown < 400, "{unknown}");
}

/// Runs until so many results were given, and is then killed with all that is in flight.
fn killed_after(base_url: &str, manifest: &Path, count: usize, results: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let client = client(base_url);
    let mut items = all(&client, count).manifest(manifest).start().unwrap();
    runtime.block_on(async {
        for _ in 0..results {
            items.next().await;
        }
    });
    // Nothing of it goes on.
    runtime.shutdown_timeout(Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_again_and_again_ends_as_one_that_is_not() {
    for seed in 0..6 {
        let server = start(seed).await;
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("run.json");
        let mut random = Random(seed);
        for _ in 0..4 {
            let (base_url, manifest) = (server.base_url().to_owned(), manifest.clone());
            let results = usize::try_from(random.below(150)).unwrap();
            tokio::task::spawn_blocking(move || killed_after(&base_url, &manifest, 200, results)).await.unwrap();
        }
        let client = client(server.base_url());
        let resumed = |client: &Client| -> Result<_, Error> { all(client, 200).manifest(&manifest).start() };
        let items = resumed(&client).unwrap().collect().await;
        assert_eq!(items.len(), 200);
        settled(&client, &items, seed).await;
    }
}

/// Changes what is wrong with a server.
async fn admin(base_url: &str, method: &str, body: &str) {
    let address = base_url.trim_start_matches("http://").split('/').next().unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!("{method} /_ii/faults HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let request = format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_leaves_rows_out_proves_nothing() {
    let answers = Answers::new().otherwise([Found::new("person", 0.97)]);
    let server = Server::builder().scripted(answers).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    let client = client(server.base_url());
    all(&client, 24).concurrency(1).manifest(&manifest).start().unwrap().collect().await;
    // The second job was made, and a minute ago nobody was told.
    let lines = std::fs::read_to_string(&manifest).unwrap();
    let accepted: Vec<_> = lines.lines().filter(|line| line.contains("accepted")).map(str::to_owned).collect();
    let mut text = lines.lines().filter(|line| *line != accepted[1]).collect::<Vec<_>>().join("\n") + "\n";
    for line in lines.lines().filter(|line| line.contains("\"at\":")) {
        let at = line.rsplit("\"at\":").next().unwrap().trim_end_matches('}').split(',').next().unwrap();
        text = text.replace(at, &(at.parse::<i64>().unwrap() - 61_000).to_string());
    }
    std::fs::write(&manifest, text).unwrap();
    admin(server.base_url(), "POST", r#"{"fault":"search_omit","rows":1}"#).await;
    let items = all(&client, 32).manifest(&manifest).start().unwrap().collect().await;
    admin(server.base_url(), "DELETE", "").await;
    let failed: Vec<_> = items.iter().filter(|item| !item.ok()).map(|item| item.index).collect();
    assert_eq!(failed, (8..16).collect::<Vec<_>>());
    assert!(items[8].error.as_ref().unwrap().message().contains("either, which exists"), "{:?}", items[8].error);
    assert_eq!(settled(&client, &items, 0).await, 8);
    let items = all(&client, 32).manifest(&manifest).start().unwrap().collect().await;
    assert_eq!(settled(&client, &items, 0).await, 0);
}
