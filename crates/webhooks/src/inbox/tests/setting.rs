//! What an inbox can be set up with.

use std::time::Duration;

use image_intelligence_core::{Dialect, ErrorKind, WebhookEvent};

use crate::inbox::{EventState, Inbox, InboxBuilder, SqlValue, Statement, Target};

async fn refused(builder: InboxBuilder) -> String {
    let error = builder.open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

#[tokio::test]
async fn a_setting_that_will_not_do_is_named() {
    let builder = || Inbox::builder("never-made/inbox.db");
    assert_eq!(refused(builder().lease(Duration::ZERO)).await, "inbox: lease: 0ns given, 1s to 3600s wanted");
    let text = refused(builder().handler_timeout(Duration::from_secs(59))).await;
    assert_eq!(text, "inbox: handler_timeout: 59s given, 60s to 604800s wanted");
    assert!(refused(builder().prefetch(0)).await.starts_with("inbox: prefetch: 0 given"));
    assert!(refused(builder().attempts(1001)).await.starts_with("inbox: attempts: 1001 given"));
    assert!(refused(builder().retry_pause(Duration::from_hours(2))).await.starts_with("inbox: retry_pause: "));
    let text = refused(builder().prune_keys_after(Duration::from_hours(24))).await;
    assert!(text.starts_with("inbox: prune_keys_after: 86400s given, 1296000s to"), "{text}");
    let node = builder().handler_timeout(Duration::ZERO).dialect(Dialect::Node);
    assert!(refused(node).await.starts_with("inbox: handlerTimeout: 0ns given"));
    assert!(!std::path::Path::new("never-made").exists());
}

#[tokio::test]
async fn a_target_that_will_not_do_is_named_without_its_password() {
    for (target, wanted) in [
        ("", "no path given"),
        ("sqlite::memory:", "would lose"),
        ("mysql://root:hunter2@db/ii", "\"mysql://..\" is no inbox"),
    ] {
        let text = refused(Inbox::builder(target)).await;
        assert!(text.contains(wanted) && !text.contains("hunter2"), "{text}");
    }
    let target = Target::from("postgres://ii:hunter2@db/ii");
    assert_eq!(format!("{target:?}"), "Target(postgres)");
    assert_eq!(format!("{:?}", Target::from("sqlite:///var/ii.db")), "Target(/var/ii.db)");
    assert_eq!(format!("{:?}", Target::from("sqlite:ii.db")), "Target(ii.db)");
}

#[cfg(not(feature = "postgres"))]
#[tokio::test]
async fn postgres_needs_its_feature() {
    let text = refused(Inbox::builder("postgres://ii:hunter2@db/ii")).await;
    assert!(text.contains("feature `postgres`") && !text.contains("hunter2"), "{text}");
    let text = refused(Inbox::builder("postgres://ii:hunter2@db/ii").dialect(Dialect::Node)).await;
    assert_eq!(text, "inbox: here an inbox is kept in a file only; give a path such as inbox.db");
}

#[test]
fn without_a_runtime_nothing_is_opened() {
    let error = futures_util::FutureExt::now_or_never(Inbox::open("never-made/inbox.db")).unwrap().unwrap_err();
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[test]
fn values_are_made_from_what_people_have() {
    assert_eq!(SqlValue::from(None::<i64>), SqlValue::NULL);
    assert_eq!(SqlValue::from(Some(3)), SqlValue::from(3_i64));
    assert_ne!(SqlValue::from("3"), SqlValue::from(3));
    let secret = Statement::new("SELECT ?1").bind("hunter2");
    assert!(!format!("{secret:?} {:?}", SqlValue::from("hunter2")).contains("hunter2"));
    assert_eq!(EventState::named("dead").unwrap(), EventState::Dead);
    assert_eq!(EventState::named("lost").unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[test]
fn the_end_without_a_result_is_read_as_one() {
    use image_intelligence_core::{EventKind, GaveUp, GaveUpReason, Kind, Timestamp};

    let end = GaveUp::new(super::rid(7), Kind::Ask, GaveUpReason::JobLost, Timestamp::from_millis(1_700_000_000_000));
    let read = crate::inbox::delivery::read(EventKind::GaveUp, &end.to_json());
    assert_eq!(read, WebhookEvent::GaveUp(end));
}
