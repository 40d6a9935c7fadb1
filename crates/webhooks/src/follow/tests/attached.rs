//! Whom to ask, and whose tokens are good.

use image_intelligence_core::{CallbackKeys, Error, ErrorKind};

use super::super::patience::Patience;
use super::super::ring::Ring;
use super::super::sources::{Sight, Sources};
use super::*;
use crate::store::{Finish, Outcome, Terminal};

fn job() -> JobRef {
    JobRef::new(Kind::Detect, "j-1")
}

fn is_unsure(sight: &Sight, of: ErrorKind) -> bool {
    matches!(sight, Sight::Unsure(error) if error.kind() == of)
}

#[tokio::test]
async fn whoever_sent_a_job_is_asked_for_it_and_others_where_that_one_does_not_know_it() {
    let sources = Sources::new(MINUTE);
    let rid = Some(Rid::from_bytes([1; 16]));
    assert!(!sources.is_any() && !sources.was_any());
    assert!(is_unsure(&sources.fetch(rid, &job()).await, ErrorKind::Closed));
    let (first, second) = (Arc::<Api>::default(), Arc::<Api>::default());
    sources.attach(weak(&first));
    sources.attach(weak(&first));
    sources.attach(weak(&second));
    assert!(matches!(sources.fetch(rid, &job()).await, Sight::Missing));
    assert_eq!((first.asked().len(), second.asked().len()), (1, 1));

    second.put(Kind::Detect, &Told::new("j-1").json());
    assert!(matches!(sources.fetch(rid, &job()).await, Sight::Job(_)));
    first.asked();
    second.asked();
    sources.sent(Rid::from_bytes([1; 16]), weak(&second));
    assert!(matches!(sources.fetch(rid, &job()).await, Sight::Job(_)));
    assert_eq!((first.asked().len(), second.asked().len()), (0, 1));

    // Its word is waited for, though another may say at once that it knows nothing.
    second.mood(Mood::Down);
    assert!(is_unsure(&sources.fetch(rid, &job()).await, ErrorKind::Connection));
    assert!(first.asked().is_empty());
    // One that is down may know what the other does not.
    assert!(is_unsure(&sources.fetch(None, &job()).await, ErrorKind::Connection));
    second.mood(Mood::Panics);
    assert!(is_unsure(&sources.fetch(rid, &job()).await, ErrorKind::InvalidResponse));

    // Whoever is left may not be allowed to see it.
    drop(second);
    assert!(is_unsure(&sources.fetch(rid, &job()).await, ErrorKind::PermissionDenied));
    sources.forget(Rid::from_bytes([1; 16]));
    assert!(matches!(sources.fetch(rid, &job()).await, Sight::Missing));
    drop(first);
    assert!(!sources.is_any() && sources.was_any());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_none() {
    let (sources, api) = (Sources::new(MINUTE), Arc::<Api>::default());
    sources.attach(weak(&api));
    let _gate = api.gate();
    let began = tokio::time::Instant::now();
    assert!(is_unsure(&sources.fetch(None, &job()).await, ErrorKind::RequestTimeout));
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn each_clone_of_a_caller_is_another_clients() {
    let world = World::new().await;
    let other = world.caller.clone();
    let api = Arc::<Api>::default();
    other.attach(weak(&api));
    let rid = Rid::from_bytes([7; 16]);
    let url = other.mint(Kind::Detect, rid, now()).unwrap().unwrap();
    other.record(Intent::new(Kind::Detect, rid, rid.to_string(), 1, now())).await.unwrap();
    other.leaving(rid).await.unwrap();
    other.accepted(rid, job()).await.unwrap();
    // The first client knows a job of that id, too, as it asks another API.
    world.api.put(Kind::Detect, &Told::new("j-1").word("another").json());
    let truth = Told::new("j-1").url(&url).json();
    api.put(Kind::Detect, &truth);
    world.skip(MINUTE);
    world.pass().await;
    assert!(world.api.asked().is_empty());
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth));
}

fn reason(checked: image_intelligence_core::Result<CallbackToken>) -> Option<&'static str> {
    checked.unwrap_err().reason()
}

fn token(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

#[tokio::test]
async fn tokens_are_good_for_14_days_under_this_base_and_former_ones() {
    let world = World::new().await;
    let rid = Rid::from_bytes([7; 16]);
    let earlier = |by: Duration| Timestamp::from_millis(now().as_millis() - by.as_millis() as i64);
    let mint = |at| world.caller.mint(Kind::Ask, rid, at).unwrap().unwrap();
    let url = mint(now());
    assert!(url.starts_with("https://hooks.example.com/ii/cb/"));
    let read = world.follow.verify(token(&url)).unwrap();
    assert_eq!((read.kind, read.rid), (Kind::Ask, rid));
    assert!(world.follow.verify(token(&mint(earlier(13 * DAY)))).is_ok());
    assert_eq!(reason(world.follow.verify(token(&mint(earlier(14 * DAY))))), Some("expired"));

    let store = &world.core().hub.store;
    let moved = Settings { base: Some(PublicBase::parse("https://new.example.com").unwrap()), ..settings() };
    let ring = Ring::open(store, &moved, None).await.unwrap();
    assert_eq!(reason(ring.verify(token(&url), now())), Some("mismatch"));
    let moved = Settings { former: settings().base.into_iter().collect(), ..moved };
    let ring = Ring::open(store, &moved, None).await.unwrap();
    assert!(ring.verify(token(&url), now()).is_ok());
    // Without a base of its own none is made, and those of former ones still count.
    let ring = Ring::open(store, &Settings { base: None, ..moved.clone() }, None).await.unwrap();
    assert_eq!(ring.mint(Kind::Ask, rid, now()), None);
    assert!(ring.verify(token(&url), now()).is_ok());
    let ring = Ring::open(store, &Settings::default(), None).await.unwrap();
    assert_eq!(reason(ring.verify(token(&url), now())), Some("mismatch"));
    let many = Settings { former: vec![PublicBase::parse("https://a.example.com").unwrap(); 4], ..moved };
    assert_eq!(Ring::open(store, &many, None).await.err().map(|error| error.kind()), Some(ErrorKind::Config));
}

#[tokio::test]
async fn keys_come_from_the_settings_the_environment_or_the_store() {
    let world = World::new().await;
    let store = &world.core().hub.store;
    let given = |id, byte| CallbackKeys::new([(id, [byte; 32])]).unwrap();
    let said = "2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned();
    let key_of = |ring: &Ring| {
        let url = ring.mint(Kind::Detect, Rid::from_bytes([1; 16]), now()).unwrap();
        ring.verify(token(&url), now()).unwrap().key_id
    };
    let keyed = Settings { keys: Some(given(9, 9)), ..settings() };
    assert_eq!(key_of(&Ring::open(store, &keyed, Some(said.clone())).await.unwrap()), 9);
    assert_eq!(key_of(&Ring::open(store, &settings(), Some(said)).await.unwrap()), 2);
    // What is empty is not said.
    let (first, second) = (
        Ring::open(store, &settings(), Some(" ".to_owned())).await.unwrap(),
        Ring::open(store, &settings(), None).await,
    );
    let url = first.mint(Kind::Detect, Rid::from_bytes([1; 16]), now()).unwrap();
    assert!(second.unwrap().verify(token(&url), now()).is_ok(), "both are the store's");
    let error = Ring::open(store, &settings(), Some("1:c2VjcmV0".to_owned())).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error:?}").contains("c2VjcmV0"));
}

#[tokio::test]
async fn a_key_that_another_process_added_is_known_when_the_sender_comes_again() {
    let world = World::new().await;
    let store = &world.core().hub.store;
    store.add_master([9; 32]).await.unwrap();
    let other = Ring::open(store, &settings(), None).await.unwrap();
    let url = other.mint(Kind::Detect, Rid::from_bytes([1; 16]), now()).unwrap();
    assert_eq!(reason(world.follow.verify(token(&url))), Some("unknown_key"));
    until("it is known", || async { world.follow.verify(token(&url)).is_ok() }).await;
    // It signs from then on.
    let signed = world.caller.mint(Kind::Detect, Rid::from_bytes([2; 16]), now()).unwrap().unwrap();
    assert_eq!(world.follow.verify(token(&signed)).unwrap().key_id, world.follow.verify(token(&url)).unwrap().key_id);
    // However many come, the store is not asked for each.
    assert!(!world.core().ring.may_have_grown());
}

#[tokio::test]
async fn a_webhook_is_awaited_for_as_long_as_they_take() {
    let world = World::new().await;
    let patience = Patience::new(&settings());
    assert_eq!(patience.of(Kind::Detect), 30 * SECOND);
    for took in 1..=20 {
        let (rid, _) = world.expected("j-1").await;
        world.skip(took * SECOND);
        let terminal = Terminal { label: EventKind::Detect, body: "{}".into(), id: None, created_at: None };
        let (kind, outcome) = (Kind::Detect, Outcome::Completed);
        let finish = Finish { kind, namespace: None, outcome, by_webhook: true, terminal };
        world.store().finish(rid, finish).await.unwrap();
    }
    patience.refresh(world.store()).await.unwrap();
    // The 19th of 20, three times.
    let of = patience.of(Kind::Detect);
    assert!((57..60).contains(&of.as_secs()), "{of:?}");
    assert_eq!(patience.of(Kind::Ask), 30 * SECOND);
    let tight = Patience::new(&Settings { patience_most: SECOND, ..settings() });
    assert_eq!(tight.of(Kind::Detect), SECOND);

    assert_eq!(world.caller.patience(Kind::Detect), Some(30 * SECOND));
    let without = World::with(Settings::default()).await;
    assert_eq!(without.caller.patience(Kind::Detect), None);
    assert_eq!(without.caller.mint(Kind::Detect, Rid::from_bytes([1; 16]), now()).unwrap(), None);
}

#[tokio::test]
async fn without_a_public_base_jobs_are_looked_after_all_the_same() {
    let world = World::with(Settings::default()).await;
    let rid = Rid::from_bytes([1; 16]);
    world.caller.record(Intent::new(Kind::Detect, rid, rid.to_string(), 1, now())).await.unwrap();
    world.caller.leaving(rid).await.unwrap();
    world.caller.accepted(rid, job()).await.unwrap();
    let truth = Told::new("j-1").json();
    world.api.put(Kind::Detect, &truth);
    world.skip(7 * SECOND);
    world.pass().await;
    assert_eq!(world.one().await.2, truth);
}

#[tokio::test]
async fn what_came_back_had_not_left() {
    let world = World::new().await;
    let (rid, _) = world.left().await;
    world.caller.came_back(rid).await.unwrap();
    world.skip(16 * MINUTE);
    world.core().tend().await.unwrap();
    assert_eq!(world.state(rid).await, "refused");

    let (rid, _) = world.left().await;
    let error = Error::new(ErrorKind::BadRequest, "no such class");
    world.caller.refused(rid, error).await.unwrap();
    assert_eq!(world.state(rid).await, "refused");
    world.skip(DAY);
    world.pass().await;
    assert!(world.api.asked().is_empty() && world.entries().await.is_empty());
}

/// The client says what became of a submit once.
#[tokio::test]
async fn what_the_store_cannot_keep_for_the_moment_is_kept_later() {
    let world = World::new().await;
    let (mut rids, mut told) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        rids.push(world.left().await.0);
    }
    // Another process holds the database, and more is asked of ours than it lets wait.
    let other = rusqlite::Connection::open(world.folder.path().join("inbox.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = Vec::new();
    for number in 1_u32.. {
        let rid = Rid::from_bytes((u128::from(number) << 64).to_be_bytes());
        let mut asked = world.store().look_now(rid);
        match futures_util::poll!(&mut asked) {
            std::task::Poll::Pending => waiting.push(asked),
            std::task::Poll::Ready(full) => {
                assert!(full.unwrap_err().retryable());
                break;
            }
        }
    }
    told.push(world.caller.accepted(rids[0], job()).await);
    told.push(world.caller.refused(rids[1], Error::new(ErrorKind::BadRequest, "no such class")).await);
    told.push(world.caller.unknown(rids[2], Error::new(ErrorKind::OutcomeUnknown, "who knows")).await);
    assert!(told.iter().all(|told| told.as_ref().is_err_and(Error::retryable)), "{told:?}");
    other.execute_batch("ROLLBACK").unwrap();
    futures_util::future::join_all(waiting).await;
    // From here on it can, and the pauses need not be waited for.
    tokio::time::pause();
    for (rid, state) in std::iter::zip(rids, ["expected", "refused", "unknown"]) {
        until(state, async || world.state(rid).await == state).await;
    }
}
