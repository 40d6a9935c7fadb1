//! `ii inbox` and `ii doctor --inbox`: looking into an inbox that a receiver has filled. On Unix, as that receiver is stopped
//! by a signal.

use std::time::Duration;

use image_intelligence_webhooks::Inbox;
use serde_json::{Value, json};

use crate::listen::{Listener, trigger};
use crate::process::{Said, ii, run};

const TOKEN: &str = "AQEBa0nSAAABAgMEBQYHCAkKCwwNDg8FZkrLGgH_fNyb3MY_jM8j";

/// An inbox with three events: a dead letter, one that is done, and one that is ready.
struct Filled {
    _folder: tempfile::TempDir,
    path: String,
    ids: Vec<Value>,
}

impl Filled {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.db").to_str().unwrap().to_owned();
        let ids = receive(&path);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let inbox = Inbox::open(path.as_str()).await.unwrap();
            let mut deliveries = Vec::new();
            for _ in &ids {
                deliveries.push(inbox.next().await.unwrap().unwrap());
            }
            for delivery in deliveries {
                match delivery.seq() {
                    1 => delivery.bury("the printer is on fire").await.unwrap(),
                    2 => delivery.ack().await.unwrap(),
                    _ => delivery.nack_after("not now", Duration::ZERO).await.unwrap(),
                }
            }
            inbox.shutdown().await;
        });
        Self { _folder: folder, path, ids }
    }

    fn ii(&self, arguments: &[&str]) -> Said {
        run(ii(&[&["inbox"], arguments, &["--inbox", &self.path]].concat()))
    }
}

/// Has `ii listen` take three events that it cannot pass on, and gives their jobs' ids.
fn receive(path: &str) -> Vec<Value> {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listener = Listener::start(&["--inbox", path, "--forward-to", &format!("http://{gone}/")]);
    let url = format!("webhookUrl=https://hooks.example.com/ii/cb/{TOKEN}");
    let send = |arguments: &[&str]| trigger(listener.jobs(), arguments).json()["id"].clone();
    let ids = vec![send(&["detect", "--set", &url, "--json"]), send(&["ask", "--json"]), send(&["match", "--json"])];
    listener.running.signal("INT");
    listener.ends_well();
    ids
}

#[test]
fn events_are_listed_the_newest_first() {
    let filled = Filled::new();
    let list = filled.ii(&["list", "--json"]).json();
    let field = |name: &str| list.as_array().unwrap().iter().map(|entry| entry[name].clone()).collect::<Vec<_>>();
    assert_eq!(field("seq"), [3, 2, 1]);
    assert_eq!(field("state"), ["ready", "done", "dead"]);
    assert_eq!(field("kind"), ["match", "ask", "detect"]);
    assert_eq!(field("jobId"), filled.ids.iter().rev().cloned().collect::<Vec<_>>());

    let said = filled.ii(&["list"]);
    let rows: Vec<Vec<_>> = said.out.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((rows.len(), rows[2][0], rows[2][4], rows[2][6]), (3, "1", "dead", "the printer is on fire"));
    assert!(said.err.starts_with("1 ready, 1 dead, 1 done"), "{said:#?}");

    for (options, seqs) in [
        (&["--state", "dead"][..], json!([1])),
        (&["--kind", "ask"], json!([2])),
        (&["--job", filled.ids[2].as_str().unwrap()], json!([3])),
        (&["--limit", "1"], json!([3])),
        (&["--before", "3", "--limit", "1"], json!([2])),
        (&["--state", "leased"], json!([])),
    ] {
        let list = filled.ii(&[&["list", "--json"], options].concat()).json();
        let found: Vec<_> = list.as_array().unwrap().iter().map(|entry| entry["seq"].clone()).collect();
        assert_eq!(Value::from(found), seqs, "{options:?}");
    }
    assert!(filled.ii(&["list", "--limit", "2"]).err.contains("--before 2"));
    let said = filled.ii(&["list", "--state", "leased"]);
    assert!(said.code == Some(0) && said.out.is_empty() && said.err.contains("no such events"), "{said:#?}");
}

#[test]
fn an_event_is_shown_without_its_token_and_written_byte_for_byte() {
    let filled = Filled::new();
    let said = filled.ii(&["show", "1"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.out.contains("error\tthe printer is on fire") && said.out.contains("state\tdead"), "{said:#?}");
    assert!(said.out.contains("https://hooks.example.com/ii/cb/[token]") && !said.out.contains(TOKEN), "{said:#?}");

    let entry = filled.ii(&["show", "1", "--json"]).json();
    let raw = filled.ii(&["show", "1", "--raw"]);
    assert_eq!((raw.code, &raw.out), (Some(0), &entry["body"].as_str().unwrap().to_owned()));
    assert_eq!(entry["size"], raw.out.len());
    assert_eq!(serde_json::from_str::<Value>(&raw.out).unwrap()["id"], filled.ids[0]);

    let error = filled.ii(&["show", "99", "--json"]).error(5);
    assert_eq!(error["kind"], "not_found");
}

#[test]
fn dead_letters_are_handled_again() {
    let filled = Filled::new();
    let dead = filled.ii(&["dead"]);
    let fields: Vec<_> = dead.out.trim_end().split('\t').collect();
    assert_eq!((fields.len(), fields[0], fields[5]), (6, "1", "the printer is on fire"));
    assert_eq!(filled.ii(&["replay", "--dead", "--json"]).json(), json!({"replayed": 1}));
    assert_eq!(filled.ii(&["dead", "--json"]).json(), json!([]));
    // One that is done, one that waits anyway, and one that is not there.
    let said = filled.ii(&["replay", "2", "3", "99"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "replayed\t1\n"));
    assert!(said.err.contains("the others are not there"), "{said:#?}");

    let listener = Listener::start(&["--inbox", &filled.path, "--count", "3"]);
    listener.ends_well();
    let done = filled.ii(&["list", "--state", "done", "--json"]).json();
    assert_eq!(done.as_array().unwrap().len(), 3);
    assert_eq!(filled.ii(&["prune", "--json"]).json(), json!({"bodies": 0, "events": 0, "jobs": 0}));
}

#[test]
fn an_inbox_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    let mut command = ii(&["inbox", "list", "--json"]);
    command.env("II_INBOX", &path);
    let error = run(command).error(1);
    assert_eq!(error["kind"], "store");
    assert!(error["message"].as_str().unwrap().contains("there is no such file"), "{error}");
    assert!(!path.exists());
    let error = run(ii(&["inbox", "list", "--json"])).error(2);
    assert!(error["hint"].as_str().unwrap().contains("II_INBOX"), "{error}");
    for (place, code) in [("mysql://me:hunter2@h.test/x", 2), ("postgres://me:hunter2@127.0.0.1:1/x", 1)] {
        if code == 1 && cfg!(not(feature = "postgres")) {
            continue;
        }
        let said = run(ii(&["inbox", "list", "--inbox", place]));
        assert!(said.code == Some(code) && !said.err.contains("hunter2"), "{said:#?}");
    }
}

#[test]
fn the_doctor_looks_into_it() {
    let doctor = |path: &str| {
        // Nobody listens there, so every other check fails at once.
        let mut command = ii(&["doctor", "--json", "--inbox", path]);
        command.env("II_BASE_URL", "http://127.0.0.1:1/v2");
        let said = run(command);
        let mut document: Value = serde_json::from_str(&said.out).unwrap();
        let checks = document["checks"].as_array_mut().unwrap();
        checks.iter_mut().find(|check| check["check"] == "inbox").unwrap().take()
    };
    let filled = Filled::new();
    let check = doctor(&filled.path);
    assert_eq!((&check["status"], &check["counts"]["events"]["dead"]), (&"warning".into(), &1.into()));
    assert!(check["message"].as_str().unwrap().contains("1 ready, 1 dead, 1 done"), "{check}");
    assert!(check["next"].as_str().unwrap().contains("ii inbox dead"), "{check}");
    filled.ii(&["replay", "--dead"]);
    assert_eq!(doctor(&filled.path)["status"], "ok");
    let check = doctor("/nowhere/at/all.db");
    assert_eq!((&check["status"], &check["kind"]), (&"failed".into(), &"store".into()));
}
