//! Every call of the client against the real server.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::Duration;

use futures_util::future::join_all;
use image_intelligence::{
    Ask, BoundingBox, Client, Detect, ErrorKind, Examples, FeedbackClass, FeedbackCode, IdentityChange,
    IdentityRequest, Image, JobSearch, JobStatus, Kind, Match, PollPolicy, RecognitionSearch, Secret, SortOrder,
    Target, WebhookRequest,
};
use image_intelligence_server::{Answer, Answers, Found, FoundFace, Server};

const PHOTO: &str = "../../examples/photos/astronaut.jpg";

fn answers() -> Answers {
    let face = |confidence| FoundFace::new(confidence).frontal(true).sharpness(0.5).size(40.0, 50.0);
    let ann = face(0.97).identity_custom_id("ann").bounding_box(BoundingBox::new(1.0, 2.0, 41.0, 52.0));
    Answers::new()
        .found("door", [Found::new("person", 0.97)])
        .answer(Kind::Match, "door", Answer::matches(0.9).by_a_person())
        .answer(Kind::Ask, "door", Answer::yes())
        .answer(Kind::Recognize, "door", Answer::faces([ann, face(0.8).group("stranger")]))
        .otherwise([])
        .otherwise_answer(Kind::Match, Answer::no_match())
        .otherwise_answer(Kind::Ask, Answer::no())
        .otherwise_answer(Kind::Recognize, Answer::faces([]))
}

async fn start() -> (Server, Client) {
    let server = Server::builder().scripted(answers()).start().await.unwrap();
    let mut poll = PollPolicy::default();
    poll.shortest = Duration::from_millis(5);
    let client = Client::builder().base_url(server.base_url()).credentials("local", "local").poll(poll);
    (server, client.build().unwrap())
}

fn images() -> [Image; 2] {
    [Image::file(PHOTO).custom_id("door"), Image::bytes(b"..".to_vec()).custom_id("attic")]
}

fn rex() -> Target {
    Target::new("dog", ["https://example.com/rex.jpg"]).custom_id("rex")
}

#[tokio::test]
async fn detect_match_and_ask() {
    let (_server, client) = start().await;
    let detect = client.detect(images()).class("person").feed_id("f").send().await.unwrap();
    let matching = client.match_target(images(), rex()).feed_id("f").send().await.unwrap();
    let examples = Examples::new().yes(["https://example.com/open.jpg"]).no(["https://example.com/shut.jpg"]);
    let ask =
        client.ask(images(), "Is it open?").examples(examples).custom_id("mine").feed_id("f").send().await.unwrap();

    let found = detect.wait().await.unwrap();
    assert_eq!((found.found("person")[0].image.custom_id_or_url(), found.image_results.len()), ("door", 2));
    let matched = matching.wait().await.unwrap();
    assert_eq!((matched.matched().unwrap().custom_id_or_url(), matched.job_results.hitl), ("door", Some(true)));
    assert_eq!(matched.job_results.target.as_ref().unwrap().custom_id.as_deref(), Some("rex"));
    let answered = ask.wait().await.unwrap();
    assert_eq!((answered.yes().unwrap().custom_id_or_url(), answered.question.as_str()), ("door", "Is it open?"));
    assert_eq!(answered.examples.unwrap().no.unwrap(), ["https://example.com/shut.jpg"]);

    // Read again by the id, found again by search, taken up again by the token.
    let feed = JobSearch::new().feed_id("f").before(answered.created_at.unwrap());
    assert_eq!(client.jobs::<Detect>().get(detect.id()).await.unwrap().status, JobStatus::CompletedSuccessfully);
    assert_eq!(client.jobs::<Detect>().search(&feed).await.unwrap()[0].id, detect.id());
    assert_eq!(client.jobs::<Match>().get(matching.id()).await.unwrap().id, matching.id());
    assert_eq!(client.jobs::<Match>().search(&feed).await.unwrap()[0].id, matching.id());
    assert_eq!(client.jobs::<Ask>().get(ask.id()).await.unwrap().id, ask.id());
    let named = JobSearch::new().custom_id("mine").after(answered.created_at.unwrap());
    assert_eq!(client.jobs::<Ask>().search(&named).await.unwrap().len(), 1);
    assert!(client.resume::<Match>(&matching.resume_token()).unwrap().wait().await.unwrap().status.is_done());
    let other = client.resume::<Ask>(&matching.resume_token()).unwrap_err();
    assert_eq!(other.kind(), ErrorKind::ResumeToken);

    // A picture that an answer names, without the token.
    let proxy = found.image_results.iter().find(|image| image.custom_id.as_deref() == Some("door")).unwrap();
    let bytes = client.image(proxy.proxy_url.as_deref().unwrap()).await.unwrap();
    assert_eq!(&bytes[..], std::fs::read(PHOTO).unwrap());
}

#[tokio::test]
async fn a_search_in_windows_finds_each_job_once() {
    let (_server, client) = start().await;
    let sent = join_all((0..30).map(|_| client.detect(images()).class("person").feed_id("w").send())).await;
    let mut sent: Vec<_> = sent.into_iter().map(|job| job.unwrap()).collect();
    sent.sort_by_key(image_intelligence::Job::created_at);
    let (first, last) = (sent[0].created_at(), sent[29].created_at());
    let within = JobSearch::new().feed_id("w").after(first).before(last);
    for width in [Duration::from_millis(1), Duration::from_millis(7), Duration::from_secs(60)] {
        let found = client.jobs::<Detect>().search_in_windows(&within, width).await.unwrap();
        let times: Vec<_> = found.iter().map(|job| job.created_at.unwrap()).collect();
        assert_eq!(found.len(), 30, "{width:?}");
        assert!(times.first() == Some(&first) && times.last() == Some(&last), "{width:?}");
    }
    // One moment is a window, too.
    let moment = JobSearch::new().feed_id("w").after(first).before(first);
    assert!(!client.jobs::<Detect>().search_in_windows(&moment, Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test]
async fn recognize_identities_pictures_and_groups() {
    let (_server, client) = start().await;
    let staff = client.recognition("staff");
    let (identities, pictures, groups) = (staff.identities(), staff.images(), staff.groups());
    let ann = identities.create(IdentityRequest::new().custom_id("ann")).await.unwrap();
    assert_eq!((ann.custom_id.as_deref(), ann.images.len()), (Some("ann"), 0));

    let sent = client.recognize("staff", images()).feed_id("lobby").send().await.unwrap();
    let job = sent.wait().await.unwrap();
    let whose: Vec<_> = job.faces().map(|face| face.face.identity_id.as_deref()).collect();
    assert_eq!(whose, [Some(ann.id.as_str()), None]);
    let jobs = staff.jobs();
    assert_eq!(jobs.get(sent.id()).await.unwrap().status, JobStatus::CompletedSuccessfully);
    assert_eq!(jobs.search(&RecognitionSearch::new().feed_ids(["lobby"])).await.unwrap().len(), 1);
    assert_eq!(jobs.search(&RecognitionSearch::new().without_feed_id()).await.unwrap().len(), 0);
    assert_eq!(jobs.all(RecognitionSearch::new()).collect().await.unwrap()[0].id, sent.id());
    assert!(client.resume::<image_intelligence::Recognize>(&sent.resume_token()).unwrap().wait().await.is_ok());

    // Faces, with what is known of them, and the picture itself by way of a redirect.
    let faces = pictures.search(&RecognitionSearch::new().sort_by(SortOrder::Asc)).await.unwrap();
    assert_eq!(pictures.all(RecognitionSearch::new()).collect().await.unwrap().len(), 2);
    let face = faces.iter().find(|face| face.identity_id.is_some()).unwrap();
    let stranger = faces.iter().find(|face| face.identity_id.is_none()).unwrap();
    let (face_id, stranger_id) = (face.id.as_deref().unwrap(), stranger.id.as_deref().unwrap());
    assert_eq!(pictures.get(face_id).await.unwrap().is_frontal, Some(true));
    assert_eq!(&pictures.picture(face_id).await.unwrap()[..], std::fs::read(PHOTO).unwrap());
    assert_eq!(&client.image(face.url.as_deref().unwrap()).await.unwrap()[..], std::fs::read(PHOTO).unwrap());

    // Groups are made by the service.
    let made = groups.search(&RecognitionSearch::new()).await.unwrap();
    assert_eq!((made.len(), groups.all(RecognitionSearch::new()).collect().await.unwrap().len()), (2, 2));
    let group = groups.get(made[0].id.as_deref().unwrap()).await.unwrap();
    assert_eq!(group.namespace.as_deref(), Some("staff"));

    // Whoever was a stranger becomes somebody, and ceases to be.
    let bob = identities.create(IdentityRequest::new().image_ids([stranger_id])).await.unwrap();
    assert_eq!((bob.custom_id.as_deref(), bob.images.len()), (None, 1));
    let bob = identities.update(&bob.id, IdentityChange::new().custom_id("bob").add_images([face_id])).await.unwrap();
    assert_eq!((bob.custom_id.as_deref(), bob.images.len()), (Some("bob"), 2));
    let bob = identities.update(&bob.id, IdentityChange::new().remove_images([face_id, stranger_id])).await.unwrap();
    assert_eq!(bob.images.len(), 0, "without pictures he stays");
    assert_eq!(identities.get(&bob.id).await.unwrap().custom_id.as_deref(), Some("bob"));
    let named = RecognitionSearch::new().custom_ids(["bob"]);
    assert_eq!(identities.search(&named).await.unwrap()[0].id, bob.id);
    identities.delete(&bob.id).await.unwrap();
    for gone in [
        identities.get(&bob.id).await.map(drop),
        identities.delete(&bob.id).await,
        identities.update(&bob.id, IdentityChange::new().custom_id("b")).await.map(drop),
    ] {
        assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn more_rows_than_one_search_reaches() {
    let (_server, client) = start().await;
    let identities = client.recognition("crowd").identities();
    let names: Vec<_> = (0..230).map(|nth| format!("n-{nth}")).collect();
    let made = names.iter().map(|name| identities.create(IdentityRequest::new().custom_id(name)));
    let mut made: Vec<_> = join_all(made).await.into_iter().map(|one| one.unwrap().id).collect();
    let newest_first = identities.all(RecognitionSearch::new()).collect().await.unwrap();
    let oldest_first =
        identities.all(RecognitionSearch::new().sort_by(SortOrder::Asc).limit(50)).collect().await.unwrap();
    assert!(newest_first.iter().rev().map(|one| one.created_at).is_sorted());
    assert!(oldest_first.iter().map(|one| one.created_at).is_sorted());
    made.sort_unstable();
    for found in [newest_first, oldest_first] {
        let mut ids: Vec<_> = found.into_iter().map(|one| one.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, made);
    }
}

#[tokio::test]
async fn feedback_and_a_webhook() {
    let (_server, client) = start().await;
    let job = client.detect(images()).class("person").send().await.unwrap();
    let wrong = || [FeedbackClass::false_positive("person")];
    let taken = client.feedback().create(job.id(), wrong()).await.unwrap();
    assert_eq!((taken.job_id.as_deref(), &taken.classes[0].code), (Some(job.id()), &FeedbackCode::FalsePositive));
    assert!(taken.created_at.unwrap().as_millis() > 1_700_000_000_000);
    assert_eq!(client.feedback().get(&taken.id).await.unwrap().id, taken.id);
    for of in [Some(job.id()), None] {
        assert_eq!(client.feedback().list(of).await.unwrap().len(), 1);
    }
    assert_eq!(client.feedback().list(Some("another")).await.unwrap().len(), 0);
    assert_eq!(client.feedback().list(Some("")).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!(client.feedback().create("none", wrong()).await.unwrap_err().kind(), ErrorKind::NotFound);
    let asked = client.ask(images(), "Is it?").send().await.unwrap();
    assert_eq!(client.feedback().create(asked.id(), wrong()).await.unwrap_err().kind(), ErrorKind::BadRequest);

    let hook = || WebhookRequest::new("https://example.com/hook").secret_key("correct horse battery");
    let registered = client.register_webhook(hook()).await.unwrap();
    assert_eq!(registered.webhook.url.as_deref(), Some("https://example.com/hook"));
    assert_eq!(registered.secret_key.as_ref().map(Secret::expose), Some("correct horse battery"));
    assert!(!format!("{registered:?}").contains("horse"));
    let twice = client.register_webhook(hook()).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::BadRequest);
    assert!(!format!("{twice:?} {}", String::from_utf8_lossy(twice.body().unwrap())).contains("horse"));
}

#[tokio::test]
async fn what_is_not_known_is_not_found() {
    let (_server, client) = start().await;
    let staff = client.recognition("staff");
    for id in ["none", "..", "a/b", "%2F", "../oauth/token", "ü", "?a=b#c"] {
        for unknown in [
            client.jobs::<Detect>().get(id).await.map(drop),
            client.jobs::<Match>().get(id).await.map(drop),
            client.jobs::<Ask>().get(id).await.map(drop),
            staff.jobs().get(id).await.map(drop),
            staff.identities().get(id).await.map(drop),
            staff.identities().delete(id).await,
            staff.identities().update(id, IdentityChange::new().custom_id("x")).await.map(drop),
            staff.images().get(id).await.map(drop),
            staff.images().picture(id).await.map(drop),
            staff.groups().get(id).await.map(drop),
            client.feedback().get(id).await.map(drop),
        ] {
            assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotFound, "{id}");
        }
    }
}

#[tokio::test]
async fn a_namespace_of_any_letters_is_one_of_its_own() {
    let (_server, client) = start().await;
    let namespaces = ["staff", "sta/ff", "sta%2Fff", "ßtaff", "a b", "..a", "search", "?", "staff/../x", "Staff"];
    for name in namespaces {
        client.recognition(name).identities().create(IdentityRequest::new().custom_id(name)).await.unwrap();
    }
    for name in namespaces {
        let found = client.recognition(name).identities().search(&RecognitionSearch::new()).await.unwrap();
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].custom_id.as_deref(), Some(name));
        assert_eq!(found[0].namespace.as_deref().unwrap_or(name), name);
        let job = client.recognize(name, images()).send().await.unwrap();
        assert_eq!(job.wait().await.unwrap().images.len(), 2, "{name}");
    }
    for name in ["", " ", ".", "..", "a\nb"] {
        let refused = client.recognition(name).identities().search(&RecognitionSearch::new()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidRequest, "{name:?}");
        assert_eq!(client.recognize(name, images()).send().await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
}
