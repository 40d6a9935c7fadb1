//! `ii detect`: whatever the pictures are given as, and however the result is wanted.

use serde_json::Value;

use crate::process::{Server, photo, photo_host, run_with_stdin};

fn fields(out: &str) -> Vec<Vec<&str>> {
    out.lines().map(|line| line.split('\t').collect()).collect()
}

#[test]
fn files_patterns_directories_urls_and_stdin() {
    let server = Server::start();
    let (astronaut, pattern, directory) = (photo("astronaut.jpg"), photo("ch*.jpg"), photo(""));
    let url = format!("{}/some/cat.jpg", photo_host("chelsea.jpg"));
    let bytes = std::fs::read(&astronaut).unwrap();
    let command = server.ii(&[
        "detect",
        &astronaut,
        &pattern,
        &directory,
        &url,
        "-",
        "--class",
        "person",
        "--class",
        "cat:never",
    ]);
    let said = run_with_stdin(command, &bytes);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:#?}");
    let rows = fields(&said.out);
    let short: Vec<_> = rows.iter().map(|row| (row[0].rsplit('/').next().unwrap(), row[1])).collect();
    assert_eq!(
        short,
        [
            ("astronaut.jpg", "person"),
            ("chelsea.jpg", "cat"),
            ("astronaut.jpg", "person"),
            ("chelsea.jpg", "cat"),
            ("coffee.jpg", "-"),
            ("rocket.jpg", "-"),
            ("cat.jpg", "cat"),
            ("-", "person"),
        ]
    );
    assert_eq!(rows[6][0], url);
    assert!((rows[0][2].parse::<f64>().unwrap() - 0.73).abs() <= 0.03);
}

#[test]
fn json_is_one_document_and_ndjson_a_line_a_picture() {
    let server = Server::start();
    let (astronaut, rocket) = (photo("astronaut.jpg"), photo("rocket.jpg"));
    let arguments =
        ["detect", &rocket, &astronaut, "--class", "person", "--boxes", "--custom-id", "a", "--feed-id", "b"];
    let document = server.run(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!((&document["status"], &document["customId"]), (&"COMPLETED_SUCCESSFULLY".into(), &"a".into()));
    assert_eq!(document["feedId"], "b");
    assert!(document["resumeToken"].as_str().unwrap().starts_with("ii1_"));
    assert_eq!(document["jobResults"][0]["image"]["input"]["source"], astronaut);
    let results = document["imageResults"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(
        (&results[0]["input"]["source"], &results[0]["objects"]),
        (&rocket.clone().into(), &Value::Array(vec![]))
    );
    let object = &results[1]["objects"][0];
    assert_eq!(object["class"], "person");
    let corner = |name: &str| object["boundingBox"][name].as_f64().unwrap();
    for (name, expected) in [("xMin", 15.0), ("yMin", 14.0), ("xMax", 363.0), ("yMax", 508.0)] {
        assert!((corner(name) - expected).abs() <= 3.0, "{object}");
    }

    let said = server.run(&[&arguments[..], &["--ndjson"]].concat());
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["input"]["source"], astronaut);
    assert_eq!(lines[1]["jobId"], lines[0]["jobId"]);
    assert_eq!(lines[1]["objects"][0]["class"], "person");
}

#[test]
fn what_lies_in_a_zone_is_not_found() {
    let server = Server::start();
    let astronaut = photo("astronaut.jpg");
    let found = |zones: &[&str]| {
        let arguments = [&["detect", &astronaut, "--class", "person"], zones].concat();
        server.run(&arguments).out.contains("\tperson\t")
    };
    assert!(found(&["--zone", "0.9,0,1,1"]));
    assert!(!found(&["--zone", "0,0,1,1"]));
    assert!(!found(&["--zone", "person=11/11"]));
}

#[test]
fn a_picture_that_cannot_be_looked_at_is_said_and_ends_with_3() {
    let server = Server::start();
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("letter.jpg");
    std::fs::write(&text, "Dear detector, this is no picture.").unwrap();
    let (text, astronaut) = (text.to_str().unwrap(), photo("astronaut.jpg"));

    let said = server.run(&["detect", text, &astronaut, "--class", "person"]);
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert_eq!(fields(&said.out)[0][1], "person");
    assert!(
        said.err.contains("letter.jpg: INVALID_IMAGE_FORMAT_ERROR: not a picture: the bytes start with"),
        "{said:#?}"
    );

    let line = server.run(&["detect", text, "--class", "person", "--ndjson"]);
    assert!(line.out.contains(r#""advice":"not a picture: the bytes start with"#), "{line:#?}");

    let said = server.run(&["detect", text, "--class", "person", "--json"]);
    assert_eq!(said.code, Some(3));
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["status"], "COMPLETED_ALL_ERROR");
    assert_eq!(document["imageResults"][0]["status"], "INVALID_IMAGE_FORMAT_ERROR");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let server = Server::start();
    let mut child = server.ii(&["detect", &photo(""), "--class", "person", "--json"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
