//! By itself: everything comes about, so much at once, and nothing outlives the closing.

use super::*;
use crate::store::{Finish, Outcome, Terminal};

impl World {
    /// All that a handler is given, once there is something.
    async fn comes(&self) -> Vec<Claimed> {
        let found = Mutex::new(Vec::new());
        until("something for a handler", || async {
            let some = self.handed().await;
            let mut found = found.lock().unwrap();
            *found = some;
            !found.is_empty()
        })
        .await;
        found.into_inner().unwrap()
    }

    async fn close(&self) {
        self.core().hub.closing.send_replace(true);
        self.follow.ended().await;
    }
}

#[tokio::test]
async fn a_webhook_is_confirmed_and_whoever_waits_is_told() {
    let world = World::new().await;
    world.begin();
    let (rid, url) = world.left().await;
    let (told, mut ended) = (world.caller.subscribe(rid).unwrap(), world.core().hub.ends.watch(rid));
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.deliver(&url, &truth).await;
    assert_eq!(told.await.raw().as_str(), Some(&*truth));
    assert!(*ended.borrow_and_update(), "told, and not found out by looking");
    tokio::time::timeout(MINUTE, world.core().hub.ready.notified()).await.unwrap();
    assert_eq!(world.one().await.2, truth);
    world.close().await;
}

#[tokio::test]
async fn without_anybody_to_ask_events_wait_for_somebody() {
    let world = World::new().await;
    let World { follow, api, folder: _folder, .. } = world;
    drop(api);
    let hub = Arc::clone(&follow.core.hub);
    let task = tokio::spawn(super::super::round::Round::new(Arc::clone(&follow.core)).run());
    let caller = follow.caller();
    let rid = Rid::from_bytes([7; 16]);
    let url = caller.mint(Kind::Detect, rid, now()).unwrap().unwrap();
    deliver(&*hub.store, &follow, &url, &Told::new("j-1").url(&url).json()).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(hub.store.list(Query { most: 9, ..Query::default() }).await.unwrap()[0].state, "received");
    // A job that only its webhook tells of, as the intent was another inbox's.
    let api = Arc::<Api>::default();
    api.put(Kind::Detect, &Told::new("j-1").url(&url).json());
    caller.attach(weak(&api));
    assert_eq!(caller.subscribe(rid).unwrap().await.id(), "j-1");
    hub.closing.send_replace(true);
    task.await.unwrap();
}

#[tokio::test]
async fn thousands_are_looked_at_so_many_at_once() {
    let world = World::with(Settings { at_once: 16, ..settings() }).await;
    let mut rids = Vec::new();
    for index in 0..300_u32 {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&index.to_be_bytes());
        let rid = Rid::from_bytes(bytes);
        world.caller.record(Intent::new(Kind::Detect, rid, rid.to_string(), 1, now())).await.unwrap();
        world.caller.accepted(rid, JobRef::new(Kind::Detect, format!("j-{index}"))).await.unwrap();
        let json = format!(r#"{{"id":"j-{index}","status":"COMPLETED_SUCCESSFULLY","jobResults":[]}}"#);
        world.api.put(Kind::Detect, &json);
        rids.push(rid);
    }
    world.skip(MINUTE);
    world.begin();
    for rid in rids {
        world.caller.subscribe(rid).unwrap().await;
    }
    assert!((9..=16).contains(&world.api.most_at_once()), "{} at once", world.api.most_at_once());
    assert_eq!((world.api.asked().len(), world.handed().await.len()), (300, 300));
    world.close().await;
}

#[tokio::test]
async fn while_the_api_is_down_one_asks_for_all() {
    let world = World::with(Settings { at_once: 4, ..settings() }).await;
    world.api.mood(Mood::Down);
    for index in 0..100_u8 {
        let rid = Rid::from_bytes([index + 1; 16]);
        world.caller.record(Intent::new(Kind::Detect, rid, rid.to_string(), 1, now())).await.unwrap();
        world.caller.accepted(rid, JobRef::new(Kind::Detect, "j-1")).await.unwrap();
    }
    world.skip(MINUTE);
    world.begin();
    until("it is asked for", || async { world.api.asked.lock().unwrap().len() >= 8 }).await;
    for _ in 0..50 {
        // However often it is woken.
        world.core().hub.look.notify_one();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let asked = world.api.asked().len();
    assert!(asked <= 16, "{asked} asked for, of 100 that are due");
    world.close().await;
}

#[tokio::test]
async fn what_is_under_way_at_the_closing_is_given_back() {
    let world = World::new().await;
    let gate = world.api.gate();
    let ((first, url), (second, second_url)) = (world.expected("j-1").await, world.expected("j-2").await);
    let body = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &body);
    world.api.put(Kind::Detect, &Told::new("j-2").url(&second_url).json());
    world.deliver(&url, &body).await;
    world.follow.look_now(second).await.unwrap();
    world.begin();
    until("both are under way", || async { world.api.at_work() == 2 }).await;
    world.close().await;
    assert_eq!(world.api.at_work(), 0);
    assert!(gate.available_permits() == 0 && world.state(first).await == "expected");
    // The next one need not wait for the leases to lapse.
    gate.add_permits(9);
    world.pass().await;
    assert_eq!((world.state(first).await, world.state(second).await), ("completed", "completed"));
    assert_eq!(world.handed().await.len(), 2);
}

#[tokio::test]
async fn it_ends_with_the_last_who_holds_it() {
    let world = World::new().await;
    world.begin();
    let gate = world.api.gate();
    let (_, url) = world.expected("j-1").await;
    world.deliver(&url, &Told::new("j-1").url(&url).json()).await;
    until("it is under way", || async { world.api.at_work() == 1 }).await;
    let World { follow, caller, api, .. } = world;
    let core = Arc::downgrade(&follow.core);
    drop((follow, caller));
    until("it has ended", || async { core.upgrade().is_none() && api.at_work() == 0 }).await;
    drop(gate);
}

#[tokio::test]
async fn a_client_that_panics_costs_its_own_answer_and_no_more() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.api.mood(Mood::Panics);
    world.begin();
    world.deliver(&url, &truth).await;
    until("it panicked", || async { !world.api.asked.lock().unwrap().is_empty() }).await;
    until("it is to be tried again", || async {
        world.store().next_due().await.unwrap().confirm.is_some_and(|due| due < 20 * SECOND)
    })
    .await;
    world.api.mood(Mood::Well);
    world.skip(MINUTE);
    world.core().hub.look.notify_one();
    assert_eq!(world.comes().await[0].rid, Some(rid));
    world.close().await;
}

/// As where several receivers share a database: nobody tells this process.
#[tokio::test(start_paused = true)]
async fn an_end_that_another_process_wrote_is_seen_by_and_by() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    let told = world.caller.subscribe(rid).unwrap();
    let truth = Told::new("j-1").url(&url).json();
    let write = async {
        tokio::time::sleep(SECOND).await;
        let terminal = Terminal { label: EventKind::Detect, body: truth.clone().into(), id: None, created_at: None };
        let (kind, outcome) = (Kind::Detect, Outcome::Completed);
        let finish = Finish { kind, namespace: None, outcome, by_webhook: true, terminal };
        assert!(world.store().finish(rid, finish).await.unwrap());
    };
    let began = tokio::time::Instant::now();
    let (told, ()) = tokio::join!(told, write);
    assert_eq!(told.raw().as_str(), Some(&*truth));
    // The clock leaps while the store's own thread is at work, but never by more than a look's pause.
    assert!(began.elapsed() < DAY, "{:?}", began.elapsed());
}

/// Nobody who waits is told of a job of another name, and none of them is kept for ever.
#[tokio::test]
async fn only_those_who_wait_for_a_job_are_told_of_its_end() {
    let world = World::new().await;
    let (first, second) = (Rid::from_bytes([1; 16]), Rid::from_bytes([2; 16]));
    let ends = &world.core().hub.ends;
    let (mut one, mut also, mut other) = (ends.watch(first), ends.watch(first), ends.watch(second));
    ends.tell(first);
    assert!(*one.borrow_and_update() && *also.borrow_and_update() && !*other.borrow_and_update());
    for index in 0..1000_u32 {
        let mut bytes = [9; 16];
        bytes[..4].copy_from_slice(&index.to_be_bytes());
        drop(ends.watch(Rid::from_bytes(bytes)));
    }
    assert!(ends.len() < 100, "{} are kept", ends.len());
    ends.tell(second);
    assert!(*other.borrow_and_update());
}
