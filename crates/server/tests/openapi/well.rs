//! Each call where all is well, with every field that a request may have.

use std::sync::{Arc, Mutex};

use image_intelligence_server::Server;
use serde_json::{Value, json};

use crate::recorder::{Recorder, Seen};
use crate::support::{Held, sent};

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 a picture";

struct Calls(Recorder);

impl Calls {
    async fn ok(&self, method: &str, template: &str, id: &str, body: Option<&Value>) -> Value {
        let path = template.replace("{namespace}", "staff").replace("{id}", id);
        let (status, answer) = self.0.call(method, template, &path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    async fn post(&self, template: &str, body: &Value) -> Value {
        self.ok("post", template, "", Some(body)).await
    }

    async fn get(&self, template: &str, id: &str) -> Value {
        self.ok("get", template, id, None).await
    }

    /// Takes a job on, and looks at it while it is at work and when it is done.
    async fn job(&self, template: &str, show: &str, held: &Held, body: &Value) -> Value {
        let job = self.post(template, body).await;
        assert_eq!(job["status"], "IN_PROGRESS");
        let id = job["id"].as_str().unwrap();
        self.get(show, id).await;
        held.let_go();
        let deadline = std::time::Instant::now() + crate::support::PATIENCE;
        loop {
            let job = self.get(show, id).await;
            if job["status"] != "IN_PROGRESS" {
                return job;
            }
            assert!(std::time::Instant::now() < deadline, "never done: {job}");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

fn job(own: Value) -> Value {
    let mut job = own;
    job["images"] = json!([
        sent("door", JPEG), sent("attic", b"attic"), {"url": "http://127.0.0.1:9/x", "customId": "nowhere", "blob": null},
    ]);
    job["customId"] = json!("night shift");
    job["feedId"] = json!("camera 1");
    job["webhookUrl"] = json!("https://example.com/hook");
    job
}

/// Makes every call, and answers the document.
pub(crate) async fn every_call(seen: &Arc<Mutex<Seen>>) -> Value {
    let held = Held::default();
    // Rules come first, and answer for the doors; the script holds the attic up, and finds nothing in it.
    let server = Server::builder().scripted(held.script()).start().await.unwrap();
    let calls = Calls(Recorder::of_caller(&server, "local", seen).await);
    calls.post("/v2/oauth/token", &json!({"clientId": "local", "clientSecret": "local"})).await;
    assert_eq!(calls.get("/healthz", "").await["status"], "ok");
    calls.get("/openapi.json", "").await;

    rules(&calls).await;
    let search = json!({
        "limit": 10, "offset": 0, "start": 1_487_648_348_000_i64, "end": 9_487_648_348_000_i64, "sortBy": "ASC", "ids": null,
        "feedIds": ["camera 1"], "customIds": ["night shift", "door", "ann"],
    });

    let classes = json!([{
        "class": "person", "verify": "NEVER", "exclusionZones": {"type": "GRID", "size": 64, "zones": [[0, 1], [0, 0]]},
    }]);
    let detect = job(json!({"classes": classes, "boundingBox": true}));
    let detected = calls.job("/v2/detect", "/v2/detect/{id}", &held, &detect).await;
    assert_eq!(detected["jobResults"][0]["image"]["customId"], "door");
    let target = json!({"class": "dog", "customId": "rex", "images": ["https://example.com/rex.jpg"]});
    calls.job("/v2/match", "/v2/match/{id}", &held, &job(json!({"target": target}))).await;
    let examples = json!({"yes": ["https://example.com/1"], "no": null});
    let ask = job(json!({"question": "Is it open?", "examples": examples}));
    calls.job("/v2/ask", "/v2/ask/{id}", &held, &ask).await;
    for kind in ["detect", "match", "ask"] {
        assert_eq!(calls.get(&format!("/v2/{kind}"), "").await.as_array().unwrap().len(), 1);
    }

    recognition(&calls, &held, &search).await;

    let door = detected["imageResults"][0]["id"].as_str().unwrap();
    calls.get("/images/{id}", door).await;
    let wrong = json!([{"class": "person", "code": "FALSE_POSITIVE"}]);
    let feedback = json!({"jobId": detected["id"], "classes": wrong, "createdAt": 1_487_648_348_000_i64});
    let feedback = calls.post("/v2/feedback", &feedback).await;
    calls.get("/v2/feedback/{id}", feedback["id"].as_str().unwrap()).await;
    assert_eq!(calls.get("/v2/feedback", "").await.as_array().unwrap().len(), 1);
    let webhook = json!({"url": "https://hooks.example.com/ii", "secretKey": "correct horse battery"});
    assert_eq!(calls.post("/v2/webhooks", &webhook).await["secretKey"], "correct horse battery");
    calls.0.document.as_ref().clone()
}

async fn rules(calls: &Calls) {
    const PATH: &str = "/_ii/answers";
    let place = json!({"xMin": 1, "yMin": 2, "xMax": 30, "yMax": 40});
    let face = json!({
        "confidence": 0.9, "identityId": null, "identityCustomId": "ann", "group": "g", "boundingBox": place,
        "boundingBoxConfidence": 0.8, "isFrontal": true, "sharpness": 7.5, "width": 29, "height": 38,
    });
    let objects = json!([{"class": "person", "confidence": 0.97, "boundingBox": place}]);
    calls.post(PATH, &json!({"kind": "detect", "image": "door", "objects": objects, "class": "person"})).await;
    assert_eq!(calls.ok("delete", PATH, "", None).await["forgotten"], 1);
    for rule in [
        json!({"kind": "detect", "image": "door", "objects": objects, "class": "person"}),
        json!({"kind": "match", "image": "door", "matches": true, "confidence": 0.9, "hitl": true, "target": "rex"}),
        json!({"kind": "ask", "image": "door", "answer": "yes", "question": "Is it open?"}),
        json!({"kind": "recognize", "image": "door", "faces": [face], "namespace": "staff"}),
        json!([{"kind": "match", "image": "attic", "status": "SPIDERWEBS_ERROR"}, {"kind": "ask", "image": "*", "answer": false}]),
    ] {
        calls.post(PATH, &rule).await;
    }
    let rules = calls.get(PATH, "").await;
    assert_eq!(rules.as_array().unwrap().len(), 6);
    // What is listed may be posted again.
    calls.post(PATH, &rules[0]).await;
}

async fn recognition(calls: &Calls, held: &Held, search: &Value) {
    let at = |rest: &str| format!("/v2/recognition/{rest}");
    let ann = calls.post(&at("identities/{namespace}"), &json!({"customId": "ann"})).await;
    let (recognize, show) = (at("recognize/{namespace}"), at("recognize/{namespace}/{id}"));
    let done = calls.job(&recognize, &show, held, &job(json!({}))).await;
    assert_eq!(done["images"][0]["objects"][0]["identityId"], ann["id"]);
    assert_eq!(calls.post(&at("recognize/{namespace}/search"), search).await.as_array().unwrap().len(), 1);
    calls.job("/v2/recognize", "/v2/recognize/{id}", held, &job(json!({}))).await;

    let faces = calls.post(&at("images/{namespace}/search"), search).await;
    let face = &faces[0];
    let id = face["id"].as_str().unwrap();
    assert_eq!(&calls.get(&at("images/{namespace}/{id}"), id).await, face);
    let there = format!("/v2/recognition/images/staff/{id}");
    let answer = calls.0.send("get", &there, None, &[("accept", "image/jpeg")]).await;
    let link = answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(calls.0.check("get", &at("images/{namespace}/{id}"), None, answer).await.0, 302);
    let link = &link[link.find("/storage").unwrap()..];
    assert_eq!(calls.0.by(None).call("get", "/storage/{id}", link, None).await.0, 200);

    let groups = calls.post(&at("groups/{namespace}/search"), &json!({})).await;
    calls.get(&at("groups/{namespace}/{id}"), groups[0]["id"].as_str().unwrap()).await;

    let identities = at("identities/{namespace}/{id}");
    let bob = calls.post(&at("identities/{namespace}"), &json!({"customId": "bob", "imageIds": [id]})).await;
    let bob = bob["id"].as_str().unwrap();
    calls.get(&identities, bob).await;
    let change = json!({"customId": "robert", "images": {"add": [], "remove": [id]}});
    assert_eq!(calls.ok("patch", &identities, bob, Some(&change)).await["images"], json!([]));
    assert_eq!(calls.post(&at("identities/{namespace}/search"), &json!({})).await.as_array().unwrap().len(), 2);
    calls.ok("delete", &identities, bob, None).await;
    gone_picture(&calls.0).await;
}

/// A link outlives a picture that makes room for others.
async fn gone_picture(recorder: &Recorder) {
    let held = Held::default();
    held.let_go();
    let server = Server::builder().scripted(held.script()).memory_pictures(3_000).start().await.unwrap();
    let calls = Calls(recorder.at(&server).await);
    calls.post("/_ii/answers", &json!({"kind": "recognize", "image": "a", "faces": [{"confidence": 0.9}]})).await;
    let recognize = |name: &str| json!({"images": [sent(name, &[JPEG, &[0; 2_000]].concat())]});
    let (post, show) = ("/v2/recognition/recognize/{namespace}", "/v2/recognition/recognize/{namespace}/{id}");
    calls.job(post, show, &held, &recognize("a")).await;
    let faces = calls.post("/v2/recognition/images/{namespace}/search", &json!({})).await;
    let there = format!("/v2/recognition/images/staff/{}", faces[0]["id"].as_str().unwrap());
    let answer = calls.0.send("get", &there, None, &[("accept", "image/jpeg")]).await;
    let link = answer.headers()["location"].to_str().unwrap().to_owned();
    calls.job(post, show, &held, &recognize("b")).await;
    let link = &link[link.find("/storage").unwrap()..];
    assert_eq!(calls.0.by(None).call("get", "/storage/{id}", link, None).await.0, 404);
    let answer = calls.0.send("get", &there, None, &[("accept", "image/jpeg")]).await;
    assert_eq!(answer.status(), 404);
}
