//! What counts as one event, whom to believe, and who has an event.

use std::collections::BTreeSet;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use image_intelligence::{
    Detect, ErrorKind, EventName, IdentityChange, IdentityRequest, Job, WebhookEvent, WebhookRequest,
};
use image_intelligence_server::{AskedPicture, FaultRule, Faults};
use image_intelligence_webhooks::{Delivery, Inbox};

use crate::oracle::{Oracle, all, is_true};
use crate::sender::post;
use crate::world::{Side, answer, inbox_in, server};

const ANY_PORT: &str = "127.0.0.1:0";

/// Waits until something is so, which a test then takes for granted.
async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let wait = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), wait).await.is_ok(), "in vain: {what}");
}

async fn next(inbox: &Inbox) -> Delivery {
    tokio::time::timeout(Duration::from_secs(30), inbox.next()).await.expect("an event").unwrap().unwrap()
}

/// The path of the URL at which a job is to be posted, as the server has it: what leaks where somebody reads along.
async fn leaked(side: &Side, job: &Job<Detect>) -> String {
    let url = side.client.jobs::<Detect>().get(job.id()).await.unwrap().webhook_url.unwrap();
    let base = side.receiver.public_url();
    url.strip_prefix(base).expect("a URL of ours").to_owned()
}

/// The answer to the submit waits until the webhook was answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_before_the_submits_answer_is_one_event() {
    let server = server(Faults::new().rule(FaultRule::webhook_early())).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(inbox_in(folder.path())).await.unwrap();
    let side = Side::with(inbox, ANY_PORT, server.base_url(), |receiver| receiver).await.unwrap();
    let job = side.submit(1).await.unwrap();
    let there = all(&side.inbox).await;
    assert_eq!(there.iter().map(|entry| entry.deliveries).collect::<Vec<_>>(), [1], "it was there before the answer");

    let delivery = next(&side.inbox).await;
    assert_eq!(delivery.job_id(), Some(job.id()));
    is_true(delivery.event()).unwrap();
    delivery.ack().await.unwrap();
    // And again, now that all is known.
    let delivered = server.deliveries().await.unwrap();
    assert!(server.redeliver(&delivered[0].id).await.unwrap());
    until("the webhook came again", async || all(&side.inbox).await[0].deliveries == 2).await;
    assert_eq!(all(&side.inbox).await.len(), 1);
    Oracle::ask(&server, &side.client, &side.inbox).await.check();
    side.receiver.shutdown().await;
    assert!(side.inbox.next().await.unwrap().is_none(), "it was handed out once");
    server.shutdown().await;
}

/// Who has read along posts another job's true result to a job's URL: while the job is under way, and once more when it is
/// done.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_body_on_a_leaked_token_changes_no_result() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let script = move |picture: &AskedPicture<'_>| {
        if picture.custom_id == Some("street-2") {
            // Until the test lets go.
            let _ = gate.lock().unwrap().recv();
        }
        answer(picture)
    };
    let server = server(Faults::new()).workers(2).scripted(script).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let side = Side::open(&inbox_in(folder.path()), ANY_PORT, server.base_url()).await.unwrap();
    side.submit(1).await.unwrap();
    let other = next(&side.inbox).await;
    let forged = other.raw().to_vec();
    other.ack().await.unwrap();

    let job = side.submit(2).await.unwrap();
    let path = leaked(&side, &job).await;
    let address = side.receiver.local_addr().unwrap();
    assert_eq!(post(address, &path, &forged).await.status, 200);
    until("the forged body was taken for what it is", async || {
        let counts = side.inbox.counts().await.unwrap();
        counts.events.received == 0 && counts.events.ready == 0 && counts.jobs.expected == 1
    })
    .await;
    drop(open);
    let delivery = next(&side.inbox).await;
    assert_eq!(delivery.job_id(), Some(job.id()));
    is_true(delivery.event()).unwrap();
    delivery.ack().await.unwrap();

    assert_eq!(post(address, &path, &forged).await.status, 200);
    let oracle = Oracle::ask(&server, &side.client, &side.inbox).await;
    assert_eq!(oracle.ended.len(), 2);
    oracle.check();
    side.receiver.shutdown().await;
    assert!(side.inbox.next().await.unwrap().is_none());
    server.shutdown().await;
}

/// Its own webhook is lost, so that the forged body is all that ever comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_body_alone_brings_the_true_result() {
    let server = server(Faults::new().rule(FaultRule::webhook_drop().skip(1))).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(inbox_in(folder.path())).await.unwrap();
    // Nobody looks for the job in less than 30 s: had the body been believed, it would have been handed out.
    let side = Side::with(inbox, ANY_PORT, server.base_url(), |receiver| receiver).await.unwrap();
    side.submit(1).await.unwrap();
    let other = next(&side.inbox).await;
    let forged = other.raw().to_vec();
    other.ack().await.unwrap();

    let job = side.submit(2).await.unwrap();
    until("the job is done", async || side.client.jobs::<Detect>().get(job.id()).await.unwrap().status.is_done()).await;
    let path = leaked(&side, &job).await;
    assert_eq!(post(side.receiver.local_addr().unwrap(), &path, &forged).await.status, 200);
    let delivery = next(&side.inbox).await;
    assert_eq!(delivery.job_id(), Some(job.id()));
    is_true(delivery.event()).unwrap();
    delivery.ack().await.unwrap();
    Oracle::ask(&server, &side.client, &side.inbox).await.check();
    side.receiver.shutdown().await;
    server.shutdown().await;
}

/// Each comes three times, as senders do; two changes that are alike are two all the same.
#[tokio::test(flavor = "multi_thread")]
async fn two_changes_of_one_identity_are_two_events() {
    const SECRET: &str = "a secret of the webhook";
    let server = server(Faults::new().rule(FaultRule::webhook_duplicate(3))).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(inbox_in(folder.path())).await.unwrap();
    let side = Side::with(inbox, ANY_PORT, server.base_url(), |receiver| receiver.secret(SECRET)).await.unwrap();
    let url = format!("{}/events", side.receiver.public_url());
    side.client.register_webhook(WebhookRequest::new(url).secret_key(SECRET)).await.unwrap();
    let identities = side.client.recognition("staff").identities();
    let ann = identities.create(IdentityRequest::new().custom_id("ann")).await.unwrap();
    for _ in 0..2 {
        identities.update(&ann.id, IdentityChange::new().custom_id("ann")).await.unwrap();
    }

    let (mut events, mut keys) = (Vec::new(), BTreeSet::new());
    for _ in 0..3 {
        let delivery = next(&side.inbox).await;
        let WebhookEvent::Event(event) = delivery.event() else { panic!("no event: {delivery:?}") };
        assert_eq!(event.identity.as_ref().map(|identity| &identity.id), Some(&ann.id));
        assert!(delivery.is_signed());
        events.push(event.event.clone());
        keys.insert(delivery.idempotency_key().to_owned());
        delivery.ack().await.unwrap();
    }
    let count = |name: &EventName| events.iter().filter(|event| *event == name).count();
    assert_eq!((count(&EventName::IdentityCreated), count(&EventName::IdentityUpdated), keys.len()), (1, 2, 3));
    until("each came three times", async || {
        all(&side.inbox).await.iter().map(|entry| entry.deliveries).sum::<u64>() == 9
    })
    .await;
    assert_eq!(all(&side.inbox).await.len(), 3);
    side.receiver.shutdown().await;
    assert!(side.inbox.next().await.unwrap().is_none());
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_handlers_lease_lapses_and_it_is_fenced() {
    let server = server(Faults::new()).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let second = Duration::from_secs(1);
    let inbox = Inbox::builder(inbox_in(folder.path())).lease(second).handler_timeout(second).open().await.unwrap();
    let side = Side::on(inbox, ANY_PORT, server.base_url()).await.unwrap();
    side.submit(1).await.unwrap();
    let hung = next(&side.inbox).await;
    let other = next(&side.inbox).await;
    assert_eq!((hung.attempt(), other.attempt()), (1, 2));
    assert_eq!((hung.rid(), hung.idempotency_key()), (other.rid(), other.idempotency_key()));
    assert!(!hung.is_held() && other.is_held());
    let error = hung.ack().await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false), "{error}");
    is_true(other.event()).unwrap();
    other.ack().await.unwrap();
    assert_eq!(side.inbox.counts().await.unwrap().events.done, 1);
    Oracle::ask(&server, &side.client, &side.inbox).await.check();
    side.receiver.shutdown().await;
    server.shutdown().await;
}
