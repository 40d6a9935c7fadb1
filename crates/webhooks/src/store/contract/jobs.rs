//! Our own jobs, from their intent to their end.

use super::*;

pub(crate) async fn an_intent_is_kept_once(lab: &impl Lab) {
    let store = lab.open().await;
    assert_eq!(state_of(&*store, 1).await, None);
    let first = intent(1).in_namespace(Some("door".into()));
    store.record(first).await.unwrap();
    store.accepted(rid(1), job("a"), MINUTE).await.unwrap();
    store.record(intent(1).deliver(false)).await.unwrap();
    let known = store.known(rid(1)).await.unwrap().unwrap();
    assert_eq!((known.state, known.kind, known.namespace.as_deref()), ("expected", Kind::Detect, Some("door")));
    // By the store's clock, not by the sender's.
    let age = store.now().await.unwrap().since(known.at);
    assert!(known.at > Timestamp::from_millis(1) && age < HOUR, "{known:?}");
    assert_eq!(known.job, Some(job("a").in_namespace(Some("door".into()))));
}

pub(crate) async fn what_becomes_of_a_submit(lab: &impl Lab) {
    type To = fn(&dyn Store, Rid) -> Later<'_, image_intelligence_core::Result<()>>;
    let store = lab.open().await;
    let accepted: To = |store, rid| store.accepted(rid, job("a"), MINUTE);
    let refused: To = |store, rid| store.refused(rid, "no".into());
    let unknown: To = |store, rid| store.unknown(rid, "lost".into(), MINUTE);
    let finished: To = |store, rid| Box::pin(async move { store.finish(rid, completed("{}")).await.map(drop) });
    let given_up: To = |store, rid| Box::pin(async move { store.finish(rid, gave_up("{}")).await.map(drop) });
    let steps: [(&[To], &str); 17] = [
        (&[], "intended"),
        (&[accepted], "expected"),
        (&[refused], "refused"),
        (&[unknown], "unknown"),
        (&[accepted, refused], "expected"),
        (&[accepted, unknown], "expected"),
        (&[refused, accepted], "expected"),
        (&[refused, unknown], "refused"),
        (&[unknown, accepted], "expected"),
        (&[unknown, refused], "refused"),
        (&[unknown, unknown], "unknown"),
        (&[finished], "completed"),
        (&[refused, finished], "completed"),
        (&[unknown, given_up], "gave_up"),
        (&[finished, accepted, refused, unknown], "completed"),
        (&[accepted, given_up, accepted, refused, unknown, finished], "gave_up"),
        (&[accepted, finished, given_up], "completed"),
    ];
    for (number, (steps, state)) in steps.into_iter().enumerate() {
        let number = number as u8;
        store.record(intent(number)).await.unwrap();
        for step in steps {
            step(&*store, rid(number)).await.unwrap();
        }
        assert_eq!(state_of(&*store, number).await, Some(state), "case {number}");
        // Said of what nobody knows, it makes nothing.
        for step in steps.iter().filter(|step| ![finished as usize, given_up as usize].contains(&(**step as usize))) {
            step(&*store, rid(200)).await.unwrap();
        }
        assert_eq!(state_of(&*store, 200).await, None);
    }
}

pub(crate) async fn a_job_that_may_exist_is_told_from_one_that_cannot(lab: &impl Lab) {
    let store = lab.open().await;
    for number in 1..=3 {
        store.record(intent(number)).await.unwrap();
    }
    store.left(rid(1), true).await.unwrap();
    store.left(rid(2), true).await.unwrap();
    store.left(rid(2), false).await.unwrap();
    expect(&*store, 5).await;
    assert_eq!(store.abandon(HOUR).await.unwrap(), (0, 0));
    store.skip(HOUR);
    store.record(intent(4)).await.unwrap();
    assert_eq!(store.abandon(HOUR).await.unwrap(), (1, 2));
    for (number, state) in [(1, "unknown"), (2, "refused"), (3, "refused"), (4, "intended"), (5, "expected")] {
        assert_eq!(state_of(&*store, number).await, Some(state), "{number}");
    }
    let overdue = store.overdue(10, MINUTE).await.unwrap();
    let lost = overdue.iter().find(|job| job.rid == rid(1)).unwrap();
    assert_eq!((lost.job.clone(), lost.tries), (None, 0));
    assert_eq!(store.abandon(Duration::ZERO).await.unwrap(), (0, 1));
}

pub(crate) async fn a_process_that_lives_after_all_goes_on(lab: &impl Lab) {
    let store = lab.open().await;
    store.record(intent(1)).await.unwrap();
    assert_eq!(store.abandon(Duration::ZERO).await.unwrap(), (0, 1));
    store.left(rid(1), true).await.unwrap();
    // Had it died now, the job might exist.
    assert_eq!(store.abandon(Duration::ZERO).await.unwrap(), (1, 0));
    store.accepted(rid(1), job("a"), MINUTE).await.unwrap();
    assert_eq!(state_of(&*store, 1).await, Some("expected"));
}

pub(crate) async fn overdue_jobs_are_taken_one_at_a_time_and_come_again(lab: &impl Lab) {
    let store = lab.open().await;
    store.record(intent(2)).await.unwrap();
    store.unknown(rid(2), "lost".into(), 30 * SECOND).await.unwrap();
    expect(&*store, 1).await;
    store.record(intent(3)).await.unwrap();
    assert!(store.overdue(10, MINUTE).await.unwrap().is_empty());
    store.skip(MINUTE);
    let first = store.overdue(1, MINUTE).await.unwrap();
    assert_eq!(first.iter().map(|job| (job.rid, job.job.clone())).collect::<Vec<_>>(), [(rid(2), None)]);
    let second = store.overdue(10, MINUTE).await.unwrap();
    assert_eq!((second.len(), second[0].rid, &second[0].job), (1, rid(1), &Some(job("job-1"))));
    assert_eq!((&*second[0].custom_id, second[0].tries), (&*rid(1).to_string(), 0));
    assert!(store.overdue(10, MINUTE).await.unwrap().is_empty());
    // Nobody said what became of them: they come again.
    store.skip(MINUTE);
    let again = store.overdue(10, MINUTE).await.unwrap();
    assert_eq!(again.iter().map(|job| job.tries).collect::<Vec<_>>(), [1, 1]);
    store.look_again(rid(1), HOUR, None).await.unwrap();
    store.look_again(rid(2), HOUR, Some(job("found"))).await.unwrap();
    let known = store.known(rid(2)).await.unwrap().unwrap();
    assert_eq!((known.state, known.job), ("expected", Some(job("found"))));
    store.skip(3599 * SECOND);
    assert!(store.overdue(10, MINUTE).await.unwrap().is_empty());
    store.skip(SECOND);
    assert_eq!(store.overdue(10, MINUTE).await.unwrap().len(), 2);
    store.finish(rid(1), completed("{}")).await.unwrap();
    store.look_again(rid(1), Duration::ZERO, None).await.unwrap();
    store.skip(HOUR);
    assert_eq!(store.overdue(10, MINUTE).await.unwrap().len(), 1);
    assert_eq!(state_of(&*store, 1).await, Some("completed"));
}

pub(crate) async fn a_job_is_looked_at_at_once(lab: &impl Lab) {
    let store = lab.open().await;
    assert!(!store.look_now(rid(1)).await.unwrap());
    expect(&*store, 1).await;
    assert!(store.look_now(rid(1)).await.unwrap());
    assert_eq!(store.overdue(10, MINUTE).await.unwrap().len(), 1);
    // Said before the submit's answer came, it counts once that is there.
    store.record(intent(2)).await.unwrap();
    assert!(store.look_now(rid(2)).await.unwrap());
    assert!(store.overdue(10, MINUTE).await.unwrap().is_empty());
    store.accepted(rid(2), job("b"), HOUR).await.unwrap();
    assert_eq!(store.overdue(10, MINUTE).await.unwrap().len(), 1);
    // A webhook came for what was thought not to exist.
    store.record(intent(3)).await.unwrap();
    store.refused(rid(3), "no".into()).await.unwrap();
    assert!(store.look_now(rid(3)).await.unwrap());
    assert_eq!(state_of(&*store, 3).await, Some("unknown"));
    store.finish(rid(1), completed("{}")).await.unwrap();
    assert!(!store.look_now(rid(1)).await.unwrap());
}

pub(crate) async fn a_job_ends_once(lab: &impl Lab) {
    let store = lab.open().await;
    expect(&*store, 1).await;
    assert!(store.terminal(rid(1)).await.unwrap().is_none());
    let ends = futures_util::future::join_all((0..20).map(|n| store.finish(rid(1), completed(&format!("{n}"))))).await;
    assert_eq!(ends.into_iter().filter(|end| *end.as_ref().unwrap()).count(), 1);
    assert!(!store.finish(rid(1), gave_up("late")).await.unwrap());
    assert_eq!(state_of(&*store, 1).await, Some("completed"));
    let terminal = store.terminal(rid(1)).await.unwrap().unwrap();
    assert_eq!((terminal.label, terminal.id.as_deref()), (EventKind::Detect, Some("job-true")));
    assert_eq!(terminal.created_at, Some(Timestamp::from_millis(1_700_000_000_000)));
    let event = claim_one(&*store).await;
    assert_eq!((event.rid, &event.body, event.attempt), (Some(rid(1)), &terminal.body, 1));
    let entry = store.entry(event.lease.seq).await.unwrap().unwrap();
    assert_eq!((entry.deliveries, entry.job_id.as_deref()), (0, Some("job-true")));
    assert!(entry.confirmed_at.is_some());
    // The submit's answer comes last of all, and tells the id that counts.
    store.accepted(rid(1), job("answered"), MINUTE).await.unwrap();
    assert_eq!(store.known(rid(1)).await.unwrap().unwrap().job.unwrap().id, "answered");
    store.skip(DAY);
    assert!(store.overdue(10, MINUTE).await.unwrap().is_empty());
}

pub(crate) async fn a_job_that_is_not_to_be_delivered_is_born_done(lab: &impl Lab) {
    let store = lab.open().await;
    for number in [1, 2] {
        store.record(intent(number).deliver(false)).await.unwrap();
    }
    assert!(store.finish(rid(1), completed("polled")).await.unwrap());
    store.receive(vec![ours(2, "posted")]).await.unwrap();
    assert!(claim(&*store).await.is_empty());
    let entries = all(&*store).await;
    assert_eq!(entries.iter().map(|entry| &*entry.state).collect::<Vec<_>>(), ["done", "done"]);
    assert!(entries.iter().all(|entry| entry.done_at.is_some()));
    for (number, body) in [(1, "polled"), (2, "posted")] {
        assert_eq!(store.terminal(rid(number)).await.unwrap().unwrap().body, body);
    }
    // One that has to be confirmed first is none for handlers either.
    store.record(intent(3).deliver(false)).await.unwrap();
    store.receive(vec![hint(ours(3, "hint"))]).await.unwrap();
    assert!(store.finish(rid(3), completed("true")).await.unwrap());
    assert!(claim(&*store).await.is_empty());
    assert_eq!(store.terminal(rid(3)).await.unwrap().unwrap().body, "true");
}

pub(crate) async fn a_job_nobody_knows_is_made_by_its_end(lab: &impl Lab) {
    let store = lab.open().await;
    let finish = Finish { kind: Kind::Recognize, namespace: Some("door".into()), ..completed("{}") };
    assert!(store.finish(rid(1), finish).await.unwrap());
    assert!(!store.finish(rid(1), completed("{}")).await.unwrap());
    let known = store.known(rid(1)).await.unwrap().unwrap();
    assert_eq!((known.state, known.kind, known.namespace.as_deref()), ("completed", Kind::Recognize, Some("door")));
    assert_eq!(claim_one(&*store).await.rid, Some(rid(1)));
    // A webhook that needs no confirming does the same.
    store.receive(vec![ours(2, "{}")]).await.unwrap();
    assert_eq!(state_of(&*store, 2).await, Some("completed"));
    assert!(!store.finish(rid(2), completed("{}")).await.unwrap());
}

pub(crate) async fn jobs_by_webhook_say_how_long_they_took(lab: &impl Lab) {
    let store = lab.open().await;
    for number in 0..=210 {
        expect(&*store, number).await;
    }
    expect(&*store, 220).await;
    store.record(intent(221)).await.unwrap();
    store.skip(10 * SECOND);
    store.finish(rid(220), completed("polled")).await.unwrap();
    assert!(store.took(Kind::Detect).await.unwrap().is_empty());
    store.receive((0..=209).map(|number| ours(number, "{}")).collect()).await.unwrap();
    store.skip(MINUTE);
    store.finish(rid(210), Finish { by_webhook: true, ..completed("confirmed") }).await.unwrap();
    let mut took = store.took(Kind::Detect).await.unwrap();
    took.sort_unstable();
    assert_eq!(took.len(), 200);
    // The clock goes on while the test runs.
    let (fast, slow) = (took[0], took[199]);
    assert!(fast >= 10 * SECOND && took[198] < MINUTE && slow >= MINUTE + 10 * SECOND, "{fast:?} {slow:?}");
    assert!(store.took(Kind::Ask).await.unwrap().is_empty());
}
