//! `ii demo`: works with nothing prepared, and finds what is in the photos.

use serde_json::Value;

use crate::process::{ii, run};

fn objects(document: &Value, picture: &str) -> Vec<(String, f64)> {
    let results = document["imageResults"].as_array().unwrap();
    let result = results.iter().find(|result| result["input"]["source"] == picture).unwrap();
    assert_eq!(result["status"], "COMPLETED_SUCCESSFULLY");
    let object =
        |object: &Value| (object["class"].as_str().unwrap().to_owned(), object["confidence"].as_f64().unwrap());
    result["objects"].as_array().unwrap().iter().map(object).collect()
}

#[test]
fn the_document_says_what_was_found() {
    let document = run(ii(&["demo", "--json"])).json();
    let astronaut = objects(&document, "astronaut.jpg");
    assert_eq!(astronaut[0].0, "person");
    assert!((astronaut[0].1 - 0.73).abs() <= 0.03, "{astronaut:?}");
    assert_eq!(objects(&document, "chelsea.jpg")[0].0, "cat");
    assert_eq!(objects(&document, "rocket.jpg"), []);
    let sent: Vec<_> = document["imageResults"].as_array().unwrap().iter().map(|one| &one["input"]["sent"]).collect();
    assert_eq!(sent, ["file", "url", "file", "url"]);
}

#[test]
fn the_table_says_the_same_whatever_the_environment() {
    let mut command = ii(&["demo"]);
    command.env("II_BASE_URL", "https://nowhere.invalid").env("II_CLIENT_ID", "x").env("II_CLIENT_SECRET", "y");
    command.env("II_CALLBACK_KEYS", "no key").env("II_INBOX", "/nowhere/inbox.db");
    let said = run(command);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let row = |picture: &str| {
        let row = said.out.lines().find(|line| line.starts_with(picture)).unwrap();
        row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("astronaut.jpg")[1..3], ["file", "person"]);
    assert_eq!(row("chelsea.jpg")[1..3], ["url", "cat"]);
    assert_eq!(row("rocket.jpg")[1..], ["url", "nothing", "asked", "for", "-"]);
    assert!(said.out.contains(".from_env().webhooks(&receiver).build()?"));
    assert!(!said.out.contains('\x1b') && said.err.is_empty(), "no colours and no bar in a pipe: {said:#?}");
}

#[test]
fn the_result_comes_by_webhook_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = ii(&["demo"]);
    command.env("TMPDIR", folder.path()).env("TMP", folder.path()).env("TEMP", folder.path());
    let said = run(command);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.out.contains("The result came by webhook, to a receiver at http://127.0.0.1:"), "{said:#?}");
    assert!(said.out.contains("answered 200, and found to be what the server itself says."), "{said:#?}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert!(left.is_empty(), "{left:?}");

    let document = run(ii(&["demo", "--json"])).json();
    // The callback URL that was minted for it is a secret, and stays out of it.
    assert!(document.get("webhookUrl").is_none() && !document.to_string().contains("/cb/"), "{document}");
}

#[test]
fn polled_there_is_no_webhook() {
    let said = run(ii(&["demo", "--poll"]));
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.out.contains("asked until it was done (--poll)") && !said.out.contains("webhook"), "{said:#?}");
    assert!(said.out.contains("Client::from_env()?"), "{said:#?}");
    let document = run(ii(&["demo", "--poll", "--json"])).json();
    assert!(document.get("webhookUrl").is_none(), "{document}");
    assert_eq!(objects(&document, "chelsea.jpg")[0].0, "cat");
}

#[test]
fn without_room_for_the_inbox_it_says_so() {
    let mut command = ii(&["demo", "--json"]);
    for name in ["TMPDIR", "TMP", "TEMP"] {
        command.env(name, "/nowhere/at/all");
    }
    let error = run(command).error(2);
    assert!(error["message"].as_str().unwrap().contains("no folder can be made in /nowhere/at/all"), "{error}");
}
