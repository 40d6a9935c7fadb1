//! Processes that are killed at each point of a submit, and the next one.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use image_intelligence::{
    Callbacks, Client, Error, Image, Intent, JobRef, Kind, Later, Result, Rid, Secret, Timestamp, TokenFuture,
    TokenProvider,
};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::service::{Fate, Service};
use crate::{outcomes, place};

const POINT: &str = "II_TEST_KILL_AT";
const BASE_URL: &str = "II_TEST_BASE_URL";
const JOURNAL: &str = "II_TEST_JOURNAL";

/// Kills the process at a point, when the journal has been told already.
struct Killer(String);

impl Killer {
    fn at(&self, point: &str) {
        if self.0 == point {
            std::process::abort();
        }
    }
}

impl Callbacks for Killer {
    fn mint(&self, _: Kind, _: Rid, _: Timestamp) -> Result<Option<String>> {
        self.at("mint");
        Ok(None)
    }

    fn record(&self, _: Intent) -> Later<'_, Result<()>> {
        self.at("record");
        Box::pin(async { Ok(()) })
    }

    fn leaving(&self, _: Rid) -> Later<'_, Result<()>> {
        self.at("leaving");
        Box::pin(async { Ok(()) })
    }

    fn came_back(&self, _: Rid) -> Later<'_, Result<()>> {
        self.at("came_back");
        Box::pin(async { Ok(()) })
    }

    fn accepted(&self, _: Rid, _: JobRef) -> Later<'_, Result<()>> {
        self.at("accepted");
        Box::pin(async { Ok(()) })
    }

    fn refused(&self, _: Rid, _: Error) -> Later<'_, Result<()>> {
        self.at("refused");
        Box::pin(async { Ok(()) })
    }

    fn unknown(&self, _: Rid, _: Error) -> Later<'_, Result<()>> {
        self.at("unknown");
        Box::pin(async { Ok(()) })
    }
}

struct Given;

impl TokenProvider for Given {
    fn token<'a>(&'a self, _: Option<&'a Secret>) -> TokenFuture<'a> {
        Box::pin(async { Ok(Secret::from("token")) })
    }
}

/// What the killed process does. Run by itself it is none.
#[tokio::test]
async fn child() {
    let Ok(point) = std::env::var(POINT) else { return };
    let client = Client::builder()
        .base_url(std::env::var(BASE_URL).unwrap())
        .token_provider(Given)
        .journal(std::env::var(JOURNAL).unwrap())
        .recover_for(Duration::from_millis(20))
        .callbacks(Arc::new(Killer(point.clone())))
        .build()
        .unwrap();
    let bytes = if point == "body" { vec![7; 24 << 20] } else { vec![7] };
    let _ = client.detect([Image::bytes(bytes).custom_id("door")]).class("person").send().await;
    unreachable!("nobody killed it at {point}");
}

fn spawn(point: &str, base_url: &str, journal: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child"])
        .env(POINT, point)
        .env(BASE_URL, base_url)
        .env(JOURNAL, journal)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn ended(mut child: Child) {
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(!status.success());
    // Not by a panic, after which it would have tidied up.
    #[cfg(unix)]
    assert!(std::os::unix::process::ExitStatusExt::signal(&status).is_some(), "{status}");
}

#[tokio::test]
async fn wherever_a_process_is_killed_the_next_one_knows_of_its_job() {
    // The point, what became of the request where it came, what the next process says, and whether it had to search.
    for (point, fate, expected, made, searches) in [
        ("mint", Fate::Taken, &[][..], 0, false),
        ("record", Fate::Taken, &["not_sent"], 0, false),
        ("leaving", Fate::Taken, &["unknown"], 0, true),
        ("answer", Fate::Silent, &["accepted"], 1, true),
        ("accepted", Fate::Taken, &["accepted"], 1, false),
        ("unknown", Fate::Busy, &["unknown"], 0, true),
        ("unknown", Fate::Lost, &["accepted"], 1, true),
        ("refused", Fate::Refused, &[], 0, false),
        ("came_back", Fate::Limited, &["not_sent"], 0, false),
    ] {
        let service = Service::start(move |_, _| Some(fate)).await;
        service.hide(point == "unknown");
        let (_folder, path) = place();
        let mut child = spawn(point, &service.server.base_url, &path);
        if point == "answer" {
            while service.jobs().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            child.kill().unwrap();
        }
        ended(child).await;
        service.hide(false);
        let before = service.server.asked().len();
        let builder = service.server.builder().recover_for(Duration::from_millis(50));
        let client = builder.journal(&path).build().unwrap();
        let listed = client.recover().await.unwrap();
        assert_eq!(outcomes(&listed), expected, "{point}: {listed:?}");
        assert_eq!(service.server.asked().len() > before, searches, "{point}");
        assert_eq!(service.jobs().len(), made, "{point}");
        for submit in &listed {
            assert_eq!((submit.kind, submit.images), (Kind::Detect, 1));
            assert_eq!(submit.custom_id, submit.rid.to_string());
            if let Some(token) = submit.resume_token() {
                assert_eq!(client.resume::<image_intelligence::Detect>(token).unwrap().id(), "j-0", "{point}");
            }
        }
    }
}

#[tokio::test]
async fn a_process_that_is_killed_within_the_body_has_not_sent_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let (_folder, path) = place();
    let mut child = spawn("body", &base_url, &path);
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.read_exact(&mut vec![0; 100_000]).await.unwrap();
    child.kill().unwrap();
    ended(child).await;
    let client = Client::builder().base_url(base_url).token_provider(Given).journal(&path).build().unwrap();
    assert_eq!(outcomes(&client.recover().await.unwrap()), ["not_sent"]);
}
