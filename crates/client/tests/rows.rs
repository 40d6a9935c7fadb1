//! Every row of a recognition search: none is lost and none comes twice, whatever the server's habits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod scripted;

use std::sync::{Arc, Mutex};

use futures_util::TryStreamExt as _;
use image_intelligence::{ErrorKind, FaceImage, RecognitionSearch, Result, SortOrder, Timestamp};
use scripted::{Random, Reply, Scripted, ok};
use serde_json::{Value, json};

const PATH: &str = "/v2/recognition/images/staff/search";

/// A row: when it was made, and whether it says so, and what it is called, if it is.
#[derive(Clone)]
struct Made {
    at: i64,
    says_when: bool,
    id: Option<String>,
}

/// The habits of a server.
#[derive(Clone, Default, Debug)]
struct Habits {
    /// Gives at most so many rows a page, whatever is asked for.
    cap: Option<usize>,
    /// Leaves out what was made at the very bound.
    exclusive: bool,
    no_offset: bool,
    no_bounds: bool,
    no_order: bool,
}

fn at(millis: i64) -> Made {
    Made { at: millis, says_when: true, id: Some(format!("at-{millis}")) }
}

fn named(millis: i64, id: impl Into<String>) -> Made {
    Made { id: Some(id.into()), ..at(millis) }
}

fn page(rows: &[Made], body: &Value, habits: &Habits) -> String {
    let (limit, offset) = (body["limit"].as_u64().unwrap_or(20), body["offset"].as_u64().unwrap_or(0));
    assert!((1..=100).contains(&limit) && offset <= 100, "beyond what the API allows: {body}");
    let mut found: Vec<_> = rows.iter().enumerate().collect();
    if !habits.no_bounds {
        let within = |row: &Made| {
            let edge = i64::from(habits.exclusive);
            body["start"].as_i64().is_none_or(|start| row.at >= start + edge)
                && body["end"].as_i64().is_none_or(|end| row.at <= end - edge)
        };
        found.retain(|(_, row)| within(row));
    }
    found.sort_by_key(|(nth, row)| (row.at, *nth));
    if body["sortBy"] != "ASC" || habits.no_order {
        found.reverse();
    }
    let offset = if habits.no_offset { 0 } else { offset as usize };
    let most = habits.cap.unwrap_or(usize::MAX).min(limit as usize);
    let json = |row: &Made| {
        let mut json = json!({"type": "FACE"});
        if let Some(id) = &row.id {
            json["id"] = json!(id);
        }
        if row.says_when {
            json["createdAt"] = json!(row.at);
        }
        json
    };
    let page: Vec<_> = found.iter().skip(offset).take(most).map(|(_, row)| json(row)).collect();
    Value::from(page).to_string()
}

async fn serving(rows: Vec<Made>, habits: Habits) -> Scripted {
    Scripted::start(move |asked, _| asked.is("POST", PATH).then(|| ok(page(&rows, &asked.json(), &habits)))).await
}

async fn all(server: &Scripted, search: RecognitionSearch) -> Result<Vec<FaceImage>> {
    server.client().recognition("staff").images().all(search).collect().await
}

fn ids(rows: &[FaceImage]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_deref().unwrap_or("-")).collect()
}

/// As the search's order has them.
fn expected(rows: &[Made], ascending: bool) -> Vec<&str> {
    let mut rows: Vec<_> = rows.iter().enumerate().collect();
    rows.sort_by_key(|(nth, row)| (row.at, *nth));
    if !ascending {
        rows.reverse();
    }
    rows.into_iter().map(|(_, row)| row.id.as_deref().unwrap_or("-")).collect()
}

fn orders() -> [(bool, RecognitionSearch); 2] {
    [(true, RecognitionSearch::new().sort_by(SortOrder::Asc)), (false, RecognitionSearch::new())]
}

#[tokio::test]
async fn as_many_as_there_are_come_each_once_in_order() {
    let counts = [0_u64, 1, 2, 19, 99, 100, 101, 199, 200, 201, 350, 1000];
    for (count, (ascending, search)) in counts.into_iter().flat_map(|count| orders().map(|order| (count, order))) {
        let rows: Vec<_> = (0..count.cast_signed()).map(|n| at(1_487_648_348_000 + n * 7)).collect();
        let server = serving(rows.clone(), Habits::default()).await;
        let found = all(&server, search).await.unwrap();
        assert_eq!(ids(&found), expected(&rows, ascending), "{count} rows");
        let asked = server.asked().len() as u64;
        assert!(asked <= count / 99 + 2, "{asked} requests for {count} rows");
    }
}

#[tokio::test]
async fn whatever_the_habits_of_the_server_no_row_is_lost_and_none_comes_twice() {
    for seed in 0..120 {
        let mut random = Random(seed);
        let habits = Habits {
            cap: random.one_in(2).then(|| 1 + random.below(120) as usize),
            exclusive: random.one_in(3),
            ..Habits::default()
        };
        let limit = if random.one_in(2) { 100 } else { 1 + random.below(100) as u32 };
        // A page border must be able to fall among rows of one millisecond, and not more of them than are within reach.
        let most = u64::from(limit).min(habits.cap.unwrap_or(usize::MAX) as u64).min(50);
        let (mut rows, mut when) = (Vec::new(), 1_487_648_348_000);
        for n in 0..random.below(400) {
            let crowd = if random.one_in(20) { 1 + random.below(most) } else { 1 };
            rows.extend((0..crowd).map(|c| named(when, format!("{n}-{c}"))));
            when += 1 + random.below(3).cast_signed();
        }
        for (ascending, search) in orders() {
            let server = serving(rows.clone(), habits.clone()).await;
            let found = all(&server, search.limit(limit)).await;
            let found = found.unwrap_or_else(|error| panic!("seed {seed}: {error} {habits:?}"));
            assert_eq!(ids(&found), expected(&rows, ascending), "seed {seed}, {habits:?}, limit {limit}");
        }
    }
}

#[tokio::test]
async fn rows_of_one_millisecond_are_read_up_to_what_a_search_reaches() {
    for (crowd, whole) in [(99, true), (100, true), (101, true), (150, true), (199, true), (200, false), (260, false)] {
        // Others are on both sides, so that the crowd is reached from within.
        let crowded = |n| named(5_000_000_000_000, format!("crowd-{n}"));
        let before = (0..120).map(|n| at(4_000_000_000_000 + n));
        let rows: Vec<_> = before.chain((0..crowd).map(crowded)).chain([at(6_000_000_000_000)]).collect();
        for (ascending, search) in orders() {
            let server = serving(rows.clone(), Habits::default()).await;
            let mut walk = server.client().recognition("staff").images().all(search);
            let (mut found, mut error) = (Vec::new(), None);
            while let Some(row) = walk.next().await {
                match row {
                    Ok(row) => found.push(row),
                    Err(failed) => error = Some(failed),
                }
            }
            let expected = expected(&rows, ascending);
            assert_eq!(error.is_none(), whole, "{crowd}: {error:?}");
            let Some(error) = error else {
                assert_eq!(ids(&found), expected, "{crowd}");
                continue;
            };
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.message().contains("200 rows or more were made in one millisecond"), "{error}");
            // All that can be reached has come before the error, and nothing after it.
            let before = if ascending { 120 } else { 1 };
            assert_eq!(ids(&found), expected[..before + 200], "{crowd}");
        }
    }
}

#[tokio::test]
async fn rows_that_do_not_say_when_they_were_made_are_read_as_far_as_offsets_reach() {
    let silent = |count| (0..count).map(|n| Made { says_when: false, ..at(n) }).collect::<Vec<_>>();
    for count in [0, 1, 100, 150, 199] {
        let rows = silent(count);
        let server = serving(rows.clone(), Habits::default()).await;
        assert_eq!(ids(&all(&server, RecognitionSearch::new()).await.unwrap()), expected(&rows, false), "{count}");
    }
    let server = serving(silent(230), Habits::default()).await;
    let found: Result<Vec<_>> =
        server.client().recognition("staff").images().all(RecognitionSearch::new()).into_stream().try_collect().await;
    let error = found.unwrap_err();
    assert!(error.message().contains("do not say when they were made"), "{error}");

    // A few among others are no hindrance.
    let mixed: Vec<_> = (0..500).map(|n| Made { says_when: n % 7 != 0, ..at(1_487_648_348_000 + n) }).collect();
    for (ascending, search) in orders() {
        let server = serving(mixed.clone(), Habits::default()).await;
        assert_eq!(ids(&all(&server, search).await.unwrap()), expected(&mixed, ascending));
    }
}

#[tokio::test]
async fn rows_without_an_id_are_counted_and_not_merged() {
    let rows: Vec<_> = (0..230).map(|n| Made { id: None, ..at(1_487_648_348_000 + n / 3) }).collect();
    for (_, search) in orders() {
        let server = serving(rows.clone(), Habits::default()).await;
        let found = all(&server, search).await.unwrap();
        assert_eq!(found.len(), rows.len());
    }
}

#[tokio::test]
async fn a_server_that_knows_no_offset_or_bounds_gives_no_row_twice_and_no_endless_walk() {
    let few: Vec<_> = (0..7).map(|n| at(1_487_648_348_000 + n)).collect();
    let many: Vec<_> = (0..130).map(|n| at(1_487_648_348_000 + n)).collect();
    let habits = |no_offset, no_bounds| Habits { no_offset, no_bounds, ..Habits::default() };
    for (no_offset, no_bounds) in [(true, false), (false, true), (true, true)] {
        for (ascending, search) in orders() {
            let server = serving(few.clone(), habits(no_offset, no_bounds)).await;
            assert_eq!(ids(&all(&server, search.clone()).await.unwrap()), expected(&few, ascending));
            assert!(server.asked().len() <= 6, "{} requests", server.asked().len());

            let server = serving(many.clone(), habits(no_offset, no_bounds)).await;
            let found = all(&server, search).await;
            // Either all of them come, or it is said that they do not.
            assert_eq!(no_bounds && no_offset, found.is_err());
            assert!(found.is_err() || ids(&found.unwrap()) == expected(&many, ascending));
        }
    }
}

#[tokio::test]
async fn rows_in_another_order_than_asked_for_are_never_skipped_silently() {
    let rows = |count| (0..count).map(|n| at(1_487_648_348_000 + n)).collect::<Vec<_>>();
    let oldest_first = || RecognitionSearch::new().sort_by(SortOrder::Asc);
    let habits = Habits { no_order: true, ..Habits::default() };
    let server = serving(rows(180), habits.clone()).await;
    assert_eq!(all(&server, oldest_first()).await.unwrap().len(), 180);
    let server = serving(rows(300), habits).await;
    let error = all(&server, oldest_first()).await.unwrap_err();
    assert!(error.message().contains("not in the order of their making"), "{error}");
}

#[tokio::test]
async fn rows_that_are_made_or_deleted_meanwhile_cost_no_other() {
    for seed in 0..20 {
        for (ascending, search) in orders() {
            let rows: Vec<_> = (0..350).map(|n| at(1_487_648_348_000 + n * 2)).collect();
            let rows = Arc::new(Mutex::new(rows));
            let store = Arc::clone(&rows);
            let server = Scripted::start(move |asked, nth| {
                let mut rows = store.lock().unwrap();
                let answer = page(&rows, &asked.json(), &Habits::default());
                // One is made after each of the first pages, as new as can be.
                if nth < 6 {
                    rows.push(named(1_487_648_348_000 + 700 + nth.cast_signed() as i64, format!("new-{nth}")));
                }
                Some(ok(answer))
            })
            .await;
            let mut random = Random(seed);
            let mut walk = server.client().recognition("staff").images().all(search);
            let mut found = Vec::new();
            while let Some(row) = walk.next().await {
                // Deleting what has been given is a common reason to walk; the last of a page is where the next one begins.
                let id = row.unwrap().id.unwrap();
                if random.one_in(2) {
                    rows.lock().unwrap().retain(|row| row.id.as_ref() != Some(&id));
                }
                found.push(id);
            }
            let mut old: Vec<_> = found.iter().filter(|id| id.starts_with("at-")).collect();
            assert!(old.is_sorted_by(|one, other| ascending == (one < other)), "seed {seed}");
            old.dedup();
            assert_eq!(old.len(), 350, "seed {seed}, ascending: {ascending}");
        }
    }
}

#[tokio::test]
async fn the_callers_conditions_stay_and_an_offset_is_refused() {
    let rows: Vec<_> = (0..400).map(|n| at(1_487_648_348_000 + n)).collect();
    let server = serving(rows, Habits::default()).await;
    let (start, end) = (Timestamp::from_millis(1_487_648_348_050), Timestamp::from_millis(1_487_648_348_349));
    let search = RecognitionSearch::new().start(start).end(end).limit(40).feed_ids(["door"]).without_custom_id();
    let found = all(&server, search).await.unwrap();
    assert_eq!((found.len(), found[0].created_at, found[299].created_at), (300, Some(end), Some(start)));
    for asked in server.asked() {
        let body = asked.json();
        assert_eq!((&body["feedIds"], &body["customIds"]), (&json!(["door"]), &Value::Null));
        assert!(body.as_object().unwrap().contains_key("customIds"), "null says: those without");
        assert_eq!(body["start"], json!(1_487_648_348_050_i64));
    }

    let asked = server.asked().len();
    let error = all(&server, RecognitionSearch::new().offset(20)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.message().starts_with("offset: given"), "{error}");
    assert_eq!(server.asked().len(), asked, "nothing is sent");
}

#[tokio::test]
async fn a_walk_that_fails_ends_after_the_rows_that_it_had() {
    let rows: Vec<_> = (0..300).map(|n| at(1_487_648_348_000 + n)).collect();
    let server = Scripted::start(move |asked, nth| {
        let refused = Reply::Json(403, "{}".into());
        Some(if nth == 2 { refused } else { ok(page(&rows, &asked.json(), &Habits::default())) })
    })
    .await;
    let mut walk = server.client().recognition("staff").images().all(RecognitionSearch::new());
    let mut found = 0;
    let error = loop {
        match walk.next().await.unwrap() {
            Ok(_) => found += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((found, error.kind()), (199, ErrorKind::PermissionDenied));
    assert!(walk.next().await.is_none());
    assert_eq!(server.asked().len(), 3);
}
