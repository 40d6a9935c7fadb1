use std::path::PathBuf;

use super::*;

const FORMAT: Format = Format { name: "diary", version: 3 };

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Day {
    day: u32,
}

type Diary = DurableLog<Day>;

fn open(path: &Path) -> Result<(Diary, Vec<u32>)> {
    let mut days = Vec::new();
    let diary = Diary::open(path, FORMAT, |line: Day| days.push(line.day))?;
    Ok((diary, days))
}

fn days(path: &Path) -> Vec<u32> {
    open(path).unwrap().1
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("diary.jsonl");
    (folder, path)
}

#[tokio::test]
async fn what_was_appended_is_there_in_its_order_and_private() {
    let (_folder, path) = place();
    let (diary, none) = open(&path).unwrap();
    assert!(none.is_empty());
    for day in 0..3 {
        diary.append(&Day { day }).await.unwrap();
    }
    // It is there while the file is still open: nothing waits for an orderly end.
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "{\"imageIntelligence\":\"diary\",\"version\":3}\n{\"day\":0}\n{\"day\":1}\n{\"day\":2}\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    drop(diary);
    assert_eq!(days(&path), [0, 1, 2]);
}

#[tokio::test]
async fn many_at_a_time_are_all_there() {
    let (_folder, path) = place();
    let (diary, _) = open(&path).unwrap();
    let all = (0..500).map(|day| {
        let diary = diary.clone();
        tokio::spawn(async move { diary.append(&Day { day }).await })
    });
    for appended in futures_util::future::join_all(all).await {
        appended.unwrap().unwrap();
    }
    // Each on the disk, though no one wrote 500 times.
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 501);
    drop(diary);
    let mut there = days(&path);
    there.sort_unstable();
    assert_eq!(there, (0..500).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_only_put_is_there_after_the_next_append_and_after_the_end() {
    let (_folder, path) = place();
    let (diary, _) = open(&path).unwrap();
    diary.put(&Day { day: 1 }).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    diary.append(&Day { day: 2 }).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    let third = diary.put(&Day { day: 3 }).unwrap();
    diary.reach(third, false).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
    diary.put(&Day { day: 4 }).unwrap();
    drop(diary);
    assert_eq!(days(&path), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_file_that_was_cut_anywhere_keeps_its_whole_lines_and_goes_on() {
    let (_folder, path) = place();
    let (diary, _) = open(&path).unwrap();
    for day in [10, 20, 30] {
        diary.append(&Day { day }).await.unwrap();
    }
    drop(diary);
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].split(|byte| *byte == b'\n').count().saturating_sub(2);
        let (diary, before) = open(&path).unwrap();
        assert_eq!(before, [10, 20, 30][..lines], "cut at {cut}");
        diary.append(&Day { day: 7 }).await.unwrap();
        drop(diary);
        assert_eq!(days(&path), [&before[..], &[7]].concat(), "cut at {cut}");
    }
    // Blocks of the file that never reached the disk are zeros.
    std::fs::write(&path, [&whole[..], &[0; 100], b"\n", &[0; 7]].concat()).unwrap();
    assert_eq!(days(&path), [10, 20, 30]);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[test]
fn what_is_not_ours_or_damaged_is_refused_and_left_as_it_is() {
    let (_folder, path) = place();
    let ours = "{\"imageIntelligence\":\"diary\",\"version\":3}\n";
    for (text, problem) in [
        ("dear diary\n".to_owned(), "it is no diary of ours, and was left as it is; name another file"),
        ("x".repeat(1000), "it is no diary of ours, and was left as it is; name another file"),
        ("{\"day\":1}\n".to_owned(), "it is no diary of ours, and was left as it is; name another file"),
        (ours.replace("diary", "journal"), "it is a journal and no diary; name another file"),
        (ours.replace('3', "4"), "it was written by a newer version of this library; update it, or name another file"),
        (format!("{ours}{{\"day\":1,\"hour\":2}}\n"), "it was written by a newer version of this library;"),
        (format!("{ours}{{\"day\":1}}\n{{\"da\n{{\"day\":2}}\n"), "line 3 is damaged; mend the line, or move the file"),
    ] {
        std::fs::write(&path, &text).unwrap();
        let error = open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        let start = format!("diary {}: {problem}", path.display());
        assert!(error.message().starts_with(&start), "{error} does not start with {start}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    // An older version is read.
    std::fs::write(&path, ours.replace('3', "1")).unwrap();
    assert!(days(&path).is_empty());
}

#[test]
fn one_holds_it_at_a_time() {
    let (folder, path) = place();
    let (diary, _) = open(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(error.message().ends_with("another client has it open; close that one, or name another file"), "{error}");
    drop(diary);
    open(&path).unwrap();
    for nowhere in [folder.path().join("no/such/folder"), folder.path().to_owned()] {
        let error = open(&nowhere).unwrap_err();
        assert!(
            error.kind() == ErrorKind::Store && error.message().contains(&nowhere.display().to_string()),
            "{error}"
        );
        assert!(!super::beside(&nowhere, "lock").exists(), "nothing is made beside what is no file");
    }
    assert!(open(Path::new("")).unwrap_err().message().contains("no name given"));
}

#[tokio::test]
async fn closed_it_is_free_for_others_though_somebody_still_holds_it() {
    let (_folder, path) = place();
    let (diary, _) = open(&path).unwrap();
    diary.put(&Day { day: 1 }).unwrap();
    diary.close();
    let error = diary.append(&Day { day: 2 }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let (next, before) = open(&path).unwrap();
    assert_eq!(before, [1]);
    diary.close();
    assert!(open(&path).is_err(), "the next one's lock was let go");
    next.append(&Day { day: 3 }).await.unwrap();
    drop((diary, next));
    assert_eq!(days(&path), [1, 3]);

    // While many are at it: whoever was told that it is written was told the truth.
    let (diary, _) = open(&path).unwrap();
    let all: Vec<_> = (10..200)
        .map(|day| {
            let diary = diary.clone();
            tokio::spawn(async move { diary.append(&Day { day }).await.map(|()| day) })
        })
        .collect();
    while !all.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::task::yield_now().await;
    }
    diary.close();
    let mut written = Vec::new();
    for appended in all {
        written.extend(appended.await.unwrap().ok());
    }
    let there = days(&path);
    assert!(written.iter().all(|day| there.contains(day)), "{written:?} {there:?}");
}

#[tokio::test]
async fn a_rewritten_file_has_what_was_kept_and_takes_more() {
    let (_folder, path) = place();
    let (diary, _) = open(&path).unwrap();
    for day in 0..100 {
        diary.append(&Day { day }).await.unwrap();
    }
    let diary = diary.rewrite(&[Day { day: 5 }]).unwrap();
    diary.append(&Day { day: 6 }).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    // Later, too, with what comes after.
    diary.put(&Day { day: 7 }).unwrap();
    diary.put_anew(&[Day { day: 8 }]).unwrap();
    diary.append(&Day { day: 9 }).await.unwrap();
    // The lock is the same file as before.
    assert!(open(&path).is_err());
    drop(diary);
    assert_eq!(days(&path), [8, 9]);
    assert!(!path.with_file_name("diary.jsonl-new").exists());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_said_to_everybody_and_nothing_is_written_after_it() {
    let (_folder, path) = place();
    let (diary, _) = open(&path).unwrap();
    diary.append(&Day { day: 1 }).await.unwrap();
    *diary.0.file.lock().unwrap() = File::options().append(true).open("/dev/full").unwrap();
    let error = diary.append(&Day { day: 2 }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.message().contains("nothing more is written to it: free the disk, and start again"), "{error}");
    assert!(diary.append(&Day { day: 3 }).await.is_err());
    drop(diary);
    assert_eq!(days(&path), [1]);
}
