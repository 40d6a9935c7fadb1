//! What an unsigned body says counts as the API says it.

use super::*;

const FORGED: &str = r#"{"id":"j-other","status":"COMPLETED_SUCCESSFULLY","jobResults":[{"class":"forged"}]}"#;

#[tokio::test]
async fn the_handler_sees_what_the_api_says_whatever_the_body_does() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    // The id of the submit's answer is fetched, not the body's.
    world.deliver(&url, FORGED).await;
    world.pass().await;
    assert_eq!(world.api.asked(), ["detect j-1"]);
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth));
    assert_eq!(world.state(rid).await, "completed");

    // It is final: later bodies are counted, and neither confirmed nor handled.
    for body in [FORGED, &Told::new("j-1").url(&url).word("late").json()] {
        world.deliver(&url, body).await;
        world.pass().await;
    }
    assert!(world.api.asked().is_empty());
    world.nothing().await;
    let [entry] = &world.entries().await[..] else { panic!("one event of one job") };
    assert_eq!((entry.deliveries, entry.confirmed_at.is_some()), (3, true));
}

#[tokio::test]
async fn a_forged_body_on_a_leaked_token_before_the_real_one_names_another_finished_job_in_vain() {
    let world = World::new().await;
    let (rid, url) = world.left().await;
    world.api.put(Kind::Detect, &Told::new("j-other").url("https://hooks.example.com/ii/cb/other").json());
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.deliver(&url, FORGED).await;
    world.pass().await;
    assert_eq!((world.api.asked(), world.state(rid).await), (vec!["detect j-other".to_owned()], "intended"));
    assert!(world.entries().await.is_empty());

    world.deliver(&url, &truth).await;
    world.pass().await;
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth));
    // Another of our own jobs is another job, too.
    let (second, second_url) = world.left().await;
    world.deliver(&second_url, &Told::new("j-1").url(&second_url).json()).await;
    world.pass().await;
    assert_eq!(world.state(second).await, "intended");
    world.nothing().await;
}

#[tokio::test]
async fn a_forged_body_after_the_real_one_costs_time_and_no_result() {
    let world = World::new().await;
    let (rid, url) = world.left().await;
    let truth = Told::new("j-1").url(&url).named(rid).json();
    world.api.put(Kind::Detect, &truth);
    world.deliver(&url, &truth).await;
    world.deliver(&url, FORGED).await;
    world.pass().await;
    world.nothing().await;

    world.caller.accepted(rid, JobRef::new(Kind::Detect, "j-1")).await.unwrap();
    world.skip(MINUTE);
    world.pass().await;
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth));
}

#[tokio::test]
async fn a_webhook_that_beats_the_submits_answer_is_one_event() {
    let world = World::new().await;
    let (rid, url) = world.left().await;
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.deliver(&url, &truth).await;
    world.pass().await;
    assert_eq!(world.state(rid).await, "completed");
    world.caller.accepted(rid, JobRef::new(Kind::Detect, "j-1")).await.unwrap();
    assert_eq!((world.state(rid).await, world.id(rid).await), ("completed", Some("j-1".to_owned())));
    world.skip(DAY);
    world.pass().await;
    assert_eq!(world.one().await.2, truth);
    assert_eq!(world.entries().await.len(), 1);
}

#[tokio::test]
async fn a_body_that_comes_while_another_is_being_confirmed_is_confirmed_at_once() {
    let world = World::new().await;
    let (rid, url) = world.left().await;
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.deliver(&url, FORGED).await;
    let (follow, body) = (Arc::clone(&world.follow), truth.clone());
    world.api.meanwhile(move || {
        let (follow, url, body) = (Arc::clone(&follow), url.clone(), body.clone());
        Box::pin(async move { deliver(&*follow.core.hub.store, &follow, &url, &body).await })
    });
    world.pass().await;
    assert_eq!(world.api.asked(), ["detect j-other"]);
    world.nothing().await;
    // Though the lease of the first is still out.
    world.pass().await;
    assert_eq!(world.api.asked(), ["detect j-1"]);
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth));
}

#[tokio::test]
async fn the_true_one_counts_though_a_forged_one_came_while_it_was_being_confirmed() {
    let world = World::new().await;
    let (rid, url) = world.left().await;
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.deliver(&url, &truth).await;
    let follow = Arc::clone(&world.follow);
    world.api.meanwhile(move || {
        let (follow, url) = (Arc::clone(&follow), url.clone());
        Box::pin(async move { deliver(&*follow.core.hub.store, &follow, &url, FORGED).await })
    });
    world.pass().await;
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth));
}

#[tokio::test]
async fn an_event_waits_for_as_long_as_the_api_is_down() {
    for mood in [Mood::Down, Mood::Throttled, Mood::Panics] {
        let world = World::new().await;
        let (rid, url) = world.left().await;
        let truth = Told::new("j-1").url(&url).json();
        world.api.put(Kind::Detect, &truth);
        world.api.mood(mood);
        world.deliver(&url, &truth).await;
        for _ in 0..40 {
            world.pass().await;
            assert_eq!(world.entries().await[0].state, "received", "{mood:?}");
            // Not at once again, and a server's word is obeyed.
            world.api.asked();
            world.skip(if mood == Mood::Throttled { 190 * SECOND } else { SECOND / 2 });
            world.pass().await;
            assert_eq!(world.api.asked(), [""; 0], "{mood:?}");
            world.skip(3 * MINUTE);
        }
        world.nothing().await;
        world.api.mood(Mood::Well);
        world.pass().await;
        assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth), "{mood:?}");
    }
}

#[tokio::test]
async fn what_the_api_does_not_know_or_has_not_done_is_dropped_and_stays_expected() {
    let world = World::new().await;
    let (rid, url) = world.expected("j-1").await;
    let done = Told::new("j-1").url(&url).json();
    world.deliver(&url, &done).await;
    world.pass().await;
    assert_eq!((world.state(rid).await, world.entries().await.len()), ("expected", 0));
    for status in ["IN_PROGRESS", "PAUSED"] {
        world.api.put(Kind::Detect, &Told::new("j-1").url(&url).status(status).json());
        world.deliver(&url, &done).await;
        world.pass().await;
        assert_eq!((world.state(rid).await, world.entries().await.len()), ("expected", 0), "{status}");
    }
    for status in ["COMPLETED_ALL_ERROR"] {
        let failed = Told::new("j-1").url(&url).status(status).json();
        world.api.put(Kind::Detect, &failed);
        world.deliver(&url, &done).await;
        world.pass().await;
        assert_eq!(world.one().await.2, failed, "a job that ended with errors has ended");
    }
}

#[tokio::test]
async fn a_body_without_an_id_or_with_what_is_none_is_dropped() {
    let world = World::new().await;
    let (rid, url) = world.left().await;
    for body in
        [r#"{"status":"COMPLETED_SUCCESSFULLY"}"#, r#"{"id":"../oauth/token","status":"COMPLETED_SUCCESSFULLY"}"#]
    {
        world.deliver(&url, body).await;
        world.pass().await;
        assert_eq!((world.state(rid).await, world.entries().await.len()), ("intended", 0), "{body}");
    }
}

/// What it says of its end is not true, but whose id it is, the API says.
#[tokio::test]
async fn an_early_body_teaches_the_id_of_a_job_whose_answer_was_lost() {
    let world = World::new().await;
    for end in ["intended", "unknown", "refused"] {
        let (rid, url) = world.left().await;
        let lost = || image_intelligence_core::Error::new(image_intelligence_core::ErrorKind::Connection, "lost");
        match end {
            "unknown" => world.caller.unknown(rid, lost()).await.unwrap(),
            "refused" => world.caller.refused(rid, lost()).await.unwrap(),
            _ => {}
        }
        world.api.put(Kind::Detect, &Told::new("j-1").url(&url).pending().json());
        world.deliver(&url, &Told::new("j-1").url(&url).json()).await;
        world.pass().await;
        assert_eq!((world.state(rid).await, world.id(rid).await), ("expected", Some("j-1".to_owned())), "{end}");

        let truth = Told::new("j-1").url(&url).json();
        world.api.put(Kind::Detect, &truth);
        world.skip(MINUTE);
        world.pass().await;
        assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth), "{end}");
    }
}

#[tokio::test]
async fn a_job_that_was_taken_for_refused_and_whose_webhook_comes_exists() {
    let world = World::new().await;
    let (rid, url) = world.left().await;
    let error = image_intelligence_core::Error::new(image_intelligence_core::ErrorKind::Config, "no");
    world.caller.refused(rid, error).await.unwrap();
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.deliver(&url, &truth).await;
    world.pass().await;
    assert_eq!(world.one().await, (Some(rid), EventKind::Detect, truth));
    assert_eq!(world.state(rid).await, "completed");
}

#[tokio::test]
async fn what_handlers_need_not_see_whoever_waits_is_told_all_the_same() {
    let world = World::new().await;
    let (rid, url) = world.intended_as(|intent| intent.deliver(false)).await;
    let told = world.caller.subscribe(rid).unwrap();
    world.caller.accepted(rid, JobRef::new(Kind::Detect, "j-1")).await.unwrap();
    let truth = Told::new("j-1").url(&url).json();
    world.api.put(Kind::Detect, &truth);
    world.deliver(&url, FORGED).await;
    world.pass().await;
    assert_eq!(told.await.raw().as_str(), Some(&*truth));
    world.nothing().await;
    assert_eq!(world.entries().await[0].state, "done");
    // Who asks later is told, too.
    assert_eq!(world.caller.subscribe(rid).unwrap().await.id(), "j-1");
}

async fn foreign(world: &World, label: EventKind, body: &str) {
    let read = image_intelligence_core::parse_webhook(body.as_bytes(), Some(label)).unwrap();
    let id = read.job_id().unwrap().to_owned();
    let (key, origin) = (EventKey::foreign(&id), Origin::Foreign { id });
    let incoming = Incoming { key, origin, label, body: body.to_owned().into(), signed: false, confirm: true };
    world.store().receive(vec![incoming]).await.unwrap();
}

#[tokio::test]
async fn a_job_of_somebody_elses_is_what_the_api_says() {
    let world = World::new().await;
    let truth = Told::new("j-1").word("truth").json();
    world.api.put(Kind::Detect, &truth);
    foreign(&world, EventKind::Detect, &Told::new("j-1").word("lie").json()).await;
    world.pass().await;
    assert_eq!(world.one().await, (None, EventKind::Detect, truth));

    // Not done, or not there.
    world.api.put(Kind::Detect, &Told::new("j-2").pending().json());
    foreign(&world, EventKind::Detect, &Told::new("j-2").json()).await;
    foreign(&world, EventKind::Ask, &Told::new("j-3").json()).await;
    world.pass().await;
    assert_eq!(world.entries().await.len(), 1);

    // A match job with an empty array of results looks like a detect job.
    let found = r#"{"id":"j-4","status":"COMPLETED_SUCCESSFULLY","jobResults":[],"imageResults":[]}"#;
    world.api.put(Kind::Match, found);
    world.api.asked();
    foreign(&world, EventKind::Detect, found).await;
    world.pass().await;
    assert_eq!(world.api.asked(), ["detect j-4", "match j-4"]);
    assert_eq!(world.one().await, (None, EventKind::Match, found.to_owned()));

    world.api.mood(Mood::Down);
    let last = Told::new("j-5").json();
    world.api.put(Kind::Detect, &last);
    foreign(&world, EventKind::Detect, &last).await;
    world.pass().await;
    world.nothing().await;
    world.api.mood(Mood::Well);
    world.skip(3 * MINUTE);
    world.pass().await;
    assert_eq!(world.one().await.2, last);
}
