//! Waits of which a receiver tells the end, in time, late or not at all.

use std::time::Duration;

use image_intelligence::{
    AnyJob, Ask, Client, Detect, ErrorKind, Job, JobRef, JobSource as _, Kind, Match, Recognize, Target, Update,
};

use crate::receiver::Receiver;
use crate::service::{SECOND, Service, pictures, submitted};

const HALF_MINUTE: Duration = Duration::from_secs(30);
const NEVER: Duration = Duration::from_secs(1_000_000);

/// Has the end of the first job told after a while.
fn tell_after(service: &Service, receiver: &Receiver, kind: Kind, pause: Duration) {
    let (job, rid, receiver) = (service.finished(kind, 0), receiver.rids()[0], receiver.clone());
    tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        receiver.tell(rid, job);
    });
}

/// Waits for a job of a kind whose webhook comes in time. Gives the places of the pictures among the inputs.
macro_rules! told {
    ($kind:ident, $images:ident, |$client:ident| $builder:expr) => {{
        let (service, receiver) = (Service::start(NEVER), Receiver::new(Some(HALF_MINUTE)));
        let $client = service.client(&receiver);
        let job: Job<$kind> = $builder.send().await.unwrap();
        tell_after(&service, &receiver, Kind::$kind, 10 * SECOND);
        let done = job.wait().await.unwrap();
        assert_eq!((done.id.as_str(), service.inside.elapsed().as_secs()), ("job-0", 10));
        assert!(service.looks().is_empty(), "it was asked for");
        assert_eq!(receiver.subscribed(), 0, "a subscription outlived its wait");
        done.$images.iter().map(|image| image.input.as_ref().unwrap().index).collect::<Vec<_>>()
    }};
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_webhook_comes_in_time_is_never_asked_for_and_is_tied_to_its_pictures() {
    let target = || Target::new("dog", ["https://example.com/rex.jpg"]);
    assert_eq!(told!(Detect, image_results, |client| client.detect(pictures()).class("person")), [1, 0]);
    assert_eq!(told!(Match, image_results, |client| client.match_target(pictures(), target())), [1, 0]);
    assert_eq!(told!(Ask, image_results, |client| client.ask(pictures(), "Is it?")), [1, 0]);
    assert_eq!(told!(Recognize, images, |client| client.recognize("staff", pictures())), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn updates_and_many_jobs_at_once_are_told_as_well() {
    let (service, receiver) = (Service::start(NEVER), Receiver::new(Some(HALF_MINUTE)));
    let client = service.client(&receiver);
    let job = submitted(&client).await;
    tell_after(&service, &receiver, Kind::Detect, SECOND);
    let mut updates = job.updates();
    assert!(matches!(updates.next().await, Some(Ok(Update::Progress { polls: 0, .. }))));
    assert!(matches!(updates.next().await, Some(Ok(Update::Done(done))) if done.id == "job-0"));
    assert!(updates.next().await.is_none());

    let mut jobs = Vec::new();
    for _ in 1..500 {
        jobs.push(submitted(&client).await);
    }
    let tokens: Vec<_> = jobs.iter().map(Job::resume_token).collect();
    let (mut completed, mut tracked) = (client.as_completed(jobs), client.track(tokens).unwrap());
    let waits = async {
        for _ in 1..500 {
            let (job, done) = completed.next().await.unwrap();
            assert_eq!(job.id(), done.unwrap().id);
            let (_, done) = tracked.next().await.unwrap();
            assert!(done.unwrap().status().is_done());
        }
    };
    let telling = async {
        for (nth, rid) in receiver.rids().into_iter().enumerate().skip(1) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            receiver.tell(rid, service.finished(Kind::Detect, nth));
        }
    };
    tokio::join!(waits, telling);
    assert!(completed.next().await.is_none() && tracked.next().await.is_none());
    assert!(service.looks().is_empty(), "{:?}", service.looks());
}

/// When a job is looked at first that is done at once and of which nothing is told.
async fn first_look(patience: Option<Duration>, limit: Duration) -> u64 {
    let (service, receiver) = (Service::start(Duration::ZERO), Receiver::new(patience));
    submitted(&service.client(&receiver)).await.wait_for(limit).await.unwrap();
    service.looks()[0]
}

#[tokio::test(start_paused = true)]
async fn a_job_is_asked_for_once_its_webhook_is_overdue() {
    assert_eq!(first_look(Some(HALF_MINUTE), 900 * SECOND).await, 30);
    // A third of the time at most, and five minutes.
    assert_eq!(first_look(Some(HALF_MINUTE), 60 * SECOND).await, 20);
    assert_eq!(first_look(Some(NEVER), 900 * SECOND).await, 300);
    assert_eq!(first_look(Some(NEVER), Duration::MAX).await, 300);
    // As if there were none.
    assert_eq!(first_look(None, 900 * SECOND).await, 1);
    assert_eq!(first_look(Some(Duration::ZERO), 900 * SECOND).await, 1);
}

#[tokio::test(start_paused = true)]
async fn patience_is_counted_from_the_submit_and_a_resumed_wait_listens_too() {
    let (service, receiver) = (Service::start(Duration::ZERO), Receiver::new(Some(HALF_MINUTE)));
    let client = service.client(&receiver);
    let job = submitted(&client).await;
    tokio::time::sleep(20 * SECOND).await;
    let again = client.resume::<Detect>(&job.resume_token()).unwrap();
    let (first, second) = tokio::join!(again.wait(), job.wait());
    assert_eq!((first.unwrap().id, second.unwrap().id), ("job-0".to_owned(), "job-0".to_owned()));
    assert_eq!(service.looks(), [30], "one look for both");

    // A result that came before there was a wait is there at once.
    receiver.tell(receiver.rids()[0], service.finished(Kind::Detect, 0));
    client.resume::<Detect>(&job.resume_token()).unwrap().wait().await.unwrap();
    assert_eq!(service.looks(), [30]);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_look_at_the_deadline_and_a_webhook_may_come_until_then() {
    let (service, receiver) = (Service::start(NEVER), Receiver::new(Some(HALF_MINUTE)));
    let client = service.client(&receiver);
    let job = submitted(&client).await;
    let error = job.wait_for(12 * SECOND).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimeout);
    let looks = service.looks();
    assert_eq!((looks.first(), looks.last()), (Some(&4), Some(&12)), "{looks:?}");
    assert_eq!(receiver.subscribed(), 0);

    tell_after(&service, &receiver, Kind::Detect, 50 * SECOND);
    let began = tokio::time::Instant::now();
    assert_eq!(job.wait_for(90 * SECOND).await.unwrap().id, "job-0");
    assert_eq!(began.elapsed().as_secs(), 50, "though it was asked for meanwhile");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_will_be_told_any_more_jobs_are_asked_for() {
    let (service, receiver) = (Service::start(3 * SECOND), Receiver::new(Some(HALF_MINUTE)));
    let job = submitted(&service.client(&receiver)).await;
    let stop = async {
        tokio::time::sleep(5 * SECOND).await;
        receiver.stop();
    };
    let (done, ()) = tokio::join!(job.wait(), stop);
    assert!(done.unwrap().status.is_done());
    assert_eq!(service.looks(), [5]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_end_of_the_job_is_not_taken_for_it() {
    let unfinished = AnyJob::from_json(Kind::Detect, br#"{"id": "job-0", "status": "IN_PROGRESS"}"#).unwrap();
    let another = AnyJob::from_json(Kind::Detect, br#"{"id": "job-1", "status": "COMPLETED_SUCCESSFULLY"}"#).unwrap();
    let odd = AnyJob::from_json(Kind::Ask, br#"{"id": "job-0", "status": "COMPLETED_SUCCESSFULLY"}"#).unwrap();
    for told in [unfinished, another, odd] {
        let (service, receiver) = (Service::start(7 * SECOND), Receiver::new(Some(HALF_MINUTE)));
        let job = submitted(&service.client(&receiver)).await;
        receiver.tell(receiver.rids()[0], told);
        let done = job.wait().await.unwrap();
        assert_eq!((done.id.as_str(), done.image_results.len()), ("job-0", 2));
        assert!(service.inside.elapsed() > 7 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_the_receiver_makes_is_for_the_waits_as_well() {
    let (service, receiver) = (Service::start(20 * SECOND), Receiver::new(Some(HALF_MINUTE)));
    let client = service.client(&receiver);
    let job = submitted(&client).await;
    let looks = async {
        // A forged webhook brings it here: the job is not done, and is left alone again.
        for pause in [5, 17] {
            tokio::time::sleep(pause * SECOND).await;
            let source = receiver.source().upgrade().unwrap();
            source.fetch(JobRef::new(Kind::Detect, "job-0")).await.unwrap();
        }
    };
    let (done, ()) = tokio::join!(job.wait(), looks);
    assert!(done.unwrap().status.is_done());
    assert_eq!(service.looks(), [5, 22]);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_right_after_the_submit_is_confirmed_at_once_and_the_next_look_is_a_second_later() {
    let tenth = SECOND / 10;
    let (service, receiver) = (Service::start(15 * tenth), Receiver::new(Some(HALF_MINUTE)));
    let client = service.client(&receiver);
    let job = submitted(&client).await;
    let looks = async {
        for after in [2, 2] {
            tokio::time::sleep(after * tenth).await;
            let seen = client.fetch(JobRef::new(Kind::Detect, job.id())).await.unwrap();
            assert!(!seen.status().is_done());
        }
        tokio::time::sleep(2 * tenth).await;
        client.fetch(JobRef::new(Kind::Detect, job.id())).await.unwrap()
    };
    let (done, seen) = tokio::join!(job.wait(), looks);
    assert!(done.unwrap().status.is_done() && seen.status().is_done());
    let asked = service.inside.asked();
    let looks: Vec<_> = asked.iter().filter(|(_, asked)| asked.method == "GET").map(|(at, _)| *at).collect();
    assert!(looks.len() == 3 && looks[0] < 3 * tenth, "{looks:?}");
    assert!(looks.windows(2).all(|two| (SECOND..11 * tenth).contains(&(two[1].saturating_sub(two[0])))), "{looks:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_listens_no_more() {
    let (service, receiver) = (Service::start(NEVER), Receiver::new(Some(HALF_MINUTE)));
    let client = service.client(&receiver);
    let job = submitted(&client).await;
    let other = submitted(&client).await;
    let (first, second, third) = (job.wait(), job.wait(), other.wait());
    let mut first = Box::pin(first);
    assert!(tokio::time::timeout(SECOND, &mut first).await.is_err());
    assert!(tokio::time::timeout(SECOND, async { tokio::join!(second, third) }).await.is_err());
    until(|| receiver.subscribed() == 1, "two waits for one job listen once").await;
    drop(first);
    until(|| receiver.subscribed() == 0, "nobody waits").await;

    // A client that is closed lets go as well.
    let wait = tokio::spawn(async move { job.wait().await });
    until(|| receiver.subscribed() == 1, "a wait").await;
    client.close();
    assert_eq!(wait.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    until(|| receiver.subscribed() == 0, "the client is closed").await;
    assert!(service.looks().is_empty());
}

pub(crate) async fn until(holds: impl Fn() -> bool, what: &str) {
    for _ in 0..100 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{what}");
}

/// The runtime of the first wait goes down with the scheduler's task in it; the others' subscriptions do not.
#[test]
fn a_subscription_outlives_the_runtime_that_it_was_made_in() {
    let paused = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (first, second) = (paused(), paused());
    let (service, receiver) = first.block_on(async { (Service::start(NEVER), Receiver::new(Some(HALF_MINUTE))) });
    let client: Client = service.client(&receiver);
    let job = first.block_on(submitted(&client));
    let mut updates = job.updates();
    first.block_on(async {
        updates.next().await.unwrap().unwrap();
        assert!(tokio::time::timeout(SECOND, updates.next()).await.is_err());
    });
    assert_eq!(receiver.subscribed(), 1);
    drop(first);
    receiver.tell(receiver.rids()[0], service.finished(Kind::Detect, 0));
    let told = second.block_on(updates.next()).unwrap().unwrap();
    assert!(matches!(told, Update::Done(done) if done.id == "job-0"));
    assert!(service.looks().is_empty());
}
