//! The server's promise: match and ask jobs live as detect jobs do, and what nobody answered is never made up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use image_intelligence_core::{AskJob, ImageStatus, Kind, MatchJob};
use image_intelligence_server::{Answer, Answers, AskedPicture, Found, Server};
use serde_json::{Value, json};
use support::{error, image, sent, start};

fn matching(images: &[Value]) -> Value {
    let target = json!({"class": "dog", "customId": "rex", "images": ["https://example.com/rex.jpg"]});
    json!({"images": images, "target": target})
}

fn asking(images: &[Value]) -> Value {
    json!({"images": images, "question": "Is the door open?"})
}

fn three() -> [Value; 3] {
    [sent("hall", b"hall"), sent("door", b"door"), sent("yard", b"yard")]
}

#[tokio::test]
async fn a_match_job_answers_the_surest_picture() {
    let answers = Answers::new()
        .answer(Kind::Match, "hall", Answer::matches(0.7))
        .answer(Kind::Match, "door", Answer::matches(0.9).by_a_person())
        .answer(Kind::Match, "yard", Answer::no_match());
    let (_server, caller) = start(Server::builder().scripted(answers)).await;
    let mut request = matching(&three());
    request["customId"] = json!("night shift");
    request["feedId"] = json!("camera 1");
    request["webhookUrl"] = json!("https://example.com/hook");

    let job = caller.took("/match", &request).await;
    assert_eq!(job["status"], "IN_PROGRESS");
    assert_eq!(job["jobResults"], json!({"target": request["target"]}));
    let done = caller.ended(&format!("/match/{}", job["id"].as_str().unwrap())).await;
    assert_eq!(done["status"], "COMPLETED_SUCCESSFULLY");
    for echoed in ["id", "createdAt", "customId", "feedId", "webhookUrl"] {
        assert_eq!(done[echoed], job[echoed], "{echoed}");
        assert!(!done[echoed].is_null(), "{echoed}");
    }
    let door = image(&done, "door");
    let chosen = json!({"id": door["id"], "proxyUrl": door["proxyUrl"], "customId": "door"});
    assert_eq!(done["jobResults"], json!({"target": request["target"], "image": chosen, "hitl": true}));
    assert_eq!(door["status"], "COMPLETED_SUCCESSFULLY");
    assert_eq!(door.get("objects"), None);
    let read = MatchJob::from_json(done.to_string().as_bytes()).unwrap();
    assert_eq!(read.matched().unwrap().custom_id, Some("door"));
}

#[tokio::test]
async fn a_match_job_without_a_match_says_so() {
    let (_server, caller) =
        start(Server::builder().scripted(Answers::new().otherwise_answer(Kind::Match, Answer::no_match()))).await;
    let done = caller.ran("/match", &matching(&three())).await;
    assert_eq!(done["status"], "COMPLETED_SUCCESSFULLY");
    assert_eq!(done["jobResults"].get("image"), None);
    assert_eq!(done["jobResults"]["hitl"], false);
}

#[tokio::test]
async fn an_ask_job_answers_a_picture_whose_answer_is_yes() {
    let script = |picture: &AskedPicture<'_>| {
        let about = (picture.kind, picture.question?, picture.examples?.yes.as_ref()?.len());
        assert_eq!(about, (Kind::Ask, "Is the door open?", 1));
        Some(if picture.custom_id == Some("door") { Answer::yes() } else { Answer::no() })
    };
    let (_server, caller) = start(Server::builder().scripted(script)).await;
    let mut request = asking(&three());
    request["examples"] = json!({"yes": ["https://example.com/open.jpg"]});
    let done = caller.ran("/ask", &request).await;
    assert_eq!(done["status"], "COMPLETED_SUCCESSFULLY");
    assert_eq!((&done["question"], &done["examples"]), (&request["question"], &request["examples"]));
    assert_eq!(done["jobResults"]["image"]["customId"], "door");
    assert_eq!(AskJob::from_json(done.to_string().as_bytes()).unwrap().yes().unwrap().custom_id, Some("door"));

    request["images"] = json!([sent("hall", b"hall")]);
    assert_eq!(caller.ran("/ask", &request).await["jobResults"], json!({}));
}

#[tokio::test]
async fn what_nobody_answered_is_never_made_up() {
    // What a detect job would find says nothing of other questions.
    let answers = Answers::new().otherwise([Found::new("dog", 0.9)]);
    let (_server, caller) = start(Server::builder().scripted(answers)).await;
    let nowhere = json!({"url": "http://127.0.0.1:9/x", "customId": "nowhere"});
    let images = [sent("door", b"door"), nowhere];
    for (path, request) in [("/match", matching(&images)), ("/ask", asking(&images))] {
        let done = caller.ran(path, &request).await;
        assert_eq!(done["status"], "COMPLETED_ALL_ERROR", "{path}");
        assert_eq!(image(&done, "door")["status"], "MODEL_SERVICE_ERROR");
        assert_eq!(image(&done, "nowhere")["status"], "IMAGE_DOWNLOAD_ERROR");
        assert_eq!(done["jobResults"].get("image"), None);
        assert_ne!(done["jobResults"]["hitl"], true);
    }
}

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    let script = |_: &AskedPicture<'_>| Some(Answer::yes());
    let (_server, caller) = start(Server::builder().scripted(script)).await;
    let done = caller.ran("/match", &matching(&three())).await;
    assert_eq!(image(&done, "door")["status"], "MODEL_SERVICE_ERROR");
    let done = caller.ran("/ask", &asking(&three())).await;
    assert_eq!(done["jobResults"]["image"]["customId"], "hall", "the first of several");
}

#[tokio::test]
async fn one_bad_picture_does_not_sink_the_others() {
    let answers = Answers::new()
        .status("yard", ImageStatus::SpiderwebsError)
        .answer(Kind::Ask, "door", Answer::yes())
        .answer(Kind::Ask, "hall", Answer::no());
    let (_server, caller) = start(Server::builder().scripted(answers)).await;
    let done = caller.ran("/ask", &asking(&three())).await;
    assert_eq!(done["status"], "COMPLETED_PARTIAL_ERROR");
    assert_eq!(image(&done, "yard")["status"], "SPIDERWEBS_ERROR");
    assert_eq!(done["jobResults"]["image"]["customId"], "door");
}

#[tokio::test]
async fn a_job_is_found_under_its_own_kind_only() {
    let (_server, caller) = start(Server::builder().scripted(|_: &AskedPicture<'_>| Some(Answer::nothing()))).await;
    let named = |mut request: Value, name: &str| {
        request["customId"] = json!(name);
        request["feedId"] = json!("door");
        request
    };
    let matched = caller.ran("/match", &named(matching(&three()), "m")).await;
    let asked = caller.ran("/ask", &named(asking(&three()), "a")).await;
    for (path, status) in [("match", 200), ("ask", 404), ("detect", 404), ("recognize", 404)] {
        let path = format!("/{path}/{}", matched["id"].as_str().unwrap());
        assert_eq!(caller.status(&path).await, status, "{path}");
    }
    assert_eq!(caller.read("/match?feedId=door").await, json!([matched]));
    assert_eq!(caller.read("/ask?feedId=door&customId=a").await, json!([asked]));
    assert_eq!(caller.read("/detect?feedId=door").await, json!([]));
    assert_eq!(caller.read("/ask?after=1487648348&before=1487648349").await, json!([]));
    // The documents list 400 here; a job that is not there is a job that is not there.
    assert_eq!(error(caller.get("/match/unknown").await).await.0, 404);
}

#[tokio::test]
async fn each_limit_is_named_with_what_was_given() {
    let (_server, caller) = start(Server::builder()).await;
    let with = |mut request: Value, path: &str, value: Value| {
        *request.pointer_mut(path).unwrap() = value;
        request
    };
    let target = |path: &str, value| with(matching(&three()), &format!("/target{path}"), value);
    let long = format!("https://example.com/{}", "x".repeat(493));
    for (path, request, expected) in [
        ("/match", matching(&vec![sent("a", b"a"); 65]), "images: 65 given, at most 64"),
        ("/match", json!({"images": three()}), "the body: missing field `target`"),
        ("/match", target("/class", json!(" ")), "target.class: empty"),
        ("/match", target("/images", json!([])), "target.images: none given"),
        ("/match", target("/images", json!(vec!["https://example.com/a"; 4])), "target.images: 4 given, at most 3"),
        ("/match", target("/images", json!([long])), "target.images[0]: 513 characters given, at most 512"),
        ("/match", target("/images", json!(["rex.jpg"])), "target.images[0]: \"rex.jpg\" is not a URL"),
        ("/match", target("/customId", json!("é".repeat(65))), "target.customId: 65 characters given, at most 64"),
        ("/match", target("", json!("dog")), "target: invalid type"),
        ("/ask", asking(&[]), "images: none given"),
        ("/ask", with(asking(&three()), "/question", json!("日".repeat(257))), "question: 257 characters given"),
        ("/ask", with(asking(&three()), "/question", json!("")), "question: empty"),
        ("/ask", with(asking(&three()), "/question", json!(["why"])), "question: invalid type"),
        ("/ask", with(asking(&three()), "", json!([1])), "the body: an array given"),
    ] {
        let message = caller.refused(path, request.to_string()).await;
        assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
    }
    let mut request = asking(&three());
    request["question"] = json!("日".repeat(256));
    request["examples"] = json!({"yes": vec!["https://example.com/a"; 4]});
    assert!(caller.refused("/ask", request.to_string()).await.starts_with("examples.yes: 4 given, at most 3"));
    request["examples"] = Value::Null;
    caller.took("/ask", &request).await;
    assert_eq!(caller.read("/match").await, json!([]), "a refused request must leave nothing behind");
}
