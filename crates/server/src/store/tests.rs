//! What every store promises, asked of each of them alike.

use std::sync::Arc;

use bytes::Bytes;
use image_intelligence_core::{
    DetectRequest, DetectedObject, FeedbackClass, FeedbackRequest, ImageRequest, ImageStatus, JobSearch, Kind,
    Timestamp,
};

use super::records::Bounds;
use super::{Ending, Memory, Sqlite, Store};
use crate::clock::Clock;
use crate::job::{Among, Job, Outcome, Request};
use crate::progression::{Gate, Progression};

fn gate() -> Gate {
    Gate { progression: Progression::Immediate, clock: Clock::start(1.0, None) }
}

/// Runs a test on each store, all of them empty and with room for 100 jobs.
fn each(test: impl Fn(&dyn Store)) {
    test(&Memory::new(gate(), 100, 1 << 20, Bounds::default()));
    let folder = tempfile::tempdir().unwrap();
    test(&Sqlite::open(&folder.path().join("store.db")).unwrap());
}

fn job(owner: &str, id: &str, millis: i64) -> Job {
    let image = ImageRequest::url("https://example.com/a.jpg").custom_id("a");
    let mut request = DetectRequest::new([image], ["person"]);
    request.bounding_box = true;
    request.options.custom_id = Some(format!("name of {id}"));
    request.options.feed_id = Some("door".into());
    Job {
        id: id.into(),
        owner: owner.into(),
        created_at: Timestamp::from_millis(millis),
        request: Arc::new(Request::Detect(request)),
        pictures: [format!("{id}-0")].into(),
        outcomes: None,
        shown: 0,
        weight: 0,
    }
}

fn detect() -> Among {
    Among { kind: Kind::Detect, namespace: None }
}

fn read(store: &dyn Store, owner: &str, id: &str, count: bool) -> Option<Arc<Job>> {
    store.job(owner, Some(&detect()), id, count).unwrap()
}

fn ids(store: &dyn Store, owner: &str, search: &JobSearch) -> Vec<String> {
    store.search(owner, &detect(), &search.clone().into(), false).unwrap().iter().map(|job| job.id.clone()).collect()
}

#[test]
fn a_job_comes_back_as_it_was_kept() {
    each(|store| {
        let kept = job("me", "1", 1_487_648_348_123);
        store.insert(kept.clone(), vec![("1-0".into(), Bytes::from_static(b"picture"))], None).unwrap();
        let job = read(store, "me", "1", false).unwrap();
        assert_eq!(job.request, kept.request);
        assert_eq!((job.created_at, &job.pictures), (kept.created_at, &kept.pictures));
        assert_eq!((job.outcomes.is_none(), job.shown), (true, 0));
        assert_eq!(store.picture("1-0").unwrap().unwrap(), "picture");
        assert_eq!(store.unfinished().unwrap().len(), 1);
        assert_eq!(store.newest().unwrap(), Some(kept.created_at));

        let mut object = DetectedObject::new("person", 0.9);
        object.verdict = Some(true);
        let mut outcome = Outcome::failed(ImageStatus::CompletedSuccessfully);
        outcome.objects.push(object);
        store.finish(&kept, vec![outcome.clone()], &Ending { gate: gate(), audience: None }).unwrap();
        assert_eq!(read(store, "me", "1", false).unwrap().outcomes.as_deref(), Some(&[outcome][..]));
        assert!(store.unfinished().unwrap().is_empty());
    });
}

#[test]
fn only_the_owner_finds_a_job() {
    each(|store| {
        store.insert(job("me", "1", 1), vec![], None).unwrap();
        assert!(read(store, "you", "1", false).is_none());
        assert!(read(store, "me", "2", false).is_none());
        assert!(ids(store, "you", &JobSearch::new()).is_empty());
        assert!(store.picture("1-0").unwrap().is_none());
    });
}

#[test]
fn showings_are_counted_where_they_are_said_to_be_some() {
    each(|store| {
        store.insert(job("me", "1", 1), vec![], None).unwrap();
        store.insert(job("me", "2", 2), vec![], None).unwrap();
        let shown = |id, count| read(store, "me", id, count).unwrap().shown;
        assert_eq!((shown("1", true), shown("1", false), shown("2", false)), (1, 1, 0));
        let found = store.search("me", &detect(), &JobSearch::new().into(), true).unwrap();
        assert_eq!(found.iter().map(|job| job.shown).collect::<Vec<_>>(), [2, 1]);
        store.search("me", &detect(), &JobSearch::new().custom_id("name of 1").into(), true).unwrap();
        assert_eq!((shown("1", false), shown("2", false)), (3, 1));
    });
}

#[test]
fn a_search_includes_its_bounds_and_answers_the_oldest_first() {
    each(|store| {
        for millis in [10, 20, 30, 40] {
            store.insert(job("me", &millis.to_string(), millis), vec![], None).unwrap();
        }
        let at = Timestamp::from_millis;
        let find = |search: JobSearch| ids(store, "me", &search);
        assert_eq!(find(JobSearch::new()), ["10", "20", "30", "40"]);
        assert_eq!(find(JobSearch::new().after(at(20)).before(at(30))), ["20", "30"]);
        assert_eq!(find(JobSearch::new().after(at(21)).before(at(29))), [""; 0]);
        assert_eq!(find(JobSearch::new().custom_id("name of 30")), ["30"]);
        assert_eq!(find(JobSearch::new().custom_id("name of 30").before(at(20))), [""; 0]);
        assert_eq!(find(JobSearch::new().feed_id("door").after(at(40))), ["40"]);
        assert_eq!(find(JobSearch::new().feed_id("gate")), [""; 0]);
    });
}

#[test]
fn a_fetched_picture_is_kept_for_its_job() {
    each(|store| {
        store.insert(job("me", "1", 1), vec![], None).unwrap();
        store.keep_picture("1", "1-0", Bytes::from_static(b"first")).unwrap();
        store.keep_picture("1", "1-0", Bytes::from_static(b"again")).unwrap();
        assert_eq!(store.picture("1-0").unwrap().unwrap(), "again");
    });
}

#[test]
fn memory_throws_the_oldest_feedback_out_and_a_file_keeps_it() {
    let gate = Gate { progression: Progression::Immediate, clock: Clock::start(1.0, None) };
    let bounds = Bounds { feedback: Some(20_000), ..Bounds::default() };
    let folder = tempfile::tempdir().unwrap();
    let file = Sqlite::open(&folder.path().join("store.db")).unwrap();
    for (store, kept) in [(&Memory::new(gate, 100, 1 << 20, bounds) as &dyn Store, 34..=50), (&file, 100..=100)] {
        for _ in 0..100 {
            give_feedback(store);
        }
        let mut given = 0;
        store
            .records(false, &mut |records| {
                given = records.all_feedback("me", None).unwrap().len();
                true
            })
            .unwrap();
        assert!(kept.contains(&given), "{given}");
    }
}

fn give_feedback(store: &dyn Store) {
    let class = FeedbackClass::false_positive("person");
    let feedback = FeedbackRequest::new("1", [class], Timestamp::from_millis(1_487_648_348_000));
    store.records(true, &mut |records| records.take_feedback("me", feedback.clone()).is_ok()).unwrap();
}

#[test]
fn what_is_not_kept_leaves_nothing_behind() {
    each(|store| {
        store
            .records(true, &mut |records| {
                records.take_feedback("me", FeedbackRequest::new("1", [], Timestamp::default())).unwrap();
                false
            })
            .unwrap();
        store
            .records(false, &mut |records| {
                assert!(records.all_feedback("me", None).unwrap().is_empty());
                true
            })
            .unwrap();
    });
}
