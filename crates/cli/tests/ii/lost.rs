//! Calls whose answer is lost: unknown is said, with the command that tells.

use crate::process::{Server, photo};

/// A server that does what it is asked by `POST path`, and loses the first answer.
fn losing(path: &str) -> (Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("faults.json");
    let rules = format!(
        r#"{{"faults": [{{"fault": "reset", "when": "after", "n": 1, "match": {{"method": "POST", "path": "/v2{path}"}}}}]}}"#
    );
    std::fs::write(&file, rules).unwrap();
    (Server::with(&["--scenario", file.to_str().unwrap()]), directory)
}

#[test]
fn a_job_of_another_kind_is_found_again() {
    let (server, _directory) = losing("/ask");
    server.answers(&serde_json::json!({"kind": "ask", "image": "*", "answer": true}));
    let job = server.run(&["ask", "Is it?", &photo("rocket.jpg"), "--custom-id", "lost", "--json"]).json();
    assert_eq!(job["status"], "COMPLETED_SUCCESSFULLY");
    let found = server.run(&["jobs", "find", "--kind", "ask", "--custom-id", "lost", "--json"]).json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
}

#[test]
fn what_is_no_job_says_how_to_look() {
    let (server, _directory) = losing("/recognition/identities/*");
    let create = ["identities", "create", "-n", "our staff", "--custom-id", "ann", "--json"];
    let error = server.run(&create).error(6);
    assert_eq!((&error["kind"], &error["customId"]), (&"outcome_unknown".into(), &"ann".into()));
    let look = "ii identities list --namespace 'our staff' --custom-id ann";
    assert!(error["hint"].as_str().unwrap().contains(look), "{error}");
    let listed = server.run(&["identities", "list", "-n", "our staff", "--custom-id", "ann", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "it was made, and the hint tells it");

    let (server, _directory) = losing("/feedback");
    let job = server.run(&["detect", &photo("rocket.jpg"), "--class", "cat", "--json"]).json();
    let id = job["id"].as_str().unwrap();
    let error = server.run(&["feedback", "give", id, "--false-positive", "cat", "--json"]).error(6);
    assert!(error["hint"].as_str().unwrap().contains(&format!("ii feedback list --job {id}")), "{error}");
}
