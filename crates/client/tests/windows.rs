//! A search in windows: whether a server includes its bounds or not, each job comes once, and nothing is asked beyond them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use std::time::Duration;

use image_intelligence::{Ask, ErrorKind, JobSearch, Timestamp};
use scripted::{Random, Scripted, ok};

const START: i64 = 1_487_648_348_000;

fn between(after: i64, before: i64) -> JobSearch {
    JobSearch::new().feed_id("f").after(Timestamp::from_millis(after)).before(Timestamp::from_millis(before))
}

/// Jobs made at these moments, named after their place among them.
async fn serving(jobs: Vec<i64>, exclusive: bool) -> Scripted {
    Scripted::start(move |asked, _| {
        let query = asked.path.strip_prefix("/v2/ask?feedId=f&before=")?;
        let (before, after) = query.split_once("&after=").unwrap();
        let (after, before): (i64, i64) = (after.parse().unwrap(), before.parse().unwrap());
        let edge = i64::from(exclusive);
        let found = jobs.iter().enumerate().filter(|(_, at)| **at >= after + edge && **at <= before - edge);
        let found: Vec<_> =
            found.map(|(nth, at)| serde_json::json!({"id": nth.to_string(), "createdAt": at})).collect();
        Some(ok(serde_json::Value::from(found).to_string()))
    })
    .await
}

#[tokio::test]
async fn each_job_comes_once_whether_bounds_are_included_or_not() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let span = 1 + random.below(500).cast_signed();
        let mut jobs: Vec<_> =
            (0..random.below(80)).map(|_| START + random.below(span.cast_unsigned() + 1).cast_signed()).collect();
        jobs.sort_unstable();
        let width = Duration::from_millis(random.below(120));
        for exclusive in [false, true] {
            let server = serving(jobs.clone(), exclusive).await;
            let found = server.client().jobs::<Ask>().search_in_windows(&between(START, START + span), width).await;
            let found: Vec<i64> = found.unwrap().iter().map(|job| job.created_at.unwrap().as_millis()).collect();
            // The bounds that were asked for mean what they mean to the server, as in any search.
            let mut expected = jobs.clone();
            expected.retain(|at| !exclusive || (START < *at && *at < START + span));
            assert_eq!(found, expected, "seed {seed}, {exclusive}, {width:?}");
        }
    }
}

#[tokio::test]
async fn what_makes_no_windows_is_refused_before_anything_is_sent() {
    let server = serving(Vec::new(), false).await;
    let jobs = server.client().jobs::<Ask>();
    let (day, second) = (86_400_000, Duration::from_secs(1));
    for (search, width, field) in [
        (JobSearch::new().before(Timestamp::from_millis(START)), second, "after: not given"),
        (JobSearch::new().after(Timestamp::from_millis(START)), second, "before: not given"),
        (between(START, START - 1), second, "after: later than before"),
        (between(START, START + 10_000_001), second, "width: 1000 ms given"),
        (between(START, START + day), Duration::ZERO, "width: 1 ms given"),
        (between(i64::MIN, i64::MAX), second, "width: 1000 ms given"),
    ] {
        let error = jobs.search_in_windows(&search, width).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().starts_with(field), "{error}");
    }
    assert!(server.asked().is_empty());
    // A window of no width is one search, and one that is wider than the time between is one, too.
    for (search, searches) in
        [(between(START, START), 1), (between(START, START + 10), 2), (between(START, START + 100), 3)]
    {
        assert!(jobs.search_in_windows(&search, Duration::from_millis(200)).await.unwrap().is_empty());
        assert_eq!(server.asked().len(), searches);
    }
}
