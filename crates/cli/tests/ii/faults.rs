//! `ii serve --scenario`: faults from a file, seen by `ii` itself, and a file that will not do.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use serde_json::Value;

use crate::process::{Server, ii, photo, run};

fn scenario(directory: &tempfile::TempDir, json: &str) -> PathBuf {
    let file = directory.path().join("faults.json");
    std::fs::write(&file, json).unwrap();
    file
}

/// `GET /_ii/faults`, with these header lines: the status and the body.
fn faults(server: &Server, lines: &str) -> (String, Value) {
    let host = server.base_url.trim_start_matches("http://").trim_end_matches("/v2");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /_ii/faults HTTP/1.1\r\nhost: {host}\r\n{lines}connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].to_owned(), serde_json::from_str(body).unwrap())
}

#[test]
fn an_answer_that_is_lost_makes_no_second_job() {
    let directory = tempfile::tempdir().unwrap();
    let file = scenario(
        &directory,
        r#"{"seed": 7, "faults": [
            {"fault": "reset", "when": "after", "n": 1, "match": {"method": "POST", "path": "/v2/detect"}},
            {"fault": "status", "code": 503, "n": 1, "match": {"method": "GET", "path": "/v2/detect*"}}
        ]}"#,
    );
    let server = Server::with(&["--scenario", file.to_str().unwrap()]);
    let arguments = ["detect", &photo("astronaut.jpg"), "--class", "person", "--custom-id", "lost", "--json"];
    let job = server.run(&arguments).json();
    assert_eq!(job["status"], "COMPLETED_SUCCESSFULLY");
    let found = server.run(&["jobs", "find", "--custom-id", "lost", "--json"]).json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");

    let (status, list) = faults(&server, "");
    assert_eq!((status.as_str(), &list["seed"]), ("200", &Value::from(7)));
    let fired: Vec<_> = list["faults"].as_array().unwrap().iter().map(|rule| rule["fired"].clone()).collect();
    assert_eq!(fired, [1, 1]);
}

#[test]
fn a_seed_on_the_line_counts_more_and_a_token_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = scenario(&directory, r#"{"seed": 7}"#);
    let options = ["--scenario", file.to_str().unwrap(), "--seed", "8", "--admin-token", "t0ken"];
    let server = Server::with(&options);
    assert_eq!(faults(&server, "").0, "401");
    let (status, list) = faults(&server, "ii-admin-token: t0ken\r\n");
    assert_eq!((status.as_str(), &list["seed"]), ("200", &Value::from(8)));
}

#[test]
fn a_scenario_that_will_not_do_is_told_by_its_field() {
    let directory = tempfile::tempdir().unwrap();
    for (json, part) in [
        (r#"{"faults": [{"fault": "reset", "often": 3}]}"#, "faults[0].often: unknown field `often`, expected one of"),
        (r#"{"faults": [{"fault": "reset", "times": 3}]}"#, "faults[0].times: reset does not take it; it takes when"),
        (r#"{"faults": [{"fault": "status", "code": 200}]}"#, "faults[0].code: 200 given; an error is 400 to 599"),
        (r#"{"faults": [{"fault": "webhook.drop", "code": 503}]}"#, "faults[0].code: webhook.drop does not take it"),
        ("{", "the JSON: EOF"),
    ] {
        let file = scenario(&directory, json);
        let error = run(ii(&["serve", "--port", "0", "--json", "--scenario", file.to_str().unwrap()])).error(2);
        assert_eq!(error["kind"], "config");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("scenario ") && message.contains(part), "{message}");
    }
}

#[test]
fn the_admin_token_is_never_printed() {
    for arguments in [["serve", "--help"], ["serve", "--nonsense"], ["serve", "--port=x"]] {
        let mut command = ii(&arguments);
        command.env("II_ADMIN_TOKEN", "hunter2");
        let said = run(command);
        assert!(!said.out.contains("hunter2") && !said.err.contains("hunter2"), "{said:#?}");
    }
    for token in ["", "hunter 2"] {
        let mut command = ii(&["serve", "--port", "0", "--json"]);
        command.env("II_ADMIN_TOKEN", token);
        let error = run(command).error(2);
        assert!(error["message"].as_str().unwrap().starts_with("admin token: "), "{error}");
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
}
