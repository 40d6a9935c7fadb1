//! Looking into an inbox.

use image_intelligence_core::{CallbackKeys, ErrorKind, EventKind};
use serde_json::json;

use super::{nameless, ours, receive, receive_ours, rid, seconds};
use crate::inbox::{EventState, Filter, Inbox};

#[tokio::test]
async fn events_are_listed_newest_first_and_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(folder.path().join("inbox.db")).await.unwrap();
    receive_ours(&inbox, 0..5).await;
    receive(&inbox, vec![nameless(EventKind::Event, b"{\"event\": \"IDENTITY_UPDATED\"}"), ours(2)]).await;

    let all = inbox.list(Filter::new()).await.unwrap();
    let seqs: Vec<i64> = all.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs.len(), 6);
    assert!(seqs.is_sorted_by(|a, b| a > b), "{seqs:?}");
    let page = inbox.list(Filter::new().limit(2).before(seqs[1])).await.unwrap();
    assert_eq!(page.iter().map(|entry| entry.seq).collect::<Vec<_>>(), seqs[2..4]);
    assert_eq!(inbox.list(Filter::new().limit(0)).await.unwrap(), []);
    assert_eq!(inbox.list(Filter::new().state(EventState::Dead)).await.unwrap(), []);
    assert_eq!(inbox.list(Filter::new().kind(EventKind::Event)).await.unwrap()[0].rid, None);

    let by_rid = inbox.list(Filter::new().job(rid(2).to_string())).await.unwrap();
    let [entry] = &by_rid[..] else { panic!("{by_rid:?}") };
    assert_eq!((entry.deliveries, entry.state, entry.attempts), (2, EventState::Ready, 0));
    assert_eq!(inbox.list(Filter::new().job("job-2")).await.unwrap(), by_rid);
    inbox.shutdown().await;
}

#[tokio::test]
async fn an_event_is_written_as_json_with_its_body_as_text_or_in_base64() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(folder.path().join("inbox.db")).await.unwrap();
    receive(&inbox, vec![nameless(EventKind::Unknown, b"text")]).await;
    receive(&inbox, vec![nameless(EventKind::Unknown, b"\xff")]).await;
    let list = inbox.list(Filter::new()).await.unwrap();
    let [bytes, text] = &list[..] else { panic!("{list:?}") };
    let written = serde_json::to_value(text).unwrap();
    assert_eq!(written.get("body"), None);
    assert_eq!(
        (&written["state"], &written["kind"], &written["size"]),
        (&json!("ready"), &json!("unknown"), &json!(4))
    );

    let text = inbox.entry(text.seq).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&text).unwrap()["body"], "text");
    let bytes = inbox.entry(bytes.seq).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&bytes).unwrap()["bodyBase64"], "/w==");
    assert_eq!(inbox.entry(1_000_000).await.unwrap(), None);
    let counts = serde_json::to_value(inbox.counts().await.unwrap()).unwrap();
    assert_eq!((&counts["events"]["ready"], &counts["jobs"]["gaveUp"]), (&json!(2), &json!(0)));
    assert!(counts["oldestReadyMs"].is_u64(), "{counts}");
    inbox.shutdown().await;
}

#[tokio::test]
async fn bodies_go_after_a_week_and_keys_after_a_quarter() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(folder.path().join("inbox.db")).await.unwrap();
    receive_ours(&inbox, 0..1).await;
    let delivery = inbox.next().await.unwrap().unwrap();
    let seq = delivery.seq();
    delivery.ack().await.unwrap();
    inbox.hub.store.skip(seconds(6 * 86_400));
    let pruned = inbox.prune().await.unwrap();
    assert_eq!((pruned.bodies, pruned.events, pruned.jobs), (0, 0, 0));
    inbox.hub.store.skip(seconds(2 * 86_400));
    assert_eq!(inbox.prune().await.unwrap().bodies, 1);
    let entry = inbox.entry(seq).await.unwrap().unwrap();
    assert_eq!((entry.body, entry.state), (None, EventState::Done));
    assert_eq!(inbox.replay([seq]).await.unwrap(), 0);
    inbox.hub.store.skip(seconds(90 * 86_400));
    let pruned = inbox.prune().await.unwrap();
    assert_eq!((pruned.events, pruned.jobs), (1, 1));
    inbox.shutdown().await;
}

#[tokio::test]
async fn a_key_is_added_where_the_keys_are_the_inbox_s_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    let given = CallbackKeys::new([(1, [7; 32])]).unwrap();
    let inbox = Inbox::builder(path.clone()).callback_keys(given).open().await.unwrap();
    assert_eq!(inbox.add_key().await.unwrap_err().kind(), ErrorKind::Config);
    inbox.shutdown().await;

    let inbox = Inbox::open(path).await.unwrap();
    let first = inbox.hub.store.masters([9; 32]).await.unwrap();
    let added = inbox.add_key().await.unwrap();
    let masters = inbox.hub.store.masters([9; 32]).await.unwrap();
    assert_eq!((first.len(), masters.len(), masters[1].0), (1, 2, added));
    assert_ne!(masters[1].1[..], [9; 32]);
    inbox.shutdown().await;
}
