//! Events are leased to handlers, and come to their end or back.

use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{Rid, Timestamp};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension as _, Row, ToSql, named_params, params, params_from_iter};

use super::errand::Within;
use super::fault::{Fault, Ruled, plain, store};
use super::jobs::{label, millis, number};
use crate::event_key::EventKey;
use crate::store::{Claimed, Lease, Statement, Value, buried};

/// Has the leases lapse of those that had the lock before: they are dead, and so the last attempt of an event was its last.
/// What they were confirming is due now.
pub(super) fn give_back(within: Within<'_>) -> Ruled<u64> {
    let back = "UPDATE event SET due = was_due WHERE state IN ('ready', 'leased') AND state = 'leased' AND by_holder";
    let unconfirmed = "UPDATE event SET due = ?1, by_holder = 0 WHERE state = 'received' AND due > ?1 AND by_holder";
    Ok((within.db.execute(back, [])? + within.db.execute(unconfirmed, [within.now])?) as u64)
}

pub(super) fn claim(within: Within<'_>, most: usize, lease: Duration, attempts: u32) -> Ruled<Vec<Claimed>> {
    let mut select = within.db.prepare_cached(
        "SELECT seq, generation, key, rid, label, signed, attempts, received_at, state FROM event
         WHERE state IN ('ready', 'leased') AND due <= ? ORDER BY due, seq LIMIT ?",
    )?;
    let mut body = within.db.prepare_cached("SELECT body FROM body WHERE seq = ?")?;
    let mut inputs = within.db.prepare_cached("SELECT inputs FROM job WHERE rid = ?")?;
    let mut take = within.db.prepare_cached(
        "UPDATE event SET state = 'leased', was_due = due, due = :due, attempts = attempts + 1,
             generation = generation + 1, by_holder = :holder
         WHERE seq = :seq",
    )?;
    let mut die = within.db.prepare_cached(
        "UPDATE event SET state = 'dead', due = NULL, ended_at = ?2,
             error = coalesce(error, 'the lease of its last attempt lapsed')
         WHERE seq = ?1",
    )?;
    let mut claimed = Vec::new();
    // Those that turn out to be dead are none that were asked for.
    while claimed.len() < most {
        let mut found = Vec::new();
        let mut rows = select.query(params![within.now, number(most - claimed.len())])?;
        while let Some(row) = rows.next()? {
            found.push((event(row)?, row.get_ref(8)?.as_str().is_ok_and(|state| state == "leased")));
        }
        if found.is_empty() {
            break;
        }
        for (mut event, lapsed) in found {
            let seq = event.lease.seq;
            if lapsed && event.attempt > attempts {
                die.execute(params![seq, within.now])?;
                buried(seq);
                continue;
            }
            let due = within.now + millis(lease).max(1);
            take.execute(named_params! { ":seq": seq, ":due": due, ":holder": within.holder })?;
            let bytes =
                body.query_row([seq], |row| Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?))).optional()?;
            event.body = bytes.unwrap_or_default();
            if let Some(rid) = event.rid {
                event.inputs = inputs.query_row([rid.as_bytes()], |row| row.get(0)).optional()?.flatten();
            }
            claimed.push(event);
        }
    }
    Ok(claimed)
}

/// As it is once it is leased, but for its body.
fn event(row: &Row<'_>) -> Ruled<Claimed> {
    Ok(Claimed {
        lease: Lease { seq: row.get(0)?, generation: row.get::<_, i64>(1)? + 1 },
        key: EventKey(row.get(2)?),
        rid: row.get::<_, Option<_>>(3)?.map(Rid::from_bytes),
        label: label(row, 4)?,
        body: Bytes::new(),
        signed: row.get(5)?,
        attempt: row.get::<_, u32>(6)?.saturating_add(1),
        received_at: Timestamp::from_millis(row.get(7)?),
        inputs: None,
    })
}

pub(super) fn extend(within: Within<'_>, leases: &[Lease], lease: Duration) -> Ruled<Vec<Lease>> {
    let mut stretch = within
        .db
        .prepare_cached("UPDATE event SET due = ?3 WHERE seq = ?1 AND generation = ?2 AND state = 'leased'")?;
    let mut gone = Vec::new();
    for one in leases {
        if stretch.execute([one.seq, one.generation, within.now + millis(lease).max(1)])? == 0 {
            gone.push(*one);
        }
    }
    Ok(gone)
}

pub(super) fn done(within: Within<'_>, lease: Lease, with: &[Statement]) -> Ruled<bool> {
    let mut end = within.db.prepare_cached(
        "UPDATE event SET state = 'done', due = NULL, ended_at = ?3, error = NULL
         WHERE seq = ?1 AND generation = ?2 AND state = 'leased'",
    )?;
    if end.execute([lease.seq, lease.generation, within.now])? == 0 {
        return Ok(false);
    }
    for (index, statement) in with.iter().enumerate() {
        run(within, index, statement)?;
    }
    Ok(true)
}

/// Runs a caller's statement. It may read and write whatever it likes, but not end the transaction that it is in.
fn run(within: Within<'_>, index: usize, statement: &Statement) -> Ruled<()> {
    let wrong = |problem: &str| Fault::Said(store(format!("statement {index} with an ack: {problem}")));
    let failed = |error: rusqlite::Error| match Fault::from(error) {
        Fault::Database(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
            wrong(&plain(&error))
        }
        Fault::Database(
            error @ (rusqlite::Error::SqlInputError { .. }
            | rusqlite::Error::MultipleStatement
            | rusqlite::Error::InvalidParameterCount(..)),
        ) => wrong(&plain(&error)),
        other => other,
    };
    let mut prepared = within.db.prepare_cached(&statement.sql).map_err(failed)?;
    if prepared.readonly() && prepared.column_count() == 0 {
        return Err(wrong(
            "it neither reads nor writes a table; transactions are not for statements to begin or to end",
        ));
    }
    let mut rows = prepared.query(params_from_iter(&statement.values)).map_err(failed)?;
    while rows.next().map_err(failed)?.is_some() {}
    if within.db.is_autocommit() {
        return Err(wrong("it ended the transaction"));
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Bool(value) => i64::from(*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Real(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
            Self::Bytes(value) => value.as_slice().into(),
        })
    }
}

pub(super) fn failed(within: Within<'_>, lease: Lease, why: &str, pause: Option<Duration>) -> Ruled<bool> {
    let due = pause.map(|pause| within.now + millis(pause));
    let mut back = within.db.prepare_cached(
        "UPDATE event SET state = CASE WHEN :due IS NULL THEN 'dead' ELSE 'ready' END, due = :due, error = :why,
             ended_at = CASE WHEN :due IS NULL THEN :now END
         WHERE seq = :seq AND generation = :generation AND state = 'leased'",
    )?;
    let changed = back.execute(named_params! {
        ":due": due, ":why": why, ":now": within.now, ":seq": lease.seq, ":generation": lease.generation,
    })?;
    Ok(changed > 0)
}

pub(super) fn unclaim(within: Within<'_>, leases: &[Lease]) -> Ruled<()> {
    let mut back = within.db.prepare_cached(
        "UPDATE event SET state = 'ready', due = was_due, attempts = attempts - 1
         WHERE seq = ? AND generation = ? AND state = 'leased'",
    )?;
    for lease in leases {
        back.execute([lease.seq, lease.generation])?;
    }
    Ok(())
}
