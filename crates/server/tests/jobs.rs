//! The server's promise: a job goes in, its results come out, in the contract's shape.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use image_intelligence_core::{BoundingBox, DetectJob, ImageStatus, JobStatus};
use image_intelligence_server::{Answer, Answers, AskedPicture, Found, Server};
use serde_json::{Value, json};
use support::{blob, for_person, image, sent, start};

#[tokio::test]
async fn a_job_lives_from_submit_to_result() {
    let answers = Answers::new()
        .found("door", [Found::new("person", 0.97), Found::new("dog", 0.9)])
        .found("hall", [Found::new("Person", 0.3).bounding_box(BoundingBox::new(1.0, 2.0, 3.0, 4.0))]);
    let (server, caller) = start(Server::builder().scripted(answers)).await;
    let request = json!({
        "images": [sent("hall", b"hall"), sent("door", b"door"), {"url": "http://127.0.0.1:9/x", "customId": "door"}],
        "classes": [{"class": " Person "}, {"class": "cat"}],
        "customId": "night shift", "feedId": "camera 1", "webhookUrl": "https://example.com/hook",
    });

    let job = caller.detect(&request).await;
    assert_eq!(job["status"], "IN_PROGRESS");
    assert_eq!(job["jobResults"], json!([]));
    assert_eq!(job["imageResults"].as_array().unwrap().len(), 3);
    for image in job["imageResults"].as_array().unwrap() {
        assert_eq!(image["status"], "IN_PROGRESS");
        assert_eq!(image["objects"], json!([]));
        assert_eq!(image["id"].as_str().unwrap().len(), 36);
        let proxy = format!("http://{}/images/{}", server.address(), image["id"].as_str().unwrap());
        assert_eq!(image["proxyUrl"], proxy);
    }
    assert_eq!(job["imageResults"][2]["url"], "http://127.0.0.1:9/x");
    assert_eq!(job["imageResults"][0].get("url"), None);

    let done = caller.done(job["id"].as_str().unwrap()).await;
    assert_eq!(done["status"], "COMPLETED_SUCCESSFULLY");
    for echoed in ["id", "createdAt", "customId", "feedId", "webhookUrl"] {
        assert_eq!(done[echoed], job[echoed], "{echoed}");
        assert!(!done[echoed].is_null(), "{echoed}");
    }
    let door = image(&done, "door");
    assert_eq!(door["objects"], json!([{"class": " Person ", "confidence": 0.97, "verdict": true}]));
    assert_eq!(image(&done, "hall")["objects"], json!([{"class": " Person ", "confidence": 0.3, "verdict": false}]));
    let chosen = json!({
        "id": door["id"], "proxyUrl": door["proxyUrl"], "customId": "door", "confidence": 0.97,
    });
    assert_eq!(
        done["jobResults"],
        json!([{"class": " Person ", "image": chosen, "hitl": false}, {"class": "cat", "hitl": false}])
    );

    let read = DetectJob::from_json(done.to_string().as_bytes()).unwrap();
    assert_eq!(read.status, JobStatus::CompletedSuccessfully);
    assert_eq!(read.found(" Person ").len(), 3);
    server.shutdown().await;
}

#[tokio::test]
async fn the_bounding_box_is_said_where_it_is_asked_for() {
    let place = BoundingBox::new(15.0, 14.0, 363.0, 508.0);
    let answers = Answers::new().otherwise([Found::new("person", 0.73).bounding_box(place)]);
    let (_server, caller) = start(Server::builder().scripted(answers)).await;
    let mut request = for_person(&[sent("a", b"a")]);
    request["boundingBox"] = Value::Bool(true);
    let job = caller.detected(&request).await;
    let boxed = json!({"xMin": 15.0, "yMin": 14.0, "xMax": 363.0, "yMax": 508.0});
    assert_eq!(image(&job, "a")["objects"][0]["boundingBox"], boxed);
}

#[tokio::test]
async fn a_class_that_is_asked_for_twice_is_answered_once() {
    let (_server, caller) = start(Server::builder().scripted(Answers::new().otherwise([Found::new("cat", 0.8)]))).await;
    let request = json!({"images": [sent("a", b"a")], "classes": [{"class": "Cat"}, {"class": "cat "}]});
    let job = caller.detected(&request).await;
    assert_eq!(job["jobResults"].as_array().unwrap().len(), 1);
    assert_eq!(job["jobResults"][0]["class"], "Cat");
    assert_eq!(image(&job, "a")["objects"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_nobody_answered_is_never_made_up() {
    let (_server, caller) = start(Server::builder()).await;
    let job = caller.detected(&for_person(&[sent("a", b"a")])).await;
    assert_eq!(job["status"], "COMPLETED_ALL_ERROR");
    assert_eq!(image(&job, "a")["status"], "MODEL_SERVICE_ERROR");
    assert_eq!(job["jobResults"], json!([{"class": "person", "hitl": false}]));
}

#[tokio::test]
async fn one_bad_picture_does_not_sink_the_others() {
    let answers = Answers::new()
        .found("good", [Found::new("person", 0.6)])
        .status("webs", ImageStatus::SpiderwebsError)
        .status("odd", ImageStatus::from("SOMETHING_NEW"));
    let (_server, caller) = start(Server::builder().scripted(answers)).await;
    let job = caller.detected(&for_person(&[sent("webs", b"1"), sent("good", b"2"), sent("odd", b"3")])).await;
    assert_eq!(job["status"], "COMPLETED_PARTIAL_ERROR");
    assert_eq!(image(&job, "webs")["status"], "SPIDERWEBS_ERROR");
    assert_eq!(image(&job, "odd")["status"], "SOMETHING_NEW");
    assert_eq!(job["jobResults"][0]["image"]["customId"], "good");
}

#[tokio::test]
async fn a_panic_in_the_detector_ends_the_picture_and_nothing_else() {
    let script = |picture: &AskedPicture<'_>| {
        assert!(picture.custom_id != Some("bomb"), "boom");
        Some(Answer::nothing())
    };
    let (_server, caller) = start(Server::builder().workers(1).scripted(script)).await;
    for _ in 0..3 {
        let job = caller.detected(&for_person(&[sent("bomb", b"1"), sent("good", b"2")])).await;
        assert_eq!(image(&job, "bomb")["status"], "DETECTION_ENGINE_ERROR");
        assert_eq!(image(&job, "good")["status"], "COMPLETED_SUCCESSFULLY");
    }
}

#[tokio::test]
async fn a_stored_picture_is_what_was_sent_and_says_what_it_is() {
    let (_server, caller) = start(Server::builder()).await;
    let jpeg = b"\xFF\xD8\xFF\xE0 and so on";
    let html = b"<script>alert(1)</script>";
    let job = caller.detect(&for_person(&[sent("jpeg", jpeg), sent("html", html)])).await;
    for (name, bytes, content_type) in
        [("jpeg", &jpeg[..], "image/jpeg"), ("html", &html[..], "application/octet-stream")]
    {
        let answer = caller.http.get(image(&job, name)["proxyUrl"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], content_type);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.bytes().await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn sixty_four_pictures_are_one_job() {
    let (_server, caller) =
        start(Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.6)]))).await;
    let images: Vec<Value> = (0..64).map(|index| json!({"blob": blob(&[index])})).collect();
    let job = caller.detected(&for_person(&images)).await;
    assert_eq!(job["status"], "COMPLETED_SUCCESSFULLY");
    assert_eq!(job["imageResults"].as_array().unwrap().len(), 64);
}

/// Whoever is killed right after his last byte finds his job when he comes again.
#[tokio::test]
async fn a_request_that_arrived_whole_takes_effect_though_its_sender_is_gone() {
    use tokio::io::AsyncWriteExt as _;

    let (server, caller) = start(Server::builder().scripted(Answers::new().otherwise([]))).await;
    // So large that it takes a while to read.
    let image = sent("street", &vec![0xff; 4 << 20]);
    let mut body = for_person(&[image]);
    body["customId"] = "gone".into();
    let body = body.to_string();
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let head = format!("POST /v2/detect HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n", caller.token);
    stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    drop(stream);
    let end = std::time::Instant::now() + support::PATIENCE;
    while caller.found("customId=gone").await.len() != 1 {
        assert!(std::time::Instant::now() < end, "the job is not there");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
