//! What the store holds, for those who only look.

use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{Kind, Rid, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter, types};

use super::fault::{Fault, Ruled};
use super::jobs::{job_ref, kind, label};
use crate::event_key::EventKey;
use crate::store::{Counts, Due, Entry, Known, Query, Terminal};

const JOB_STATES: [&str; 6] = ["intended", "expected", "refused", "unknown", "completed", "gave_up"];
const EVENT_STATES: [&str; 5] = ["received", "ready", "leased", "done", "dead"];

/// How many jobs say how long jobs take.
const SAMPLE: i64 = 200;

pub(super) fn known(db: &Connection, rid: Rid) -> Ruled<Option<Known>> {
    let mut select = db.prepare_cached("SELECT kind, namespace, id, created_at, state, at FROM job WHERE rid = ?")?;
    let mut rows = select.query([rid.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let kind = kind(row, 0)?;
    let state: String = row.get(4)?;
    let state = JOB_STATES.into_iter().find(|known| *known == state);
    Ok(Some(Known {
        kind,
        namespace: row.get(1)?,
        job: job_ref(row, kind, 1)?,
        state: state.ok_or_else(|| Fault::unreadable("a state of a job"))?,
        at: Timestamp::from_millis(row.get(5)?),
    }))
}

pub(super) fn terminal(db: &Connection, rid: Rid) -> Ruled<Option<Terminal>> {
    let mut select = db.prepare_cached(
        "SELECT event.label, body.body, job.id, job.created_at
         FROM job JOIN event ON event.key = ? AND event.freed = 0 JOIN body USING (seq)
         WHERE job.rid = ? AND job.state IN ('completed', 'gave_up')",
    )?;
    let mut rows = select.query(params![&EventKey::ours(rid).0, rid.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Terminal {
        label: label(row, 0)?,
        body: bytes(row, 1)?,
        id: row.get(2)?,
        created_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
    }))
}

pub(super) fn took(db: &Connection, kind: Kind) -> Ruled<Vec<Duration>> {
    let mut select =
        db.prepare_cached("SELECT took FROM job WHERE took IS NOT NULL AND kind = ? ORDER BY ended_at DESC LIMIT ?")?;
    let rows = select.query_map(params![kind.as_str(), SAMPLE], |row| row.get::<_, i64>(0))?;
    Ok(rows.map(|took| took.map(|took| Duration::from_millis(took.unsigned_abs()))).collect::<Result<_, _>>()?)
}

pub(super) fn next_due(db: &Connection, now: i64) -> Ruled<Due> {
    let first = |sql: &str| -> Ruled<Option<Duration>> {
        let due: Option<i64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(due.map(|due| Timestamp::from_millis(due).since(Timestamp::from_millis(now))))
    };
    Ok(Due {
        handle: first("SELECT min(due) FROM event WHERE state IN ('ready', 'leased')")?,
        confirm: first("SELECT min(due) FROM event WHERE state = 'received'")?,
        look: first("SELECT min(look_at) FROM job WHERE state IN ('expected', 'unknown')")?,
    })
}

const COLUMNS: &str = "seq, key, event.rid, CASE WHEN event.rid IS NULL THEN event.job_id ELSE job.id END, label,
    event.state, signed, attempts, deliveries, received_at, confirmed_at, event.ended_at, due, error, size";

pub(super) fn list(db: &Connection, query: &Query) -> Ruled<Vec<Entry>> {
    let mut sql = format!("SELECT {COLUMNS} FROM event LEFT JOIN job ON job.rid = event.rid WHERE 1");
    let mut values: Vec<types::Value> = Vec::new();
    match query.state.as_deref() {
        // Written out where an index of those few is there.
        Some("received") => sql.push_str(" AND event.state = 'received'"),
        Some("dead") => sql.push_str(" AND event.state = 'dead'"),
        Some(state @ ("ready" | "leased")) => {
            sql.push_str(" AND event.state IN ('ready', 'leased') AND event.state = ?");
            values.push(state.to_owned().into());
        }
        Some(other) => {
            sql.push_str(" AND event.state = ?");
            values.push(other.to_owned().into());
        }
        None => {}
    }
    if let Some(label) = query.label {
        sql.push_str(" AND label = ?");
        values.push(label.as_str().to_owned().into());
    }
    if let Some(job) = &query.job {
        let keys = keys_of(db, job)?;
        sql.push_str(" AND freed = 0 AND key IN (");
        sql.push_str(&vec!["?"; keys.len()].join(", "));
        sql.push(')');
        values.extend(keys.into_iter().map(|key| key.0.to_vec().into()));
    }
    if let Some(before) = query.before {
        sql.push_str(" AND seq < ?");
        values.push(before.into());
    }
    sql.push_str(" ORDER BY seq DESC LIMIT ?");
    values.push(i64::try_from(query.most).unwrap_or(i64::MAX).into());
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry_of(row)?);
    }
    Ok(entries)
}

/// The keys that the event of a job of that name may have: the name is the service's, or our own.
fn keys_of(db: &Connection, name: &str) -> Ruled<Vec<EventKey>> {
    let mut select = db.prepare_cached("SELECT rid FROM job WHERE id = ?")?;
    let rids = select.query_map([name], |row| row.get(0).map(Rid::from_bytes))?.collect::<Result<Vec<_>, _>>()?;
    let ours = rids.into_iter().chain(Rid::from_hex(name)).map(EventKey::ours);
    Ok(ours.chain([EventKey::foreign(name)]).collect())
}

pub(super) fn entry(db: &Connection, seq: i64) -> Ruled<Option<Entry>> {
    let mut select =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM event LEFT JOIN job ON job.rid = event.rid WHERE seq = ?"))?;
    let mut rows = select.query([seq])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut entry = entry_of(row)?;
    let mut body = db.prepare_cached("SELECT body FROM body WHERE seq = ?")?;
    entry.body = body.query_row([seq], |row| Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?))).optional()?;
    Ok(Some(entry))
}

fn entry_of(row: &Row<'_>) -> Ruled<Entry> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    let state: String = row.get(5)?;
    let done_at = time(11)?.filter(|_| state == "done");
    Ok(Entry {
        seq: row.get(0)?,
        key: EventKey(row.get(1)?),
        rid: row.get::<_, Option<_>>(2)?.map(Rid::from_bytes),
        job_id: row.get(3)?,
        label: label(row, 4)?,
        state,
        signed: row.get(6)?,
        attempts: row.get(7)?,
        deliveries: row.get::<_, i64>(8)?.unsigned_abs(),
        received_at: Timestamp::from_millis(row.get(9)?),
        confirmed_at: time(10)?,
        done_at,
        next_at: time(12)?,
        error: row.get(13)?,
        size: row.get::<_, i64>(14)?.unsigned_abs(),
        body: None,
    })
}

pub(super) fn counts(db: &Connection, now: i64) -> Ruled<Counts> {
    let oldest: Option<i64> = db
        .prepare_cached(
            "SELECT min(due) FROM event WHERE state IN ('ready', 'leased') AND state = 'ready' AND due <= ?",
        )?
        .query_row([now], |row| row.get(0))?;
    Ok(Counts {
        events: by_state(db, "SELECT state, count(*) FROM event GROUP BY state", &EVENT_STATES)?,
        jobs: by_state(db, "SELECT state, count(*) FROM job GROUP BY state", &JOB_STATES)?,
        oldest_ready: oldest.map(|due| Timestamp::from_millis(now).since(Timestamp::from_millis(due))),
    })
}

fn by_state(db: &Connection, sql: &str, states: &[&'static str]) -> Ruled<Vec<(&'static str, u64)>> {
    let mut select = db.prepare_cached(sql)?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let counts = rows.collect::<Result<Vec<_>, _>>()?;
    let of = |state: &str| counts.iter().find(|(name, _)| name == state).map_or(0, |(_, count)| count.unsigned_abs());
    Ok(states.iter().map(|state| (*state, of(state))).collect())
}

fn bytes(row: &Row<'_>, column: usize) -> Ruled<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?))
}
