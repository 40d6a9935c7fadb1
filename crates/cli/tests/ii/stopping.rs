//! What a command leaves behind when it is stopped, runs out of time, or cannot be heard.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::process::{Server, photo, run};
use crate::scripted::{Answer, ii_at, job, scripted};

const SLOW: Duration = Duration::from_secs(30);

#[test]
fn a_slow_first_look_is_within_the_limit() {
    let base = scripted(|_, _| Answer(SLOW, json!({})));
    let began = Instant::now();
    let error = run(ii_at(&base, &["jobs", "wait", "f9d73f87", "--timeout", "1s", "--json"])).error(4);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(error["kind"], "wait_timeout");
    assert!(error["hint"].as_str().unwrap().contains("ii jobs wait f9d73f87"), "{error}");
}

#[test]
fn what_the_submit_took_is_taken_off_the_wait() {
    let base = scripted(|request, body| {
        let pause = if request.starts_with("POST") { Duration::from_secs(3) } else { Duration::ZERO };
        Answer(pause, job("IN_PROGRESS", body, &[]))
    });
    let began = Instant::now();
    let arguments = ["detect", &photo("rocket.jpg"), "--class", "person", "--timeout", "4s", "--json"];
    let error = run(ii_at(&base, &arguments)).error(4);
    assert!(began.elapsed() < Duration::from_millis(6500), "{:?}", began.elapsed());
    assert_eq!((&error["kind"], &error["lastStatus"]), (&"wait_timeout".into(), &"IN_PROGRESS".into()));
    assert!(error["resumeToken"].is_string(), "{error}");
}

#[test]
fn a_job_is_found_by_its_custom_id() {
    let server = Server::start();
    let arguments =
        ["detect", &photo("rocket.jpg"), "--class", "person", "--custom-id", "crate 17", "--no-wait", "--json"];
    let id = server.run(&arguments).json()["id"].clone();
    let found = server.run(&["jobs", "find", "--custom-id", "crate 17", "--json"]).json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &id));
    assert!(found[0]["status"].is_string() && found[0]["createdAt"].is_i64(), "{found}");
    let line = server.run(&["jobs", "find", "--custom-id", "crate 17", "--ndjson"]).json();
    assert_eq!(line["customId"], "crate 17");
    let said = server.run(&["jobs", "find", "--custom-id", "crate 17"]);
    let fields: Vec<_> = said.out.trim_end().split('\t').collect();
    assert_eq!((fields.len(), fields[0]), (3, id.as_str().unwrap()), "{said:#?}");
    assert!(fields[2].starts_with("20") && fields[2].ends_with('Z'), "{said:#?}");

    assert_eq!(server.run(&["jobs", "find", "--custom-id", "nobody", "--json"]).json(), json!([]));
    let said = server.run(&["jobs", "find", "--custom-id", "nobody"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    assert!(said.err.contains("no job with the customId nobody"), "{said:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_that_cannot_be_written_is_said_on_stderr() {
    let server = Server::start();
    let mut command = server.ii(&["detect", &photo("rocket.jpg"), "--class", "person", "--no-wait"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let said = run(command);
    assert_eq!(said.code, Some(2), "{said:#?}");
    let token = said.err.split_whitespace().find(|word| word.starts_with("ii1_")).expect("a token");
    let job = server.run(&["jobs", "wait", token, "--json"]).json();
    assert!(said.err.contains(job["id"].as_str().unwrap()), "{said:#?}");
}

#[cfg(unix)]
mod signals {
    use super::*;
    use crate::process::{Running, ii};

    #[test]
    fn each_says_how_to_wait_on() {
        let server = Server::with(&["--progression", "never"]);
        for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
            if signal == "HUP" && cfg!(not(target_os = "linux")) {
                continue;
            }
            let waiting =
                Running::start(server.ii(&["detect", &photo("rocket.jpg"), "--class", "person", "--verbose"]));
            waiting.until_it_says("submitted");
            waiting.signal(signal);
            let (status, err) = waiting.end();
            assert_eq!(status.code(), Some(code), "{err}");
            assert!(err.contains("to wait on: ii jobs wait ii1_"), "{err}");
        }
    }

    #[test]
    fn while_sending_it_says_how_to_look_for_the_job() {
        let base = scripted(|_, _| Answer(SLOW, json!({})));
        let arguments =
            ["detect", &photo("rocket.jpg"), "--class", "person", "--custom-id", "crate 17", "--json", "-vv"];
        let sending = Running::start(ii_at(&base, &arguments));
        sending.until_it_says("POST");
        sending.signal("INT");
        let (status, err) = sending.end();
        assert_eq!(status.code(), Some(130), "{err}");
        assert!(err.contains("ii jobs find --custom-id 'crate 17'"), "{err}");
    }

    #[test]
    fn of_another_kind_the_hint_leads_there_too() {
        let base = scripted(|_, _| Answer(SLOW, json!({})));
        let rocket = photo("rocket.jpg");
        let ask = ["ask", "Is it?", &rocket, "--custom-id", "c"];
        let recognize = ["recognize", &rocket, "-n", "our staff", "--custom-id", "c"];
        let identity = ["identities", "create", "-n", "staff", "--custom-id", "c"];
        for (arguments, hint) in [
            (&ask[..], "ii jobs find --custom-id c --kind ask"),
            (&recognize, "ii jobs find --custom-id c --namespace 'our staff'"),
            (&identity, "ii identities list --namespace staff --custom-id c"),
            (&["jobs", "wait", "f9d73f87", "--kind", "match"], "to wait on: ii jobs wait f9d73f87 --kind match"),
        ] {
            let under_way = Running::start(ii_at(&base, &[arguments, &["-vv"]].concat()));
            under_way.until_it_says("oauth/token");
            under_way.signal("INT");
            let (status, err) = under_way.end();
            assert_eq!(status.code(), Some(130), "{err}");
            assert!(err.contains(hint), "{hint}: {err}");
        }
    }

    #[test]
    fn a_match_that_is_stopped_goes_on() {
        let server = Server::with(&["--progression", "never"]);
        let arguments =
            ["match", &photo("rocket.jpg"), "--target", "dog", "--shows", "https://example.com/rex.jpg", "-v"];
        let waiting = Running::start(server.ii(&arguments));
        waiting.until_it_says("submitted");
        waiting.signal("INT");
        let (status, err) = waiting.end();
        assert_eq!(status.code(), Some(130), "{err}");
        assert!(err.contains("stopped waiting; match job") && err.contains("ii jobs wait ii1_"), "{err}");
    }

    #[test]
    fn a_demo_that_is_stopped_leaves_nothing_to_wait_for() {
        let demo = Running::start(ii(&["demo", "--verbose"]));
        demo.until_it_says("submitted");
        demo.signal("INT");
        let (status, err) = demo.end();
        assert_eq!(status.code(), Some(130), "{err}");
        assert!(err.contains("error: stopped") && !err.contains("jobs wait"), "{err}");
    }
}
