//! `ii listen`: prints what comes, passes on the very bytes, and keeps what is not done.

use std::io::{BufRead as _, BufReader};
use std::process::ChildStdout;
use std::sync::atomic::{AtomicU32, Ordering};

use image_intelligence::{Secret, SignatureOptions, verify_signature};
use serde_json::Value;

use crate::process::{DEADLINE, Running, Said, Server, ii, photo, run};
use crate::receiver::{Receiver, Reply};

const SECRET: &str = "correct horse battery staple";

/// A listener under way, and where it says that it listens.
pub(crate) struct Listener {
    pub(crate) running: Running,
    pub(crate) ready: Value,
    out: BufReader<ChildStdout>,
}

impl Listener {
    /// On a free port, with these options.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::with(options, &[])
    }

    pub(crate) fn with(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = ii(&[&["listen", "0", "--json"], options].concat());
        command.envs(variables.iter().copied());
        let mut running = Running::start(command);
        let out = BufReader::new(running.child.stdout.take().unwrap());
        let line = running.until_it_says("listening");
        let mut ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { running, ready: ready["listening"].take(), out }
    }

    pub(crate) fn jobs(&self) -> &str {
        self.ready["jobs"].as_str().unwrap()
    }

    fn events(&self) -> &str {
        self.ready["events"].as_str().unwrap()
    }

    /// The next event.
    fn event(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Waits until it ends by itself, as it should.
    pub(crate) fn ends_well(self) -> String {
        let (status, err) = self.running.end();
        assert_eq!(status.code(), Some(0), "{err}");
        err
    }
}

pub(crate) fn trigger(to: &str, arguments: &[&str]) -> Said {
    run(ii(&[&["trigger"], arguments, &["--to", to]].concat()))
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn each_event_is_told_and_after_enough_it_ends() {
    let mut listener = Listener::start(&["--count", "2"]);
    assert!(listener.ready["confirms"].is_null() && listener.ready["inbox"].is_null(), "{}", listener.ready);
    let sent = trigger(listener.jobs(), &["detect", "--json"]).json();
    let event = listener.event();
    assert_eq!((&event["kind"], &event["jobId"]), (&"detect".into(), &sent["id"]));
    assert_eq!((&event["event"]["id"], &event["signed"]), (&sent["id"], &false.into()));
    assert_eq!(event["attempt"], 1);
    assert!(event["receivedAt"].is_i64() && event["forwarded"].is_null(), "{event}");
    // The same again is no second event.
    let bodies = tempfile::tempdir().unwrap();
    let body = file(&bodies, "body.json", &event["event"].to_string());
    assert_eq!(trigger(listener.jobs(), &["--body", &body]).code, Some(0));
    assert_eq!(trigger(listener.events(), &["identity.created"]).code, Some(0));
    let event = listener.event();
    assert_eq!((&event["kind"], &event["event"]["event"]), (&"event".into(), &"IDENTITY_CREATED".into()));
    listener.ends_well();
}

#[test]
fn people_get_a_line_and_are_told_where_to_post() {
    let mut listening = Running::start(ii(&["listen", "0", "--count", "3"]));
    let jobs = listening.until_it_says("as the webhookUrl of jobs");
    listening.until_it_says("signed or not, as no secret is known");
    listening.until_it_says("a temporary inbox");
    let jobs = jobs.split_whitespace().next().unwrap().to_owned();
    for event in ["detect", "ask", "match"] {
        assert_eq!(trigger(&jobs, &[event]).code, Some(0));
    }
    let lines: Vec<_> = BufReader::new(listening.child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert_eq!(listening.end().0.code(), Some(0));
    let fields = |line: &String| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<_> = lines.iter().map(fields).collect();
    for (row, (kind, says)) in rows.iter().zip([("detect", "person in 2"), ("ask", "yes: "), ("match", "dog: ")]) {
        assert_eq!((row.len(), row[2].as_str()), (6, kind), "{lines:?}");
        assert!(row[4].starts_with("COMPLETED_") && row[5].contains(says), "{lines:?}");
    }
    assert_eq!(rows.len(), 3);
}

#[test]
fn the_very_bytes_are_passed_on_until_they_are_taken() {
    let count = AtomicU32::new(0);
    let target =
        Receiver::start(move |_| Reply::status(if count.fetch_add(1, Ordering::Relaxed) == 0 { 503 } else { 204 }));
    let folder = tempfile::tempdir().unwrap();
    let secret = file(&folder, "secret.txt", SECRET);
    let body = file(&folder, "body.json", "{\n  \"event\": \"IDENTITY_CREATED\",\"a\":1.50}\n");
    let mut listener = Listener::start(&["--forward-to", &target.url, "--secret-key-file", &secret, "--count", "1"]);
    assert_eq!(trigger(listener.events(), &["--body", &body]).code, Some(5), "unsigned");
    assert_eq!(trigger(listener.events(), &["--body", &body, "--secret-key-file", &secret]).code, Some(0));
    let first = listener.event();
    assert_eq!((&first["forwarded"]["taken"], &first["forwarded"]["status"]), (&false.into(), &503.into()));
    assert_eq!(first["forwarded"]["message"], "503 came");
    let second = listener.event();
    assert_eq!((&second["forwarded"]["taken"], &second["attempt"]), (&true.into(), &2.into()));
    assert_eq!((&second["seq"], &second["signed"]), (&first["seq"], &true.into()));
    listener.ends_well();
    let came = target.came();
    assert_eq!(came.len(), 2);
    for received in came {
        assert_eq!(received.body, std::fs::read(&body).unwrap());
        assert_eq!(received.all("content-type"), ["application/json"]);
        let headers = received.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        verify_signature(headers, &received.body, &[Secret::from(SECRET)], &SignatureOptions::default()).unwrap();
    }
}

#[test]
fn jobs_are_told_once_the_api_says_the_same() {
    let server = Server::start();
    let mut listener = Listener::with(&["--count", "1"], &[("II_BASE_URL", &server.base_url)]);
    assert_eq!(listener.ready["confirms"], *server.base_url);
    // Nobody ever sent this one.
    assert_eq!(trigger(listener.jobs(), &["detect"]).code, Some(0));
    let arguments =
        ["detect", &photo("chelsea.jpg"), "--class", "cat", "--webhook-url", listener.jobs(), "--no-wait", "--json"];
    let job = server.run(&arguments).json();
    let event = listener.event();
    assert_eq!(event["jobId"], job["id"]);
    assert_eq!(event["event"]["imageResults"][0]["objects"][0]["class"], "cat");
    listener.ends_well();
}

#[cfg(unix)]
#[test]
fn what_is_not_passed_on_survives_in_the_inbox() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox.db");
    let inbox = inbox.to_str().unwrap();
    // Nobody is there.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut listener = Listener::start(&["--inbox", inbox, "--forward-to", &format!("http://{gone}/")]);
    assert_eq!(listener.ready["inbox"], inbox);
    let sent = trigger(listener.jobs(), &["ask", "--json"]).json();
    assert_eq!(listener.event()["forwarded"]["taken"], false);
    listener.running.signal("INT");
    let err = listener.ends_well();
    assert!(!err.contains("goes with"), "{err}");

    let mut listener = Listener::start(&["--inbox", inbox, "--count", "1"]);
    assert_eq!(listener.event()["jobId"], sent["id"]);
    listener.ends_well();
}

#[cfg(unix)]
#[test]
fn a_target_that_hangs_does_not_hold_up_the_end() {
    let (send, came) = std::sync::mpsc::channel();
    let target = Receiver::start(move |_| {
        send.send(()).unwrap();
        Reply::Hang(String::new())
    });
    let listener = Listener::start(&["--forward-to", &target.url, "--timeout", "10m"]);
    assert_eq!(trigger(listener.jobs(), &["ask"]).code, Some(0));
    came.recv_timeout(DEADLINE).unwrap();
    listener.running.signal("INT");
    listener.ends_well();
}

#[cfg(unix)]
#[test]
fn what_goes_with_a_temporary_inbox_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let target = Receiver::status(500);
    let variables = [("TMPDIR", folder.path().to_str().unwrap())];
    let mut listener = Listener::with(&["--forward-to", &target.url], &variables);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(trigger(listener.jobs(), &["ask"]).code, Some(0));
    listener.event();
    listener.running.signal("TERM");
    let err = listener.ends_well();
    assert!(err.contains("1 event goes with the temporary inbox"), "{err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_listened_with_is_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, variables, part) in [
        (&["0.0.0.0:0"][..], &[][..], "--public-url"),
        (&["nowhere"], &[], "127.0.0.1:8787"),
        (&["0", "--forward-to", "ftp://127.0.0.1/"], &[], "--forward-to: it must start with"),
        (&["0", "--secret-key-file", "no-such-file"], &[], "it cannot be read"),
        (&["0", "--public-url", "https://me:hunter2@h.test/"], &[], "public"),
        (&["0"], &[("II_CLIENT_ID", "me")], "II_CLIENT_SECRET is not set"),
        (&[&taken], &[], "choose another port"),
        (&["0", "--forward-to", "http://127.0.0.1:1/", "--timeout", "0s"], &[], "give it some, such as 10s"),
    ] {
        let mut command = ii(&[&["listen", "--json"], arguments].concat());
        command.envs(variables.iter().copied());
        let said = run(command);
        let error = said.error(2);
        assert!(said.err.contains(part) && !said.err.contains("hunter2"), "{part}: {error}");
    }
    let error = run(ii(&["listen", "0", "--json", "--inbox", "/nowhere/at/all.db"])).error(1);
    assert_eq!(error["kind"], "store");
}
