//! More pictures than one job takes: results as they come, errors of single pictures, and how a run is stopped.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use image_intelligence_server::Progression;
use serde_json::Value;

use crate::numbered::{self, Numbers, confidence};
use crate::process::{Running, Said, ii, run, run_with_stdin};

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn folder(pictures: usize) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    numbered::write(directory.path(), pictures);
    directory
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Each picture of the folder has one line, with its own number, and its place among the inputs.
#[track_caller]
fn has_each_once(said: &Said, pictures: usize) {
    let lines = lines(&said.out);
    assert_eq!(lines.len(), pictures, "{}", said.err);
    let mut indices = BTreeSet::new();
    for line in &lines {
        let index = line["input"]["index"].as_u64().unwrap() as usize;
        assert!(indices.insert(index), "{index} twice");
        assert!(line["input"]["source"].as_str().unwrap().ends_with(&numbered::name(index)), "{line}");
        assert!((line["objects"][0]["confidence"].as_f64().unwrap() - confidence(index)).abs() < 1e-9, "{line}");
        assert!(line["jobId"].is_string() && line["customId"].is_null(), "{line}");
    }
}

#[test]
fn a_folder_of_any_size_is_as_many_jobs_as_it_takes() {
    let server = Numbers::start(Progression::Immediate);
    let directory = folder(150);
    let detect =
        |options: &[&str]| server.run(&[&["detect", text(directory.path()), "--class", "person"], options].concat());
    let said = detect(&["--ndjson"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    has_each_once(&said, 150);
    assert_eq!(server.jobs().len(), 3);

    let said = detect(&["--ndjson", "--ordered", "--batch-size", "7", "--concurrency", "20"]);
    has_each_once(&said, 150);
    let order: Vec<_> = lines(&said.out).iter().map(|line| line["input"]["index"].as_u64().unwrap()).collect();
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(server.jobs().len(), 3 + 22);

    let document = detect(&["--json"]).json();
    assert_eq!((&document["done"], &document["failed"], &document["jobs"]), (&150.into(), &0.into(), &3.into()));
    assert_eq!(document["images"][149]["input"]["index"], 149);

    let said = detect(&[]);
    assert_eq!(said.out.lines().count(), 150);
    assert!(said.out.contains(&format!("{}\tperson\t0.0149\n", text(&directory.path().join(numbered::name(149))))));
    assert!(said.err.starts_with("150 pictures: 150 looked at; 3 jobs in "), "{}", said.err);
}

#[test]
fn pictures_that_fit_into_one_job_are_one_unless_more_is_asked_for() {
    let server = Numbers::start(Progression::Immediate);
    let directory = folder(3);
    let job = server.run(&["detect", text(directory.path()), "--class", "person", "--json"]).json();
    assert_eq!(job["imageResults"].as_array().unwrap().len(), 3, "{job}");
    let said = server.run(&["detect", text(directory.path()), "--class", "person", "--ndjson", "--batch-size", "2"]);
    has_each_once(&said, 3);
    assert_eq!(server.jobs().len(), 1 + 2);
}

#[test]
fn a_broken_picture_sinks_no_other() {
    let server = Numbers::start(Progression::Immediate);
    let directory = folder(70);
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("street-00020-letter.jpg"), "Dear detector, this is no picture.").unwrap();
    std::fs::write(at("street-00040-empty.jpg"), "").unwrap();
    let arguments = ["detect", text(directory.path()), "--class", "person"];

    let said = server.run(&[&arguments[..], &["--ndjson"]].concat());
    assert_eq!((said.code, said.err.as_str()), (Some(3), ""));
    let lines = lines(&said.out);
    assert_eq!(lines.len(), 72);
    let of = |name: &str| lines.iter().find(|line| line["input"]["source"].as_str().unwrap().ends_with(name)).unwrap();
    assert_eq!(of("letter.jpg")["status"], "INVALID_IMAGE_FORMAT_ERROR");
    assert!(of("letter.jpg")["advice"].as_str().unwrap().starts_with("not a picture"), "{}", of("letter.jpg"));
    let empty = of("empty.jpg");
    assert_eq!((&empty["error"]["kind"], &empty["input"]["sent"]), (&"invalid_request".into(), &"file".into()));
    assert!(empty["error"]["message"].as_str().unwrap().contains("is empty"), "{empty}");

    let said = server.run(&arguments);
    assert_eq!((said.code, said.out.lines().count()), (Some(3), 70));
    for part in ["letter.jpg: INVALID_IMAGE_FORMAT_ERROR: not a picture", "empty.jpg is empty", "70 looked at, 2 not"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
}

#[test]
fn a_list_on_stdin_is_read_as_it_comes() {
    let server = Numbers::start(Progression::Immediate);
    let directory = folder(3);
    let mut command = server.ii(&["detect", "-", "--class", "person", "--ndjson"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut list = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in 0..3 {
        writeln!(list, "{}", text(&directory.path().join(numbered::name(number)))).unwrap();
        // The list has not ended, and the result of what stands in it so far is there.
        let line: Value = serde_json::from_str(&out.next().unwrap().unwrap()).unwrap();
        assert_eq!(line["input"]["index"], number);
        assert!((line["objects"][0]["confidence"].as_f64().unwrap() - confidence(number)).abs() < 1e-9, "{line}");
    }
    writeln!(list, "nowhere.jpg").unwrap();
    let line: Value = serde_json::from_str(&out.next().unwrap().unwrap()).unwrap();
    assert_eq!((&line["error"]["kind"], &line["input"]["source"]), (&"invalid_request".into(), &"nowhere.jpg".into()));
    drop(list);
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(out.next().is_none());
}

#[test]
fn of_many_questions_each_is_answered_alone() {
    let server = Numbers::start(Progression::Immediate);
    let directory = folder(10);
    let said = server.run(&["ask", "Is it the 7th?", text(directory.path()), "--batch-size", "1", "--ordered"]);
    let answers: Vec<_> = said.out.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
    assert_eq!(answers, ["no", "no", "no", "no", "no", "no", "no", "yes", "no", "no"], "{said:#?}");
    let said = server.run(&["ask", "Is it the 7th?", text(directory.path()), "--batch-size", "5", "--ordered"]);
    let answers: Vec<_> = said.out.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
    assert_eq!(answers[7], "yes", "{said:#?}");
    assert!(answers[8] == "-" && !answers.contains(&"no"), "a job of several says nothing of the others: {answers:?}");
    let said = server.run(&["ask", "Is it?", text(directory.path()), "--batch-size", "5", "--ndjson"]);
    assert_eq!(lines(&said.out).iter().filter(|line| line["chosen"] == true).count(), 1, "{said:#?}");
}

#[test]
fn copies_with_boxes_are_drawn_of_any_number() {
    let server = Numbers::start(Progression::Immediate);
    let (directory, out) = (folder(66), tempfile::tempdir().unwrap());
    let arguments = ["detect", text(directory.path()), "--class", "person", "--ndjson", "--annotate", text(out.path())];
    let said = server.run(&arguments);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let copies: BTreeSet<_> =
        lines(&said.out).iter().map(|line| line["annotated"].as_str().unwrap().to_owned()).collect();
    assert_eq!((copies.len(), std::fs::read_dir(out.path()).unwrap().count()), (66, 66));
    assert!(copies.iter().all(|copy| Path::new(copy).is_file()), "{copies:?}");
}

#[test]
fn what_every_job_would_meet_ends_the_run() {
    let server = Numbers::start(Progression::Immediate);
    let directory = folder(150);
    let mut wrong = server.ii(&["detect", text(directory.path()), "--class", "person", "--ndjson"]);
    wrong.env("II_CLIENT_ID", "local").env("II_CLIENT_SECRET", "not-the-secret");
    let said = run(wrong);
    assert_eq!(said.error(5)["kind"], "authentication");
    assert_eq!(server.seen(), 0);

    let nobody = ["detect", text(directory.path()), "--class", "person", "--base-url", "http://127.0.0.1:9/v2"];
    let said = run(ii(&nobody));
    assert_eq!(said.code, Some(5), "{}", said.err);
    assert!(said.err.contains("`ii serve` starts one"), "{}", said.err);
}

#[test]
fn jobs_that_are_not_done_in_time_go_on() {
    let server = Numbers::start(Progression::Never);
    let directory = folder(4);
    let arguments = ["detect", text(directory.path()), "--class", "person", "--batch-size", "2", "--timeout", "1s"];
    let said = server.run(&[&arguments[..], &["--ndjson"]].concat());
    let error = said.error(4);
    let tokens = error["resumeTokens"].as_array().unwrap();
    assert_eq!((&error["kind"], tokens.len()), (&"wait_timeout".into(), 2));
    assert!(lines(&said.out).iter().all(|line| line["error"]["kind"] == "wait_timeout"));
    for token in tokens {
        let job = server.run(&["jobs", "get", token.as_str().unwrap(), "--json"]).json();
        assert_eq!(job["status"], "IN_PROGRESS");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_and_loses_no_job() {
    let server = Numbers::start(Progression::Time(Duration::from_secs(1)));
    let directory = folder(200);
    let arguments = ["detect", text(directory.path()), "--class", "person", "--batch-size", "10", "--concurrency", "2"];
    let mut child = server.ii(&arguments).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    let told: BTreeSet<_> = err.split_whitespace().filter(|word| word.starts_with("ii1_")).collect();
    // Of the jobs that were made, all that were not read whole are named; the first was read in part.
    let made = server.seen() / 10;
    assert!(made < 20 && !told.is_empty(), "{made} jobs: {err}");
    let ids: BTreeSet<_> = told
        .iter()
        .map(|token| server.run(&["jobs", "wait", token, "--json"]).json()["id"].as_str().unwrap().to_owned())
        .collect();
    let unread: BTreeSet<_> = server.jobs().into_keys().collect();
    assert!(unread.len() - ids.len() <= 1 && ids.is_subset(&unread), "{unread:?} {ids:?}");
}

#[test]
fn many_jobs_are_waited_for_at_once() {
    let server = Numbers::start(Progression::Immediate);
    let directory = folder(3);
    let submit = |arguments: &[&str], number| {
        let picture = directory.path().join(numbered::name(number));
        let arguments = [arguments, &[text(&picture), "--no-wait"]].concat();
        server.run(&arguments).out
    };
    let list = submit(&["detect", "--class", "person"], 0)
        + &submit(&["ask", "Is it?"], 1)
        + &submit(&["detect", "--class", "person"], 2);
    let said = run_with_stdin(server.ii(&["jobs", "wait", "-", "--json"]), list.as_bytes());
    let jobs = said.json();
    let ids: BTreeSet<_> = jobs.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    let sent: BTreeSet<_> = list.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(ids, sent);

    let words: Vec<_> = list.lines().map(|line| line.split('\t').collect::<Vec<_>>()).collect();
    // A job's id will do as well as its token.
    let said = server.run(&["jobs", "wait", words[0][0], words[1][1], words[2][1], "--ndjson"]);
    assert_eq!((said.code, lines(&said.out).len()), (Some(0), 3), "{said:#?}");
    let said = server.run(&["jobs", "wait", words[0][1], "ii1_x", "--json"]);
    assert_eq!(said.error(2)["kind"], "resume_token");
}

#[test]
fn of_many_jobs_those_that_are_late_are_told() {
    let server = Numbers::start(Progression::Never);
    let directory = folder(2);
    let token = |number: usize| {
        let picture = directory.path().join(numbered::name(number));
        let said = server.run(&["detect", text(&picture), "--class", "person", "--no-wait", "--json"]);
        said.json()["resumeToken"].as_str().unwrap().to_owned()
    };
    let (one, two) = (token(0), token(1));
    let said = server.run(&["jobs", "wait", &one, &two, "--timeout", "1s", "--ndjson"]);
    assert_eq!((said.code, said.out.as_str()), (Some(4), ""), "{said:#?}");
    let told: BTreeSet<_> =
        lines(&said.err).iter().map(|line| line["error"]["resumeToken"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, BTreeSet::from([one, two]), "{said:#?}");
}

#[cfg(unix)]
mod signals {
    use super::*;

    #[test]
    fn the_first_lets_what_was_sent_come_to_its_end() {
        let server = Numbers::start(Progression::Time(Duration::from_secs(2)));
        let directory = folder(200);
        let many = ["--batch-size", "10", "--concurrency", "2"];
        let arguments = [&["detect", text(directory.path()), "--class", "person"], &many[..]].concat();
        let mut running = Running::start(server.ii(&arguments));
        server.until_seen(10);
        running.signal("INT");
        running.until_it_says("stopping: what was sent is still waited for");
        let out: Vec<_> = BufReader::new(running.child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
        let (status, err) = running.end();
        assert_eq!(status.code(), Some(130), "{err}");
        assert!(!out.is_empty() && out.len() < 200, "{}", out.len());
        assert_eq!(out.len(), server.seen(), "each picture that was sent has its result");
        let left = 200 - out.len();
        assert!(err.contains(&format!("{} of 200 pictures are finished, {left} pictures left", out.len())), "{err}");
        assert!(err.contains("hint: begun with --manifest FILE"), "{err}");
    }

    #[test]
    fn the_second_ends_at_once_and_names_the_jobs() {
        let server = Numbers::start(Progression::Never);
        let directory = folder(200);
        let many = ["--batch-size", "10", "--concurrency", "2"];
        let arguments = [&["detect", text(directory.path()), "--class", "person"], &many[..]].concat();
        let running = Running::start(server.ii(&arguments));
        server.until_seen(20);
        running.signal("INT");
        running.until_it_says("stopping");
        running.signal("INT");
        let (status, err) = running.end();
        assert_eq!(status.code(), Some(130), "{err}");
        let tokens: Vec<_> = err.split_whitespace().filter(|word| word.starts_with("ii1_")).collect();
        assert!((1..=2).contains(&tokens.len()), "{err}");
        for token in tokens {
            assert_eq!(server.run(&["jobs", "get", token, "--json"]).json()["status"], "IN_PROGRESS");
        }
    }
}
