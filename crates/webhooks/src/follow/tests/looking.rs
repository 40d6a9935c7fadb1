//! Jobs whose webhook never comes, and jobs that may not exist.

use image_intelligence_core::{Error, ErrorKind, GaveUp, GaveUpReason};

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn lost() -> Error {
    Error::new(ErrorKind::Connection, "the answer was lost")
}

impl World {
    /// One of which nobody knows whether it exists.
    async fn unknown(&self) -> (Rid, String) {
        let (rid, url) = self.left().await;
        self.caller.unknown(rid, lost()).await.unwrap();
        (rid, url)
    }

    /// Lets time pass, and all happen that is due meanwhile.
    async fn live(&self, time: Duration, step: Duration) {
        let mut lived = Duration::ZERO;
        while lived < time {
            self.skip(step);
            lived += step;
            self.pass().await;
        }
    }

    async fn gave_up(&self, rid: Rid) -> GaveUp {
        let (of, label, body) = self.one().await;
        assert_eq!((of, label, self.state(rid).await), (Some(rid), EventKind::GaveUp, "gave_up"));
        GaveUp::from_json(body.as_bytes()).unwrap()
    }
}

#[tokio::test]
async fn a_job_whose_webhook_is_lost_is_looked_at_once_it_is_overdue() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    let told = world.caller.subscribe(rid).unwrap();
    world.skip(29 * SECOND);
    world.pass().await;
    assert!(world.api.asked().is_empty(), "its webhook may still come");
    world.skip(2 * SECOND);
    world.pass().await;
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth.clone()));
    assert_eq!(told.await.raw().as_str(), Some(&*truth));
    // Only webhooks tell how long webhooks take.
    assert!(world.store().took(Kind::Detect).await.unwrap().is_empty());
    world.live(DAY, HOUR).await;
    assert_eq!(world.entries().await.len(), 1);
}

#[tokio::test]
async fn a_job_that_takes_long_is_looked_at_less_and_less_often_and_ends_all_the_same() {
    let world = World::new().await;
    let (_, url) = world.expected("j-1").await;
    world.api.put(Kind::Detect, &Told::new("j-1").url(&url).pending().json());
    world.live(MINUTE * 10, SECOND).await;
    let first = world.api.asked().len();
    // From 30 s on each pause is 0.22 to 0.264 of the age.
    assert!((12..=17).contains(&first), "{first} looks in ten minutes");
    world.live(DAY, MINUTE).await;
    let day = world.api.asked().len();
    assert!((28..=45).contains(&day), "{day} looks in a day");
    world.nothing().await;
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.live(2 * HOUR, MINUTE).await;
    assert_eq!(world.one().await.2, truth);
}

#[tokio::test]
async fn a_job_that_does_not_end_in_30_days_is_given_up_once() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    world.api.put(Kind::Detect, &Told::new("j-1").url(&url).pending().json());
    let told = world.caller.subscribe(rid).unwrap();
    world.live(29 * DAY, 6 * HOUR).await;
    assert_eq!(world.state(rid).await, "expected");
    world.live(2 * DAY, HOUR / 2).await;
    let end = world.gave_up(rid).await;
    assert_eq!((end.reason, end.id.as_deref()), (GaveUpReason::NeverEnded, Some("j-1")));
    assert_eq!((end.kind.as_str(), end.rid == rid.to_string()), ("detect", true));
    assert!(end.submitted_at.is_some() && end.gave_up_at > end.submitted_at);
    // Who waits is not told: its own look says what is the matter.
    assert!(futures_util::FutureExt::now_or_never(told).is_none());
    // Should the webhook come yet, it is counted.
    world.api.put(Kind::Detect, &Told::new("j-1").url(&url).json());
    world.store().look_now(rid).await.unwrap();
    world.live(DAY, HOUR).await;
    assert_eq!(world.entries().await.len(), 1);
    world.nothing().await;
}

#[tokio::test]
async fn a_job_is_lost_once_the_api_has_twice_not_known_it() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    world.skip(MINUTE);
    world.pass().await;
    assert_eq!(world.state(rid).await, "expected", "once is not enough");
    world.skip(29 * SECOND);
    world.store().look_now(rid).await.unwrap();
    world.pass().await;
    assert_eq!(world.state(rid).await, "expected", "nor twice within half a minute");
    // One that is there again was never lost.
    world.api.put(Kind::Detect, &Told::new("j-1").url(&url).pending().json());
    world.store().look_now(rid).await.unwrap();
    world.pass().await;
    world.api.forget(Kind::Detect, "j-1");
    world.skip(MINUTE);
    world.pass().await;
    assert_eq!(world.state(rid).await, "expected");
    world.skip(MINUTE);
    world.pass().await;
    assert_eq!(world.gave_up(rid).await.reason, GaveUpReason::JobLost);

    // A young one may not be everywhere yet.
    let (young, _) = world.expected("j-2").await;
    for _ in 0..3 {
        world.store().look_now(young).await.unwrap();
        world.pass().await;
        world.skip(9 * SECOND);
    }
    // Nor does it count then that it was missing when it was young.
    world.skip(9 * SECOND);
    world.store().look_now(young).await.unwrap();
    world.pass().await;
    assert_eq!(world.state(young).await, "expected");
}

#[tokio::test]
async fn no_job_is_given_up_because_the_api_is_down() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    world.api.mood(Mood::Down);
    world.live(29 * DAY, DAY).await;
    assert_eq!(world.state(rid).await, "expected");
    // Nor where nobody looked for weeks, and the first look after them falls into a bad moment.
    let (other, _) = world.expected("j-0").await;
    world.api.asked();
    world.skip(31 * DAY);
    world.pass().await;
    assert_eq!((world.state(other).await, world.api.asked().len()), ("expected", 2));
    world.api.put(Kind::Detect, &Told::new("j-1").url(&url).json());
    world.api.mood(Mood::Well);
    world.api.put(Kind::Detect, &Told::new("j-0").json());
    world.skip(3 * MINUTE);
    world.pass().await;
    let handed = world.handed().await;
    assert_eq!(handed.len(), 2);
    for one in handed {
        world.store().done(one.lease, Vec::new()).await.unwrap();
    }

    // But one day there is an end to it.
    let (rid, _) = world.expected("j-2").await;
    world.api.mood(Mood::Down);
    world.live(32 * DAY, DAY / 2).await;
    assert_eq!(world.gave_up(rid).await.reason, GaveUpReason::NeverEnded);
}

#[tokio::test]
async fn an_unknown_job_is_found_among_others_and_only_what_is_ours_is_taken() {
    for mood in [Mood::Well, Mood::Careless] {
        let world = World::new().await;
        let (rid, url) = world.unknown().await;
        for id in ["a", "b", "c"] {
            world.api.put(Kind::Detect, &Told::new(id).url("https://elsewhere.example.com/cb/x").json());
        }
        world.skip(MINUTE);
        world.pass().await;
        assert_eq!(world.state(rid).await, "unknown", "{mood:?}");
        world.nothing().await;

        world.api.put(Kind::Detect, &Told::new("j-1").named(rid).pending().json());
        world.api.mood(mood);
        world.skip(MINUTE);
        world.pass().await;
        assert_eq!((world.state(rid).await, world.id(rid).await), ("expected", Some("j-1".to_owned())), "{mood:?}");
        let truth = Told::new("j-1").named(rid).url(&url).json();
        world.api.put(Kind::Detect, &truth);
        world.skip(MINUTE);
        world.pass().await;
        assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth), "{mood:?}");
    }
}

/// The caller's own name for a job repeats, so that it proves nothing, and an answer may be full of older ones.
#[tokio::test]
async fn an_unknown_job_of_a_name_that_repeats_is_known_by_its_url() {
    let world = World::new().await;
    let (rid, url) = world
        .intended_as(|mut intent| {
            intent.custom_id = "door".to_owned();
            intent
        })
        .await;
    world.caller.leaving(rid).await.unwrap();
    world.caller.unknown(rid, lost()).await.unwrap();
    let named = |mut told: Told, created_at| {
        told.custom_id = Some("door".to_owned());
        told.created_at = created_at;
        told.json()
    };
    for id in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
        world.api.put(Kind::Detect, &named(Told::new(id), Timestamp::from_millis(1_600_000_000_000)));
    }
    world.api.put(Kind::Detect, &named(Told::new("beside"), now()));
    world.skip(MINUTE);
    world.pass().await;
    assert_eq!((world.api.asked().len(), world.state(rid).await), (2, "unknown"));
    let truth = named(Told::new("j-1").url(&url), now());
    world.api.put(Kind::Detect, &truth);
    world.skip(MINUTE);
    world.pass().await;
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth));
}

#[tokio::test]
async fn what_is_never_found_makes_no_event() {
    let world = World::new().await;
    let (rid, url) = world.unknown().await;
    world.live(13 * DAY, HOUR / 2).await;
    assert_eq!(world.state(rid).await, "unknown");
    let looks = world.api.asked().len();
    assert!((180..=320).contains(&looks), "{looks} searches, one an hour at last");
    world.live(2 * DAY, HOUR).await;
    assert_eq!((world.state(rid).await, world.entries().await.len()), ("refused", 0));
    drop(url);
    // Nor is it called refused while nobody could look.
    let (rid, _) = world.unknown().await;
    world.api.mood(Mood::Down);
    world.live(29 * DAY, DAY / 2).await;
    assert_eq!(world.state(rid).await, "unknown");
    world.live(3 * DAY, DAY / 4).await;
    assert_eq!((world.state(rid).await, world.entries().await.len()), ("refused", 0));
}

#[tokio::test]
async fn a_submit_that_was_cut_off_by_the_end_of_its_process_is_looked_for() {
    let world = World::new().await;
    let ((left, url), (stayed, _)) = (world.left().await, world.intended().await);
    let truth = Told::new("j-1").url(&url).named(left).json();
    world.api.put(Kind::Detect, &truth);
    world.core().tend().await.unwrap();
    assert_eq!((world.state(left).await, world.state(stayed).await), ("intended", "intended"));
    world.skip(16 * MINUTE);
    world.core().tend().await.unwrap();
    assert_eq!((world.state(left).await, world.state(stayed).await), ("unknown", "refused"));
    world.pass().await;
    assert_eq!(world.one().await, (Some(left), EventKind::Detect, truth));
    world.live(DAY, HOUR).await;
    assert_eq!(world.entries().await.len(), 1);
}

#[tokio::test]
async fn a_job_whose_webhook_was_too_large_is_looked_at_now() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    assert!(world.follow.look_now(rid).await.unwrap());
    world.pass().await;
    assert_eq!(world.one().await.2, truth);
    assert!(!world.follow.look_now(rid).await.unwrap(), "it is at its end");
    assert!(!world.follow.look_now(Rid::from_bytes([99; 16])).await.unwrap());
}
