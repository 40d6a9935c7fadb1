//! What a binding takes out of the log. One test, as there is one listener in a process.

use image_intelligence::{Log, LogLevel, LogRecord};

/// How many records wait at most.
const MOST_WAITING: usize = 1024;

#[tokio::test]
async fn what_is_said_comes_out_in_order_and_what_does_not_fit_is_counted() {
    assert!(Log::here().is_none() && Log::level().is_none());
    tracing::error!(target: "image_intelligence", "nobody listens yet");
    let log = Log::open(LogLevel::Warn);
    assert!(std::ptr::eq(log, Log::open(LogLevel::Warn)) && std::ptr::eq(log, Log::here().unwrap()));
    assert!(log.claim() && !log.claim());

    let span = tracing::error_span!(target: "image_intelligence", "spans are let pass", id = 7);
    span.in_scope(|| {
        tracing::warn!(
            target: "image_intelligence::call", status = 401, error.type = "store", why = %"a b", left = 1.5, quoted = ?"q",
            "a webhook of {}", "ours",
        );
        tracing::info!(target: "image_intelligence::call", "too fine");
        tracing::error!(target: "hyper", "of somebody else");
    });
    let LogRecord { level, target, message, fields, .. } = log.next().await.unwrap();
    assert_eq!((level, target.as_str(), message.as_str()), (LogLevel::Warn, "client.call", "a webhook of ours"));
    let fields: Vec<_> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let expected = [("status", "401"), ("error.type", "store"), ("why", "a b"), ("left", "1.5"), ("quoted", "\"q\"")];
    assert_eq!(fields, expected);

    Log::open(LogLevel::Trace);
    assert_eq!(Log::level(), Some(LogLevel::Trace));
    let said = || tracing::trace!(target: "image_intelligence_webhooks::receiver::refusal", "fine");
    said();
    let record = log.next().await.unwrap();
    assert_eq!((record.level.as_str(), record.target.as_str()), ("trace", "webhooks.receiver.refusal"));
    Log::open(LogLevel::Error);
    said();
    Log::open(LogLevel::Trace);

    for number in 0..MOST_WAITING + 3 {
        tracing::debug!(target: "image_intelligence", number);
    }
    log.missed(2);
    let told = log.next().await.unwrap();
    assert_eq!((told.level, told.missed, told.message.as_str()), (LogLevel::Warn, 5, "5 records were dropped"));
    log.close();
    for number in 0..MOST_WAITING {
        let record = log.next().await.unwrap();
        assert_eq!((record.target.as_str(), record.message.as_str()), ("client", ""));
        assert_eq!(record.fields, [("number", number.to_string())]);
    }
    assert!(log.next().await.is_none());
}
