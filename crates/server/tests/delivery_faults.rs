//! The server's promise: a fault of webhooks is one that a real receiver sees, and after it all goes on as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use image_intelligence_server::{
    Answers, Delivery, DeliveryState, FaultRule, Faults, Progression, Server, ServerBuilder,
};
use reqwest::Method;
use serde_json::{Value, json};
use support::receiver::{Receiver, Reply};
use support::{Caller, for_person, http, sent, settled, start, until};

/// Tries again at once.
fn hasty() -> ServerBuilder {
    Server::builder().scripted(Answers::new().otherwise([])).webhook_backoff([Duration::ZERO])
}

fn job(url: impl Into<String>) -> String {
    let mut request = for_person(&[sent("a", b"a")]);
    request["webhookUrl"] = json!(url.into());
    request.to_string()
}

/// Sends a job that asks for a fault, and answers its id.
async fn submit(caller: &Caller, fault: &str, url: &str) -> String {
    let request = caller.request(Method::POST, "/detect").header("II-Emulate", fault).body(job(url));
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let job: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{job}");
    job["id"].as_str().unwrap().to_owned()
}

fn statuses(delivery: &Delivery) -> Vec<Option<u16>> {
    delivery.attempts.iter().map(|attempt| attempt.status).collect()
}

fn faults(delivery: &Delivery, attempt: usize) -> String {
    delivery.attempts[attempt].faults.join(",")
}

#[tokio::test]
async fn a_dropped_webhook_never_comes_and_counts_as_delivered() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(hasty()).await;
    submit(&caller, "fault=webhook.drop", &receiver.url("/lost")).await;
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::Delivered, vec![None]));
    assert_eq!((faults(&delivery, 0).as_str(), delivery.was_answered_200()), ("webhook.drop", false));
    assert!(receiver.seen().is_empty());
    assert!(server.redeliver(&delivery.id).await.unwrap());
    receiver.until_seen(1).await;
    assert!(settled(&server, 1).await[0].was_answered_200(), "a later round is a clean one");
}

#[tokio::test]
async fn a_duplicate_comes_as_often_as_it_says() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(hasty()).await;
    submit(&caller, "fault=webhook.duplicate;n=5", &receiver.url("/hook")).await;
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::Delivered, vec![Some(200); 5]));
    let seen = receiver.until_seen(5).await;
    assert!(seen.iter().all(|other| other.body == seen[0].body));
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn some_of_a_duplicates_copies_come_at_once() {
    // One that came alone would hold up the rest.
    let receiver = Receiver::start(|number| if number == 0 { Reply::Hang } else { Reply::Status(200) }).await;
    let (server, caller) = start(hasty().webhook_timeout(Duration::from_secs(2))).await;
    submit(&caller, "fault=webhook.duplicate;n=3", &receiver.url("/hook")).await;
    receiver.until_seen(2).await;
    let delivery = settled(&server, 1).await.remove(0);
    let mut answered = statuses(&delivery);
    answered.sort_unstable();
    assert_eq!((delivery.state, answered), (DeliveryState::Delivered, vec![None, Some(200), Some(200)]));
}

#[tokio::test]
async fn a_delayed_webhook_comes_later() {
    let receiver = Receiver::willing().await;
    // Real time, whatever the server's clock says.
    let (server, caller) = start(hasty().time_scale(10.0)).await;
    submit(&caller, "fault=webhook.delay;ms=150", &receiver.url("/hook")).await;
    let delivery = settled(&server, 1).await.remove(0);
    let late = delivery.attempts[0].at.since(delivery.created_at);
    assert!(late >= Duration::from_millis(1_500), "{late:?}");
    assert_eq!(faults(&delivery, 0), "webhook.delay");
}

#[tokio::test]
async fn a_reordered_webhook_comes_after_a_later_one() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(hasty()).await;
    let first = submit(&caller, "fault=webhook.reorder;ms=600000", &receiver.url("/first")).await;
    caller.done(&first).await;
    caller.post("/detect", job(receiver.url("/second"))).await;
    let seen = receiver.until_seen(2).await;
    assert_eq!([&*seen[0].path, &*seen[1].path], ["/second", "/first"]);
    assert_eq!(faults(&settled(&server, 2).await[0], 0), "webhook.reorder");
    submit(&caller, "fault=webhook.reorder;ms=50", &receiver.url("/alone")).await;
    settled(&server, 3).await;
    assert_eq!(receiver.seen()[2].path, "/alone", "nothing came later, and it goes all the same");
}

#[tokio::test]
async fn an_early_webhook_beats_the_answer() {
    let receiver = Receiver::willing().await;
    let (_server, caller) = start(hasty()).await;
    for count in 1..=3 {
        let id = submit(&caller, "fault=webhook.early", &receiver.url("/hook")).await;
        assert_eq!(receiver.seen().len(), count);
        assert_eq!(receiver.seen()[count - 1].json()["id"], json!(id));
    }
    let (_server, caller) = start(hasty().progression(Progression::Never)).await;
    submit(&caller, "fault=webhook.early;ms=20", &receiver.url("/hook")).await;
    assert_eq!(receiver.seen().len(), 3, "no webhook came, and the answer did");
}

#[tokio::test]
async fn a_signature_comes_where_none_belongs() {
    let receiver = Receiver::willing().await;
    let (_server, caller) = start(hasty()).await;
    submit(&caller, "fault=webhook.bad_signature", &receiver.url("/hook")).await;
    let seen = receiver.until_seen(1).await.remove(0);
    let signature = seen.headers["x-niro-signature"].to_str().unwrap();
    assert!(signature.starts_with("sha256=") && signature.len() == 71, "{signature}");
}

#[tokio::test]
async fn an_oversized_body_is_the_same_json() {
    let receiver = Receiver::start(|number| Reply::Status(if number == 0 { 413 } else { 200 })).await;
    let (server, caller) = start(hasty()).await;
    let id = submit(&caller, "fault=webhook.oversize", &receiver.url("/hook")).await;
    let seen = receiver.until_seen(2).await;
    assert!(seen[0].body.as_ref().unwrap().len() > 4 << 20);
    assert_eq!(seen[0].json(), seen[1].json());
    assert_eq!(seen[1].body.as_deref().unwrap(), caller.get(&format!("/detect/{id}")).await.bytes().await.unwrap());
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!((statuses(&delivery), faults(&delivery, 0).as_str()), (vec![Some(413), Some(200)], "webhook.oversize"));
}

#[tokio::test]
async fn a_slow_body_is_whole_in_the_end() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(hasty()).await;
    let id = submit(&caller, "fault=webhook.slow;ms=200", &receiver.url("/hook?a=b")).await;
    let seen = receiver.until_seen(1).await.remove(0);
    assert_eq!(seen.body.as_deref().unwrap(), caller.get(&format!("/detect/{id}")).await.bytes().await.unwrap());
    assert_eq!((seen.path.as_str(), &seen.headers["content-type"]), ("/hook", &"application/json".parse().unwrap()));
    let delivery = settled(&server, 1).await.remove(0);
    assert!(delivery.attempts[0].ms >= 200, "{delivery:?}");
    assert_eq!((statuses(&delivery), faults(&delivery, 0).as_str()), (vec![Some(200)], "webhook.slow"));
}

#[tokio::test]
async fn who_is_slower_than_the_time_out_is_cut_by_it() {
    let receiver = Receiver::willing().await;
    let (server, caller) = start(hasty().webhook_timeout(Duration::from_secs(1))).await;
    submit(&caller, "fault=webhook.slow;ms=600000", &receiver.url("/hook")).await;
    let delivery = settled(&server, 1).await.remove(0);
    assert_eq!(delivery.attempts[0].error.as_deref(), Some("no answer within 1 s"));
    assert!(delivery.was_answered_200());
    assert_eq!(receiver.until_seen(2).await[0].body, None);
}

#[tokio::test]
async fn a_cut_webhook_breaks_off_and_comes_again() {
    for (fault, whole) in [("fault=webhook.cut", false), ("fault=webhook.cut;when=after", true)] {
        let receiver = Receiver::willing().await;
        let (server, caller) = start(hasty()).await;
        submit(&caller, &format!("{fault};attempts=2"), &receiver.url("/hook")).await;
        let delivery = settled(&server, 1).await.remove(0);
        assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::Delivered, vec![None, None, Some(200)]));
        let error = delivery.attempts[1].error.as_deref().unwrap();
        assert!(error.ends_with("on purpose"), "{error}");
        assert_eq!(faults(&delivery, 1), "webhook.cut");
        let count = |whole: bool| receiver.seen().iter().filter(|seen| seen.body.is_some() == whole).count();
        // What was cut off after the body may never get as far as whoever answers.
        until(|| whole || count(false) == 2).await;
        assert!(count(true) >= 1 && (whole || count(true) == 1), "{fault}");
    }
}

#[tokio::test]
async fn a_rule_is_for_what_brings_a_webhook_about() {
    let receiver = Receiver::willing().await;
    let rule = || FaultRule::webhook_drop().path("/v2/detect").skip(1).times(1);
    let (server, caller) = start(hasty().faults(Faults::new().rule(rule()))).await;
    let steer = async |method, path: &str, body: &str| -> Value {
        let url = format!("http://{}/_ii{path}", server.address());
        http().request(method, url).body(body.to_owned()).send().await.unwrap().json().await.unwrap()
    };
    let ask = json!({"images": [sent("a", b"a")], "question": "Is it?", "webhookUrl": receiver.url("/ask")});
    caller.took("/ask", &ask).await;
    caller.detect(&for_person(&[sent("a", b"a")])).await;
    for _ in 0..3 {
        let job = caller.post("/detect", job(receiver.url("/hook"))).await.json::<Value>().await.unwrap();
        caller.done(job["id"].as_str().unwrap()).await;
    }
    let dropped: Vec<_> = settled(&server, 4).await.iter().map(|delivery| !delivery.was_answered_200()).collect();
    assert_eq!(dropped, [false, false, true, false]);
    let rules = steer(Method::GET, "/faults", "").await;
    assert_eq!((&rules["faults"][0]["seen"], &rules["faults"][0]["fired"]), (&json!(3), &json!(1)));

    let copies = FaultRule::webhook_duplicate(3).times(1);
    assert_eq!("fault=webhook.duplicate;n=3;times=1".parse::<FaultRule>().unwrap(), copies);
    let added = steer(Method::POST, "/faults", r#"{"fault": "webhook.duplicate", "n": 3, "times": 1}"#).await;
    assert_eq!((&added["n"], &added["times"]), (&json!(3), &json!(1)));
    for _ in 0..2 {
        caller.post("/detect", job(receiver.url("/hook"))).await;
    }
    let attempts: Vec<_> = settled(&server, 6).await.iter().map(|delivery| delivery.attempts.len()).collect();
    assert_eq!(attempts[4..], [3, 1]);
}

#[tokio::test]
async fn the_same_seed_and_requests_make_the_same_faults() {
    let receiver = Receiver::willing().await;
    let dropped = async |seed: u64| -> Vec<bool> {
        let faults = Faults::new().seed(seed).rule(FaultRule::webhook_drop().probability(0.5));
        let (server, caller) = start(hasty().faults(faults)).await;
        for _ in 0..24 {
            caller.post("/detect", job(receiver.url("/hook"))).await;
        }
        settled(&server, 24).await.iter().map(|delivery| !delivery.was_answered_200()).collect()
    };
    let seven = dropped(7).await;
    assert!(seven.contains(&true) && seven.contains(&false));
    assert_eq!(dropped(7).await, seven);
    assert_ne!(dropped(8).await, seven);
}

#[tokio::test]
async fn faults_that_were_asked_for_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    let receiver = Receiver::willing().await;
    let (server, caller) = start(hasty().database(&file).progression(Progression::Never)).await;
    submit(&caller, "fault=webhook.duplicate;n=3", &receiver.url("/hook")).await;
    server.shutdown().await;
    let (server, _caller) = start(hasty().database(&file)).await;
    assert_eq!(settled(&server, 1).await[0].attempts.len(), 3);
    assert_eq!(receiver.seen().len(), 3);
}

#[tokio::test]
async fn under_all_faults_together_what_is_recorded_is_what_came() {
    let receiver = Receiver::start(|number| Reply::Status(if number % 5 == 0 { 500 } else { 200 })).await;
    let rules = [
        FaultRule::webhook_drop(),
        FaultRule::webhook_duplicate(3),
        FaultRule::webhook_delay(Duration::from_millis(20)),
        "fault=webhook.reorder;ms=100".parse().unwrap(),
        FaultRule::webhook_early(),
        FaultRule::webhook_bad_signature(),
        FaultRule::webhook_oversize(),
        FaultRule::webhook_slow(Duration::from_millis(20)),
        FaultRule::webhook_cut(),
        FaultRule::webhook_cut().after(),
    ];
    let faults = rules.into_iter().fold(Faults::new().seed(7), |faults, rule| faults.rule(rule.probability(0.3)));
    let (server, caller) = start(hasty().faults(faults).webhook_attempts(10)).await;
    let mut jobs = BTreeSet::new();
    for _ in 0..40 {
        let job = caller.post("/detect", job(receiver.url("/hook"))).await.json::<Value>().await.unwrap();
        jobs.insert(job["id"].as_str().unwrap().to_owned());
    }
    let deliveries = settled(&server, 40).await;
    assert_eq!(deliveries.iter().filter_map(|delivery| delivery.job.clone()).collect::<BTreeSet<_>>(), jobs);
    let whole =
        |seen: &support::receiver::Seen| seen.body.is_some().then(|| seen.json()["id"].as_str().unwrap().to_owned());
    let came: BTreeSet<_> = receiver.seen().iter().filter_map(whole).collect();
    for delivery in &deliveries {
        let job = delivery.job.clone().unwrap();
        let lost = faults_of(delivery).contains("webhook.drop");
        assert_eq!((delivery.state, delivery.was_answered_200()), (DeliveryState::Delivered, !lost), "{delivery:#?}");
        assert_eq!(came.contains(&job), !lost, "{delivery:#?}");
    }
    let played: BTreeSet<_> = deliveries.iter().flat_map(faults_of).collect();
    assert_eq!(played.len(), 9, "{played:?}");
}

fn faults_of(delivery: &Delivery) -> BTreeSet<String> {
    delivery.attempts.iter().flat_map(|attempt| attempt.faults.clone()).collect()
}
