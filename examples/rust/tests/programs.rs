//! The examples, run as a person runs them: against an `ii serve` of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PHOTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../photos");

/// An `ii serve` that ends with the test.
struct Server {
    process: Child,
    base_url: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(ii())
            .args(["serve", "--port", "0", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ii serve starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON when ready");
        Self { process, base_url: ready["baseUrl"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The command line's own binary. Cargo gives a test the path of its own package's binaries only, but puts all of them
/// in one place, and the tests of the whole workspace have built this one; for a test run alone it is built here.
fn ii() -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_detect")).with_file_name(format!("ii{}", std::env::consts::EXE_SUFFIX));
    if !beside.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "image-intelligence-cli", "--bin", "ii"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the command line builds");
    }
    beside
}

fn command(program: &str, server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("II_BASE_URL", &server.base_url)
        .env("II_CLIENT_ID", "local")
        .env("II_CLIENT_SECRET", "local");
    command
}

fn example(server: &Server, pictures: &[&str]) -> std::process::Output {
    command(env!("CARGO_BIN_EXE_detect"), server, pictures).output().unwrap()
}

#[test]
fn finds_the_person() {
    let server = Server::start();
    let output = example(&server, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (picture, confidence) = text.trim_end().rsplit_once(' ').expect(&text);
    assert!(picture.ends_with("astronaut.jpg"), "{text}");
    let confidence: f64 = confidence.parse().unwrap();
    assert!((confidence - 0.73).abs() <= 0.03, "{text}");

    let own_text = concat!(env!("CARGO_MANIFEST_DIR"), "/detect.rs");
    let output = example(&server, &[&format!("{PHOTOS}/rocket.jpg"), own_text, &format!("{PHOTOS}/astronaut.jpg")]);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.contains("astronaut.jpg"), "{out}");
    assert!(err.contains("detect.rs: INVALID_IMAGE_FORMAT_ERROR"), "{err}");
}

/// Sends pictures, is told of them, and ends as Ctrl-C would have it.
#[cfg(unix)]
#[test]
fn is_told_of_the_person() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let inbox = folder.path().join("inbox.db");
    let (inbox, photo, own_text) = (
        inbox.to_str().unwrap(),
        &format!("{PHOTOS}/astronaut.jpg"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/receiver.rs"),
    );
    let mut receiver = command(env!("CARGO_BIN_EXE_receiver"), &server, &[inbox, photo, own_text]);
    let mut receiver = receiver.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    BufReader::new(receiver.stdout.take().unwrap()).read_line(&mut out).unwrap();
    let mut errors = BufReader::new(receiver.stderr.take().unwrap());
    errors.read_line(&mut err).unwrap();
    let stopped = Command::new("kill").args(["-INT", &receiver.id().to_string()]).status().unwrap();
    assert!(stopped.success() && receiver.wait().unwrap().success(), "{out}{err}");
    let (picture, confidence) = out.trim_end().rsplit_once(' ').expect(&out);
    assert!(picture.ends_with("astronaut.jpg"), "{out}");
    assert!((confidence.parse::<f64>().unwrap() - 0.73).abs() <= 0.03, "{out}");
    assert!(err.contains("receiver.rs: INVALID_IMAGE_FORMAT_ERROR"), "{err}");

    // All of it is done, and nothing is handed out a second time.
    let kept = Command::new(ii()).args(["inbox", "list", "--json", "--inbox", inbox]).output().unwrap();
    let (kept, said) = (String::from_utf8(kept.stdout).unwrap(), String::from_utf8_lossy(&kept.stderr).into_owned());
    assert_eq!(kept.matches(r#""state":"done""#).count(), 2, "{kept}{said}");
}
