//! `ii feedback`: where a detect job was wrong.

use serde_json::json;

use crate::process::{Server, ii, photo, run};

#[test]
fn it_is_given_read_and_listed() {
    let server = Server::start();
    let job = server.run(&["detect", &photo("rocket.jpg"), "--class", "cat", "--json"]).json();
    let (id, token) = (job["id"].as_str().unwrap(), job["resumeToken"].as_str().unwrap());
    let give = ["feedback", "give", token, "--false-positive", "person", "--false-negative", "cat"];
    let given = server.run(&[&give[..], &["--json"]].concat()).json();
    let classes = json!([{"class": "person", "code": "FALSE_POSITIVE"}, {"class": "cat", "code": "FALSE_NEGATIVE"}]);
    assert_eq!((&given["jobId"], &given["classes"]), (&id.into(), &classes));
    let feedback = given["id"].as_str().unwrap();
    assert_eq!(server.run(&["feedback", "get", feedback, "--json"]).json()["id"], feedback);
    let text = server.run(&["feedback", "get", feedback]).out;
    assert!(text.contains("classes\tperson FALSE_POSITIVE, cat FALSE_NEGATIVE\n"), "{text}");

    assert_eq!(server.run(&["feedback", "list", "--job", id, "--json"]).json(), json!([given]));
    assert_eq!(server.run(&["feedback", "list", "--ndjson"]).json(), given);
    let said = server.run(&["feedback", "list", "--job", token]);
    assert_eq!(said.out.lines().count(), 2);
    assert!(said.out.starts_with(&format!("{feedback}\t{id}\tperson\tFALSE_POSITIVE\t20")), "{said:#?}");
    let said = server.run(&["feedback", "list", "--job", "other"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", "no feedback\n"));
}

#[test]
fn what_is_wrong_is_told() {
    let error = run(ii(&["feedback", "give", "f9d73f87", "--json"])).error(2);
    assert!(error["message"].as_str().unwrap().contains("--false-positive"), "{error}");

    let server = Server::with(&["--progression", "never"]);
    let asked = server.run(&["ask", "Is it?", &photo("rocket.jpg"), "--no-wait", "--json"]).json();
    let token = asked["resumeToken"].as_str().unwrap();
    let error = server.run(&["feedback", "give", token, "--false-positive", "cat", "--json"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("jobId: the resume token is of a job of kind ask"), "{error}");
    let error = server.run(&["feedback", "give", "f9d73f87", "--false-positive", " ", "--json"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("classes[0].class"), "{error}");
    assert_eq!(server.run(&["feedback", "get", "nothing", "--json"]).error(5)["kind"], "not_found");
}
