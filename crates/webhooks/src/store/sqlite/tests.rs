//! What only the file can do, and the contract of every store.

use std::path::PathBuf;
use std::sync::Arc;

use image_intelligence_core::{EventKind, Inputs, Intent, Kind, Later, Rid, Timestamp};
use tempfile::TempDir;

use super::*;
use crate::event_key::EventKey;
use crate::store::Origin;
use crate::store::contract::{Lab, contract};

/// A folder with a file, and what time it is there.
pub(super) struct File {
    folder: TempDir,
    clock: Clock,
}

impl File {
    fn path(&self) -> PathBuf {
        self.folder.path().join("inbox.db")
    }

    fn options(&self) -> SqliteOptions {
        SqliteOptions { clock: self.clock.clone(), ..SqliteOptions::default() }
    }

    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Clock::default() }
    }
}

impl Lab for File {
    fn fresh() -> Later<'static, Self> {
        Box::pin(async { Self::new() })
    }

    fn open(&self) -> Later<'_, Arc<dyn Store>> {
        Box::pin(async { SqliteStore::open(&self.path(), self.options()).unwrap() as Arc<dyn Store> })
    }
}

contract!(File);

fn webhook(id: &str, size: usize) -> Incoming {
    Incoming {
        key: EventKey::foreign(id),
        origin: Origin::Foreign { id: id.to_owned() },
        label: EventKind::Detect,
        body: vec![b'x'; size].into(),
        signed: true,
        confirm: false,
    }
}

const MINUTE: Duration = Duration::from_mins(1);

fn refused(path: &Path, options: SqliteOptions) -> String {
    let error = SqliteStore::open(path, options).err().expect("refused");
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Store, false), "{error}");
    error.message().to_owned()
}

#[test]
fn what_is_no_inbox_is_refused_and_left_as_it_is() {
    let file = File::new();
    std::fs::write(file.path(), "notes of mine, long enough to be looked at as the header of a database".repeat(20))
        .unwrap();
    let before = std::fs::read(file.path()).unwrap();
    assert!(refused(&file.path(), file.options()).contains("no inbox"));
    assert_eq!(std::fs::read(file.path()).unwrap(), before);

    let other = File::new();
    Connection::open(other.path()).unwrap().execute_batch("CREATE TABLE mine (id)").unwrap();
    assert!(refused(&other.path(), other.options()).contains("another program"));

    let newer = File::new();
    drop(SqliteStore::open(&newer.path(), newer.options()).unwrap());
    let connection = Connection::open(newer.path()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(refused(&newer.path(), newer.options()).contains("version 99"));

    assert!(refused(Path::new(""), file.options()).contains("name a file"));
    assert!(refused(file.folder.path(), file.options()).contains("folder"));
    assert!(refused(&file.folder.path().join("none/inbox.db"), file.options()).contains("cannot be made"));
    let nothing = File::new();
    assert!(refused(&nothing.path(), SqliteOptions { tool: true, ..nothing.options() }).contains("no such file"));
    assert!(!nothing.path().exists());
}

#[tokio::test]
async fn a_file_of_the_form_before_is_carried_over() {
    let file = File::new();
    file.open().await.close().await;
    let old = Connection::open(file.path()).unwrap();
    old.execute_batch("ALTER TABLE job DROP COLUMN inputs; PRAGMA user_version = 1").unwrap();
    let (rid, inputs) = (Rid::from_bytes([1; 16]), Inputs::of_resumed(Rid::from_bytes([1; 16])));
    let intent = Intent::new(Kind::Detect, rid, "a", 1, Timestamp::default());
    let store = file.open().await;
    store.record(intent.of(inputs)).await.unwrap();
    store.refused(rid, "no".to_owned()).await.unwrap();
    store.close().await;
    let kept = || old.query_row("SELECT inputs FROM job", [], |row| row.get::<_, Option<Vec<u8>>>(0)).unwrap();
    assert!(kept().is_some());
}

#[tokio::test]
async fn pictures_go_with_the_body() {
    let file = File::new();
    let (store, rid) = (file.open().await, Rid::from_bytes([1; 16]));
    let intent = Intent::new(Kind::Detect, rid, "a", 1, Timestamp::default());
    store.record(intent.of(Inputs::of_resumed(rid))).await.unwrap();
    let origin = Origin::Ours { rid, kind: Kind::Detect, hint: None };
    store.receive(vec![Incoming { key: EventKey::ours(rid), origin, ..webhook("a", 10) }]).await.unwrap();
    let event = store.claim(1, Duration::from_mins(1), 1).await.unwrap().remove(0);
    let looking = Connection::open(file.path()).unwrap();
    let kept = || looking.query_row("SELECT count(inputs) FROM job", [], |row| row.get::<_, i64>(0)).unwrap();
    let day = Duration::from_hours(24);
    store.skip(7 * day);
    store.prune(7 * day, 90 * day).await.unwrap();
    assert_eq!(kept(), 1);
    store.done(event.lease, Vec::new()).await.unwrap();
    store.skip(7 * day);
    store.prune(7 * day, 90 * day).await.unwrap();
    assert_eq!(kept(), 0);
}

#[test]
fn a_file_that_cannot_be_written_is_refused() {
    let file = File::new();
    drop(SqliteStore::open(&file.path(), file.options()).unwrap());
    let connection = Connection::open_with_flags(file.path(), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let error = connection.execute("DELETE FROM event", []).unwrap_err();
    let told = fault::told(&error);
    assert!(told.message().contains("cannot be written") && !told.retryable(), "{told}");
    assert_eq!(Fault::from(error).reach(), fault::Reach::Forever);
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = File::new();
    let store = file.open().await;
    store.masters([1; 32]).await.unwrap();
    for name in ["inbox.db", "inbox.db-lock", "inbox.db-wal", "inbox.db-shm"] {
        let mode = file.folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn who_gets_the_lock_takes_up_what_the_dead_held() {
    let file = File::new();
    let (first, beside) = (file.open().await, file.open().await);
    first.receive((0..3).map(|number| webhook(&number.to_string(), 10)).collect()).await.unwrap();
    for (store, number) in [(&first, 1), (&first, 2), (&beside, 3)] {
        let rid = Rid::from_bytes([number; 16]);
        store.record(Intent::new(Kind::Detect, rid, "", 1, Timestamp::default())).await.unwrap();
    }
    first.left(Rid::from_bytes([1; 16]), true).await.unwrap();
    let held = first.claim(1, MINUTE, 12).await.unwrap().remove(0);
    let others = beside.claim(1, MINUTE, 12).await.unwrap().remove(0);
    let tool = SqliteStore::open(&file.path(), SqliteOptions { tool: true, ..file.options() }).unwrap();
    assert_eq!(tool.counts().await.unwrap().events[2], ("leased", 2));
    // The first one ends; the system lets go of its lock.
    first.close().await;
    let next = file.open().await;
    let mut again = next.claim(10, MINUTE, 12).await.unwrap();
    again.sort_by_key(|event| event.lease.seq);
    assert_eq!(again[0].lease.seq, held.lease.seq);
    assert_eq!(again.iter().map(|event| event.attempt).collect::<Vec<_>>(), [2, 1]);
    // The other one is alive: what it holds stays its own.
    assert!(beside.done(others.lease, Vec::new()).await.unwrap());
    let counts = next.counts().await.unwrap();
    assert_eq!((counts.jobs[0], counts.jobs[2], counts.jobs[3]), (("intended", 1), ("refused", 1), ("unknown", 1)));
}

#[tokio::test]
async fn an_event_that_takes_each_process_down_with_it_is_a_dead_letter_in_the_end() {
    let file = File::new();
    file.open().await.receive(["first", "other"].map(|id| webhook(id, 10)).into()).await.unwrap();
    for attempt in 1..=3 {
        let store = file.open().await;
        let held = store.claim(1, MINUTE, 3).await.unwrap().remove(0);
        assert_eq!((held.lease.seq, held.attempt), (1, attempt));
        store.close().await;
    }
    let store = file.open().await;
    let held = store.claim(1, MINUTE, 3).await.unwrap().remove(0);
    assert_eq!((held.lease.seq, held.attempt), (2, 1), "the other one waits, or has lost an attempt");
    let dead = store.entry(1).await.unwrap().unwrap();
    assert_eq!((&*dead.state, dead.error.as_deref()), ("dead", Some("the lease of its last attempt lapsed")));
}

#[tokio::test]
async fn who_gets_the_lock_confirms_at_once_what_the_dead_were_confirming() {
    let file = File::new();
    let (first, beside) = (file.open().await, file.open().await);
    let hint = |id: &&str| Incoming { signed: false, confirm: true, ..webhook(id, 10) };
    first.receive(["held", "put off", "the other's"].iter().map(hint).collect()).await.unwrap();
    let held = first.unconfirmed(1, MINUTE).await.unwrap().remove(0);
    let put_off = first.unconfirmed(1, MINUTE).await.unwrap().remove(0);
    first.confirm_later(put_off.seq, MINUTE).await.unwrap();
    assert_eq!(beside.unconfirmed(2, MINUTE).await.unwrap().len(), 1);
    first.close().await;
    let again = file.open().await.unconfirmed(3, MINUTE).await.unwrap();
    assert_eq!(again.iter().map(|event| (event.seq, event.tries)).collect::<Vec<_>>(), [(held.seq, 1)]);
}

#[tokio::test]
async fn who_was_there_before_takes_the_lock_once_it_is_free() {
    let file = File::new();
    let (first, second) = (file.open().await, file.open().await);
    first.receive(vec![webhook("a", 10)]).await.unwrap();
    first.claim(1, MINUTE, 12).await.unwrap();
    assert!(second.claim(1, MINUTE, 12).await.unwrap().is_empty());
    first.close().await;
    // The second one looks around while it waits; nobody skips time.
    let event = loop {
        let changed = second.changed();
        if let Some(event) = second.claim(1, MINUTE, 12).await.unwrap().pop() {
            break event;
        }
        changed.await;
    };
    assert_eq!(event.attempt, 2);
}

#[tokio::test]
async fn a_full_disk_refuses_what_needs_room_and_nothing_else() {
    let file = File::new();
    let options = SqliteOptions { pages: Some(100), ..file.options() };
    let store = SqliteStore::open(&file.path(), options).unwrap();
    store.receive(vec![webhook("small", 10)]).await.unwrap();
    let event = store.claim(1, MINUTE, 12).await.unwrap().remove(0);
    // All of them at one time: the small ones get in though the large ones do not.
    let large = (0..8).map(|number| store.receive(vec![webhook(&format!("large-{number}"), 1 << 20)]));
    let (large, done, small) = tokio::join!(
        futures_util::future::join_all(large),
        store.done(event.lease, Vec::new()),
        store.receive(vec![webhook("small too", 10)])
    );
    for failed in large {
        let error = failed.unwrap_err();
        assert!(error.retryable() && error.message().contains("disk is full"), "{error}");
    }
    assert!(done.unwrap());
    assert_eq!(small.unwrap(), [Receipt::New]);
    store.close().await;
    let store = file.open().await;
    assert_eq!(store.receive(vec![webhook("large-0", 1 << 20)]).await.unwrap(), [Receipt::New]);
    assert_eq!(store.counts().await.unwrap().events[3], ("done", 1));
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_written_until_it_is_reopened() {
    let file = File::new();
    let options = file.options();
    let store = SqliteStore::open(&file.path(), options.clone()).unwrap();
    store.receive(vec![webhook("before", 10)]).await.unwrap();
    // What says nothing of the disk stops nobody.
    let fault = |code| Fault::Database(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
    for code in [rusqlite::ffi::SQLITE_BUSY, rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_CONSTRAINT] {
        checkpoint::stop(&fault(code), &file.path(), &options.over);
    }
    store.receive(vec![webhook("still", 10)]).await.unwrap();
    checkpoint::stop(&fault(rusqlite::ffi::SQLITE_IOERR_FSYNC), &file.path(), &options.over);
    let calls = (store.receive(vec![webhook("after", 10)]), store.claim(1, MINUTE, 12));
    let (received, claimed) = tokio::join!(calls.0, calls.1);
    for error in [received.unwrap_err(), claimed.unwrap_err()] {
        assert!(
            error.kind() == ErrorKind::Store && !error.retryable() && error.message().contains("reopen"),
            "{error}"
        );
    }
    assert_eq!(store.counts().await.unwrap().events[1], ("ready", 2));
    store.close().await;
    let store = file.open().await;
    assert_eq!(store.receive(vec![webhook("after", 10)]).await.unwrap(), [Receipt::New]);
    assert_eq!(store.claim(10, MINUTE, 12).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_damaged_file_takes_nothing_more() {
    let file = File::new();
    let store = file.open().await;
    store.receive((0..500).map(|number| webhook(&number.to_string(), 2000)).collect()).await.unwrap();
    store.close().await;
    let mut bytes = std::fs::read(file.path()).unwrap();
    let whole = bytes.clone();
    // The first page says what the tables are; all that is in them is gone.
    bytes[4096..].fill(0xa5);
    std::fs::write(file.path(), bytes).unwrap();
    let error = match SqliteStore::open(&file.path(), file.options()) {
        Err(error) => error,
        Ok(store) => {
            let error = store.receive(vec![webhook("a", 10)]).await.unwrap_err();
            let later = store.record(Intent::new(Kind::Detect, Rid::from_bytes([1; 16]), "", 1, Timestamp::default()));
            let later = later.await.unwrap_err();
            assert!(!later.retryable() && later.message().contains("reopened"), "{later}");
            store.close().await;
            error
        }
    };
    assert!(error.message().contains("damaged"), "{error}");
    std::fs::write(file.path(), whole).unwrap();
    assert_eq!(file.open().await.counts().await.unwrap().events[1], ("ready", 500));
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let file = File::new();
    let store = SqliteStore::open(&file.path(), file.options()).unwrap();
    // Another connection holds the database, so that nothing goes on.
    let other = Connection::open(file.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting: Vec<_> =
        (0..WAITING + 65).map(|number| store.receive(vec![webhook(&number.to_string(), 10)])).collect();
    let full = store.receive(vec![webhook("one too many", 10)]).await.unwrap_err();
    assert!(full.retryable() && full.kind() == ErrorKind::Store, "{full}");
    other.execute_batch("ROLLBACK").unwrap();
    let kept = futures_util::future::join_all(waiting).await.into_iter().flatten().count();
    assert!(kept >= WAITING, "{kept}");
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.events[1], ("ready", kept as u64));
}

#[test]
fn the_first_of_a_backlog_is_found_by_an_index() {
    let file = File::new();
    drop(SqliteStore::open(&file.path(), file.options()).unwrap());
    let connection = Connection::open(file.path()).unwrap();
    for sql in [
        "SELECT seq FROM event WHERE state IN ('ready', 'leased') AND due <= 1 ORDER BY due, seq LIMIT 64",
        "SELECT min(due) FROM event WHERE state IN ('ready', 'leased')",
        "SELECT seq FROM event WHERE state = 'received' AND due <= 1 ORDER BY due, seq LIMIT 64",
        "SELECT min(due) FROM event WHERE state = 'received'",
        "SELECT rid FROM job WHERE state IN ('expected', 'unknown') AND look_at <= 1 ORDER BY look_at LIMIT 64",
        "SELECT seq FROM event WHERE key = x'00' AND freed = 0",
        "SELECT seq FROM event WHERE pruned = 0 AND ended_at IS NOT NULL AND ended_at <= 1 AND state = 'done'",
        "SELECT seq FROM event WHERE state = 'dead' ORDER BY seq DESC LIMIT 64",
        "SELECT took FROM job WHERE took IS NOT NULL AND kind = 'ask' ORDER BY ended_at DESC LIMIT 200",
    ] {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        let plan = steps.join("; ");
        assert!(plan.contains("INDEX") && !plan.contains("TEMP"), "{sql}: {plan}");
    }
}
