//! Looking after the inbox: what is in it, once more, and away with it.

use std::time::Duration;

use image_intelligence_core::{Rid, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use zeroize::Zeroizing;

use super::db::Db;
use super::fault::Fault;
use super::jobs::{self, limit, millis};
use super::values::{Hidden, given, kept, key, label, rid};
use crate::store::{Counts, Entry, Pruned, Query};

/// How many rows one statement takes away, so that none holds its locks for long.
const AT_ONCE: i64 = 1000;

/// The states of an event, in the order of their lives.
const STATES: [&str; 5] = ["received", "ready", "leased", "done", "dead"];

/// What an [`Entry`] is made of; the body comes after.
const COLUMNS: &str =
    "e.seq, e.key, e.rid, CASE WHEN e.rid IS NULL THEN e.job_id ELSE j.job_id END, e.label, e.state, e.signed, e.attempts, e.deliveries,
    e.received_at, e.confirmed_at, e.done_at, e.next_at, e.error, e.size";

fn entry(row: &Row) -> Entry {
    let time = |column: usize| row.get::<_, Option<i64>>(column).map(Timestamp::from_millis);
    let state = row.get::<_, String>(5);
    let done_at = time(11).filter(|_| state == "done");
    Entry {
        seq: row.get(0),
        key: key(row.get(1)),
        rid: row.get::<_, Option<&[u8]>>(2).and_then(rid),
        job_id: row.get::<_, Option<String>>(3).map(given),
        label: label(row.get(4)),
        state,
        signed: row.get(6),
        attempts: row.get::<_, i32>(7).unsigned_abs(),
        deliveries: row.get::<_, i64>(8).unsigned_abs(),
        received_at: Timestamp::from_millis(row.get(9)),
        confirmed_at: time(10),
        done_at,
        next_at: time(12),
        error: row.get::<_, Option<String>>(13).map(given),
        size: row.get::<_, i64>(14).unsigned_abs(),
        body: None,
    }
}

pub(super) async fn list(db: &Db, query: Query) -> Result<Vec<Entry>, Fault> {
    let label = query.label.map(image_intelligence_core::EventKind::as_str);
    let rid = query.job.as_deref().and_then(Rid::from_hex);
    let rid = rid.as_ref().map(|rid| &rid.as_bytes()[..]);
    let (job, most) = (query.job.as_deref().map(kept), limit(query.most));
    // Only what is asked for stands in the statement, or no index would help.
    let (mut conditions, mut values) = (Vec::new(), Vec::<&(dyn ToSql + Sync)>::new());
    if let Some(state) = &query.state {
        values.push(state);
        conditions.push(format!("e.state = ${}", values.len()));
    }
    if let Some(label) = &label {
        values.push(label);
        conditions.push(format!("e.label = ${}", values.len()));
    }
    if let Some(job) = &job {
        values.extend([job as &(dyn ToSql + Sync), &rid]);
        let (job, rid) = (values.len() - 1, values.len());
        conditions.push(format!(
            "e.seq IN (SELECT seq FROM {{s}}.event WHERE job_id = ${job} AND rid IS NULL
                UNION SELECT seq FROM {{s}}.event WHERE rid = ${rid}
                UNION SELECT seq FROM {{s}}.event JOIN {{s}}.job USING (rid) WHERE job.job_id = ${job})"
        ));
    }
    if let Some(before) = &query.before {
        values.push(before);
        conditions.push(format!("e.seq < ${}", values.len()));
    }
    values.push(&most);
    let all = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
    let sql = format!(
        "SELECT {COLUMNS} FROM {{s}}.event e LEFT JOIN {{s}}.job j ON j.rid = e.rid WHERE {all}
        ORDER BY e.seq DESC LIMIT ${}",
        values.len()
    );
    let rows = db.rows(&sql, &values).await?;
    Ok(rows.iter().map(entry).collect())
}

pub(super) async fn one(db: &Db, seq: i64) -> Result<Option<Entry>, Fault> {
    let sql =
        format!("SELECT {COLUMNS}, e.body FROM {{s}}.event e LEFT JOIN {{s}}.job j ON j.rid = e.rid WHERE e.seq = $1");
    let rows = db.rows(&sql, &[&seq]).await?;
    Ok(rows.first().map(|row| {
        let body = row.get::<_, Option<Vec<u8>>>(15).map(Into::into);
        Entry { body, ..entry(row) }
    }))
}

pub(super) async fn replay(db: &Db, seqs: Vec<i64>) -> Result<u64, Fault> {
    let sql = "WITH meant AS MATERIALIZED (
            SELECT seq FROM {s}.event
            WHERE CASE WHEN cardinality($2::bigint[]) = 0 THEN state = 'dead'
                ELSE seq = ANY($2) AND state IN ('done', 'dead') END AND body IS NOT NULL
            ORDER BY key FOR UPDATE)
        UPDATE {s}.event e SET state = 'ready', attempts = 0, next_at = {now}, done_at = NULL, error = NULL
        FROM meant WHERE e.seq = meant.seq RETURNING e.seq";
    Ok(db.rows(sql, &[&db.ahead(), &seqs]).await?.len() as u64)
}

pub(super) async fn prune(db: &Db, bodies: Duration, keys: Duration) -> Result<Pruned, Fault> {
    const BODIES: &str = "UPDATE {s}.event SET body = NULL WHERE seq IN (
        SELECT seq FROM {s}.event WHERE state = 'done' AND done_at <= {now} - $2 AND body IS NOT NULL
        ORDER BY key LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING seq";
    // Of jobs whose body is gone; by itself, as jobs are locked before events.
    const INPUTS: &str = "UPDATE {s}.job SET inputs = NULL WHERE rid IN (
        SELECT j.rid FROM {s}.job j WHERE j.ended_at <= {now} - $2 AND j.inputs IS NOT NULL
            AND NOT EXISTS (SELECT FROM {s}.event e WHERE e.rid = j.rid AND e.body IS NOT NULL)
        ORDER BY j.rid LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING rid";
    const EVENTS: &str = "DELETE FROM {s}.event WHERE seq IN (
        SELECT seq FROM {s}.event WHERE state IN ('done', 'dead') AND done_at <= {now} - $2
        ORDER BY key LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING seq";
    const JOBS: &str = "DELETE FROM {s}.job WHERE rid IN (
        SELECT j.rid FROM {s}.job j WHERE j.state IN ('refused', 'completed', 'gave_up') AND j.ended_at <= {now} - $2
            AND NOT EXISTS (SELECT FROM {s}.event e WHERE e.rid = j.rid)
        ORDER BY j.rid LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING rid";
    let (mut pruned, mut inputs) = (Pruned::default(), 0);
    for (sql, age, count) in [
        (BODIES, bodies, &mut pruned.bodies),
        (INPUTS, bodies, &mut inputs),
        (EVENTS, keys, &mut pruned.events),
        (JOBS, keys, &mut pruned.jobs),
    ] {
        loop {
            let gone = db.rows(sql, &[&db.ahead(), &millis(age), &AT_ONCE]).await?.len();
            *count += gone as u64;
            if limit(gone) < AT_ONCE {
                break;
            }
        }
    }
    Ok(pruned)
}

pub(super) async fn counts(db: &Db) -> Result<Counts, Fault> {
    let sql = "SELECT true, state, count(*), {now} - min(next_at) FILTER (WHERE state = 'ready' AND next_at <= {now}) FROM {s}.event GROUP BY state
        UNION ALL SELECT false, state, count(*), NULL FROM {s}.job GROUP BY state";
    let rows = db.rows(sql, &[&db.ahead()]).await?;
    let count = |of_events: bool, state: &str| {
        let row = rows.iter().find(|row| row.get::<_, bool>(0) == of_events && row.get::<_, &str>(1) == state);
        row.map_or(0, |row| row.get::<_, i64>(2).unsigned_abs())
    };
    let oldest = rows.iter().find_map(|row| row.get::<_, Option<i64>>(3));
    Ok(Counts {
        events: STATES.into_iter().map(|state| (state, count(true, state))).collect(),
        jobs: jobs::STATES.into_iter().map(|state| (state, count(false, state))).collect(),
        oldest_ready: oldest.map(|age| Duration::from_millis(age.max(0).unsigned_abs())),
    })
}

/// The masters, oldest first; made where there are none.
pub(super) async fn masters(db: &Db, fresh: [u8; 32]) -> Result<Vec<(u8, Zeroizing<Vec<u8>>)>, Fault> {
    let fresh = Zeroizing::new(fresh);
    let mut client = db.client().await?;
    let tx = client.transaction().await?;
    let mut rows = db.within(&tx, "SELECT id, master FROM {s}.master ORDER BY made", &[]).await?;
    if rows.is_empty() {
        tx.batch_execute(&db.sql("LOCK TABLE {s}.master IN EXCLUSIVE MODE")).await?;
        let sql = "INSERT INTO {s}.master (id, master) SELECT 1, $1 WHERE NOT EXISTS (SELECT FROM {s}.master)";
        db.within(&tx, sql, &[&Hidden(&fresh[..])]).await?;
        rows = db.within(&tx, "SELECT id, master FROM {s}.master ORDER BY made", &[]).await?;
    }
    tx.commit().await?;
    Ok(rows.iter().map(|row| (id(row.get(0)), Zeroizing::new(row.get(1)))).collect())
}

/// How many masters there may be.
const MASTERS: usize = 4;

pub(super) async fn add_master(db: &Db, master: [u8; 32]) -> Result<u8, Fault> {
    let master = Zeroizing::new(master);
    let mut client = db.client().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(&db.sql("LOCK TABLE {s}.master IN EXCLUSIVE MODE")).await?;
    let rows = db.within(&tx, "SELECT id FROM {s}.master ORDER BY made", &[]).await?;
    let ids = rows.iter().map(|row| id(row.get(0))).collect::<Vec<_>>();
    // After 255 comes 1 again, whose owner has long gone.
    let next = ids.last().map_or(1, |last| last.checked_add(1).unwrap_or(1));
    let gone = ids.iter().take((ids.len() + 1).saturating_sub(MASTERS)).map(|id| i16::from(*id)).collect::<Vec<_>>();
    db.within(&tx, "DELETE FROM {s}.master WHERE id = ANY($1)", &[&gone]).await?;
    let sql = "INSERT INTO {s}.master (id, master) VALUES ($1, $2)";
    db.within(&tx, sql, &[&i16::from(next), &Hidden(&master[..])]).await?;
    tx.commit().await?;
    Ok(next)
}

fn id(number: i16) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

pub(super) async fn now(db: &Db) -> Result<Timestamp, Fault> {
    let rows = db.rows("SELECT {now}", &[&db.ahead()]).await?;
    Ok(rows.first().map(|row| Timestamp::from_millis(row.get(0))).unwrap_or_default())
}
