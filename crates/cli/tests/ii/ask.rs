//! `ii match` and `ii ask`: one answer about all the pictures.

use serde_json::{Value, json};

use crate::process::{Server, ii, photo, photo_host, run};

const REX: &str = "https://example.com/rex.jpg";

fn lines(out: &str) -> Vec<(String, String)> {
    let split = |line: &str| line.split_once('\t').map(|(picture, answer)| (picture.to_owned(), answer.to_owned()));
    out.lines().map(|line| split(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

#[test]
fn a_target_is_in_one_of_them() {
    let server = Server::start();
    let (yard, street) = (photo_host("chelsea.jpg") + "/yard.jpg", photo("rocket.jpg"));
    server.answers(&json!([
        {"kind": "match", "image": "*", "matches": false},
        {"kind": "match", "image": yard, "target": "rex", "matches": true, "hitl": true}
    ]));
    let arguments = [
        "match",
        &street,
        &yard,
        "--target",
        "dog",
        "--shows",
        REX,
        "--target-id",
        "rex",
        "--feed-id",
        "cam",
        "-c",
        "x",
    ];
    assert_eq!(server.run(&arguments).code, Some(2), "-c is of detect alone");
    let arguments = &arguments[..11];
    let said = server.run(arguments);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:#?}");
    assert_eq!(lines(&said.out), [(street.clone(), "-".into()), (yard.clone(), "yes".into())]);

    let document = server.run(&[arguments, &["--json"]].concat()).json();
    assert_eq!((&document["feedId"], &document["status"]), (&"cam".into(), &"COMPLETED_SUCCESSFULLY".into()));
    let result = &document["jobResults"];
    assert_eq!(result["target"], json!({"class": "dog", "customId": "rex", "images": [REX]}));
    assert_eq!((&result["image"]["input"]["source"], &result["hitl"]), (&yard.clone().into(), &true.into()));
    assert_eq!(document["imageResults"].as_array().unwrap().len(), 2);
    assert!(document["imageResults"][0].get("objects").is_none());
    assert!(document["resumeToken"].as_str().unwrap().starts_with("ii1_"));

    let said = server.run(&[arguments, &["--ndjson"]].concat());
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["chosen"], &lines[1]["chosen"]), (&false.into(), &true.into()));
    assert_eq!(lines[1]["input"]["source"], yard);

    let other = server.run(&["match", &yard, "--target", "cat", "--shows", REX]);
    assert_eq!(lines_of_answers(&other.out), ["no"], "{other:#?}");
}

fn lines_of_answers(out: &str) -> Vec<String> {
    lines(out).into_iter().map(|(_, answer)| answer).collect()
}

#[test]
fn a_question_is_answered() {
    let server = Server::start();
    let (open, shut) = (photo_host("coffee.jpg") + "/a.jpg", photo("chelsea.jpg"));
    server.answers(&json!([
        {"kind": "ask", "image": "*", "answer": "no"},
        {"kind": "ask", "image": open, "question": "Is the door open?", "answer": "yes"}
    ]));
    let said = server.run(&["ask", "Is the door open?", &shut, &open, "--yes", REX, "--no", REX, "--no", REX]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:#?}");
    assert_eq!(lines_of_answers(&said.out), ["-", "yes"]);
    let document = server.run(&["ask", "Is it a cat?", &shut, "--no", REX, "--json"]).json();
    assert_eq!(document["question"], "Is it a cat?");
    assert_eq!(document["examples"], json!({"no": [REX]}));
    assert_eq!(document["jobResults"], json!({}));
    assert_eq!(document["imageResults"][0]["input"]["source"], shut);
    assert_eq!(lines_of_answers(&server.run(&["ask", "Is it a cat?", &shut]).out), ["no"]);
}

#[test]
fn pictures_without_an_answer_end_with_3() {
    let server = Server::start();
    server.answers(&json!({"kind": "ask", "image": "*", "status": "SPIDERWEBS_ERROR"}));
    let chelsea = photo("chelsea.jpg");
    for arguments in [&["ask", "Is it a cat?"][..], &["match", "--target", "dog", "--shows", REX]] {
        let arguments = [arguments, &[chelsea.as_str()]].concat();
        let said = server.run(&arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{said:#?}");
        assert!(said.err.contains("not looked at:") && said.err.contains("_ERROR"), "{said:#?}");
    }
}

#[test]
fn no_wait_a_time_out_and_a_webhook() {
    let server = Server::with(&["--progression", "never"]);
    let hook = "https://hooks.example.com/ii";
    let rocket = photo("rocket.jpg");
    for arguments in [
        &["ask", "Is it a cat?"][..],
        &["match", "--target", "dog", "--shows", REX],
        &["recognize", "-n", "our staff"],
        &["detect", "--class", "cat"],
    ] {
        let arguments = [arguments, &[rocket.as_str()]].concat();
        let options = ["--no-wait", "--webhook-url", hook, "--custom-id", "crate-17", "--json"];
        let submitted = server.run(&[&arguments[..], &options].concat()).json();
        let token = submitted["resumeToken"].as_str().unwrap();
        assert_eq!(submitted["customId"], "crate-17");
        let job = server.run(&["jobs", "get", token, "--json"]).json();
        assert_eq!((&job["webhookUrl"], &job["status"]), (&hook.into(), &"IN_PROGRESS".into()), "{job}");

        let error = server.run(&[&arguments[..], &["--timeout", "1s", "--json"]].concat()).error(4);
        assert_eq!((&error["kind"], &error["lastStatus"]), (&"wait_timeout".into(), &"IN_PROGRESS".into()));
        assert!(error["message"].as_str().unwrap().contains(&format!(" {} job ", arguments[0])), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("ii jobs wait ii1_"), "{error}");
    }
}

#[test]
fn what_is_wrong_is_told_with_the_way_out() {
    let rocket = photo("rocket.jpg");
    let refused = |arguments: &[&str]| {
        let arguments = [arguments, &["--base-url", "http://127.0.0.1:9/v2", "--json"]].concat();
        run(ii(&arguments)).error(2)
    };
    let four = ["--shows", REX, "--shows", REX, "--shows", REX, "--shows", REX];
    let (long, longer) = ("?".repeat(257), "x".repeat(65));
    for (arguments, kind, advice) in [
        (&["match", &rocket, "--target", "dog"][..], "config", "--shows"),
        (&["match", &rocket, "--shows", REX], "config", "--target"),
        (&[&["match", &rocket, "--target", "dog"][..], &four].concat(), "invalid_request", "target.images: 4 given"),
        (&["match", &rocket, "--target", "dog", "--shows", "rex.jpg"], "invalid_request", "target.images[0]"),
        (&["match", &rocket, "--target", " ", "--shows", REX], "invalid_request", "target.class"),
        (
            &["match", &rocket, "--target", "dog", "--shows", REX, "--target-id", &longer],
            "invalid_request",
            "target.customId",
        ),
        (&["ask", &rocket, &rocket], "invalid_request", "is a picture"),
        (&["ask", "https://example.com/a.jpg", &rocket], "invalid_request", "is a picture"),
        (&["ask", &long, &rocket], "invalid_request", "question: 257 characters given"),
        (&["ask", " ", &rocket], "invalid_request", "question: empty"),
        (&["ask", "Is it?"], "config", "<IMAGE>"),
        (&["ask", "Is it?", &rocket, "--yes", "a.jpg"], "invalid_request", "examples.yes[0]"),
        (&["ask", "Is it?", &rocket, "--webhook-url", "x"], "invalid_request", "webhookUrl"),
        (&["recognize", &rocket], "config", "--namespace"),
        (&["recognize", &rocket, "-n", ""], "invalid_request", "namespace"),
    ] {
        let error = refused(arguments);
        assert_eq!(error["kind"], kind, "{error}");
        assert!(error["message"].as_str().unwrap().contains(advice), "{advice}: {error}");
    }
    let error = refused(&["ask", &rocket, &rocket]);
    assert!(error["hint"].as_str().unwrap().contains("the question comes first"), "{error}");
}
