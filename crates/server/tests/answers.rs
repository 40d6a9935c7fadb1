//! The server's promise: rules that are posted answer jobs of every kind, before the script does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use image_intelligence_server::{Answers, Found, Server};
use serde_json::{Value, json};
use support::{Caller, error, for_person, image, sent, start};

async fn add(caller: &Caller, rules: Value) -> Value {
    let answer = caller.rules(&rules).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn rules_come_before_the_script() {
    let scripted = Answers::new().otherwise([Found::new("person", 0.5)]);
    let (_server, caller) = start(Server::builder().scripted(scripted)).await;
    let objects =
        |confidence: f64| json!([{"class": "Person", "confidence": confidence}, {"class": "dog", "confidence": 1}]);
    add(&caller, json!({"kind": "detect", "image": "door", "objects": objects(0.9), "hitl": true})).await;
    let url = "http://127.0.0.1:9/never-fetched";
    add(&caller, json!({"kind": "detect", "image": url, "objects": []})).await;
    add(&caller, json!({"kind": "detect", "image": "attic", "status": "SPIDERWEBS_ERROR"})).await;
    let images = [sent("door", b"1"), json!({"url": url, "customId": "url"}), sent("attic", b"2"), sent("hall", b"3")];
    let job = caller.detected(&for_person(&images)).await;
    assert_eq!(job["status"], "COMPLETED_PARTIAL_ERROR");
    assert_eq!(image(&job, "door")["objects"], json!([{"class": "person", "confidence": 0.9, "verdict": true}]));
    assert_eq!(image(&job, "url")["status"], "COMPLETED_SUCCESSFULLY");
    assert_eq!(image(&job, "attic")["status"], "SPIDERWEBS_ERROR");
    assert_eq!(image(&job, "hall")["objects"][0]["confidence"], 0.5);
    assert_eq!(
        (&job["jobResults"][0]["image"]["customId"], &job["jobResults"][0]["hitl"]),
        (&json!("door"), &json!(true))
    );
}

#[tokio::test]
async fn every_kind_is_answered_by_rules_alone() {
    let (_server, caller) = start(Server::builder()).await;
    let ann = caller.took("/recognition/identities/staff", &json!({"customId": "ann"})).await;
    let face = json!({"confidence": 0.9, "identityId": ann["id"], "boundingBox": {"xMin": 0, "yMin": 0, "xMax": 3, "yMax": 4}});
    let unknown = json!({"confidence": 0.8, "identityId": "somebody unknown"});
    add(
        &caller,
        json!([
            {"kind": "match", "image": "*", "matches": false},
            {"kind": "match", "image": "door", "matches": true, "confidence": 0.6, "target": "rex"},
            {"kind": "match", "image": "hall", "matches": true, "confidence": 0.8, "class": "Dog"},
            {"kind": "ask", "image": "*", "answer": "no"},
            {"kind": "ask", "image": "door", "answer": "yes", "question": "Is it open?"},
            {"kind": "recognize", "image": "door", "faces": [face, unknown], "namespace": "staff"},
        ]),
    )
    .await;
    let images = [sent("door", b"1"), sent("hall", b"2")];
    let target =
        |name: &str, class: &str| json!({"class": class, "customId": name, "images": ["https://example.com/1"]});
    let chosen =
        async |path: &str, request: Value| caller.ran(path, &request).await["jobResults"]["image"]["customId"].clone();
    assert_eq!(chosen("/match", json!({"images": images, "target": target("rex", "dog")})).await, "hall");
    assert_eq!(chosen("/match", json!({"images": images, "target": target("rex", "cat")})).await, "door");
    assert_eq!(chosen("/match", json!({"images": images, "target": target("tom", "cat")})).await, Value::Null);
    assert_eq!(chosen("/ask", json!({"images": images, "question": "Is it open?"})).await, "door");
    assert_eq!(chosen("/ask", json!({"images": images, "question": "Is it shut?"})).await, Value::Null);
    let job = caller.ran("/recognition/recognize/staff", &json!({"images": images})).await;
    assert_eq!(job["images"][0]["objects"][0]["identityId"], ann["id"]);
    assert_eq!(job["images"][0]["objects"][1].get("identityId"), None, "nobody is made up");
    assert_eq!(job["images"][1]["status"], "MODEL_SERVICE_ERROR");
    let job = caller.ran("/recognition/recognize/visitors", &json!({"images": images})).await;
    assert_eq!(job["status"], "COMPLETED_ALL_ERROR");
}

#[tokio::test]
async fn rules_are_listed_and_forgotten_and_may_be_posted_again() {
    let (server, caller) = start(Server::builder()).await;
    let url = format!("http://{}/_ii/answers", server.address());
    let rules = json!([{"kind": "ask", "image": "a", "answer": "yes"}, {"kind": "ask", "image": "b", "answer": false}]);
    let added = add(&caller, rules).await;
    assert_eq!((&added[0]["answer"], &added[1]["image"]), (&json!("yes"), &json!("b")));
    let list = async || -> Value { caller.http.get(&url).send().await.unwrap().json().await.unwrap() };
    assert_eq!(list().await, added);
    let gone: Value = caller.http.delete(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(gone, json!({"forgotten": 2}));
    assert_eq!(list().await, json!([]));
    add(&caller, added).await;
    assert_eq!(list().await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_named_and_none_is_taken() {
    let (server, caller) = start(Server::builder()).await;
    let good = json!({"kind": "ask", "image": "a", "answer": "yes"});
    for (rules, expected) in [
        (json!([good, {"kind": "ask", "image": "b"}]), "[1].answer: missing"),
        (json!([good, {"kind": "ask", "image": "b", "answer": "yes", "odd": 1}]), "[1].odd: unknown field"),
        (json!([good, 7]), "[1]: a JSON object expected"),
        (
            json!({"kind": "detect", "image": "a", "objects": [{"class": "a"}]}),
            "objects[0]: missing field `confidence`",
        ),
        (json!(vec![good.clone(); 1001]), "the body: 1001 rules given, at most 1000"),
        (json!("text"), "the body: a JSON object expected"),
    ] {
        let (status, _, message) = error(caller.rules(&rules).await).await;
        assert_eq!(status, 400);
        assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
    }
    let url = format!("http://{}/_ii/answers", server.address());
    let list: Value = caller.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(list, json!([]));
}
