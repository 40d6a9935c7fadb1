//! Submits of a client with a receiver: what they carry, what the receiver is told, and what nobody is shown.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence::{
    AllOptions, CallbackToken, Client, ErrorKind, Image, JobRef, JobSearch, Kind, RawAnswer, Target,
};

use crate::inside::Inside;
use crate::receiver::Receiver;
use crate::scripted::{Reply, ok};
use crate::service::{SECOND, Service, pictures, submitted};
use crate::waits::until;

const SOON: Duration = Duration::from_secs(5);

/// What the receiver was told of each submit: its kind, and whether handlers are to be told.
fn told(receiver: &Receiver) -> Vec<(Kind, bool)> {
    receiver.0.intents.lock().unwrap().iter().map(|intent| (intent.kind, intent.deliver)).collect()
}

async fn one_of_each(client: &Client, deliver: bool) {
    let target = Target::new("dog", ["https://example.com/rex.jpg"]);
    client.detect(pictures()).class("person").deliver(deliver).send().await.unwrap();
    client.match_target(pictures(), target).deliver(deliver).send().await.unwrap();
    client.ask(pictures(), "Is it?").deliver(deliver).send().await.unwrap();
    client.recognize("staff", pictures()).deliver(deliver).send().await.unwrap();
}

async fn all_of_each(client: &Client, deliver: bool) {
    let target = Target::new("dog", ["https://example.com/rex.jpg"]);
    client.detect_all(pictures()).class("person").deliver(deliver).start().unwrap().next().await.unwrap();
    client.match_all(pictures(), target).deliver(deliver).start().unwrap().next().await.unwrap();
    client.ask_all(pictures(), "Is it?").deliver(deliver).start().unwrap().next().await.unwrap();
    client.recognize_all("staff", pictures()).deliver(deliver).start().unwrap().next().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn jobs_of_every_kind_carry_a_url_of_their_own_and_say_whether_handlers_are_told() {
    for deliver in [true, false] {
        let (service, receiver) = (Service::start(SECOND), Receiver::new(Some(SOON)));
        let client = service.client(&receiver);
        one_of_each(&client, deliver).await;
        all_of_each(&client, deliver).await;
        let each = Kind::ALL.map(|kind| (kind, deliver));
        assert_eq!(told(&receiver), [each, each].concat());
        let posts = service.inside.asked().into_iter().filter(|(_, asked)| asked.method == "POST");
        let urls: Vec<_> = posts.map(|(_, asked)| asked.json()["webhookUrl"].as_str().unwrap().to_owned()).collect();
        assert_eq!(urls, *receiver.0.minted.lock().unwrap());
        let named: Vec<_> = urls.iter().map(|url| CallbackToken::named_in(url).unwrap()).collect();
        assert_eq!(named, receiver.rids());
    }
}

#[tokio::test(start_paused = true)]
async fn bindings_say_whether_handlers_are_told_as_well() {
    let (service, receiver) = (Service::start(SECOND), Receiver::new(Some(SOON)));
    let client = service.client(&receiver);
    let requests: [(Kind, &[u8]); 4] = [
        (Kind::Detect, br#"{"images": [], "classes": [{"class": "person"}]}"#),
        (Kind::Match, br#"{"images": [], "target": {"class": "dog", "images": ["https://example.com/rex.jpg"]}}"#),
        (Kind::Ask, br#"{"images": [], "question": "Is it?"}"#),
        (Kind::Recognize, br#"{"images": []}"#),
    ];
    for (kind, request) in requests {
        let namespace = || (kind == Kind::Recognize).then(|| "staff".to_owned());
        for deliver in [true, false] {
            let job = client.any_job(kind, namespace(), pictures(), request).unwrap();
            job.deliver(deliver).send().await.unwrap();
        }
        for deliver in [None, Some(false)] {
            let options = AllOptions { deliver, ..AllOptions::default() };
            let run = client.any_all(kind, namespace(), request, options).unwrap();
            run.feed(pictures().into());
            run.end();
            run.next().await;
        }
        let said = std::mem::take(&mut *receiver.0.intents.lock().unwrap()).into_iter();
        let said: Vec<_> = said.map(|intent| (intent.kind, intent.deliver)).collect();
        assert_eq!(said, [(kind, true), (kind, false), (kind, true), (kind, false)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_url_of_the_callers_own_is_sent_recorded_and_not_waited_for() {
    let (service, receiver) = (Service::start(SECOND), Receiver::new(Some(30 * SECOND)));
    let client = service.client(&receiver);
    let job = client.detect(pictures()).class("person").webhook_url("https://example.com/mine").send().await.unwrap();
    let sent = service.inside.asked()[0].1.json();
    assert_eq!(sent["webhookUrl"], "https://example.com/mine");
    assert_eq!((receiver.0.minted.lock().unwrap().len(), told(&receiver)), (0, vec![(Kind::Detect, true)]));
    job.wait().await.unwrap();
    assert!(service.inside.elapsed() < SOON, "it was waited for a webhook that goes elsewhere");
}

#[tokio::test(start_paused = true)]
async fn a_url_that_the_api_would_refuse_is_not_sent_and_not_shown() {
    let long = format!("https://hooks.example.com/{}", "a".repeat(448));
    // One character more than a job takes, but for those that recognize.
    for (base, recognized) in [(long.as_str(), true), ("hooks.example.com", false)] {
        let (service, receiver) = (Service::start(SECOND), Receiver::at(base, None));
        let client = service.client(&receiver);
        let error = client.detect(pictures()).class("person").send().await.unwrap_err();
        let minted = receiver.0.minted.lock().unwrap()[0].clone();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.message().contains(&format!("({} characters)", minted.len())), "{error}");
        assert!(!format!("{error:?}").contains(minted.rsplit_once('/').unwrap().1), "{error}");
        assert!(service.inside.asked().is_empty() && told(&receiver).is_empty());
        assert_eq!(client.recognize("staff", pictures()).send().await.is_ok(), recognized);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_repeats_the_url_has_it_blotted_out() {
    for (status, kind) in [(400, ErrorKind::BadRequest), (500, ErrorKind::OutcomeUnknown)] {
        let inside = Inside::start(move |asked, _| {
            if asked.method == "GET" {
                return ok("[]");
            }
            let url = asked.json()["webhookUrl"].as_str().unwrap().to_owned();
            let path = url.trim_start_matches("https://hooks.example.com").to_owned();
            Reply::Json(status, format!(r#"{{"message": "no POST to {url}", "path": "{path}"}}"#))
        });
        let receiver = Receiver::new(None);
        let client = inside.builder().webhooks(&receiver).recover_for(SECOND).build().unwrap();
        let error = client.detect(pictures()).class("person").send().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let url = receiver.0.minted.lock().unwrap()[0].clone();
        let (_, token) = url.rsplit_once('/').unwrap();
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        let mut bodies = 0;
        while let Some(error) = cause {
            assert!(!format!("{error} {error:?}").contains(token), "{error:?}");
            if let Some(body) = error.downcast_ref::<image_intelligence::Error>().and_then(|error| error.body()) {
                assert!(!String::from_utf8_lossy(body).contains(token));
                bodies += 1;
            }
            cause = error.source();
        }
        assert!(bodies > 0, "there is nothing to look at");
    }
}

#[tokio::test(start_paused = true)]
async fn results_are_given_without_the_token_that_the_caller_did_not_write() {
    let (service, receiver) = (Service::start(SECOND), Receiver::new(Some(SOON)));
    let done = submitted(&service.client(&receiver)).await.wait().await.unwrap();
    let url = receiver.0.minted.lock().unwrap()[0].clone();
    let token = url.rsplit_once('/').unwrap().1;
    assert_eq!(done.webhook_url, None);
    for shown in [String::from_utf8(done.to_json()).unwrap(), format!("{done:?}")] {
        assert!(!shown.contains(token), "{shown}");
    }
    // The bytes are there as they came.
    assert!(done.raw.as_str().unwrap().contains(&url));
}

#[tokio::test(start_paused = true)]
async fn other_languages_are_given_no_token_whose_objects_print_all_that_they_have() {
    let (service, receiver) = (Service::start(SECOND), Receiver::new(Some(SOON)));
    let client = service.client(&receiver);
    submitted(&client).await;
    let url = receiver.0.minted.lock().unwrap()[0].clone();
    let shown = CallbackToken::hidden_in(&url).into_owned();
    assert!(shown.ends_with("/cb/[secret]"), "{shown}");
    for (name, arguments) in [("detect.get", &br#"{"id": "job-0"}"#[..]), ("detect.search", br#"{"body": {}}"#)] {
        let row = match client.call(name, arguments).await.unwrap() {
            RawAnswer::One(row) => row,
            RawAnswer::Many(mut rows) => rows.pop().unwrap(),
            other => panic!("{other:?}"),
        };
        let json = String::from_utf8(row.json.unwrap()).unwrap();
        assert!(json.contains(&shown) && !json.contains(&url), "{name}: {json}");
        assert!(String::from_utf8(row.raw).unwrap().contains(&url), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_carries_our_token_is_adopted_where_the_answer_was_lost() {
    let receiver = Receiver::new(None);
    let minted = receiver.clone();
    let inside = Inside::start(move |asked, _| {
        if asked.method == "POST" {
            return Reply::Close;
        }
        let url = minted.0.minted.lock().unwrap()[0].clone();
        ok(format!(
            r#"[{{"id": "older", "customId": "mine"}}, {{"id": "ours", "customId": "mine", "webhookUrl": "{url}"}}]"#
        ))
    });
    let client = inside.builder().webhooks(&receiver).build().unwrap();
    // Nothing else on it is ours.
    let image = Image::url("https://example.com/a.jpg").custom_id("also mine");
    let job = client.detect([image]).class("person").custom_id("mine").send().await.unwrap();
    assert_eq!(job.id(), "ours");
    assert_eq!(receiver.0.accepted.lock().unwrap()[0].id, "ours");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_asks_the_client_for_as_long_as_there_is_one_and_neither_keeps_the_other() {
    let (service, receiver) = (Service::start(SECOND), Receiver::new(None));
    let client = service.client(&receiver);
    let clone = client.clone();
    submitted(&client).await;
    drop(client);
    let weak = receiver.source();
    let source = weak.upgrade().expect("a clone of the client lives");
    let look = || source.fetch(JobRef::new(Kind::Detect, "job-0"));
    assert_eq!(look().await.unwrap().id(), "job-0");
    let search = || source.find(Kind::Detect, None, JobSearch::new().custom_id("a"));
    assert_eq!(search().await.unwrap().len(), 1);

    clone.close();
    assert_eq!(look().await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(search().await.unwrap_err().kind(), ErrorKind::Closed);
    drop(clone);
    assert_eq!(look().await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(search().await.unwrap_err().kind(), ErrorKind::Closed);
    drop(source);
    until(|| weak.upgrade().is_none(), "the client is kept").await;
    let inbox = Arc::downgrade(&receiver.0);
    drop(receiver);
    assert!(inbox.upgrade().is_none(), "the receiver is kept");

    // Not by a client that is there still, either.
    let receiver = Receiver::new(None);
    let client = service.client(&receiver);
    let inbox = Arc::downgrade(&receiver.0);
    drop(receiver);
    let source = inbox.upgrade().map(Receiver).expect("the client has let go of it").source().upgrade().unwrap();
    drop(client);
    assert!(inbox.upgrade().is_none());
    assert_eq!(source.fetch(JobRef::new(Kind::Detect, "job-0")).await.unwrap_err().kind(), ErrorKind::Closed);
}
