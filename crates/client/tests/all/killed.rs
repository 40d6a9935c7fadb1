//! Processes that are killed in the middle of a run, and the next one.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence::{Client, Detect, Image, Item};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::jobs::{Jobs, urls};
use crate::scripted::{Reply, SECRET, Scripted};

const BASE_URL: &str = "II_TEST_BASE_URL";
const MANIFEST: &str = "II_TEST_MANIFEST";

fn client(base_url: &str, recover_for: Duration) -> Client {
    let mut poll = image_intelligence::PollPolicy::default();
    poll.shortest = Duration::from_millis(5);
    let builder = Client::builder().base_url(base_url).credentials("me", SECRET).poll(poll);
    builder.recover_for(recover_for).build().unwrap()
}

async fn run(client: &Client, images: Vec<Image>, manifest: &Path) -> Vec<Item<Detect>> {
    let all = client.detect_all(images).class("person").batch_size(4).concurrency(3);
    all.manifest(manifest).start().unwrap().collect().await
}

/// What the killed process does. Run by itself it is none.
#[tokio::test]
async fn child() {
    let (Ok(base_url), Ok(manifest)) = (std::env::var(BASE_URL), std::env::var(MANIFEST)) else { return };
    let client = client(&base_url, Duration::from_secs(30));
    let big = std::env::var("II_TEST_BIG").is_ok();
    let images = if big { vec![Image::bytes(vec![7; 8 << 20])] } else { urls(40).collect() };
    run(&client, images, Path::new(&manifest)).await;
    unreachable!("nobody killed it");
}

fn spawn(base_url: &str, manifest: &Path, big: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    if big {
        command.env("II_TEST_BIG", "1");
    }
    command
        .args(["--exact", "killed::child"])
        .env(BASE_URL, base_url)
        .env(MANIFEST, manifest)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn kill(mut child: Child) {
    let ended = tokio::task::spawn_blocking(move || {
        child.kill().unwrap();
        child.wait().unwrap()
    });
    assert!(!ended.await.unwrap().success());
}

/// As if that had been a while ago.
fn age(manifest: &Path) {
    let lines = std::fs::read_to_string(manifest).unwrap();
    let older = lines.lines().filter_map(|line| {
        let mut line: serde_json::Value = serde_json::from_str(line).ok()?;
        for what in ["intended", "leaving"] {
            if let Some(at) = line.get_mut(what).and_then(|of| of.get_mut("at")) {
                *at = (at.as_i64().unwrap() - 61_000).into();
            }
        }
        Some(line.to_string() + "\n")
    });
    std::fs::write(manifest, older.collect::<String>()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_goes_on_and_each_picture_is_in_one_job() {
    for (nth, made) in [(0, true), (0, false), (4, true), (4, false)] {
        let jobs = Jobs::default();
        let silent = Arc::new(Mutex::new(Some(nth)));
        let (arrived, mut arrives) = tokio::sync::mpsc::unbounded_channel();
        let (server_jobs, server_silent) = (jobs.clone(), Arc::clone(&silent));
        let server = Scripted::start(move |asked, before| {
            let silent = *server_silent.lock().unwrap();
            if asked.method != "POST" || silent.is_none_or(|nth| before < nth) {
                return Some(server_jobs.answer(asked));
            }
            // From this one on nobody is told anything.
            if made {
                server_jobs.made(asked);
            }
            let _ = arrived.send(());
            Some(Reply::Hang)
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("run.json");
        let child = spawn(&server.base_url, &manifest, false);
        arrives.recv().await.unwrap();
        kill(child).await;
        *silent.lock().unwrap() = None;
        age(&manifest);
        let client = client(&server.base_url, Duration::from_millis(300));
        let items = run(&client, urls(40).collect(), &manifest).await;
        assert!(items.iter().all(Item::ok), "{nth}, {made}: {:?}", items.iter().find(|item| !item.ok()));
        let sent = jobs.sent();
        assert_eq!(sent.len(), 40);
        assert!(sent.values().all(|times| *times == 1), "{nth}, {made}: {sent:?}");
        let never_made = std::fs::read_to_string(&manifest).unwrap().matches("neverMade").count();
        // Another may have left, and not have come.
        assert!(made || never_made > 0, "{nth}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_killed_before_its_last_byte_is_simply_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("run.json");
    let jobs = Jobs::default();
    let made = jobs.clone();
    // Tokens are to be had; a submit is not read to its end.
    let tokens = Scripted::start(move |asked, _| Some(made.answer(asked))).await;
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let child = spawn(&base_url, &manifest, true);
    let _submit = loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let read = stream.read(&mut head).await.unwrap();
        if head.starts_with(b"POST /v2/detect") {
            stream.read_exact(&mut vec![0; 100_000]).await.unwrap();
            break stream;
        }
        let answer = crate::scripted::token_answer();
        let Reply::Json(status, body) = answer else { unreachable!("it is JSON") };
        assert!(read > 0);
        let bytes = crate::scripted::response(status, &[("Connection", "close".to_owned())], &body);
        tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await.unwrap();
    };
    kill(child).await;
    let text = std::fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("intended") && !text.contains("leaving"), "{text}");
    // The settings are of another address.
    let api = |base: &str| image_intelligence_core::BaseUrl::parse(base).unwrap().fingerprint();
    std::fs::write(&manifest, text.replace(&api(&base_url), &api(&tokens.base_url))).unwrap();
    let began = std::time::Instant::now();
    let client = client(&tokens.base_url, Duration::from_secs(30));
    let items = run(&client, vec![Image::bytes(vec![7; 8 << 20])], &manifest).await;
    assert!(items[0].ok() && began.elapsed() < Duration::from_secs(20));
    assert_eq!(jobs.count(), 1);
}
