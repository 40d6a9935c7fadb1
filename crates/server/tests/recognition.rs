//! The server's promise: faces that recognize jobs found are kept, and belong to identities and groups.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use image_intelligence_core::{BoundingBox, Kind, RecognizeJob};
use image_intelligence_server::{Account, Answer, Answers, Credentials, FoundFace, Server, ServerBuilder};
use reqwest::Method;
use serde_json::{Value, json};
use support::{Caller, error, http, sent, start};

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 a picture";
const JOBS: &str = "/recognition/recognize/staff";
const IDENTITIES: &str = "/recognition/identities/staff";

/// Ann at the door and in the hall, two faces of a stranger in the yard, one of nobody.
fn seeing() -> ServerBuilder {
    let place = BoundingBox::new(10.0, 20.0, 40.0, 60.0);
    let ann = |confidence| FoundFace::new(confidence).identity_custom_id("ann");
    let stranger = || FoundFace::new(0.6).group("stranger");
    let faces = |faces: Vec<FoundFace>| Answer::faces(faces);
    let answers = Answers::new()
        .answer(Kind::Recognize, "door", faces(vec![ann(0.97).bounding_box(place).frontal(true).sharpness(7.5)]))
        .answer(Kind::Recognize, "hall", faces(vec![ann(0.8), FoundFace::new(0.5)]).by_a_person())
        .answer(Kind::Recognize, "yard", faces(vec![stranger(), stranger()]))
        .answer(Kind::Recognize, "gate", faces(vec![]));
    Server::builder().scripted(answers)
}

fn request(names: &[&str]) -> Value {
    let images: Vec<_> = names.iter().map(|name| sent(name, JPEG)).collect();
    json!({"images": images, "feedId": "camera 1", "customId": "night shift"})
}

async fn faces(caller: &Caller, search: Value) -> Vec<Value> {
    caller.took("/recognition/images/staff/search", &search).await.as_array().unwrap().clone()
}

async fn groups(caller: &Caller) -> Vec<Value> {
    caller.took("/recognition/groups/staff/search", &json!({"sortBy": "ASC"})).await.as_array().unwrap().clone()
}

fn id(thing: &Value) -> &str {
    thing["id"].as_str().unwrap()
}

async fn patch(caller: &Caller, identity: &Value, change: &Value) -> reqwest::Response {
    let path = format!("{IDENTITIES}/{}", id(identity));
    caller.request(Method::PATCH, &path).body(change.to_string()).send().await.unwrap()
}

#[tokio::test]
async fn a_recognize_job_says_whose_faces_it_found() {
    let (_server, caller) = start(seeing()).await;
    let ann = caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    assert_eq!((&ann["images"], &ann["namespace"]), (&json!([]), &json!("staff")));

    let job = caller.took(JOBS, &request(&["door", "hall", "yard", "gate", "attic"])).await;
    assert_eq!(job["status"], "IN_PROGRESS");
    assert_eq!(job["images"][0]["objects"], json!([]));
    assert!(job.get("imageResults").is_none() && job.get("jobResults").is_none());
    let done = caller.ended(&format!("{JOBS}/{}", id(&job))).await;
    assert_eq!(done["status"], "COMPLETED_PARTIAL_ERROR");
    let objects = |index: usize| done["images"][index]["objects"].as_array().unwrap();
    assert_eq!(objects(0)[0]["identityId"], ann["id"]);
    assert_eq!(objects(0)[0]["boundingBox"], json!({"xMin": 10.0, "yMin": 20.0, "xMax": 40.0, "yMax": 60.0}));
    assert!(objects(0)[0]["createdAt"].as_i64() >= job["createdAt"].as_i64());
    assert_eq!(objects(1)[1].get("identityId"), None, "nobody's face is nobody's");
    assert_eq!((objects(2).len(), objects(3).len()), (2, 0));
    assert_eq!(done["images"][4]["status"], "MODEL_SERVICE_ERROR");
    let read = RecognizeJob::from_json(done.to_string().as_bytes()).unwrap();
    assert_eq!(read.faces().count(), 5);
    assert_eq!(caller.status(&format!("/recognition/recognize/visitors/{}", id(&job))).await, 404);
    assert_eq!(caller.took("/recognition/recognize/staff/search", &json!({})).await, json!([done]));
}

#[tokio::test]
async fn the_short_paths_of_the_documents_do_as_well() {
    let (_server, caller) = start(seeing()).await;
    let job = caller.took("/recognize?namespace=staff", &request(&["door"])).await;
    let done = caller.ended(&format!("/recognize/{}?namespace=staff", id(&job))).await;
    assert_eq!(caller.read(&format!("{JOBS}/{}", id(&job))).await, done);
    let job = caller.took("/recognize", &request(&["door"])).await;
    caller.ended(&format!("/recognize/{}", id(&job))).await;
    assert_eq!(caller.status(&format!("/recognition/recognize/default/{}", id(&job))).await, 200);
    assert_eq!(caller.status(&format!("{JOBS}/{}", id(&job))).await, 404);
}

#[tokio::test]
async fn what_was_found_of_a_face_is_kept_and_nothing_is_added() {
    let (_server, caller) = start(seeing()).await;
    let ann = caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    let job = caller.ran(JOBS, &request(&["door", "hall"])).await;
    let found = faces(&caller, json!({"sortBy": "ASC"})).await;
    assert_eq!(found.len(), 3);
    let door = &found[0];
    assert_eq!(door["url"], job["images"][0]["proxyUrl"]);
    let expected = json!({
        "id": door["id"], "customId": "door", "feedId": "camera 1", "identityId": ann["id"], "url": door["url"],
        "boundingBox": {"xMin": 10.0, "yMin": 20.0, "xMax": 40.0, "yMax": 60.0}, "type": "FACE", "groupId": door["groupId"],
        "isFrontal": true, "sharpness": 7.5, "width": 30.0, "height": 40.0, "createdAt": door["createdAt"],
    });
    assert_eq!(*door, expected);
    assert_eq!(caller.read(&format!("/recognition/images/staff/{}", id(door))).await, *door);
    for unsaid in ["boundingBox", "isFrontal", "sharpness", "width", "identityId", "groupId"] {
        assert_eq!(found[2].get(unsaid), None, "{unsaid}");
    }
    assert_eq!(http().get(door["url"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap(), JPEG);
    let ann = caller.read(&format!("{IDENTITIES}/{}", id(&ann))).await;
    assert_eq!(ann["images"], json!([found[0], found[1]]));
}

#[tokio::test]
async fn faces_of_one_identity_or_one_key_are_a_group() {
    let (_server, caller) = start(seeing()).await;
    let ann = caller.took(IDENTITIES, &json!({"customId": "ann"})).await;
    let job = caller.ran(JOBS, &request(&["door", "hall", "yard"])).await;
    let made = groups(&caller).await;
    assert_eq!(made.len(), 2);
    assert_eq!((&made[0]["identityId"], &made[0]["linkModifiedBy"]), (&ann["id"], &json!("ML")));
    assert_eq!((&made[0]["batchId"], &made[0]["namespace"]), (&job["id"], &json!("staff")));
    assert_eq!(made[0]["images"].as_array().unwrap().len(), 2);
    assert_eq!((made[1].get("identityId"), made[1].get("linkModifiedBy")), (None, None));
    assert_eq!(made[1]["images"][0]["groupId"], made[1]["id"]);
    assert_eq!(caller.read(&format!("/recognition/groups/staff/{}", id(&made[1]))).await, made[1]);

    // Somebody says who the stranger is, face by face; then takes it back.
    let strangers: Vec<_> = made[1]["images"].as_array().unwrap().iter().map(|face| face["id"].clone()).collect();
    let bob = caller.took(IDENTITIES, &json!({"imageIds": [strangers[0]]})).await;
    assert_eq!(groups(&caller).await[1].get("identityId"), None);
    patch(&caller, &bob, &json!({"images": {"add": [strangers[1]], "remove": []}})).await;
    let linked = &groups(&caller).await[1];
    assert_eq!((&linked["identityId"], &linked["linkModifiedBy"]), (&bob["id"], &json!("MANUAL")));
    assert!(linked["linkLastModifiedAt"].is_i64());
    let path = format!("{IDENTITIES}/{}", id(&bob));
    assert_eq!(caller.request(Method::DELETE, &path).send().await.unwrap().status(), 200);
    assert_eq!(groups(&caller).await[1].get("identityId"), None);
    assert_eq!(caller.status(&path).await, 404);
    assert_eq!(faces(&caller, json!({"ids": strangers})).await[0].get("identityId"), None);
}

#[tokio::test]
async fn a_face_belongs_to_one_identity_at_most() {
    let (_server, caller) = start(seeing()).await;
    caller.ran(JOBS, &request(&["yard"])).await;
    let ids: Vec<_> = faces(&caller, json!({})).await.iter().map(|face| face["id"].clone()).collect();
    let one = caller.took(IDENTITIES, &json!({"customId": "one", "imageIds": ids})).await;
    assert_eq!(one["images"].as_array().unwrap().len(), 2);
    let other = caller.took(IDENTITIES, &json!({"customId": "other", "imageIds": [ids[0]]})).await;
    let left = caller.read(&format!("{IDENTITIES}/{}", id(&one))).await;
    assert_eq!((left["images"].as_array().unwrap().len(), left["images"][0]["id"].clone()), (1, ids[1].clone()));

    // Taking away what is another's is no change, and so may be said twice.
    for _ in 0..2 {
        let change = json!({"customId": "uno", "images": {"add": [], "remove": ids}});
        let changed: Value = patch(&caller, &one, &change).await.json().await.unwrap();
        assert_eq!((&changed["customId"], &changed["images"]), (&json!("uno"), &json!([])));
    }
    let other = caller.read(&format!("{IDENTITIES}/{}", id(&other))).await;
    assert_eq!(other["images"].as_array().unwrap().len(), 1);
    assert_eq!(caller.status(&format!("{IDENTITIES}/{}", id(&one))).await, 200, "without pictures it stays");
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_named_and_nothing_is_changed() {
    let (_server, caller) = start(seeing()).await;
    caller.ran(JOBS, &request(&["door"])).await;
    let face = faces(&caller, json!({})).await[0]["id"].clone();
    let message = caller.refused(IDENTITIES, json!({"imageIds": [face, "unknown"]}).to_string()).await;
    assert!(message.starts_with("imageIds[1]: no picture \"unknown\""), "{message}");
    assert_eq!(caller.took("/recognition/identities/staff/search", &json!({})).await, json!([]));
    assert_eq!(faces(&caller, json!({})).await[0].get("identityId"), None);

    let ann = caller.took(IDENTITIES, &json!({"customId": "ann", "imageIds": [face]})).await;
    let many: Vec<_> = (0..21).map(|index| format!("f-{index}")).collect();
    let list = |add: Value, remove: Value| json!({"customId": "other", "images": {"add": add, "remove": remove}});
    for (change, expected) in [
        (list(json!(["unknown"]), json!([])), "images.add[0]: no picture \"unknown\""),
        (list(json!([]), json!([face, "unknown"])), "images.remove[1]: no picture \"unknown\""),
        (list(json!(many), json!([])), "images.add: 21 given, at most 20"),
        (list(json!(["a", "a"]), json!([])), "images.add[1]: the same as [0]"),
        (list(json!(["a"]), json!(["a"])), "images.add[0]: also in images.remove"),
        (json!({"images": {"add": ["a"]}}), "images: missing field `remove`"),
        (json!({"customId": "é".repeat(257)}), "customId: 257 characters given, at most 256"),
        (json!({"customId": 7}), "customId: invalid type"),
    ] {
        let (status, _, message) = error(patch(&caller, &ann, &change).await).await;
        assert_eq!(status, 400);
        assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
    }
    assert_eq!(caller.read(&format!("{IDENTITIES}/{}", id(&ann))).await, ann);
    let longest = json!({"customId": "é".repeat(256)});
    assert_eq!(patch(&caller, &ann, &longest).await.status(), 200);
    assert!(caller.refused(IDENTITIES, r#"{"imageIds": []}"#).await.starts_with("imageIds: none given"));
    assert_eq!(error(patch(&caller, &json!({"id": "unknown"}), &json!({})).await).await.0, 404);
}

#[tokio::test]
async fn the_picture_of_a_face_is_behind_a_link_that_needs_no_token() {
    let (server, caller) = start(seeing().time_scale(1_000.0)).await;
    caller.ran(JOBS, &request(&["door"])).await;
    let path = format!("/recognition/images/staff/{}", id(&faces(&caller, json!({})).await[0]));
    let link = async || {
        let answer = caller.request(Method::GET, &path).header("accept", "image/jpeg").send().await.unwrap();
        assert_eq!(answer.status(), 302);
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    let first = link().await;
    assert!(first.starts_with(&format!("http://{}/storage/", server.address())), "{first}");
    // Five minutes here are 300 ms there; a slow machine may need a second link.
    let deadline = std::time::Instant::now() + support::PATIENCE;
    loop {
        let answer = http().get(link().await).send().await.unwrap();
        if answer.status() == 200 {
            assert_eq!(answer.headers()["content-type"], "image/jpeg");
            assert_eq!(answer.bytes().await.unwrap(), JPEG);
            break;
        }
        assert!(std::time::Instant::now() < deadline, "no link is ever good");
    }
    while http().get(&first).send().await.unwrap().status() != 403 {
        assert!(std::time::Instant::now() < deadline, "it never expired");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut forged = link().await;
    let last = if forged.pop() == Some('0') { '1' } else { '0' };
    forged.push(last);
    assert_eq!(error(http().get(forged).send().await.unwrap()).await.0, 403);
    for accept in ["application/json", "application/json, image/jpeg", "*/*"] {
        let answer = caller.request(Method::GET, &path).header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{accept}");
    }
}

#[tokio::test]
async fn nobody_sees_what_is_anothers_or_in_another_namespace() {
    let credentials = Credentials::new([Account::new("a", "1"), Account::new("b", "2")]).unwrap();
    let server = seeing().credentials(credentials).start().await.unwrap();
    let (one, other) = (Caller::of(&server, "a", "1").await, Caller::of(&server, "b", "2").await);
    let ann = one.took(IDENTITIES, &json!({"customId": "ann"})).await;
    let job = one.ran(JOBS, &request(&["door"])).await;
    let face = faces(&one, json!({})).await.remove(0);
    let group = groups(&one).await.remove(0);
    for (sort, thing) in [("identities", &ann), ("images", &face), ("groups", &group), ("recognize", &job)] {
        assert_eq!(one.status(&format!("/recognition/{sort}/staff/{}", id(thing))).await, 200, "{sort}");
        assert_eq!(other.status(&format!("/recognition/{sort}/staff/{}", id(thing))).await, 404, "{sort}");
        assert_eq!(one.status(&format!("/recognition/{sort}/visitors/{}", id(thing))).await, 404, "{sort}");
        let all = |namespace: &str| format!("/recognition/{sort}/{namespace}/search");
        assert_eq!(one.took(&all("staff"), &json!({})).await.as_array().unwrap().len(), 1, "{sort}");
        assert_eq!(one.took(&all("visitors"), &json!({})).await, json!([]), "{sort}");
        assert_eq!(other.took(&all("staff"), &json!({"ids": [thing["id"]]})).await, json!([]), "{sort}");
    }
    let taken = json!({"imageIds": [face["id"]]}).to_string();
    assert!(other.refused(IDENTITIES, taken.clone()).await.starts_with("imageIds[0]"));
    assert!(one.refused("/recognition/identities/visitors", taken).await.starts_with("imageIds[0]"));
    let path = format!("{IDENTITIES}/{}", id(&ann));
    assert_eq!(other.request(Method::DELETE, &path).send().await.unwrap().status(), 404);
    // Whose name is whose is asked in the job's own namespace.
    let done = other.ran(JOBS, &request(&["door"])).await;
    assert_eq!(done["images"][0]["objects"][0].get("identityId"), None);
}

#[tokio::test]
async fn each_limit_is_named_with_what_was_given() {
    let (_server, caller) = start(seeing()).await;
    let url = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
    let with = |key: &str, value: Value| {
        let mut body = request(&["door"]);
        body[key] = value;
        body
    };
    for (body, expected) in [
        (with("images", json!(vec![sent("a", b"a"); 65])), "images: 65 given, at most 64"),
        (with("images", json!([{"customId": "a"}])), "images[0]: neither url nor blob given"),
        (with("images", json!("door.jpg")), "images: invalid type"),
        (with("webhookUrl", json!(url(2049))), "webhookUrl: 2049 characters given, at most 2048"),
        (with("feedId", json!("日".repeat(65))), "feedId: 65 characters given, at most 64"),
        (json!({}), "the body: missing field `images`"),
    ] {
        for path in [JOBS, "/recognize"] {
            let message = caller.refused(path, body.to_string()).await;
            assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
        }
    }
    assert_eq!(caller.took("/recognition/recognize/staff/search", &json!({})).await, json!([]));
    let longest = with("webhookUrl", json!(url(2048)));
    assert_eq!(caller.took(JOBS, &longest).await["webhookUrl"], longest["webhookUrl"]);
}
