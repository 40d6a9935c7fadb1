//! `ii jobs` for every kind of job: a resume token knows its kind, an id takes `--kind` or `--namespace`.

use serde_json::{Value, json};

use crate::process::{Server, photo};

const REX: &str = "https://example.com/rex.jpg";

/// A server with one job of each kind, each with this customId and feedId; and the jobs as they were answered.
fn four_jobs() -> (Server, Vec<(&'static str, Value)>) {
    let server = Server::start();
    server.answers(&json!([
        {"kind": "match", "image": "*", "matches": true},
        {"kind": "ask", "image": "*", "answer": true},
        {"kind": "recognize", "image": "*", "faces": [{"confidence": 0.9}]}
    ]));
    let rocket = photo("rocket.jpg");
    let submit = |arguments: &[&str]| {
        let options = [&rocket, "--custom-id", "crate 17", "--feed-id", "cam", "--json"];
        server.run(&[arguments, &options].concat()).json()
    };
    let jobs = vec![
        ("detect", submit(&["detect", "--class", "cat"])),
        ("match", submit(&["match", "--target", "dog", "--shows", REX])),
        ("ask", submit(&["ask", "Is it a rocket?"])),
        ("recognize", submit(&["recognize", "--namespace", "our staff"])),
    ];
    (server, jobs)
}

fn place(kind: &str) -> Vec<&str> {
    if kind == "recognize" { vec!["--namespace", "our staff"] } else { vec!["--kind", kind] }
}

#[test]
fn each_is_read_by_its_token_and_by_its_id() {
    let (server, jobs) = four_jobs();
    for (kind, job) in &jobs {
        let (id, token) = (job["id"].as_str().unwrap(), job["resumeToken"].as_str().unwrap());
        for verb in ["get", "wait"] {
            let by_token = server.run(&["jobs", verb, token, "--json"]).json();
            assert_eq!((&by_token["id"], &by_token["status"]), (&job["id"], &job["status"]));
            let by_id = server.run(&[&["jobs", verb, id, "--json"][..], &place(kind)].concat()).json();
            assert_eq!(by_id["id"], by_token["id"]);
            let results = if *kind == "recognize" { "images" } else { "imageResults" };
            assert_eq!(by_id[results].as_array().unwrap().len(), 1, "{by_id}");
            assert_eq!(by_token["jobResults"].is_array(), *kind == "detect");
            assert_eq!(by_token["jobResults"].is_object(), matches!(*kind, "match" | "ask"));
        }
        let again = by_the_token_of_an_id(&server, id, kind);
        assert_eq!(again["id"], job["id"]);
    }
}

/// What `jobs get ID` prints is as good as what the submit printed: its token leads back, namespace and all.
fn by_the_token_of_an_id(server: &Server, id: &str, kind: &str) -> Value {
    let job = server.run(&[&["jobs", "get", id, "--json"][..], &place(kind)].concat()).json();
    server.run(&["jobs", "wait", job["resumeToken"].as_str().unwrap(), "--json"]).json()
}

#[test]
fn each_is_found_and_listed() {
    let (server, jobs) = four_jobs();
    for (kind, job) in &jobs {
        let found =
            server.run(&[&["jobs", "find", "--custom-id", "crate 17", "--json"][..], &place(kind)].concat()).json();
        assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &job["id"]));

        let list = |options: &[&str]| server.run(&[&["jobs", "list"][..], &place(kind), options].concat());
        let listed = list(&["--after", "1h", "--before", "2099-01-01", "--feed-id", "cam", "--json"]).json();
        let expected = json!([{"id": job["id"], "status": job["status"], "createdAt": job["createdAt"],
                               "customId": "crate 17", "feedId": "cam"}]);
        assert_eq!(listed, expected);
        let line = list(&[]).out;
        let cells: Vec<_> = line.trim_end().split('\t').collect();
        assert_eq!((cells.len(), cells[3], cells[4]), (5, "crate 17", "cam"), "{line}");
        assert_eq!(list(&["--ndjson"]).out.lines().count(), 1);
        for nothing in [&["--feed-id", "other"][..], &["--before", "2017-02-21T00:00:00Z"], &["--custom-id", "no"]] {
            assert_eq!(list(&[nothing, &["--json"]].concat()).json(), json!([]), "{kind} {nothing:?}");
        }
        let said = list(&["--feed-id", "other"]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
        assert!(said.err.contains(&format!("no {kind} job meets these conditions")), "{said:#?}");
    }
    assert_eq!(server.run(&["jobs", "list", "--json"]).json()[0]["id"], jobs[0].1["id"], "detect is the default");
}

#[test]
fn the_newest_come_first_and_a_limit_is_told() {
    let server = Server::with(&["--progression", "never"]);
    let rocket = photo("rocket.jpg");
    for name in ["1", "2", "3"] {
        server.run(&["detect", &rocket, "--class", "cat", "--no-wait", "--custom-id", name, "--json"]).json();
    }
    let said = server.run(&["jobs", "list", "--limit", "2", "--ndjson"]);
    let names: Vec<_> =
        said.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["customId"].clone()).collect();
    assert_eq!(names, ["3", "2"]);
    assert!(said.err.contains("there are more than these 2; --limit for more"), "{said:#?}");
}

#[test]
fn what_does_not_fit_is_told() {
    let (server, jobs) = four_jobs();
    let (token, id) = (jobs[1].1["resumeToken"].as_str().unwrap(), jobs[1].1["id"].as_str().unwrap());
    for (arguments, kind, advice) in [
        (
            &["jobs", "get", token, "--kind", "ask"][..],
            "config",
            "--kind: given, but the resume token is of another job",
        ),
        (&["jobs", "get", token, "--namespace", "x"], "config", "--namespace: given"),
        (&["jobs", "get", id, "--kind", "recognize"], "config", "--namespace: not given"),
        (&["jobs", "get", id, "--kind", "ask", "-n", "x"], "config", "only recognize jobs are in one"),
        (&["jobs", "get", id, "--kind", "guess"], "config", "detect, match, ask, recognize"),
        (&["jobs", "list", "--after", "yesterday"], "config", "2h (so long ago)"),
        (&["jobs", "list", "--after", "1h", "--before", "2h"], "invalid_request", "--after: not earlier than --before"),
        (&["jobs", "list", "--limit", "0"], "config", "--limit"),
        (&["jobs", "list", "-n", &"x".repeat(129)], "invalid_request", "namespace: 129 characters given"),
    ] {
        let error = server.run(&[arguments, &["--json"]].concat()).error(2);
        assert_eq!(error["kind"], kind, "{error}");
        assert!(error["message"].as_str().unwrap().contains(advice), "{advice}: {error}");
    }
    let error = server.run(&["jobs", "get", id, "--json"]).error(5);
    assert_eq!(error["kind"], "not_found");
    assert!(error["hint"].as_str().unwrap().contains("--kind match"), "{error}");
}
