//! `ii detect DIR/ --manifest FILE`, killed at any moment and begun again: each picture has one result, from one job.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use image_intelligence_server::Progression;
use serde_json::Value;

use crate::numbered::{self, Numbers, confidence};
use crate::process::{run, run_with_stdin};

/// `cargo xtask test --full` sends as many as the promise says.
fn pictures() -> usize {
    if is_full() { 5000 } else { 1000 }
}

fn batch() -> usize {
    if is_full() { 64 } else { 16 }
}

fn is_full() -> bool {
    std::env::var_os("II_TEST_FULL").is_some()
}

const MOST_MEMORY_KB: u64 = 150 * 1024;
const KILLS: u64 = 5;

/// Numbers that look like chance, from a seed that is printed.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
        println!("seed {seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The most memory that a process has taken so far. 0 where the system does not say it, or the process is over.
fn peak_kb(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
}

/// The whole lines that a process wrote before it was killed, read while it runs.
fn lines_of(child: &mut Child) -> std::thread::JoinHandle<Vec<String>> {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        let mut lines = Vec::new();
        let mut line = String::new();
        while out.read_line(&mut line).is_ok_and(|read| read > 0) {
            lines.extend(line.ends_with('\n').then(|| std::mem::take(&mut line)));
            line.clear();
        }
        lines
    })
}

#[test]
fn a_run_that_is_killed_again_and_again_sends_no_picture_twice() {
    let pictures = pictures();
    let server = Numbers::start(Progression::Time(Duration::from_millis(500)));
    let directory = tempfile::tempdir().unwrap();
    let streets = directory.path().join("streets");
    std::fs::create_dir(&streets).unwrap();
    numbered::write(&streets, pictures);
    let manifest = directory.path().join("m.json");
    let arguments = [
        "detect",
        streets.to_str().unwrap(),
        "--class",
        "person",
        "--manifest",
        manifest.to_str().unwrap(),
        "--batch-size",
        &batch().to_string(),
        "--ndjson",
    ];
    let (mut random, mut peak, mut told) = (Random::new(), 0, BTreeMap::new());
    for kill in 0..KILLS {
        let mut child = server.ii(&arguments).spawn().unwrap();
        let lines = lines_of(&mut child);
        // Somewhere in the next fifth of what there is to send; the first time perhaps before anything is sent.
        let share = pictures as u64 / (KILLS + 1);
        let until = share * kill + random.below(share);
        let end = Instant::now() + Duration::from_mins(5);
        while (server.seen() as u64) < until {
            assert!(Instant::now() < end, "only {} of {until} came", server.seen());
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_micros(random.below(40_000)));
        peak = peak.max(peak_kb(&child));
        child.kill().unwrap();
        child.wait().unwrap();
        note(&lines.join().unwrap(), &mut told);
    }
    let sent_before = server.seen();
    assert!(sent_before < pictures, "every kill came before the end");

    let began = Instant::now();
    let mut child = server.ii(&arguments).spawn().unwrap();
    let lines = lines_of(&mut child);
    let status = loop {
        peak = peak.max(peak_kb(&child));
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let lines = lines.join().unwrap();
    println!(
        "{pictures} pictures, {KILLS} kills, {sent_before} sent before the last run of {:.1} s; at most {} MB",
        began.elapsed().as_secs_f64(),
        peak / 1024
    );
    let unknown = check(&server, pictures, &lines, status.code());
    // What was printed before a kill was of the same jobs.
    let last = note(&lines, &mut told);
    assert!(told.iter().all(|(number, ids)| ids.len() == 1 || !last.contains_key(number)), "{told:?}");
    assert!(peak < MOST_MEMORY_KB, "{peak} KB");
    assert!(cfg!(not(target_os = "linux")) || peak > 0);

    // Once more: everything is told again, and nothing is sent.
    let seen = server.seen();
    let again = run(server.ii(&arguments));
    assert_eq!((again.code, again.out.lines().count(), server.seen()), (status.code(), pictures, seen));

    // What never arrived is for the caller to send, by a list and a run of its own. Then each picture has been sent once.
    if !unknown.is_empty() {
        let list = run_with_stdin(server.ii(&["detect", "-", "--class", "person"]), unknown.join("\n").as_bytes());
        assert_eq!((list.code, list.out.lines().count()), (Some(0), unknown.len()), "{list:#?}");
    }
    assert_eq!((server.seen(), numbers(&server).len()), (pictures, pictures));
}

/// The job of each picture that the server was sent.
fn numbers(server: &Numbers) -> BTreeMap<usize, String> {
    let mut job_of = BTreeMap::new();
    for (id, numbers) in server.jobs() {
        for number in numbers {
            let other = job_of.insert(number, id.clone());
            assert!(other.is_none(), "picture {number} was sent twice: in {id} and {other:?}");
        }
    }
    job_of
}

/// Notes which job each picture's result is of.
fn note(lines: &[String], told: &mut BTreeMap<usize, BTreeSet<String>>) -> BTreeMap<usize, String> {
    let mut new = BTreeMap::new();
    for line in lines {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["error"].is_null() {
            let (index, id) = (line["input"]["index"].as_u64().unwrap() as usize, line["jobId"].as_str().unwrap());
            told.entry(index).or_default().insert(id.to_owned());
            assert!(new.insert(index, id.to_owned()).is_none(), "two results of picture {index}");
        }
    }
    new
}

/// Each picture is in one job of the server's, and its result is that job's. A kill while a request was on its way may leave
/// pictures of which nobody can know whether they arrived: those are told as such, and are in no job. Gives these.
fn check(server: &Numbers, pictures: usize, lines: &[String], code: Option<i32>) -> Vec<String> {
    let job_of = numbers(server);
    assert_eq!(lines.len(), pictures);
    let (mut unknown, mut indices) = (Vec::new(), BTreeSet::new());
    for line in lines {
        let line: Value = serde_json::from_str(line).unwrap();
        let (index, source) =
            (line["input"]["index"].as_u64().unwrap() as usize, line["input"]["source"].as_str().unwrap());
        assert!(indices.insert(index), "two lines of picture {index}");
        assert!(source.ends_with(&numbered::name(index)), "{line}");
        if line["error"]["kind"] == "outcome_unknown" {
            unknown.push(source.to_owned());
            assert!(!job_of.contains_key(&index), "picture {index} has a job: {line}");
            continue;
        }
        assert_eq!(line["jobId"].as_str(), job_of.get(&index).map(String::as_str), "{line}");
        assert!((line["objects"][0]["confidence"].as_f64().unwrap() - confidence(index)).abs() < 1e-9, "{line}");
    }
    println!("{} pictures were on their way when a kill came, and never arrived", unknown.len());
    assert_eq!(code, Some(if unknown.is_empty() { 0 } else { 6 }));
    assert!(unknown.len() <= 2 * batch() * KILLS as usize, "at most two requests are on their way at once");
    assert_eq!(job_of.len() + unknown.len(), pictures);
    unknown
}

#[test]
fn a_manifest_is_of_one_run_with_its_settings() {
    let server = Numbers::start(Progression::Immediate);
    let directory = tempfile::tempdir().unwrap();
    numbered::write(directory.path(), 3);
    let manifest = directory.path().join("m.json");
    let with = |class: &str| {
        let arguments = ["detect", directory.path().to_str().unwrap(), "--class", class, "--json", "--manifest"];
        server.run(&[&arguments[..], &[manifest.to_str().unwrap()]].concat())
    };
    assert_eq!(with("person").json()["done"], 3, "three pictures are a run, too, where there is a manifest");
    assert_eq!(with("person").json()["jobs"], 1);
    assert_eq!(server.jobs().len(), 1);
    let error = with("car").error(2);
    assert_eq!(error["kind"], "config");
    assert!(error["message"].as_str().unwrap().contains("classes"), "{error}");
}

/// The hint of a run that was stopped is a command that goes on.
#[cfg(unix)]
#[test]
fn a_run_that_was_stopped_says_how_to_go_on() {
    use crate::process::Running;

    let server = Numbers::start(Progression::Time(Duration::from_secs(1)));
    let directory = tempfile::tempdir().unwrap();
    numbered::write(directory.path(), 60);
    let (folder, manifest) = (directory.path().to_str().unwrap(), directory.path().join("my run.json"));
    let manifest = manifest.to_str().unwrap();
    let many = ["--batch-size", "10", "--concurrency", "2", "--manifest", manifest];
    let arguments = [&["detect", folder, "--class", "person"], &many[..]].concat();
    let running = Running::start(server.ii(&arguments));
    server.until_seen(10);
    running.signal("TERM");
    let (status, err) = running.end();
    assert_eq!(status.code(), Some(143), "{err}");
    let hint = format!(
        "to go on where it stopped: ii detect {folder} --class person --batch-size 10 --concurrency 2 --manifest '{manifest}'"
    );
    assert!(err.contains(&hint), "{err}");
    let sent = server.seen();
    assert!(sent < 60, "{sent}");
    let said = server.run(&arguments);
    assert_eq!((said.code, said.out.lines().count(), server.seen()), (Some(0), 60, 60), "{}", said.err);
    assert_eq!(server.jobs().len(), 6);
}
