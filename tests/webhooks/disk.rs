//! A disk that is full, and has room again.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use image_intelligence::ErrorKind;
use image_intelligence_server::{FaultRule, Faults};
use image_intelligence_webhooks::Inbox;
use tokio::sync::Mutex;

use crate::oracle::{Oracle, is_true};
use crate::world::{Side, inbox_in, server};

/// The folder of a disk of its own, within the process that has one.
const DISK: &str = "II_TEST_DISK";
const NAME: &str = "disk::a_full_disk_loses_nothing_that_was_answered_200";
/// Mounts a small disk, which goes with the process, and goes on as what follows.
const ON_A_DISK: &str = r#"mount -t tmpfs -o size=16m none "$1" && exec "$2" --exact "$3" --nocapture"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_answered_200() {
    if let Some(folder) = std::env::var_os(DISK) {
        return play(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c"]);
    let can = unshare.args([r#"mount -t tmpfs -o size=1m none "$1""#, "sh"]).arg(folder.path()).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("left out: this machine does not let its user mount a disk of its own");
        return;
    }
    let mut again = Command::new("unshare");
    again.args(["--map-root-user", "--mount", "sh", "-c", ON_A_DISK, "sh"]).arg(folder.path());
    again.arg(std::env::current_exe().unwrap()).arg(NAME).env(DISK, folder.path());
    let output = tokio::task::spawn_blocking(move || again.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    // Else nothing was played.
    let played = output.status.success() && said.contains("1 passed");
    assert!(played, "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// What else lies on the disk.
struct Ballast(File);

impl Ballast {
    fn new(folder: &Path) -> Self {
        Self(File::create(folder.join("ballast")).unwrap())
    }

    /// Takes all the room that there is.
    fn fill(&mut self) {
        for size in [1 << 20, 1 << 12] {
            let block = vec![1; size];
            while self.0.write_all(&block).is_ok() {}
        }
    }

    fn make_room(&self) {
        self.0.set_len(0).unwrap();
    }
}

async fn play(folder: &Path) {
    // Webhooks are on their way when the disk is full.
    let faults = Faults::new().rule(FaultRule::webhook_delay(Duration::from_millis(300)));
    let server = server(faults).start().await.unwrap();
    let inbox = Inbox::builder(inbox_in(folder)).retry_pause(Duration::from_millis(20)).attempts(1000);
    let side = Side::with(inbox.open().await.unwrap(), "127.0.0.1:0", server.base_url(), |r| r.hurried(0.005));
    let side = Arc::new(side.await.unwrap());

    let handled = Arc::new(Mutex::new(HashSet::new()));
    let handler = tokio::spawn({
        let (inbox, handled) = (side.inbox.clone(), Arc::clone(&handled));
        async move {
            while let Some(delivery) = inbox.next().await.unwrap() {
                is_true(delivery.event()).unwrap();
                handled.lock().await.insert(delivery.rid().unwrap().to_string());
                // Where that cannot be written, it comes again.
                let _ = delivery.ack().await;
            }
        }
    });
    // Four go on submitting all the while; what cannot be written down is not sent.
    let (over, sent, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let submit = async |first: usize| {
        for number in (first..).step_by(4) {
            if over.load(Ordering::SeqCst) {
                break;
            }
            match side.submit(number).await {
                Ok(_) => _ = sent.fetch_add(1, Ordering::SeqCst),
                Err(error) => {
                    assert!(error.kind() == ErrorKind::Store && error.retryable(), "{error:?}");
                    refused.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    };
    let disk = async {
        let mut ballast = Ballast::new(folder);
        for round in 1..=3 {
            until("jobs were sent", || sent.load(Ordering::SeqCst) >= round * 50).await;
            let before = refused.load(Ordering::SeqCst);
            ballast.fill();
            until("submits were refused", || refused.load(Ordering::SeqCst) >= before + 20).await;
            // As long as webhooks come.
            let turned_away = async || {
                let deliveries = server.deliveries().await.unwrap();
                deliveries.iter().flat_map(|one| &one.attempts).filter(|one| one.status == Some(503)).count()
            };
            let before = turned_away().await;
            for _ in 0..100 {
                if turned_away().await > before {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let lost = Oracle::ask(&server, &side.client, &side.inbox).await;
            assert!(lost.lost().is_empty(), "answered 200, and not on the full disk: {:?}", lost.lost());
            ballast.make_room();
        }
        let deliveries = server.deliveries().await.unwrap();
        let turned_away = deliveries.iter().flat_map(|one| &one.attempts).any(|one| one.status == Some(503));
        assert!(turned_away, "no webhook ever met the full disk");
        over.store(true, Ordering::SeqCst);
    };
    tokio::join!(submit(0), submit(1), submit(2), submit(3), disk);

    let all = async {
        loop {
            let oracle = Oracle::ask(&server, &side.client, &side.inbox).await;
            let handled = handled.lock().await;
            if oracle.open().is_empty() && oracle.ended.keys().all(|rid| handled.contains(rid)) {
                return oracle;
            }
            drop(handled);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let Ok(oracle) = tokio::time::timeout(Duration::from_mins(1), all).await else {
        let oracle = Oracle::ask(&server, &side.client, &side.inbox).await;
        panic!("without an end: {:?}; {:?}", oracle.open(), side.inbox.counts().await)
    };
    assert!(oracle.accepted.len() >= sent.load(Ordering::SeqCst));
    oracle.check();
    side.receiver.shutdown().await;
    handler.await.unwrap();
    server.shutdown().await;
}

async fn until(what: &str, so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), wait).await.is_ok(), "in vain: {what}");
}
