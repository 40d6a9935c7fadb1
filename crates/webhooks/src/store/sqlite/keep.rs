//! Events are handled again, old ones go, and the masters of the callback keys.

use std::time::Duration;

use rusqlite::params;
use zeroize::Zeroizing;

use super::errand::Within;
use super::fault::Ruled;
use super::jobs::{millis, number};
use crate::store::{Masters, Pruned};

/// No more than so many masters are kept.
const MASTERS: usize = 4;

pub(super) fn replay(within: Within<'_>, seqs: &[i64]) -> Ruled<u64> {
    let again =
        "UPDATE event SET state = 'ready', due = ?1, attempts = 0, ended_at = NULL, error = NULL WHERE pruned = 0";
    if seqs.is_empty() {
        let mut all = within.db.prepare_cached(&format!("{again} AND state = 'dead'"))?;
        return Ok(all.execute([within.now])? as u64);
    }
    let mut one = within.db.prepare_cached(&format!("{again} AND state IN ('done', 'dead') AND seq = ?2"))?;
    let mut count = 0;
    for seq in seqs {
        count += one.execute([within.now, *seq])? as u64;
    }
    Ok(count)
}

/// Takes away up to `most` of each sort.
pub(super) fn prune(within: Within<'_>, bodies: Duration, keys: Duration, most: usize) -> Ruled<Pruned> {
    let (bodies, keys, most) = (within.now - millis(bodies), within.now - millis(keys), number(most));
    let mut old = within.db.prepare_cached(
        "SELECT seq FROM event WHERE pruned = 0 AND ended_at IS NOT NULL AND ended_at <= ? AND state = 'done' LIMIT ?",
    )?;
    let mut drop_body = within.db.prepare_cached("DELETE FROM body WHERE seq = ?")?;
    let mut drop_inputs =
        within.db.prepare_cached("UPDATE job SET inputs = NULL WHERE rid = (SELECT rid FROM event WHERE seq = ?)")?;
    let mut mark = within.db.prepare_cached("UPDATE event SET pruned = 1 WHERE seq = ?")?;
    let mut pruned = Pruned::default();
    for seq in numbers(&mut old, bodies, most)? {
        drop_body.execute([seq])?;
        drop_inputs.execute([seq])?;
        pruned.bodies += mark.execute([seq])? as u64;
    }
    let mut ended = within.db.prepare_cached(
        "SELECT seq FROM event WHERE pruned IN (0, 1) AND ended_at IS NOT NULL AND ended_at <= ? LIMIT ?",
    )?;
    let mut drop_event = within.db.prepare_cached("DELETE FROM event WHERE seq = ?")?;
    for seq in numbers(&mut ended, keys, most)? {
        drop_body.execute([seq])?;
        pruned.events += drop_event.execute([seq])? as u64;
    }
    let mut jobs = within.db.prepare_cached(
        "DELETE FROM job WHERE rid IN (
             SELECT rid FROM job WHERE ended_at IS NOT NULL AND ended_at <= ?1 ORDER BY ended_at LIMIT ?2)",
    )?;
    pruned.jobs = jobs.execute([keys, most])? as u64;
    Ok(pruned)
}

fn numbers(statement: &mut rusqlite::CachedStatement<'_>, before: i64, most: i64) -> Ruled<Vec<i64>> {
    Ok(statement.query_map([before, most], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

pub(super) fn masters(within: Within<'_>, fresh: &[u8; 32]) -> Ruled<Masters> {
    let masters = kept(within)?;
    if !masters.is_empty() {
        return Ok(masters);
    }
    add_master(within, fresh)?;
    kept(within)
}

fn kept(within: Within<'_>) -> Ruled<Masters> {
    let mut select = within.db.prepare_cached("SELECT id, master FROM key ORDER BY place")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, Zeroizing::new(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn add_master(within: Within<'_>, master: &[u8; 32]) -> Ruled<u8> {
    let ids: Vec<u8> = kept(within)?.iter().map(|(id, _)| *id).collect();
    for oldest in ids.iter().take((ids.len() + 1).saturating_sub(MASTERS)) {
        // What is deleted stays in the file until something else is written there.
        within.db.execute("UPDATE key SET master = zeroblob(32) WHERE id = ?", [oldest])?;
        within.db.execute("DELETE FROM key WHERE id = ?", [oldest])?;
    }
    let id = ids.last().map_or(1, |last| last.checked_add(1).unwrap_or(1));
    within.db.execute("INSERT INTO key (id, master) VALUES (?, ?)", params![id, &master[..]])?;
    Ok(id)
}
