//! `ii trigger`: what arrives at a receiver, byte for byte, and what is made of its answer.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use image_intelligence::{EventKind, Secret, SignatureOptions, parse_webhook, verify_signature};
use serde_json::{Value, json};

use crate::process::{DEADLINE, Said, Server, ii, photo, run, run_with_stdin};
use crate::receiver::{Received, Receiver, Reply};

const SECRET: &str = "correct horse battery staple";
/// As long as a real one; no key of anybody's made it.
const TOKEN: &str = "AQEBa0nSAAABAgMEBQYHCAkKCwwNDg8FZkrLGgH_fNyb3MY_jM8j";

fn trigger(to: &str, arguments: &[&str]) -> Command {
    ii(&[&["trigger"], arguments, &["--to", to]].concat())
}

fn secret_file(directory: &tempfile::TempDir) -> String {
    let file: PathBuf = directory.path().join("secret.txt");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

fn is_signed(received: &Received, secret: &str) -> bool {
    let headers = received.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let secrets = [Secret::from(secret)];
    verify_signature(headers, &received.body, &secrets, &SignatureOptions::default()).is_ok()
}

#[track_caller]
fn document(said: &Said, code: i32) -> Value {
    assert_eq!(said.code, Some(code), "{said:#?}");
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:#?}"))
}

#[test]
fn each_event_arrives_as_the_service_sends_it() {
    let receiver = Receiver::status(200);
    for (event, kind, signed) in [
        ("detect", EventKind::Detect, false),
        ("match", EventKind::Match, false),
        ("ask", EventKind::Ask, false),
        ("recognize", EventKind::Recognize, false),
        ("identity.created", EventKind::Event, true),
        ("identity.updated", EventKind::Event, true),
    ] {
        let mut command = trigger(&format!("{}/ii", receiver.url), &[event, "--json"]);
        command.env("II_WEBHOOK_SECRET", SECRET);
        let said = run(command);
        let received = receiver.came().pop().unwrap();
        assert_eq!(received.first, "POST /ii HTTP/1.1");
        assert_eq!(received.all("content-type"), ["application/json"]);
        assert_eq!(parse_webhook(&received.body, None).unwrap().kind(), kind);
        // The service signs what comes to a registered webhook, and never a job's own.
        assert_eq!(received.all("x-niro-signature").len(), usize::from(signed), "{event}");
        assert_eq!(is_signed(&received, SECRET), signed);
        let document = document(&said, 0);
        assert_eq!(document["event"], event);
        assert_eq!((&document["signed"], &document["taken"]), (&signed.into(), &1.into()));
        assert_eq!(document["bytes"], received.body.len());
        let body = received.json();
        let id = if signed { &body["identity"]["id"] } else { &body["id"] };
        assert_eq!(&document["id"], id, "{document}");
        assert!(!said.out.contains(SECRET) && !said.err.contains(SECRET));
    }
    assert_ne!(receiver.came()[0].json()["id"], receiver.came()[1].json()["id"]);
}

/// What `ii trigger` makes up is held to what a real job's webhook is.
#[test]
fn it_looks_like_the_webhook_of_a_real_job() {
    let receiver = Receiver::status(200);
    let server = Server::start();
    let real = ["detect", &photo("rocket.jpg"), "--class", "person", "--feed-id", "f", "--webhook-url", &receiver.url];
    assert_eq!(server.run(&real).code, Some(0));
    let end = Instant::now() + DEADLINE;
    while receiver.came().is_empty() {
        assert!(Instant::now() < end, "no webhook came");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(run(trigger(&receiver.url, &["detect"])).code, Some(0));
    let [real, made] = &receiver.came()[..] else { panic!("{:#?}", receiver.came()) };
    let names =
        |received: &Received| -> BTreeSet<String> { received.headers.iter().map(|(name, _)| name.clone()).collect() };
    assert_eq!(names(made), names(real));
    let keys = |received: &Received, pointer: &str| -> BTreeSet<String> {
        let body = received.json();
        let object = body.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {body}"));
        object.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(made, ""), keys(real, ""));
    let missing: Vec<_> = keys(real, "/imageResults/0").difference(&keys(made, "/imageResults/0")).cloned().collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_file_is_sent_byte_for_byte_and_signed_over_these_bytes() {
    let receiver = Receiver::status(200);
    let directory = tempfile::tempdir().unwrap();
    let (secret, file) = (secret_file(&directory), directory.path().join("kept.json"));
    // Spaces, an order of its own, a number as no JSON writer writes it, no UTF-8, and a line end.
    let bytes = b" {\"status\" : \"DONE\", \"id\":\"a\",\"n\":1.50, \"x\":\"\xff\"}\r\n";
    std::fs::write(&file, bytes).unwrap();
    let file = ["--body", file.to_str().unwrap(), "--secret-key-file", &secret];
    assert_eq!(run(trigger(&receiver.url, &file)).code, Some(0));
    let stdin = ["--body", "-", "--secret-key-file", &secret];
    assert_eq!(run_with_stdin(trigger(&receiver.url, &stdin), bytes).code, Some(0));
    for received in receiver.came() {
        assert_eq!(received.body, bytes);
        assert!(is_signed(&received, SECRET));
    }
    assert_eq!(receiver.came().len(), 2);

    let said = run(trigger(&receiver.url, &["--body", file[1], "--set", "status=X", "--json"]));
    let error = said.error(2);
    assert!(error["message"].as_str().unwrap().contains("very bytes"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--print"), "{error}");
    assert_eq!(receiver.came().len(), 2, "nothing was sent");
}

#[test]
fn a_receiver_with_another_secret_refuses() {
    let receiver = Receiver::start(|received| {
        if is_signed(received, "another secret") {
            Reply::status(200)
        } else {
            Reply::answer(401, "", &format!("not signed\n with {SECRET}"))
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let said = run(trigger(&receiver.url, &["detect", "--secret-key-file", &secret_file(&directory)]));
    assert_eq!((said.code, said.out.split('\t').next()), (Some(5), Some("401")), "{said:#?}");
    assert!(
        said.err.contains("the secret that the receiver has") && said.err.contains("it said: not signed with [secret]"),
        "{said:#?}"
    );
    assert!(!said.err.contains(SECRET) && !said.out.contains(SECRET));
    let said = run(trigger(&receiver.url, &["detect", "--json"]));
    assert_eq!(document(&said, 5)["deliveries"][0]["kind"], "authentication");
    assert!(said.error(5)["hint"].as_str().unwrap().contains("it was sent unsigned"), "{said:#?}");
}

#[test]
fn only_exactly_200_is_a_success_and_no_token_is_shown() {
    let elsewhere = Receiver::status(200);
    for (status, kind, part) in [
        (204, "invalid_response", "204 is no success: only exactly 200 is"),
        (301, "invalid_response", "/cb/[token]: it is not followed"),
        (404, "not_found", "404 came; the service would send it again, up to 5 times"),
        (503, "server_error", "503 came"),
    ] {
        let location = format!("location: {}/cb/{TOKEN}\r\n", elsewhere.url);
        let receiver =
            Receiver::start(move |received| Reply::answer(status, &location, &format!("not here: {}", received.first)));
        let said = run(trigger(&format!("{}/cb/{TOKEN}", receiver.url), &["ask", "--json"]));
        let document = document(&said, 5);
        let error = said.error(5);
        assert_eq!((&error["kind"], &error["status"]), (&kind.into(), &status.into()));
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
        assert_eq!(document["to"], format!("{}/cb/[token]", receiver.url));
        assert_eq!(document["taken"], 0);
        assert!(!said.out.contains(TOKEN) && !said.err.contains(TOKEN), "{said:#?}");
        assert_eq!(receiver.came().len(), 1);
    }
    assert_eq!(elsewhere.came().len(), 0);
}

#[test]
fn a_receiver_that_hangs_is_left_in_time() {
    for reply in ["", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\no"] {
        let receiver = Receiver::start(move |_| Reply::Hang(reply.to_owned()));
        let said = run(trigger(&receiver.url, &["detect", "--timeout", "300ms", "--json"]));
        assert_eq!(document(&said, 5)["deliveries"][0]["kind"], "request_timeout");
        assert!(said.error(5)["message"].as_str().unwrap().contains("no answer within 300 ms"), "{said:#?}");
    }
}

#[test]
fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cb/{TOKEN}", listener.local_addr().unwrap());
    drop(listener);
    let said = run(trigger(&url, &["detect"]));
    assert_eq!(said.code, Some(5), "{said:#?}");
    assert!(said.out.starts_with("-\t") && said.out.ends_with("\tnot taken\n"), "{said:#?}");
    assert!(said.err.contains("error: no connection"), "{said:#?}");
    assert!(!said.err.contains(TOKEN));
    let error = run(trigger("https://no-such-host.invalid/", &["detect", "--json"])).error(5);
    assert_eq!(error["kind"], "connection");
}

#[test]
fn duplicates_are_the_same_bytes() {
    let count = AtomicU32::new(0);
    let receiver =
        Receiver::start(move |_| Reply::status(if count.fetch_add(1, Ordering::Relaxed) == 1 { 503 } else { 200 }));
    let said = run(trigger(&receiver.url, &["match", "--times", "3"]));
    assert_eq!(said.code, Some(5), "{said:#?}");
    let statuses: Vec<_> = said.out.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(statuses, ["200", "503", "200"]);
    assert!(said.err.contains("1 of 3 deliveries were not taken; the first: 503 came"), "{said:#?}");
    let came = receiver.came();
    assert_eq!(came.len(), 3);
    assert!(came.iter().all(|received| received.body == came[0].body));
}

#[test]
fn values_are_set_and_what_is_printed_is_what_would_be_sent() {
    let set =
        ["--set", "imageResults[0].status=SPIDERWEBS_ERROR", "--set", "status=COMPLETED_ALL_ERROR", "--set", "new=[1]"];
    let mut command = ii(&[&["trigger", "detect", "--print"], &set[..]].concat());
    command.env("II_WEBHOOK_SECRET", SECRET);
    let said = run(command);
    let body = said.json();
    assert_eq!(body["imageResults"][0]["status"], "SPIDERWEBS_ERROR");
    assert_eq!((&body["status"], &body["new"]), (&"COMPLETED_ALL_ERROR".into(), &json!([1])));
    assert_eq!(said.err, "", "a job's webhook is not signed");

    let receiver = Receiver::status(200);
    let again = run_with_stdin(trigger(&receiver.url, &["--body", "-"]), said.out.as_bytes());
    assert_eq!(again.code, Some(0), "{again:#?}");
    assert_eq!(receiver.came()[0].body, said.out.as_bytes());

    let mut command = ii(&["trigger", "identity.updated", "--print"]);
    command.env("II_WEBHOOK_SECRET", SECRET);
    let said = run(command);
    let signature = said.err.trim_end().strip_prefix("X-Niro-Signature: ").unwrap().as_bytes();
    let headers = [("x-niro-signature", signature)];
    verify_signature(headers, said.out.as_bytes(), &[SECRET.into()], &SignatureOptions::default()).unwrap();

    let error = run(ii(&["trigger", "detect", "--to", &receiver.url, "--set", "images[9].id=x", "--json"])).error(2);
    assert!(error["message"].as_str().unwrap().contains("images is not there, and has no [9]"), "{error}");
    assert_eq!(receiver.came().len(), 1);
}

#[test]
fn headers_are_added_or_take_the_place_of_ours() {
    let receiver = Receiver::status(200);
    let lines =
        ["--header", "X-Trace: a:b", "--header", "content-type: text/plain", "--header", "X-Niro-Signature: sha256=00"];
    let directory = tempfile::tempdir().unwrap();
    let secret = secret_file(&directory);
    let arguments = [&["ask", "--secret-key-file", &secret], &lines[..]].concat();
    assert_eq!(run(trigger(&receiver.url, &arguments)).code, Some(0));
    let received = receiver.came().pop().unwrap();
    assert_eq!(received.all("x-trace"), ["a:b"]);
    assert_eq!(received.all("content-type"), ["text/plain"]);
    assert_eq!(received.all("x-niro-signature"), ["sha256=00"]);
    for header in ["hunter2", "a b: hunter2", "X-Key: hunter2\u{7f}", "Content-Length: 7"] {
        let said = run(trigger(&receiver.url, &["ask", "--json", "--header", header]));
        assert!(said.error(2)["message"].as_str().unwrap().starts_with("--header"), "{said:#?}");
        assert!(!said.err.contains("hunter2"), "{said:#?}");
    }
}

#[test]
fn the_command_line_takes_no_secret_and_nothing_without_a_place_to_go() {
    for secret in [&["--secret", "hunter2"][..], &["--secret=hunter2"]] {
        let said = run(trigger("http://127.0.0.1:9", &[&["detect"], secret].concat()));
        assert_eq!(said.code, Some(2));
        assert!(!said.err.contains("hunter2"), "{said:#?}");
    }
    for (arguments, part) in [
        (&["trigger", "detect"][..], "--to"),
        (&["trigger", "--to", "http://127.0.0.1:9"], "EVENT"),
        (&["trigger", "video", "--to", "http://127.0.0.1:9"], "identity.created"),
        (&["trigger", "detect", "--to", "127.0.0.1:9"], "--to: "),
        (
            &["trigger", "detect", "--to", "http://127.0.0.1:9", "--secret-key-file", "no-such-file"],
            "it cannot be read",
        ),
        (
            &["trigger", "--to", "http://127.0.0.1:9", "--body", "no-such-file"],
            "--body no-such-file: it cannot be read",
        ),
    ] {
        let said = run(ii(arguments));
        assert_eq!(said.code, Some(2), "{said:#?}");
        assert!(said.err.contains(part), "{part}: {said:#?}");
    }
}
