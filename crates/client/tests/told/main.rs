//! Who is told of a submit is told of it in the promised order, over real connections, and what cannot be kept track of is
//! never sent as a whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod recorder;
#[path = "../scripted/mod.rs"]
mod scripted;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_intelligence::{
    CallbackKeys, Callbacks, Client, Detect, Error, ErrorKind, Image, Job, JobBuilder, Kind, PublicBase, Rid, Timestamp,
};
use recorder::Recorder;
use scripted::{Reply, Scripted, job, ok};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

fn detect(client: &Client) -> JobBuilder<Detect> {
    client.detect([Image::bytes(vec![1]), Image::bytes(vec![2])]).class("person")
}

fn told_client(server: &Scripted, recorder: &Arc<Recorder>) -> Client {
    let builder = server.builder().recover_for(Duration::from_millis(40));
    builder.callbacks(Arc::clone(recorder) as Arc<dyn Callbacks>).build().unwrap()
}

/// A server that answers submits one after the other in these ways, and then well; it finds nothing.
async fn answering(replies: Vec<Reply>) -> Scripted {
    Scripted::start(move |asked, nth| {
        let taken = ok(job("j-1", "IN_PROGRESS"));
        let post = asked.method == "POST";
        Some(if post { replies.get(nth).cloned().unwrap_or(taken) } else { ok("[]") })
    })
    .await
}

async fn told(replies: Vec<Reply>) -> (Vec<String>, Result<Job<Detect>, Error>, Arc<Recorder>) {
    let server = answering(replies).await;
    let recorder = Recorder::new();
    let sent = detect(&told_client(&server, &recorder)).send().await;
    (recorder.heard(), sent, recorder)
}

#[tokio::test]
async fn each_way_a_submit_can_go_is_told_in_its_order() {
    let wait = || Reply::With(429, vec![("Retry-After", "0".to_owned())], "{}".into());
    let again = ["mint", "record", "leaving", "came_back", "leaving", "accepted"];
    for (replies, expected) in [
        (vec![], &["mint", "record", "leaving", "accepted"][..]),
        (vec![wait()], &again),
        (vec![Reply::Json(401, "{}".into())], &again),
        (
            vec![wait(), wait()],
            &["mint", "record", "leaving", "came_back", "leaving", "came_back", "leaving", "accepted"],
        ),
        (vec![Reply::Json(400, "{}".into())], &["mint", "record", "leaving", "refused"]),
        (vec![Reply::Json(401, "{}".into()); 2], &["mint", "record", "leaving", "came_back", "leaving", "refused"]),
        (vec![Reply::Close], &["mint", "record", "leaving", "unknown"]),
        (vec![Reply::Json(503, "{}".into())], &["mint", "record", "leaving", "unknown"]),
    ] {
        let (heard, sent, recorder) = told(replies.clone()).await;
        assert_eq!(heard, expected, "{replies:?}");
        match sent {
            Ok(sent) => {
                let job = recorder.jobs.lock().unwrap().pop().unwrap();
                assert_eq!((job.kind, job.id.as_str()), (Kind::Detect, sent.id()));
                assert_eq!(job.created_at, Some(Timestamp::from_millis(1_487_648_348_000)));
            }
            Err(error) => {
                let told = recorder.errors.lock().unwrap().pop().unwrap();
                assert_eq!((told.kind(), told.message()), (error.kind(), error.message()), "{replies:?}");
            }
        }
        let intent = recorder.intents.lock().unwrap().pop().unwrap();
        assert_eq!((intent.kind, intent.images, intent.is_ours()), (Kind::Detect, 2, true));
    }
}

#[tokio::test]
async fn where_nobody_is_it_came_back_each_time_and_is_refused_at_last() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = answering(Vec::new()).await;
    let recorder = Recorder::new();
    // The token comes from elsewhere, so that it is the submit that finds nobody.
    let client = server
        .builder()
        .base_url(format!("http://127.0.0.1:{port}/v2"))
        .token_provider(Given)
        .callbacks(Arc::clone(&recorder) as Arc<dyn Callbacks>)
        .build()
        .unwrap();
    let error = detect(&client).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(recorder.heard(), ["mint", "record", "came_back", "came_back", "came_back", "came_back", "refused"]);
}

struct Given;

impl image_intelligence::TokenProvider for Given {
    fn token<'a>(&'a self, _: Option<&'a image_intelligence::Secret>) -> image_intelligence::TokenFuture<'a> {
        Box::pin(async { Ok(image_intelligence::Secret::from("token")) })
    }
}

#[tokio::test]
async fn what_cannot_be_kept_track_of_is_not_sent() {
    for (what, heard, other) in [
        ("mint", &["mint"][..], &["mint"][..]),
        ("record", &["mint", "record", "refused"], &["mint", "record", "refused"]),
        ("leaving", &["mint", "record", "leaving", "refused"], &["mint", "record", "leaving", "refused"]),
    ] {
        let server = answering(Vec::new()).await;
        let (first, failing) = (Recorder::new(), Recorder::failing(what));
        let client = told_client(&server, &first);
        let error = detect(&client).told_to(Arc::clone(&failing) as Arc<dyn Callbacks>).send().await.unwrap_err();
        let kind = if what == "mint" { ErrorKind::Config } else { ErrorKind::Store };
        assert_eq!((error.kind(), error.retryable()), (kind, false), "{what}: {error}");
        assert!(error.message().contains("the dog ate it"), "{error}");
        assert_eq!((failing.heard(), first.heard()), (owned(heard), owned(other)), "{what}");
        assert_eq!(server.count("POST", "/v2/detect"), 0, "{what}: a whole request came");
        // Nothing is broken by it for the next one.
        assert_eq!(detect(&client).send().await.unwrap().id(), "j-1");
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn a_job_that_is_there_is_not_lost_because_that_could_not_be_written_down() {
    for what in ["accepted", "came_back"] {
        let server = answering(vec![Reply::With(429, vec![("Retry-After", "0".to_owned())], "{}".into())]).await;
        let client = told_client(&server, &Recorder::failing(what));
        assert_eq!(detect(&client).send().await.unwrap().id(), "j-1", "{what}");
    }
}

/// Reads a request until it has so many bytes of a body, and gives its head.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>, body: impl Fn(usize) -> usize) -> String {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).unwrap().to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect(&head);
            if buffer.len() >= end + 4 + body(length.parse().unwrap()) {
                return head;
            }
        }
        assert_ne!(stream.read_buf(buffer).await.unwrap(), 0, "the connection ended");
    }
}

/// A client of a server whose connections the test holds in its own hands.
async fn by_hand(recorder: &Arc<Recorder>) -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder()
        .base_url(format!("http://{}/v2", listener.local_addr().unwrap()))
        .token_provider(Given)
        .recover_for(Duration::from_millis(40))
        .callbacks(Arc::clone(recorder) as Arc<dyn Callbacks>)
        .build()
        .unwrap();
    (listener, client)
}

#[tokio::test]
async fn the_last_byte_waits_until_it_is_known_that_it_leaves() {
    let recorder = Arc::new(Recorder { door: Some(Semaphore::new(0)), ..Recorder::default() });
    let (listener, client) = by_hand(&recorder).await;
    let sent = tokio::spawn(async move { detect(&client).send().await });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut buffer = Vec::new();
    let head = read(&mut stream, &mut buffer, |length| length - 1).await;
    assert!(head.starts_with("post /v2/detect http/1.1"), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    recorder.until("leaving").await;
    // All but the last byte is here, which alone is the end of the object.
    let body = buffer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert!(serde_json::from_slice::<serde_json::Value>(&buffer[body..]).is_err());
    assert!(stream.try_read(&mut [0]).is_err(), "the last byte came before its time");
    recorder.door.as_ref().unwrap().add_permits(1);
    read(&mut stream, &mut buffer, |length| length).await;
    assert!(serde_json::from_slice::<serde_json::Value>(&buffer[body..]).is_ok());
    stream.write_all(&scripted::response(200, &[], &job("j-9", "IN_PROGRESS"))).await.unwrap();
    assert_eq!(sent.await.unwrap().unwrap().id(), "j-9");
}

#[tokio::test]
async fn a_connection_that_breaks_within_the_body_made_no_job_and_nothing_is_searched_for() {
    let recorder = Recorder::new();
    let (listener, client) = by_hand(&recorder).await;
    let send = client.detect([Image::bytes(vec![7; 24 << 20])]).class("person").send();
    let sent = tokio::spawn(send);
    let (mut stream, _) = listener.accept().await.unwrap();
    read(&mut stream, &mut Vec::new(), |_| 1000).await;
    drop(stream);
    let error = sent.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Connection, true), "{error}");
    assert_eq!(recorder.heard(), ["mint", "record", "refused"]);
}

#[tokio::test]
async fn a_submit_that_is_dropped_is_refused_before_it_left_and_unknown_after() {
    for close in [false, true] {
        // In the middle of the body.
        let recorder = Recorder::new();
        let (listener, client) = by_hand(&recorder).await;
        let sent = tokio::spawn(client.detect([Image::bytes(vec![7; 24 << 20])]).class("person").send());
        let (mut stream, _) = listener.accept().await.unwrap();
        read(&mut stream, &mut Vec::new(), |_| 1000).await;
        drop_or_close(sent, &client, close).await;
        recorder.until("refused").await;
        assert_eq!(recorder.heard(), ["mint", "record", "refused"]);
        assert_eq!(recorder.errors.lock().unwrap()[0].kind(), ErrorKind::Cancelled);

        // While it is written down that it leaves: it never does.
        let recorder = Arc::new(Recorder { door: Some(Semaphore::new(0)), ..Recorder::default() });
        let (listener, client) = by_hand(&recorder).await;
        let sent = tokio::spawn(detect(&client).send());
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = Vec::new();
        read(&mut stream, &mut buffer, |length| length - 1).await;
        recorder.until("leaving").await;
        drop_or_close(sent, &client, close).await;
        recorder.until("unknown").await;
        recorder.door.as_ref().unwrap().add_permits(1);
        let before = buffer.len();
        let _ = stream.read_to_end(&mut buffer).await;
        assert_eq!(buffer.len(), before, "the last byte came");
        assert_eq!(recorder.heard(), ["mint", "record", "leaving", "unknown"]);

        // While the answer is waited for.
        let recorder = Recorder::new();
        let (listener, client) = by_hand(&recorder).await;
        let sent = tokio::spawn(detect(&client).send());
        let (mut stream, _) = listener.accept().await.unwrap();
        read(&mut stream, &mut Vec::new(), |length| length).await;
        drop_or_close(sent, &client, close).await;
        recorder.until("unknown").await;
        assert_eq!(recorder.heard(), ["mint", "record", "leaving", "unknown"]);
        let told = recorder.errors.lock().unwrap()[0].clone();
        assert_eq!(told.kind(), ErrorKind::OutcomeUnknown);
    }
}

async fn drop_or_close(sent: tokio::task::JoinHandle<Result<Job<Detect>, Error>>, client: &Client, close: bool) {
    if close {
        client.close();
        assert_eq!(sent.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    } else {
        sent.abort();
        assert!(sent.await.unwrap_err().is_cancelled());
    }
}

fn minted() -> (String, Rid) {
    let (rid, base) = (Rid::from_bytes([7; 16]), PublicBase::parse("https://hooks.example.com/ii").unwrap());
    let keys = CallbackKeys::new([(1, [9; 32])]).unwrap();
    (base.callback_url(&keys.mint(Kind::Detect, Timestamp::from_millis(1_800_000_000_000), rid, &base)), rid)
}

#[tokio::test]
async fn the_first_url_that_is_minted_is_sent_unless_the_caller_has_one() {
    let server = answering(Vec::new()).await;
    let (url, _) = minted();
    let with = |url: &str| Arc::new(Recorder { url: Some(url.to_owned()), ..Recorder::default() });
    let (none, first, second) = (Recorder::new(), with(&url), with("https://example.com/late"));
    let builder = server.builder().callbacks(Arc::clone(&none) as Arc<dyn Callbacks>);
    let client = builder.callbacks(first).callbacks(second).build().unwrap();
    detect(&client).send().await.unwrap();
    detect(&client).webhook_url("https://example.com/mine").send().await.unwrap();
    let urls: Vec<_> = server.asked().iter().map(|asked| asked.json()["webhookUrl"].clone()).collect();
    assert_eq!(urls, [url.as_str(), "https://example.com/mine"]);
    assert_eq!(none.heard(), ["mint", "record", "leaving", "accepted", "record", "leaving", "accepted"]);
}

#[tokio::test]
async fn a_url_that_was_minted_for_it_proves_a_job() {
    let url = Arc::new(Mutex::new(String::new()));
    let given = Arc::clone(&url);
    let server = Scripted::start(move |asked, _| {
        if asked.method == "POST" {
            return Some(Reply::Close);
        }
        let url = given.lock().unwrap().clone();
        Some(ok(format!(
            r#"[{{"id":"older","customId":"mine","webhookUrl":"https://hooks.example.com/ii/cb/x"}},
                {{"id":"ours","customId":"mine","webhookUrl":"{url}"}}]"#
        )))
    })
    .await;
    let image = || Image::bytes(vec![1]).custom_id("also-mine");
    let recorder = Arc::new(Recorder { url: Some("https://example.com/for-it-alone".into()), ..Recorder::default() });
    let client = told_client(&server, &recorder);
    url.lock().unwrap().clone_from(recorder.url.as_ref().unwrap());
    let sent = client.detect([image()]).class("person").custom_id("mine").send().await.unwrap();
    assert_eq!(sent.id(), "ours");
    // A URL of the caller's own proves nothing, as he may give it to many.
    let own =
        client.detect([image()]).class("person").custom_id("mine").webhook_url("https://example.com/for-it-alone");
    let error = own.send().await.unwrap_err();
    assert_eq!(error.candidates(), ["older", "ours"]);
    // Nor does a token of another job.
    *url.lock().unwrap() = minted().0;
    let error = client.detect([image()]).class("person").custom_id("mine").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
}
