//! Errors: the exit code, the kind, and advice that a person can follow.

use crate::process::{Server, ii, photo, run};

#[test]
fn an_invalid_request_is_refused_here() {
    let astronaut = photo("astronaut.jpg");
    let refused = |arguments: &[&str]| {
        let arguments = [&["detect", "--base-url", "http://127.0.0.1:9/v2"], arguments, &["--json"]].concat();
        run(ii(&arguments)).error(2)
    };
    for (arguments, kind, advice) in [
        (&["no-such.jpg", "--class", "person"][..], "invalid_request", "there is no file \"no-such.jpg\""),
        (&["no-such-*.jpg", "--class", "person"], "invalid_request", "no file matches"),
        (&["ftp://example.com/a.jpg", "--class", "person"], "invalid_request", "not an http:// or https:// URL"),
        (&["-", "-", "--class", "person"], "invalid_request", "stdin can be read once"),
        (&["-", "--class", "person"], "invalid_request", "nothing came on stdin"),
        (&[&astronaut, "--class", "person", "--zone", "persn=0,0,1,1"], "invalid_request", "not a class"),
        (&[&astronaut, "--class", "person", "--feed-id", &"x".repeat(65)], "invalid_request", "65 characters given"),
        (&[&astronaut, "--class", "person", "--zone", "1,2,3"], "config", "LEFT,TOP,RIGHT,BOTTOM"),
        (&[&astronaut, "--class", "car:nevr"], "config", "never, auto, always"),
        (&[&astronaut, "--class", "car", "--timeout", "soon"], "config", "60s, 15m or 1h"),
        (&[&astronaut], "config", "--class"),
    ] {
        let error = refused(arguments);
        assert_eq!(error["kind"], kind, "{error}");
        assert!(error["message"].as_str().unwrap().contains(advice), "{error}");
        assert_eq!(error["retryable"], false);
    }
}

#[test]
fn what_only_one_job_has_takes_at_most_64_pictures() {
    let server = Server::start();
    let rocket = photo("rocket.jpg");
    let many = vec![rocket.as_str(); 65];
    for option in [&["--no-wait"][..], &["--custom-id", "c"]] {
        let error = server.run(&[&["detect", "--class", "person", "--json"], option, &many[..]].concat()).error(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(option[0]) && message.contains("at most 64 pictures"), "{error}");
        assert!(error["hint"].is_string(), "{error}");
    }
    let most = [&["detect", "--class", "person", "--no-wait", "--json"], &many[..64]].concat();
    assert_eq!(server.run(&most).json()["status"], "IN_PROGRESS");
}

#[test]
fn missing_and_wrong_credentials() {
    let astronaut = photo("astronaut.jpg");
    let arguments = ["detect", &astronaut, "--class", "person", "--json"];
    let error = run(ii(&arguments)).error(2);
    assert_eq!(error["kind"], "config");
    assert!(error["message"].as_str().unwrap().contains("II_CLIENT_ID and II_CLIENT_SECRET are not set"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("ii serve"), "{error}");

    let server = Server::start();
    let mut wrong = server.ii(&arguments);
    wrong.env("II_CLIENT_ID", "local").env("II_CLIENT_SECRET", "not-the-secret-at-all");
    let said = run(wrong);
    let error = said.error(5);
    assert_eq!((&error["kind"], &error["status"]), (&"authentication".into(), &401.into()));
    assert!(!said.err.contains("not-the-secret-at-all"));

    let mut half = server.ii(&arguments);
    half.env("II_CLIENT_ID", "local");
    assert!(run(half).error(2)["message"].as_str().unwrap().contains("II_CLIENT_SECRET is not set"));
}

#[test]
fn nobody_there_is_told_with_the_way_out() {
    let said =
        run(ii(&["detect", &photo("astronaut.jpg"), "--class", "person", "--base-url", "http://127.0.0.1:9/v2"]));
    assert_eq!(said.code, Some(5), "{said:#?}");
    assert!(said.err.starts_with("error: ") && said.err.contains("`ii serve` starts one"), "{said:#?}");
}

#[test]
fn verbose_says_much_and_no_secret() {
    let server = Server::start();
    let said = server.run(&["detect", &photo("rocket.jpg"), "--class", "person", "-vvv"]);
    assert_eq!(said.code, Some(0));
    assert!(said.err.contains("POST") && said.err.contains("submitted"), "{}", said.err);
    assert!(!said.err.to_lowercase().contains("bearer"), "{}", said.err);
}

/// A variable of the shell that is not set must not send credentials and pictures elsewhere.
#[test]
fn an_empty_base_url_is_not_the_public_one() {
    let said = run(ii(&["token", "--base-url", ""]));
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(said.err.contains("--base-url: empty"), "{said:#?}");
}
