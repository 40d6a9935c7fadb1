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
    let said = run(command);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let row = |picture: &str| {
        let row = said.out.lines().find(|line| line.starts_with(picture)).unwrap();
        row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("astronaut.jpg")[1..3], ["file", "person"]);
    assert_eq!(row("chelsea.jpg")[1..3], ["url", "cat"]);
    assert_eq!(row("rocket.jpg")[1..], ["url", "nothing", "asked", "for", "-"]);
    assert!(said.out.contains("Client::from_env()?"));
    assert!(!said.out.contains('\x1b') && said.err.is_empty(), "no colours and no bar in a pipe: {said:#?}");
}
