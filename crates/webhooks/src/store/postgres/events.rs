//! Handling: ready -> leased -> done | dead, and back to ready.

use std::collections::HashSet;
use std::time::Duration;

use deadpool_postgres::Transaction;
use image_intelligence_core::Timestamp;
use tokio_postgres::types::ToSql;

use super::db::Db;
use super::fault::{Fault, store};
use super::jobs::{limit, millis};
use super::values::{Hidden, kept, key, label, rid};
use crate::store::{Claimed, Due, Lease, Statement, buried};

pub(super) async fn claim(db: &Db, most: usize, lease: Duration, attempts: u32) -> Result<Vec<Claimed>, Fault> {
    // Rows that another receiver has its hands on are passed by.
    let sql = "WITH due AS MATERIALIZED (
            SELECT seq, next_at FROM {s}.event WHERE state IN ('ready', 'leased') AND next_at <= {now}
            ORDER BY next_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED),
        clock AS MATERIALIZED (SELECT {now} AS now),
        taken AS (
            UPDATE {s}.event e SET
                was_at = due.next_at, generation = e.generation + 1,
                next_at = CASE WHEN e.state = 'leased' AND e.attempts >= $4 THEN NULL ELSE now + $3 END,
                done_at = CASE WHEN e.state = 'leased' AND e.attempts >= $4 THEN now END,
                error = CASE WHEN e.state = 'leased' AND e.attempts >= $4
                    THEN coalesce(e.error, 'the lease of its last attempt lapsed') ELSE e.error END,
                attempts = CASE WHEN e.state = 'leased' AND e.attempts >= $4 THEN e.attempts ELSE e.attempts + 1 END,
                state = CASE WHEN e.state = 'leased' AND e.attempts >= $4 THEN 'dead' ELSE 'leased' END
            FROM due, clock WHERE e.seq = due.seq
            RETURNING e.seq, e.generation, e.key, e.rid, e.label, e.body, e.signed, e.attempts, e.received_at, e.state,
                due.next_at AS was, (SELECT inputs FROM {s}.job j WHERE j.rid = e.rid) AS inputs)
        SELECT seq, generation, key, rid, label, CASE WHEN state = 'leased' THEN body END, signed, attempts, received_at, state,
            inputs
        FROM taken ORDER BY was, seq";
    let attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
    let mut claimed = Vec::new();
    loop {
        let wanted = most - claimed.len();
        let rows = db.rows(sql, &[&db.ahead(), &limit(wanted), &millis(lease).max(1), &attempts]).await?;
        let (leased, dead): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.get::<_, &str>(9) == "leased");
        for row in dead {
            buried(row.get(0));
        }
        claimed.extend(leased.into_iter().map(|row| Claimed {
            lease: Lease { seq: row.get(0), generation: row.get(1) },
            key: key(row.get(2)),
            rid: row.get::<_, Option<&[u8]>>(3).and_then(rid),
            label: label(row.get(4)),
            body: row.get::<_, Option<Vec<u8>>>(5).unwrap_or_default().into(),
            signed: row.get(6),
            attempt: row.get::<_, i32>(7).unsigned_abs(),
            received_at: Timestamp::from_millis(row.get(8)),
            inputs: row.get(10),
        }));
        // Those that turned out to be dead are none that were asked for.
        if claimed.len() == most || rows.len() < wanted {
            return Ok(claimed);
        }
    }
}

/// Leases as two columns of a statement.
fn columns(leases: &[Lease]) -> (Vec<i64>, Vec<i64>) {
    leases.iter().map(|lease| (lease.seq, lease.generation)).unzip()
}

pub(super) async fn extend(db: &Db, leases: Vec<Lease>, lease: Duration) -> Result<Vec<Lease>, Fault> {
    let sql = "WITH held AS MATERIALIZED (
            SELECT e.seq FROM unnest($2::bigint[], $3::bigint[]) AS lease(seq, generation)
            JOIN {s}.event e ON e.seq = lease.seq AND e.generation = lease.generation AND e.state = 'leased'
            ORDER BY e.key FOR UPDATE OF e)
        UPDATE {s}.event e SET next_at = {now} + $4 FROM held WHERE e.seq = held.seq RETURNING e.seq, e.generation";
    let (seqs, generations) = columns(&leases);
    let rows = db.rows(sql, &[&db.ahead(), &seqs, &generations, &millis(lease).max(1)]).await?;
    let held = rows.iter().map(|row| Lease { seq: row.get(0), generation: row.get(1) }).collect::<HashSet<_>>();
    Ok(leases.into_iter().filter(|lease| !held.contains(lease)).collect())
}

/// Ends an event. Should the answer be lost, doing it again finds the lease no longer held: nothing is run a second time.
pub(super) async fn done(db: &Db, lease: Lease, with: Vec<Statement>) -> Result<bool, Fault> {
    let sql = "UPDATE {s}.event SET state = 'done', done_at = {now}, next_at = NULL, error = NULL
        WHERE seq = $2 AND generation = $3 AND state = 'leased'";
    let ahead = db.ahead();
    let values: super::db::Values<'_> = &[&ahead, &lease.seq, &lease.generation];
    if with.is_empty() {
        return db.changes(sql, values).await;
    }
    let mut client = db.client().await?;
    let tx = client.transaction().await?;
    let statement = tx.prepare_cached(&db.sql(sql)).await?;
    if tx.execute(&statement, values).await? == 0 {
        return Ok(false);
    }
    for (index, one) in with.iter().enumerate() {
        let ran = run(&tx, one).await;
        ran.map_err(|fault| {
            fault.into_error(&db.address.place).with_context(format_args!("statement {index} with an ack"))
        })?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Runs a caller's statement. It may read and write whatever it likes, but not end the transaction that it is in.
async fn run(tx: &Transaction<'_>, one: &Statement) -> Result<(), Fault> {
    if moves_transaction(&one.sql) {
        return Err(store("transactions are not for statements to begin or to end", false).into());
    }
    let values = one.values.iter().map(Hidden).collect::<Vec<_>>();
    let values = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect::<Vec<_>>();
    // Not kept prepared: nobody knows how many different ones there will be.
    let statement = tx.prepare(&one.sql).await?;
    tx.execute(&statement, &values).await?;
    Ok(())
}

/// Whether the first word is one that begins, ends or divides a transaction. Procedures cannot do so within one, and what is
/// prepared is a single statement.
fn moves_transaction(sql: &str) -> bool {
    const WORDS: [&str; 9] =
        ["abort", "begin", "commit", "end", "prepare", "release", "rollback", "savepoint", "start"];
    let mut rest = sql.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once(['\n', '\r']).map_or("", |(_, after)| after).trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            // They nest.
            let (mut depth, mut at) = (1, 0);
            while depth > 0 {
                match comment.get(at..) {
                    None | Some("") => return false,
                    Some(text) if text.starts_with("/*") => (depth, at) = (depth + 1, at + 2),
                    Some(text) if text.starts_with("*/") => (depth, at) = (depth - 1, at + 2),
                    Some(text) => at += text.chars().next().map_or(1, char::len_utf8),
                }
            }
            rest = comment[at..].trim_start();
        } else if let Some(after) = rest.strip_prefix(';') {
            rest = after.trim_start();
        } else {
            let word = rest.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
            return WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
        }
    }
}

pub(super) async fn failed(db: &Db, lease: Lease, why: String, pause: Option<Duration>) -> Result<bool, Fault> {
    let sql = "UPDATE {s}.event SET
            state = CASE WHEN $5::bigint IS NULL THEN 'dead' ELSE 'ready' END, next_at = {now} + $5,
            done_at = CASE WHEN $5 IS NULL THEN {now} END, error = $4
        WHERE seq = $2 AND generation = $3 AND state = 'leased'";
    let pause = pause.map(millis);
    db.changes(sql, &[&db.ahead(), &lease.seq, &lease.generation, &kept(&why), &pause]).await
}

pub(super) async fn unclaim(db: &Db, leases: Vec<Lease>) -> Result<(), Fault> {
    let sql = "WITH held AS MATERIALIZED (
            SELECT e.seq FROM unnest($2::bigint[], $3::bigint[]) AS lease(seq, generation)
            JOIN {s}.event e ON e.seq = lease.seq AND e.generation = lease.generation AND e.state = 'leased'
            ORDER BY e.key FOR UPDATE OF e)
        UPDATE {s}.event e SET state = 'ready', attempts = e.attempts - 1, next_at = coalesce(e.was_at, {now})
        FROM held WHERE e.seq = held.seq";
    let (seqs, generations) = columns(&leases);
    db.changes(sql, &[&db.ahead(), &seqs, &generations]).await?;
    Ok(())
}

pub(super) async fn next_due(db: &Db) -> Result<Due, Fault> {
    let sql = "SELECT {now},
        (SELECT min(next_at) FROM {s}.event WHERE state IN ('ready', 'leased')),
        (SELECT min(next_at) FROM {s}.event WHERE state = 'received'),
        (SELECT min(due_at) FROM {s}.job WHERE state IN ('expected', 'unknown'))";
    let rows = db.rows(sql, &[&db.ahead()]).await?;
    let Some(row) = rows.first() else { return Ok(Due::default()) };
    let now = row.get::<_, i64>(0);
    let until = |column| {
        let due = row.get::<_, Option<i64>>(column)?;
        Some(Duration::from_millis((due - now).max(0).unsigned_abs()))
    };
    Ok(Due { handle: until(1), confirm: until(2), look: until(3) })
}

#[cfg(test)]
#[test]
fn words_that_move_a_transaction_are_found_behind_anything() {
    for sql in [
        "COMMIT",
        " \n rollback to x",
        "/* a /* b */ c */ End",
        "-- x\nBEGIN;",
        ";;start transaction",
        "--é\r/*é*/Abort",
    ] {
        assert!(moves_transaction(sql), "{sql}");
    }
    for sql in
        ["", "SELECT 1", "-- COMMIT", "/* COMMIT", "/* COMMIT */ SELECT 1", "commitment", "SELECT 'COMMIT'", "/*é"]
    {
        assert!(!moves_transaction(sql), "{sql}");
    }
}
