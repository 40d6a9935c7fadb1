//! `ii jobs`, and what a job leaves behind to be taken up by: `--no-wait`, a time-out, Ctrl-C.

use serde_json::Value;

use crate::process::{Running, Server, photo, run};

#[test]
fn no_wait_then_get_and_wait() {
    let server = Server::start();
    let astronaut = photo("astronaut.jpg");
    let submitted = server.run(&["detect", &astronaut, "--class", "person", "--no-wait", "--json"]).json();
    let (id, token) = (submitted["id"].as_str().unwrap(), submitted["resumeToken"].as_str().unwrap());

    let waited = server.run(&["jobs", "wait", token, "--json"]).json();
    assert_eq!((&waited["id"], &waited["status"]), (&id.into(), &"COMPLETED_SUCCESSFULLY".into()));
    assert_eq!(waited["imageResults"][0]["input"]["index"], 0);
    assert_eq!(waited["imageResults"][0]["objects"][0]["class"], "person");

    assert_eq!(server.run(&["jobs", "wait", id, "--json"]).json(), waited, "by its id as well");
    assert_eq!(server.run(&["jobs", "get", id, "--json"]).json(), waited);
    assert_eq!(server.run(&["jobs", "get", token, "--json"]).json(), waited);
    let said = server.run(&["jobs", "get", id]);
    assert!(said.out.starts_with("picture 1\tperson\t0.7"), "{said:#?}");

    let said = server.run(&["detect", &astronaut, "--class", "person", "--no-wait"]);
    let (_, token) = said.out.trim_end().split_once('\t').expect("id and token");
    assert!(server.run(&["jobs", "wait", token, "--ndjson"]).json()["objects"][0]["class"] == "person");
}

#[test]
fn an_unknown_job_is_told() {
    let server = Server::start();
    let error = server.run(&["jobs", "get", "f9d73f87", "--json"]).error(5);
    assert_eq!((&error["kind"], &error["status"]), (&"not_found".into(), &404.into()));
    assert!(error["requestId"].is_string());
}

#[test]
fn a_token_of_another_api_is_told() {
    let server = Server::with(&["--progression", "never"]);
    let said = server.run(&["detect", &photo("rocket.jpg"), "--class", "person", "--no-wait", "--json"]).json();
    let token = said["resumeToken"].as_str().unwrap();
    let mut elsewhere = server.ii(&["jobs", "wait", token, "--json"]);
    elsewhere.env("II_BASE_URL", "http://127.0.0.1:9/v2");
    assert_eq!(run(elsewhere).error(2)["kind"], "resume_token");
    assert_eq!(server.run(&["jobs", "wait", "ii1_x", "--json"]).error(2)["kind"], "resume_token");
}

#[test]
fn a_time_out_says_how_to_wait_on() {
    let server = Server::with(&["--progression", "never"]);
    let arguments = ["detect", &photo("rocket.jpg"), "--class", "person", "--timeout", "1s"];
    let error = server.run(&[&arguments[..], &["--json"]].concat()).error(4);
    assert_eq!((&error["kind"], &error["lastStatus"]), (&"wait_timeout".into(), &"IN_PROGRESS".into()));
    assert_eq!(error["retryable"], true);
    let token = error["resumeToken"].as_str().unwrap();
    assert_eq!(server.run(&["jobs", "wait", token, "--timeout", "1", "--json"]).error(4)["resumeToken"], token);
    let now = server.run(&["jobs", "get", token, "--json"]).json();
    assert_eq!(now["status"], "IN_PROGRESS");

    let said = server.run(&arguments);
    assert_eq!(said.code, Some(4));
    assert!(said.err.contains("hint: to wait on: ii jobs wait ii1_"), "{said:#?}");
    assert_eq!(said.out, "");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_wait_and_not_the_job() {
    let server = Server::with(&["--progression", "never"]);
    let arguments = ["detect", &photo("rocket.jpg"), "--class", "person", "--json", "--verbose"];
    let waiting = Running::start(server.ii(&arguments));
    waiting.until_it_says("submitted");
    waiting.signal("INT");
    let (status, err) = waiting.end();
    assert_eq!(status.code(), Some(130), "{err}");
    let last: Value = serde_json::from_str(err.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["kind"], "cancelled");
    let token = last["error"]["resumeToken"].as_str().unwrap();
    assert_eq!(server.run(&["jobs", "get", token, "--json"]).json()["status"], "IN_PROGRESS");
}
