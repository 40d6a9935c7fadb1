//! What every store must do, as tests: a store adds a [`Lab`] and names it in [`contract`].

mod handling;
mod jobs;
mod keeping;
mod receiving;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{EventKind, ImageRequest, Inputs, Intent, JobRef, Kind, Later, Rid, Timestamp};

pub(crate) use {handling::*, jobs::*, keeping::*, receiving::*};

use super::{Claimed, Entry, Finish, Incoming, Origin, Outcome, Query, Store, Terminal};
use crate::event_key::EventKey;

/// A database of its own for one test.
pub(crate) trait Lab: Sized + Send + Sync {
    /// An empty one.
    fn fresh() -> Later<'static, Self>;

    /// Opens the store, the same one each time, with one clock for all: time that was skipped once stays skipped.
    fn open(&self) -> Later<'_, Arc<dyn Store>>;
}

/// Runs every test of the contract against the stores of a [`Lab`].
macro_rules! contract {
    ($lab:ty) => {
        $crate::store::contract::contract! { $lab:
            an_intent_is_kept_once
            what_becomes_of_a_submit
            a_job_that_may_exist_is_told_from_one_that_cannot
            a_process_that_lives_after_all_goes_on
            overdue_jobs_are_taken_one_at_a_time_and_come_again
            a_job_is_looked_at_at_once
            a_job_ends_once
            a_job_that_is_not_to_be_delivered_is_born_done
            a_job_nobody_knows_is_made_by_its_end
            jobs_by_webhook_say_how_long_they_took
            of_one_key_there_is_one_event
            many_webhooks_of_one_event_at_a_time
            raw_bytes_are_an_event_again_after_a_day
            a_webhook_ends_its_job
            a_webhook_may_come_before_the_submits_answer
            a_body_for_a_job_at_its_end_is_only_counted
            a_true_body_replaces_a_forged_one
            a_body_that_is_signed_needs_no_confirming
            a_foreign_job_is_confirmed
            what_cannot_be_confirmed_now_is_tried_again
            of_two_who_confirm_one_gets_it
            an_event_is_handled_in_the_order_it_came
            an_event_of_ours_knows_its_pictures
            a_lease_lapses_and_its_holder_is_fenced
            a_lease_is_stretched
            attempts_come_to_an_end
            a_failure_is_tried_again_after_a_pause
            a_lease_given_back_does_not_count
            two_who_claim_get_different_events
            an_ack_and_its_statements_are_one
            an_ack_without_a_lease_runs_nothing
            the_dead_are_replayed
            old_bodies_and_old_keys_go
            the_next_due_is_known
            events_are_listed
            counts_by_state
            masters_are_made_once
            masters_are_turned_over
            a_change_is_told
            everything_is_there_after_it_was_opened_again
            what_nobody_waits_for_happens
            closed_is_closed
        }
    };
    ($lab:ty: $($test:ident)+) => {
        $(
            #[tokio::test]
            async fn $test() {
                $crate::store::contract::$test(&<$lab as $crate::store::contract::Lab>::fresh().await).await;
            }
        )+
    };
}
pub(crate) use contract;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn rid(number: u8) -> Rid {
    Rid::from_bytes([number; 16])
}

fn intent(number: u8) -> Intent {
    Intent::new(Kind::Detect, rid(number), rid(number).to_string(), 1, Timestamp::from_millis(1))
}

/// The one picture of a job of ours.
fn pictured(number: u8) -> Inputs {
    Inputs::stamp(rid(number), &mut [ImageRequest::bytes(b"..")], [format!("{number} \0 .jpg")])
}

fn job(id: &str) -> JobRef {
    JobRef::new(Kind::Detect, id).created_at(Some(Timestamp::from_millis(1_700_000_000_000)))
}

/// A webhook for one of our own jobs, which is true.
fn ours(number: u8, body: &str) -> Incoming {
    Incoming {
        key: EventKey::ours(rid(number)),
        origin: Origin::Ours { rid: rid(number), kind: Kind::Detect, hint: Some(format!("job-{number}")) },
        label: EventKind::Detect,
        body: Bytes::copy_from_slice(body.as_bytes()),
        signed: true,
        confirm: false,
    }
}

/// A webhook for somebody else's job, which is true.
fn foreign(id: &str, body: &str) -> Incoming {
    Incoming { key: EventKey::foreign(id), origin: Origin::Foreign { id: id.to_owned() }, ..ours(0, body) }
}

/// An event without a name, which is true.
fn raw(body: &str) -> Incoming {
    let (key, label) = (EventKey::raw(body.as_bytes()), EventKind::Event);
    Incoming { key, label, origin: Origin::Raw, ..ours(0, body) }
}

/// The same as no more than a hint.
fn hint(incoming: Incoming) -> Incoming {
    Incoming { confirm: true, signed: false, ..incoming }
}

fn terminal(body: &str) -> Terminal {
    Terminal {
        label: EventKind::Detect,
        body: Bytes::copy_from_slice(body.as_bytes()),
        id: Some("job-true".to_owned()),
        created_at: Some(Timestamp::from_millis(1_700_000_000_000)),
    }
}

fn completed(body: &str) -> Finish {
    Finish {
        kind: Kind::Detect,
        namespace: None,
        outcome: Outcome::Completed,
        by_webhook: false,
        terminal: terminal(body),
    }
}

fn gave_up(body: &str) -> Finish {
    let terminal = Terminal { label: EventKind::GaveUp, id: None, created_at: None, ..terminal(body) };
    Finish { outcome: Outcome::GaveUp, terminal, ..completed(body) }
}

async fn state_of(store: &dyn Store, number: u8) -> Option<&'static str> {
    store.known(rid(number)).await.unwrap().map(|known| known.state)
}

async fn all(store: &dyn Store) -> Vec<Entry> {
    let mut all = store.list(Query { most: 1000, ..Query::default() }).await.unwrap();
    all.reverse();
    all
}

async fn claim(store: &dyn Store) -> Vec<Claimed> {
    store.claim(64, MINUTE, 12).await.unwrap()
}

/// The one event that may be claimed.
async fn claim_one(store: &dyn Store) -> Claimed {
    let mut claimed = claim(store).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

/// A job that was sent and accepted, and is overdue after a minute.
async fn expect(store: &dyn Store, number: u8) {
    store.record(intent(number)).await.unwrap();
    store.left(rid(number), true).await.unwrap();
    store.accepted(rid(number), job(&format!("job-{number}")), MINUTE).await.unwrap();
}
