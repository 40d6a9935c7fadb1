use std::path::Path;

use image_intelligence_core::{ErrorKind, Kind, Timestamp};

use super::*;

fn open(path: &Path) -> Result<Journal> {
    Journal::open(path.to_owned(), &BaseUrl::parse("http://127.0.0.1:8080/v2").unwrap())
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    (folder, path)
}

fn rid(number: u32) -> Rid {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Rid::from_bytes(bytes)
}

fn intent(number: u32) -> Intent {
    // A clock that was never set.
    Intent::new(Kind::Recognize, rid(number), "door", 2, Timestamp::from_millis(7)).in_namespace(Some("staff".into()))
}

fn made(number: u32) -> JobRef {
    JobRef::new(Kind::Recognize, format!("j-{number}")).created_at(Some(Timestamp::from_millis(1_487_648_348_000)))
}

fn stages(journal: &Journal) -> Vec<&'static str> {
    let state = journal.state();
    let mut entries: Vec<_> = state.entries.values().collect();
    entries.sort_by_key(|entry| entry.intent.rid);
    let name = |entry: &Entry| match entry.stage {
        Stage::Here => "here",
        Stage::Left => "left",
        Stage::Accepted { .. } => "accepted",
    };
    entries.into_iter().map(name).collect()
}

#[tokio::test]
async fn the_lines_are_these() {
    let (_folder, path) = place();
    let journal = open(&path).unwrap();
    journal.record(intent(1)).await.unwrap();
    journal.leaving(rid(1)).await.unwrap();
    journal.came_back(rid(1)).await.unwrap();
    journal.accepted(rid(1), made(1)).await.unwrap();
    journal.refused(rid(1), Error::new(ErrorKind::BadRequest, "no")).await.unwrap();
    let api = &journal.api;
    let name = "00000001000000000000000000000000";
    let expected = [
        r#"{"imageIntelligence":"journal","version":1}"#.to_owned(),
        format!(
            r#"{{"is":"intended","rid":"{name}","kind":"recognize","namespace":"staff","customId":"door","images":2,"at":7,"api":"{api}"}}"#
        ),
        format!(r#"{{"is":"leaving","rid":"{name}"}}"#),
        format!(r#"{{"is":"cameBack","rid":"{name}"}}"#),
        format!(r#"{{"is":"accepted","rid":"{name}","id":"j-1","createdAt":1487648348000}}"#),
        format!(r#"{{"is":"settled","rid":"{name}"}}"#),
    ];
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected.join("\n") + "\n");
    drop(journal);
    // What is settled is taken out at the next start.
    drop(open(&path).unwrap());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", expected[0]));
}

#[tokio::test]
async fn however_much_of_it_a_crash_leaves_it_says_what_was_so() {
    let (_folder, path) = place();
    let journal = open(&path).unwrap();
    for (number, end) in [(1, "accepted"), (2, "refused"), (3, "came back"), (4, "unknown"), (5, "late")] {
        journal.record(intent(number)).await.unwrap();
        journal.leaving(rid(number)).await.unwrap();
        match end {
            "accepted" => journal.accepted(rid(number), made(number)).await.unwrap(),
            "refused" => journal.refused(rid(number), Error::new(ErrorKind::BadRequest, "no")).await.unwrap(),
            "came back" => journal.came_back(rid(number)).await.unwrap(),
            "late" => {
                journal.accepted(rid(number), made(number)).await.unwrap();
                journal.leaving(rid(number)).await.unwrap();
            }
            _ => journal.unknown(rid(number), Error::new(ErrorKind::OutcomeUnknown, "?")).await.unwrap(),
        }
    }
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    // After each line, what is open; a line that is not whole counts for nothing.
    let after: [&[&str]; 15] = [
        &[],
        &["here"],
        &["left"],
        &["accepted"],
        &["accepted", "here"],
        &["accepted", "left"],
        &["accepted"],
        &["accepted", "here"],
        &["accepted", "left"],
        &["accepted", "here"],
        &["accepted", "here", "here"],
        &["accepted", "here", "left"],
        &["accepted", "here", "left", "here"],
        &["accepted", "here", "left", "left"],
        &["accepted", "here", "left", "accepted"],
    ];
    for cut in (0..whole.len()).step_by(7).chain([whole.len()]) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].split(|byte| *byte == b'\n').count().saturating_sub(2);
        let expected = after[lines.min(14)];
        let journal = open(&path).unwrap();
        assert_eq!(stages(&journal), expected, "cut at {cut}");
        drop(journal);
        // Once more, from what was kept.
        assert_eq!(stages(&open(&path).unwrap()), expected, "cut at {cut}");
    }
}

#[tokio::test]
async fn the_file_does_not_grow_with_what_is_settled() {
    let (_folder, path) = place();
    let journal = open(&path).unwrap();
    journal.record(intent(0)).await.unwrap();
    journal.leaving(rid(0)).await.unwrap();
    let mut largest = 0;
    for number in 1..6_000 {
        // Without waiting for the disk: what is written is the same.
        let put = |line| journal.put(&mut journal.state(), line).unwrap();
        put(Line::Intended(Intended::new(intent(number), &journal.api)));
        put(Line::Leaving { rid: rid(number) });
        let last = put(Line::Settled { rid: rid(number) });
        if number % 100 == 0 {
            journal.log.reach(last, false).await.unwrap();
            largest = largest.max(path.metadata().unwrap().len());
        }
    }
    assert!(largest < 1 << 20, "{largest} bytes");
    drop(journal);
    assert_eq!(stages(&open(&path).unwrap()), ["left"]);
}

#[tokio::test]
async fn of_accepted_jobs_the_newest_are_remembered() {
    let (_folder, path) = place();
    let journal = open(&path).unwrap();
    let most = u32::try_from(MOST_ACCEPTED).unwrap();
    {
        let mut state = journal.state();
        journal.put(&mut state, Line::Intended(Intended::new(intent(0), &journal.api))).unwrap();
        for number in 1..=most + 5 {
            journal.put(&mut state, Line::Intended(Intended::new(intent(number), &journal.api))).unwrap();
            let line = Line::Accepted { rid: rid(number), id: "j".into(), created_at: None };
            journal.put(&mut state, line).unwrap();
        }
        journal.put(&mut state, Line::Settled { rid: rid(most) }).unwrap();
    }
    drop(journal);
    for _ in 0..2 {
        let journal = open(&path).unwrap();
        let state = journal.state();
        assert_eq!(state.entries.len(), MOST_ACCEPTED);
        for (number, there) in [(0, true), (1, false), (5, false), (6, true), (most, false), (most + 5, true)] {
            assert_eq!(state.entries.contains_key(&rid(number)), there, "{number}");
        }
    }
}
