//! What depends on time: leases, pauses and the tasks behind an inbox. The clock is tokio's, and moves when all wait.

use image_intelligence_core::{Error, ErrorKind};
use tokio::runtime::Handle;
use tokio::time::{Instant, advance, sleep, timeout};

use super::memory::{Fault, Memory, passing};
use super::{over, seconds};
use crate::inbox::Inbox;
use crate::inbox::inner::Inner;

#[tokio::test(start_paused = true)]
async fn a_lease_is_stretched_until_the_handler_takes_too_long_and_then_the_event_is_another_s() {
    let store = Memory::new();
    store.fill(1);
    let inbox = over(&store, |_| {});
    let began = Instant::now();
    let first = inbox.next().await.unwrap().unwrap();
    assert_eq!((first.attempt(), first.is_held()), (1, true));

    let second = inbox.next().await.unwrap().unwrap();
    let after = began.elapsed();
    assert!((seconds(15 * 60)..=seconds(16 * 60)).contains(&after), "another had it after {after:?}");
    assert_eq!((second.seq(), second.attempt()), (first.seq(), 2));
    assert_eq!(second.idempotency_key(), first.idempotency_key());
    assert!(!first.is_held() && second.is_held());
    first.lapsed().await;

    let error = first.ack().await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false));
    assert!(error.to_string().contains("handler_timeout (900 s)"), "{error}");
    second.ack().await.unwrap();
    assert_eq!(store.of(1).0, "done");
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_told_when_its_lease_has_lapsed() {
    let store = Memory::new();
    store.fill(1);
    let inbox = over(&store, |settings| settings.handler_timeout = seconds(120));
    let delivery = inbox.next().await.unwrap().unwrap();
    let began = Instant::now();
    delivery.lapsed().await;
    assert!((seconds(120)..=seconds(180)).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert!(!delivery.is_held());
    // What was lost is not taken from whoever has it now.
    let again = inbox.next().await.unwrap().unwrap();
    drop(delivery);
    sleep(seconds(1)).await;
    assert_eq!(store.of(1), ("leased", 2, None));
    again.nack("no").await.unwrap();
    assert_eq!(store.of(1), ("ready", 2, Some("no".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn what_was_leased_ahead_and_is_not_wanted_goes_back_uncounted() {
    let store = Memory::new();
    store.fill(10);
    let (busy, idle) = (over(&store, |settings| settings.prefetch = 16), over(&store, |_| {}));
    let held = busy.next().await.unwrap().unwrap();
    assert_eq!(store.of(10), ("leased", 1, None));

    let began = Instant::now();
    for seq in 2..=10 {
        let delivery = idle.next().await.unwrap().unwrap();
        assert_eq!((delivery.seq(), delivery.attempt()), (seq, 1));
        delivery.ack().await.unwrap();
    }
    assert!(began.elapsed() <= seconds(4), "the other waited for {:?}", began.elapsed());
    held.ack().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_more_is_leased_than_is_wanted() {
    let store = Memory::new();
    store.fill(3);
    let inbox = over(&store, |_| {});
    let first = inbox.next().await.unwrap().unwrap();
    assert_eq!((store.of(1).0, store.of(2).0), ("leased", "ready"));
    let (second, third) = tokio::join!(inbox.next(), inbox.next());
    assert_eq!((second.unwrap().unwrap().seq(), third.unwrap().unwrap().seq()), (2, 3));
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_after_the_twelfth_attempt_the_event_is_a_dead_letter() {
    let store = Memory::new();
    store.fill(1);
    let inbox = over(&store, |_| {});
    for attempt in 1..=12_u32 {
        let began = Instant::now();
        let delivery = inbox.next().await.unwrap().unwrap();
        let longest = seconds((5 << attempt.saturating_sub(2)).min(3600) + 1);
        assert!(began.elapsed() <= longest, "attempt {attempt} after {:?}", began.elapsed());
        assert_eq!(delivery.attempt(), attempt);
        delivery.nack(format!("no {attempt}")).await.unwrap();
    }
    assert_eq!(store.of(1), ("dead", 12, Some("no 12".to_owned())));
    assert!(timeout(seconds(86_400), inbox.next()).await.is_err(), "a dead letter came again");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_the_handler_s_own_is_kept_to_and_an_event_can_be_buried_at_once() {
    let store = Memory::new();
    store.fill(1);
    let inbox = over(&store, |_| {});
    let began = Instant::now();
    inbox.next().await.unwrap().unwrap().nack_after("later", seconds(40)).await.unwrap();
    let delivery = inbox.next().await.unwrap().unwrap();
    assert!((seconds(40)..seconds(41)).contains(&began.elapsed()), "{:?}", began.elapsed());
    delivery.bury("never").await.unwrap();
    assert_eq!(store.of(1), ("dead", 2, Some("never".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_started_again_is_waited_for() {
    let store = Memory::new();
    store.fill(1);
    let inbox = over(&store, |_| {});
    store.fail((0..50).map(|_| Fault::Before(passing())));
    let began = Instant::now();
    let delivery = inbox.next().await.unwrap().unwrap();
    assert!(began.elapsed() > seconds(60), "it was asked too often: {:?}", began.elapsed());
    store.fail((0..5).map(|_| Fault::Before(passing())));
    delivery.ack().await.unwrap();
    assert_eq!(store.of(1).0, "done");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_for_good_ends_the_loop() {
    let store = Memory::new();
    let inbox = over(&store, |_| {});
    store.fail([Fault::Before(Error::new(ErrorKind::Store, "the disk failed; open the inbox again"))]);
    let error = inbox.next().await.unwrap_err();
    assert_eq!(error.to_string(), "the disk failed; open the inbox again");
}

#[tokio::test(start_paused = true)]
async fn an_ack_whose_answer_was_lost_is_no_error() {
    let store = Memory::new();
    store.fill(1);
    let inbox = over(&store, |_| {});
    let delivery = inbox.next().await.unwrap().unwrap();
    store.fail([Fault::After(passing())]);
    delivery.ack().await.unwrap();
    assert_eq!(store.of(1), ("done", 1, None));
}

#[tokio::test(start_paused = true)]
async fn an_ack_that_cannot_be_written_down_gives_up_with_its_lease() {
    let store = Memory::new();
    store.fill(1);
    let inbox = over(&store, |_| {});
    let delivery = inbox.next().await.unwrap().unwrap();
    store.fail((0..1000).map(|_| Fault::Before(passing())));
    let began = Instant::now();
    let error = delivery.ack().await.unwrap_err();
    assert!(error.retryable() && began.elapsed() <= seconds(60), "{error:?} after {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_for_nothing() {
    let store = Memory::new();
    let inbox = over(&store, |_| {});
    assert!(timeout(seconds(600), inbox.next()).await.is_err());
    assert!(store.claims() <= 22, "{} claims in 10 minutes of nothing", store.claims());
    // And what comes is had at once, though the wait for it had been given up.
    let began = Instant::now();
    let next = tokio::spawn(async move { inbox.next().await });
    advance(seconds(1)).await;
    store.fill(1);
    assert_eq!(next.await.unwrap().unwrap().unwrap().seq(), 1);
    assert!(began.elapsed() <= seconds(2));
}

#[tokio::test(start_paused = true)]
async fn tasks_are_few_and_end() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let store = Memory::new();
    store.fill(5);
    let inbox = over(&store, |_| {});
    tokio::task::yield_now().await;
    assert_eq!(tasks(), 1, "of an inbox that nobody asks");
    let mut out = Vec::new();
    for _ in 0..5 {
        out.push(inbox.next().await.unwrap().unwrap());
    }
    sleep(seconds(90)).await;
    assert_eq!(tasks(), 2, "one heart beats for all that is out");
    for delivery in out {
        delivery.ack().await.unwrap();
    }
    sleep(seconds(30)).await;
    assert_eq!(tasks(), 1, "nothing is out");
    drop(inbox);
    sleep(seconds(1)).await;
    assert_eq!(tasks(), 0, "the inbox is gone");
    assert!(!store.is_closed(), "a receiver may still have it");
}

#[tokio::test(start_paused = true)]
async fn pruning_happens_every_hour_and_ends_with_the_inbox() {
    let store = Memory::new();
    let inbox = over(&store, |_| {});
    sleep(seconds(120)).await;
    assert_eq!(store.prunes(), 1);
    sleep(seconds(10 * 3600)).await;
    assert!((9..=11).contains(&store.prunes()), "{} in ten hours", store.prunes());
    drop(inbox);
    let before = store.prunes();
    sleep(seconds(10 * 3600)).await;
    assert_eq!(store.prunes(), before);
}

#[tokio::test(start_paused = true)]
async fn an_inbox_that_is_let_go_gives_back_what_it_leased_ahead() {
    let store = Memory::new();
    store.fill(3);
    let inbox = over(&store, |_| {});
    inbox.next().await.unwrap().unwrap().ack().await.unwrap();
    drop(inbox);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!((store.of(2), store.of(3)), (("ready", 0, None), ("ready", 0, None)));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_is_out_and_no_longer_than_it_may() {
    let store = Memory::new();
    store.fill(3);
    let inbox = over(&store, |_| {});
    let (first, second) = (inbox.next().await.unwrap().unwrap(), inbox.next().await.unwrap().unwrap());
    let waiting = tokio::spawn({
        let inbox = inbox.clone();
        async move { while inbox.next().await.unwrap().is_some() {} }
    });
    let began = Instant::now();
    let closing = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.shutdown().await }
    });
    sleep(seconds(5)).await;
    assert!(inbox.next().await.unwrap().is_none());
    waiting.await.unwrap();
    first.ack().await.unwrap();
    assert!(!store.is_closed());
    closing.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 25);
    assert!(store.is_closed());
    assert_eq!(second.ack().await.unwrap_err().kind(), ErrorKind::Closed);
    inbox.shutdown().await;
    assert!(inbox.next().await.unwrap().is_none());
    assert_eq!((store.of(1).0, store.of(2).0), ("done", "leased"));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_with_nothing_out_takes_no_time() {
    let store = Memory::new();
    store.fill(3);
    let inbox = over(&store, |_| {});
    // It goes back on its way out.
    drop(inbox.next().await.unwrap().unwrap());
    let began = Instant::now();
    inbox.shutdown().await;
    assert!(began.elapsed() < seconds(1) && store.is_closed());
    let (state, attempts, error) = store.of(1);
    assert_eq!((state, attempts), ("ready", 1));
    assert_eq!(error.as_deref(), Some("the handler let go of it without a word"));
    assert_eq!(store.of(2), ("ready", 0, None));
}

#[tokio::test(start_paused = true)]
async fn a_forked_child_is_told_to_open_it_again() {
    let store = Memory::new();
    store.fill(1);
    let hub = crate::hub::Hub::new(store.clone());
    let mut inner = Inner::new(hub.clone(), crate::inbox::builder::Settings::default(), Handle::current());
    inner.process = std::process::id() + 1;
    let inbox = Inbox { hub, inner: std::sync::Arc::new(inner) };
    let error = inbox.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(error.to_string().contains("open it again after fork"), "{error}");
    assert_eq!(inbox.counts().await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(inbox.replay([]).await.unwrap_err().kind(), ErrorKind::Closed);
    inbox.shutdown().await;
    assert!(!store.is_closed());
}
