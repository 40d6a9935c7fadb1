//! Answers that are out of the ordinary: no picture is passed over in silence.

use serde_json::{Value, json};

use crate::process::{Said, photo, run};
use crate::scripted::{ii_at, job, scripted};

/// What `ii detect` of two photos says to a job that ended so.
fn detect(images: &[(usize, Value)], more: &[&str]) -> Said {
    let images = images.to_vec();
    let posted = std::sync::Mutex::new(String::new());
    let base = scripted(move |request, body| {
        let mut posted = posted.lock().unwrap();
        if request.starts_with("POST") {
            body.clone_into(&mut posted);
        }
        job("COMPLETED_SUCCESSFULLY", &posted, &images).into()
    });
    let (astronaut, rocket) = (photo("astronaut.jpg"), photo("rocket.jpg"));
    run(ii_at(&base, &[&["detect", &astronaut, &rocket, "--class", "person"], more].concat()))
}

fn done() -> Value {
    json!({"id": "a", "status": "COMPLETED_SUCCESSFULLY", "objects": []})
}

#[test]
fn a_status_that_nobody_knows_is_said() {
    let images = [(0, done()), (1, json!({"id": "b", "status": "FOG_ERROR"}))];
    let said = detect(&images, &[]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.err.contains("rocket.jpg: status FOG_ERROR, which this version does not know"), "{said:#?}");
    let said = detect(&images, &["--ndjson"]);
    assert!(said.out.lines().nth(1).unwrap().contains("FOG_ERROR"), "{said:#?}");
}

#[test]
fn a_picture_that_the_answer_leaves_out_is_said() {
    let images = [(0, done())];
    let said = detect(&images, &[]);
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(said.err.contains("rocket.jpg: not in the answer"), "{said:#?}");
    let said = detect(&images, &["--json"]);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &document["missing"][0]["index"]), (Some(3), &1.into()));
    assert_eq!(document["missing"][0]["source"], photo("rocket.jpg"));
    let said = detect(&images, &["--ndjson"]);
    let line: Value = serde_json::from_str(said.out.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&line["missing"], &line["input"]["index"]), (&true.into(), &1.into()));
}

#[test]
fn findings_beside_an_error_do_not_contradict_it() {
    let object = json!({"class": "person", "confidence": 0.9});
    let images = [(0, done()), (1, json!({"id": "b", "status": "MODEL_SERVICE_ERROR", "objects": [object]}))];
    let said = detect(&images, &[]);
    assert!(said.err.contains("rocket.jpg: found something, but MODEL_SERVICE_ERROR: no model"), "{said:#?}");
    assert!(!said.err.contains("not looked at"), "{said:#?}");
}
